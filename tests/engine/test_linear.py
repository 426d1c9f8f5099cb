from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from processes.engine import BpmnError, EngineError, StepFailed, changes, start_timer
from processes.engine.host import PENDING
from tests.engine.models import Drawing, FakeHost, Play, extension, mapped, on, service, timer


def test_process_completes_when_its_only_task_is_done():
    play = Play(Drawing().start().task("ask").end().path("start", "ask", "end"), {"n": 1})
    assert (play.waiting, play.state) == (["ask"], "running")
    play.complete("ask", answer="yes")
    assert play.state == "completed"
    assert play.trace == ["start", "ask", "end"]
    assert play.variables == {"n": 1, "answer": "yes"}
    assert play.last[-1] == changes.InstanceEnded("completed")


def test_changes_tell_the_step_in_order_when_a_task_is_completed():
    play = Play(Drawing().start().task("ask").end().path("start", "ask", "end"))
    token = play.at("ask")
    play.complete("ask", ok=True)
    assert play.last == [
        changes.UserTaskClosed(token, "completed"),
        changes.VariablesChanged("1", is_process=True, values={"ok": True}),
        changes.ElementCompleted(token, "p", "ask", "", "userTask"),
        changes.FlowTaken("p", "ask-end"),
        changes.ElementEntered("4", "p", "end", "", "endEvent", "1"),
        changes.ElementCompleted("4", "p", "end", "", "endEvent"),
        changes.InstanceEnded("completed"),
    ]


def test_first_true_condition_is_taken_when_several_hold():
    drawing = (
        Drawing()
        .start()
        .node("exclusiveGateway", "choice", default="choice-c")
        .end("a")
        .end("b")
        .end("c")
        .flow("start", "choice")
        .flow("choice", "c")
        .flow("choice", "a", "=n > 10")
        .flow("choice", "b", "n > 5")
    )
    assert Play(drawing, {"n": 11}).trace[-1] == "a"
    assert Play(drawing, {"n": 6}).trace[-1] == "b"
    assert Play(drawing, {"n": 1}).trace[-1] == "c"


def test_token_fails_when_a_condition_is_neither_true_nor_false():
    drawing = (
        Drawing()
        .start()
        .node("exclusiveGateway", "choice")
        .end("a")
        .end("b")
        .flow("start", "choice")
        .flow("choice", "a", "=n > 10")
        .flow("choice", "b", "=n <= 10")
    )
    play = Play(drawing)
    assert (play.failed, play.state) == (["choice"], "failed")
    failure = play.of(changes.StepFailedAt)[0]
    assert "gives null" in failure.message
    assert "n" in failure.detail
    play.do("set_variables", {"n": 3}).do("retry", play.at("choice"))
    assert (play.state, play.trace) == ("completed", ["start", "choice", "b"])
    assert play.of(changes.IncidentResolved)


def test_service_gets_its_inputs_and_gives_its_outputs_when_mapped():
    io = mapped({"amount": "=n * 2", "note": "hello"}, {"price": "=result.price"})
    inner = service(
        "offer.make",
        io + '<zeebe:taskHeaders><zeebe:header key="h" value="v"/></zeebe:taskHeaders>',
    )
    drawing = (
        Drawing().start().node("serviceTask", "make", inner).end().path("start", "make", "end")
    )
    host = FakeHost(answers={"offer.make": {"result": {"price": 12.5}}})
    play = Play(drawing, {"n": 3}, host)
    call = host.calls[0]
    assert (call.type, call.arguments, call.headers) == (
        "offer.make",
        {"amount": 6, "note": "hello"},
        {"h": "v"},
    )
    assert play.variables == {"n": 3, "price": {"@type": "number", "@value": "12.5"}}


def test_service_gets_plain_values_when_variables_are_dates_and_decimals():
    zoned = '=date and time("2026-07-01T10:00:00@Europe/Oslo")'
    io = mapped({"at": zoned, "part": "=0.25", "day": '=date("2026-07-01")'})
    drawing = Drawing().start().node("serviceTask", "go", service("do", io)).path("start", "go")
    assert Play(drawing).host.calls[0].arguments == {
        "at": "2026-07-01T08:00:00+00:00",
        "part": 0.25,
        "day": "2026-07-01",
    }


def test_context_is_changed_in_one_place_when_an_output_names_a_part():
    inner = service("do", mapped({}, {"offer.price": "=5", "offer.terms.days": "=30"}))
    drawing = Drawing().start().node("serviceTask", "go", inner).path("start", "go")
    play = Play(drawing, {"offer": {"number": 1, "price": 2}})
    assert play.variables["offer"] == {"number": 1, "price": 5, "terms": {"days": 30}}


def test_service_result_is_merged_when_nothing_is_mapped():
    drawing = Drawing().start().service("go").end().path("start", "go", "end")
    assert Play(drawing, host=FakeHost(answers={"do": {"a": 1}})).variables == {"a": 1}


def test_service_result_goes_to_its_variable_when_a_header_names_one():
    inner = service(
        "do",
        '<zeebe:taskHeaders><zeebe:header key="resultVariable" value="r"/></zeebe:taskHeaders>',
    )
    drawing = Drawing().start().node("serviceTask", "go", inner).end().path("start", "go", "end")
    assert Play(drawing, host=FakeHost(answers={"do": {"a": 1}})).variables == {"r": {"a": 1}}


def test_call_is_answered_later_when_it_is_pending():
    drawing = Drawing().start().service("go").end().path("start", "go", "end")
    play = Play(drawing, host=FakeHost(answers={"do": PENDING}))
    assert play.of(changes.CallPending)[0].type == "do"
    play.do("answer_call", play.at("go"), {"x": 1})
    assert (play.state, play.variables) == ("completed", {"x": 1})


def test_failed_call_is_made_again_when_retried():
    drawing = Drawing().start().service("go").end().path("start", "go", "end")
    play = Play(drawing, host=FakeHost(answers={"do": PENDING}))
    play.do("fail_call", play.at("go"), None, "The server is down.")
    assert play.of(changes.StepFailedAt)[0].message == "The server is down."
    play.do("retry", play.at("go"))
    assert len(play.host.calls) == 2
    assert play.host.calls[0].key == play.host.calls[1].key


def test_call_is_not_made_again_when_only_its_mapping_failed():
    inner = service("do", mapped(outputs={"x": "=function(a) a"}))
    drawing = Drawing().start().node("serviceTask", "go", inner).end().path("start", "go", "end")
    play = Play(drawing, host=FakeHost(answers={"do": {"a": 1}}))
    assert play.failed == ["go"]
    play.do("retry", play.at("go"))
    assert (play.failed, len(play.host.calls)) == (["go"], 1)


def test_other_branches_go_on_when_one_fails():
    def explode(call):
        raise StepFailed("It broke.", "in detail")

    drawing = (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .service("bad", "explode")
        .task("good")
        .path("start", "fork", "bad")
        .flow("fork", "good")
    )
    play = Play(drawing, host=FakeHost(answers={"explode": explode}))
    assert (play.failed, play.waiting, play.state) == (["bad"], ["good"], "running")
    play.complete("good")
    assert play.state == "failed"
    play.host.answers["explode"] = None
    play.do("retry", play.at("bad"))
    assert play.state == "completed"


def test_script_assignments_become_variables_when_it_is_python():
    text = "a = n + 1\nb = deal.amount * 2\nc = f'{n} of {limit}'"
    drawing = Drawing().start().script("calc", text).end()
    drawing.path("start", "calc", "end")
    play = Play(drawing, {"n": 1, "limit": 9}, FakeHost(records={"deal": {"amount": 4}}))
    assert play.variables == {"n": 1, "limit": 9, "a": 2, "b": 8, "c": "1 of 9"}


def test_script_is_feel_when_it_begins_with_an_equals_sign():
    inner = extension('<zeebe:script expression="=n + deal.amount" resultVariable="sum"/>')
    drawing = Drawing().start().node("scriptTask", "calc", inner).end().path("start", "calc", "end")
    play = Play(drawing, {"n": 1}, FakeHost(records={"deal": {"amount": 4}}))
    assert play.variables == {"n": 1, "sum": 5}


def test_variable_shadows_a_record_when_both_have_the_name():
    inner = extension('<zeebe:script expression="=deal" resultVariable="seen"/>')
    drawing = Drawing().start().node("scriptTask", "calc", inner).end().path("start", "calc", "end")
    play = Play(drawing, {"deal": "mine"}, FakeHost(records={"deal": {"amount": 4}}))
    assert play.variables["seen"] == "mine"


def test_decision_gets_what_the_task_sees_when_it_is_called():
    inner = extension('<zeebe:calledDecision decisionId="score" resultVariable="score"/>')
    drawing = Drawing().start().node("businessRuleTask", "rate", inner).end()
    drawing.path("start", "rate", "end")
    host = FakeHost(decisions={"score": lambda inputs: inputs["n"] + inputs["deal"]["amount"]})
    host.records["deal"] = {"amount": 4}
    assert Play(drawing, {"n": 1}, host).variables["score"] == 5


def test_catch_waits_for_its_message_when_reached():
    drawing = (
        Drawing()
        .message("m", "paid", '="order-" + string(n)')
        .start()
        .node("intermediateCatchEvent", "wait", on("message", "m"))
        .end()
        .path("start", "wait", "end")
    )
    play = Play(drawing, {"n": 7})
    opened = play.of(changes.SubscriptionOpened)[0]
    assert (opened.kind, opened.name, opened.correlation_key) == ("message", "paid", "order-7")
    play.receive("wait", sum=5)
    assert (play.state, play.variables) == ("completed", {"n": 7, "sum": 5})
    assert play.of(changes.SubscriptionClosed)


def test_timer_is_set_and_fires_when_reached():
    drawing = (
        Drawing()
        .start()
        .node(
            "intermediateCatchEvent",
            "wait",
            timer('=@"2026-03-29T14:39:00@Europe/Oslo"', "timeDate"),
        )
        .end()
        .path("start", "wait", "end")
    )
    play = Play(drawing)
    assert play.of(changes.TimerSet)[0].due_at.isoformat() == "2026-03-29T12:39:00+00:00"
    play.fire("wait")
    assert play.state == "completed"


def event_gateway():
    return (
        Drawing()
        .message("m", "answer")
        .start()
        .node("eventBasedGateway", "first")
        .node("intermediateCatchEvent", "answered", on("message", "m"))
        .node("intermediateCatchEvent", "late", timer("P7D"))
        .end("yes")
        .end("no")
        .path("start", "first", "answered", "yes")
        .path("first", "late", "no")
    )


def test_first_event_wins_when_an_event_gateway_waits():
    play = Play(event_gateway())
    assert play.waiting == ["answered", "late"]
    play.receive("answered", text="ok")
    assert play.trace == ["start", "first", "answered", "yes"]
    assert [change.flow_id for change in play.of(changes.FlowTaken)][1:] == [
        "first-answered",
        "answered-yes",
    ]
    assert len(play.of(changes.TimerCancelled)) == 1
    assert play.variables == {"text": "ok"}


def test_timer_wins_when_no_message_comes():
    play = Play(event_gateway()).fire("late")
    assert (play.trace[-1], play.state) == ("no", "completed")
    assert len(play.of(changes.SubscriptionClosed)) == 1


def with_boundary(event, *, interrupting=True, declared=""):
    cancel = str(interrupting).lower()
    return (
        Drawing()
        .declare(declared)
        .start()
        .task("ask")
        .boundary("edge", "ask", event, cancelActivity=cancel)
        .end("done")
        .end("other")
        .path("start", "ask", "done")
        .path("edge", "other")
    )


def test_activity_is_cancelled_when_an_interrupting_timer_fires():
    play = Play(with_boundary(timer("PT1H")))
    play.fire("edge")
    assert play.trace == ["start", "edge", "other"]
    assert play.of(changes.UserTaskClosed)[0].reason == "cancelled"
    assert play.of(changes.ElementCancelled)[0].element_id == "ask"
    assert play.state == "completed"


def test_boundary_timer_is_cancelled_when_the_activity_completes():
    play = Play(with_boundary(timer("PT1H"))).complete("ask")
    assert (play.state, len(play.of(changes.TimerCancelled))) == ("completed", 1)


def test_activity_stays_when_a_timer_does_not_interrupt():
    play = Play(with_boundary(timer("R2/PT1H", "timeCycle"), interrupting=False))
    play.fire("edge")
    assert (play.waiting, play.trace[1:]) == (["ask", "edge"], ["edge", "other"])
    first, second = play.of(changes.TimerSet)
    assert (second.due_at - first.due_at).total_seconds() == 3600
    play.fire("edge")
    assert (play.waiting, len(play.tokens)) == (["ask"], 1)
    play.complete("ask")
    assert play.state == "completed"


def test_message_boundary_stays_open_when_it_does_not_interrupt():
    drawing = with_boundary(
        on("message", "m"), interrupting=False, declared='<message id="m" name="news"/>'
    )
    play = Play(drawing)
    play.receive("edge").receive("edge")
    assert (play.waiting, play.trace.count("edge")) == (["ask", "edge"], 2)


def failing_service(boundaries):
    drawing = Drawing().declare('<error id="e" errorCode="NO_STOCK"/>').start().service("go")
    drawing.end("done").path("start", "go", "done")
    for name, reference in boundaries:
        drawing.boundary(name, "go", on("error", reference)).end(f"{name}End")
        drawing.flow(name, f"{name}End")
    return drawing


def throw(code):
    def answer(call):
        raise BpmnError(code, "Sorry.", {"left": 2})

    return FakeHost(answers={"do": answer})


def test_error_is_caught_by_its_code_before_any_code():
    play = Play(failing_service([("any", None), ("stock", "e")]), host=throw("NO_STOCK"))
    assert (play.trace, play.state) == (["start", "stock", "stockEnd"], "completed")
    assert play.variables == {"left": 2}


def test_error_is_caught_for_any_code_when_none_matches():
    play = Play(failing_service([("any", None), ("stock", "e")]), host=throw("OTHER"))
    assert play.trace[1] == "any"


def test_error_becomes_an_incident_when_nothing_catches_it():
    play = Play(failing_service([("stock", "e")]), host=throw("OTHER"))
    assert (play.failed, play.state) == (["go"], "failed")
    assert play.of(changes.StepFailedAt)[0].code == "OTHER"


def test_script_throws_an_error_when_it_calls_fail():
    drawing = Drawing().declare('<error id="e" errorCode="BAD"/>').start()
    drawing.script("calc", 'fail("BAD", "no")').end("done").path("start", "calc", "done")
    drawing.boundary("bad", "calc", on("error", "e")).end("badEnd").flow("bad", "badEnd")
    assert Play(drawing).trace == ["start", "bad", "badEnd"]


def test_pending_call_fails_to_a_boundary_when_its_code_is_caught():
    host = FakeHost(answers={"do": PENDING})
    play = Play(failing_service([("stock", "e")]), host=host)
    play.do("fail_call", play.at("go"), "NO_STOCK", "none left")
    assert (play.trace[1], play.state) == ("stock", "completed")


def test_command_is_refused_when_the_token_does_not_wait_for_it():
    play = Play(with_boundary(timer("PT1H")))
    with pytest.raises(Exception, match="does not wait for a timer"):
        play.do("fire_timer", play.at("ask"))
    with pytest.raises(Exception, match="no token"):
        play.do("complete", "99")


def test_start_timer_tells_when_it_fires_first():
    drawing = Drawing().start("daily", timer("R/2026-03-03T08:00:00Z/P1D", "timeCycle")).end()
    due = start_timer(drawing.path("daily", "end").spec(), "daily", FakeHost())
    assert (due.at.isoformat(), due.repeat) == ("2026-03-03T08:00:00+00:00", "R/P1D")


def test_start_event_is_refused_when_the_process_has_no_such():
    drawing = Drawing().start().end().path("start", "end")
    with pytest.raises(EngineError, match="no start event other"):
        Play(drawing, start_event="other")


def test_value_is_refused_when_it_can_not_be_kept():
    drawing = Drawing().start().task("ask").path("start", "ask")
    with pytest.raises(EngineError):
        Play(drawing, {"x": object()})


@pytest.mark.parametrize(
    ("text", "due"),
    [
        # Two days on at 14:39 by the clock on the wall, though summer time begins in between.
        (
            '=date and time(date(now()) + duration("P2D"), time("14:39:00"))',
            "2026-03-30T12:39:00+00:00",
        ),
        ('=now() + duration("P2D")', "2026-03-30T10:00:00+00:00"),
        ("=deal.call_at", "2026-04-01T07:30:00+00:00"),
        ("=deal.visit_on", "2026-03-31T22:00:00+00:00"),
        ("2026-04-01T09:30:00", "2026-04-01T07:30:00+00:00"),
    ],
)
def test_timer_follows_the_local_clock_when_summer_time_begins(text, due):
    drawing = Drawing().start().node("intermediateCatchEvent", "wait", timer(text, "timeDate"))
    host = FakeHost(time=datetime(2026, 3, 28, 10, tzinfo=UTC), local=ZoneInfo("Europe/Oslo"))
    host.records["deal"] = {
        "call_at": datetime(2026, 4, 1, 7, 30, tzinfo=UTC),
        "visit_on": date(2026, 4, 1),
    }
    play = Play(drawing.path("start", "wait"), host=host)
    assert [change.due_at.isoformat() for change in play.of(changes.TimerSet)] == [due]


class Live(Mapping):
    """A record that leads to others and back to itself, as rows do."""

    def __init__(self, **fields):
        self.fields = fields

    def __getitem__(self, name):
        return self.fields[name]

    def __iter__(self):
        return iter(self.fields)

    def __len__(self):
        return len(self.fields)


def related_records():
    deal, account = Live(amount=4, name="D"), Live(name="Ada", city="Oslo")
    deal.fields["account"] = account
    account.fields["latest"] = deal
    return FakeHost(records={"deal": deal})


def test_script_reads_related_records_when_they_lead_back():
    drawing = Drawing().start().script("calc", "who = deal.account.name")
    play = Play(drawing.path("start", "calc"), host=related_records())
    assert play.variables == {"who": "Ada"}


def test_record_is_kept_without_its_relations_when_it_is_copied():
    inner = extension('<zeebe:script expression="=[deal]" resultVariable="copy"/>')
    drawing = Drawing().start().node("scriptTask", "calc", inner).path("start", "calc")
    assert Play(drawing, host=related_records()).variables == {"copy": [{"amount": 4, "name": "D"}]}


def test_hostile_script_is_an_incident_while_the_rest_goes_on():
    drawing = Drawing().start().script("bomb", "a = list(range(1000000000))").task("ask")
    play = Play(drawing.path("start", "bomb").flow("start", "ask"))
    assert (play.failed, play.waiting) == (["bomb"], ["ask"])
    assert "memory" in play.of(changes.StepFailedAt)[0].message
