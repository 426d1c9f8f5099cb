"""Compensation and transactions (BPMN 2.0.2 §10.3.5.3, §10.7, §13.5.4, §13.5.5)."""

import pytest

from processes.engine import changes, parse_model
from tests.engine.models import (
    Drawing,
    FakeHost,
    Play,
    again,
    extension,
    looped,
    mapped,
    on,
    service,
    timer,
)

UNDO_ALL = on("compensate")


def trip(throw=UNDO_ALL):
    """Return a process that books three things and then undoes them."""
    return (
        Drawing()
        .start()
        .node("task", "hotel")
        .undo("hotel_undo", "hotel", "no_hotel")
        .node("task", "flight")
        .undo("flight_undo", "flight", "no_flight", "userTask")
        .node("task", "visa")
        .node("intermediateThrowEvent", "undo", throw)
        .end()
        .path("start", "hotel", "flight", "visa", "undo", "end")
    )


def test_completed_activities_are_undone_in_the_reverse_order():
    play = Play(trip())
    assert (play.waiting, play.trace[-1]) == (["no_flight"], "flight_undo")
    play.complete("no_flight")
    assert play.trace[4:] == ["flight_undo", "no_flight", "hotel_undo", "no_hotel", "undo", "end"]


def test_only_one_activity_is_undone_when_the_event_names_it():
    play = Play(trip('<compensateEventDefinition activityRef="hotel"/>'))
    assert play.trace[4:] == ["hotel_undo", "no_hotel", "undo", "end"]


def test_what_was_done_in_a_sub_process_is_undone_in_the_reverse_order():
    inner = Drawing().start("in").node("task", "one").undo("one_undo", "one", "no_one")
    inner.node("task", "two").undo("two_undo", "two", "no_two").path("in", "one", "two")
    drawing = Drawing().start().sub("sub", inner).end("end", UNDO_ALL).path("start", "sub", "end")
    assert Play(drawing).trace[-5:] == ["two_undo", "no_two", "one_undo", "no_one", "end"]


def test_each_run_is_undone_when_the_event_is_at_the_border_of_a_multi_instance():
    drawing = Drawing().start().node("task", "one", looped()).undo("one_undo", "one", "no")
    play = Play(drawing.end("end", UNDO_ALL).path("start", "one", "end"), {"items": [1, 2, 3]})
    assert play.trace.count("no") == 3


def test_runs_of_a_multi_instance_are_undone_in_the_reverse_order():
    inner = Drawing().start("in").node("task", "one").path("in", "one")
    inner.undo("one_undo", "one", "no", "scriptTask")
    text = "<script>log = log + [item]</script></scriptTask>"
    inner.parts = [part.replace("</scriptTask>", text) for part in inner.parts]
    drawing = Drawing().start().sub("sub", inner, looped(sequential=True))
    drawing.end("end", UNDO_ALL).path("start", "sub", "end")
    assert Play(drawing, {"items": [1, 2, 3], "log": []}).variables["log"] == [3, 2, 1]


def test_the_others_can_still_be_undone_when_one_was():
    drawing = trip('<compensateEventDefinition activityRef="hotel"/>')
    drawing.node("intermediateThrowEvent", "rest", UNDO_ALL)
    drawing.parts = [part.replace('targetRef="end"', 'targetRef="rest"') for part in drawing.parts]
    play = Play(drawing.path("rest", "end"))
    assert play.waiting == ["no_flight"]
    assert play.complete("no_flight").trace[-4:] == ["flight_undo", "no_flight", "rest", "end"]


def test_event_goes_on_when_there_is_nothing_to_undo():
    throw = '<compensateEventDefinition activityRef="visa"/>'
    assert Play(trip(throw)).trace[4:] == ["undo", "end"]


def test_event_goes_on_at_once_when_it_does_not_wait():
    play = Play(trip('<compensateEventDefinition waitForCompletion="false"/>'))
    assert (play.trace[-2:], play.waiting) == (["undo", "end"], ["no_flight"])
    assert play.complete("no_flight").state == "completed"


def test_undoing_stops_when_the_instance_is_cancelled():
    play = Play(trip()).do("cancel")
    assert play.state == "terminated"
    gone = [change.element_id for change in play.of(changes.ElementCancelled)]
    assert gone == ["no_flight", "undo"]


def test_activity_is_undone_as_often_as_it_was_completed():
    drawing = (
        Drawing()
        .start()
        .script("book", "n = n + 1")
        .undo("book_undo", "book", "unbook")
        .node("exclusiveGateway", "more", default="more-undo")
        .end("undo", UNDO_ALL)
        .path("start", "book", "more", "undo")
        .flow("more", "book", "=n < 3")
    )
    assert Play(drawing, {"n": 0}).trace.count("unbook") == 3


def nested(*, event=False):
    """Return a sub-process whose inside, or whose event sub-process, undoes it."""
    inner = (
        Drawing()
        .start("in")
        .node("scriptTask", "pay", "<script>paid = price</script>")
        .undo("pay_undo", "pay", "refund", "serviceTask")
        .path("in", "pay")
    )
    inner.parts[2] = inner.parts[2].replace(
        "></serviceTask>",
        ">"
        + extension('<zeebe:taskDefinition type="refund"/>' + mapped({"amount": "=paid"}))
        + "</serviceTask>",
    )
    if event:
        handler = (
            Drawing()
            .start("undone", UNDO_ALL)
            .node("task", "tell")
            .end("back", UNDO_ALL)
            .path("undone", "tell", "back")
        )
        inner.sub("white", handler, triggeredByEvent="true")
    kept = extension(mapped({}, {"done": "=true"}))
    return (
        Drawing()
        .start()
        .sub("order", inner, kept)
        .script("change", "price = 99")
        .end("undo", UNDO_ALL)
        .path("start", "order", "change", "undo")
    )


def test_inside_of_a_completed_sub_process_is_undone_with_its_own_variables():
    play = Play(nested(), {"price": 5})
    assert play.trace[-4:] == ["change", "pay_undo", "refund", "undo"]
    assert play.host.calls[0].arguments == {"amount": 5}


def test_event_sub_process_undoes_the_sub_process_when_it_has_one():
    play = Play(nested(event=True), {"price": 5})
    expected = ["undone", "tell", "pay_undo", "refund", "back", "white", "undo"]
    assert play.trace[-7:] == expected


def test_each_run_is_undone_when_the_sub_process_was_repeated():
    for loop in (looped(), looped(sequential=True), again(loopMaximum=2)):
        inner = Drawing().start("in").node("task", "pay").undo("pay_undo", "pay", "refund")
        drawing = Drawing().start().sub("each", inner.path("in", "pay"), loop)
        drawing.end("undo", UNDO_ALL).path("start", "each", "undo")
        assert Play(drawing, {"items": [1, 2]}).trace.count("refund") == 2


def test_error_handler_undoes_what_was_done_in_the_scope_around_it():
    handler = Drawing().start("oops", on("error")).end("undo", UNDO_ALL).path("oops", "undo")
    drawing = (
        Drawing()
        .declare('<error id="e" errorCode="E"/>')
        .start()
        .node("task", "pay")
        .undo("pay_undo", "pay", "refund")
        .end("bang", on("error", "e"))
        .path("start", "pay", "bang")
        .sub("handler", handler, triggeredByEvent="true")
    )
    expected = ["bang", "oops", "pay_undo", "refund", "undo", "handler"]
    assert Play(drawing).trace[-6:] == expected


def test_what_was_done_is_remembered_when_the_instance_is_saved():
    drawing = (
        Drawing()
        .start()
        .node("task", "pay")
        .undo("pay_undo", "pay", "refund")
        .task("ask")
        .end("undo", UNDO_ALL)
        .path("start", "pay", "ask", "undo")
    )
    assert Play(drawing).complete("ask").trace[-3:] == ["pay_undo", "refund", "undo"]


def test_activity_that_compensates_is_warned_about_when_nothing_leads_to_it():
    drawing = Drawing().start().end().path("start", "end")
    drawing.node("task", "refund", isForCompensation="true")
    [warning] = parse_model(drawing.xml()).warnings
    assert warning.element == "refund"


def transaction(*, catches=True, extra=""):
    inner = (
        Drawing()
        .start("in")
        .node("task", "pay")
        .undo("pay_undo", "pay", "refund", "userTask")
        .node("parallelGateway", "fork")
        .task("wait")
        .node("exclusiveGateway", "ok", default="ok-fine")
        .end("fine")
        .end("stop", on("cancel"))
        .path("in", "pay", "fork", "ok", "fine")
        .flow("fork", "wait")
        .flow("ok", "stop", "=bad")
    )
    drawing = Drawing().start().node("transaction", "buy", extra + inner.inside())
    drawing.end().path("start", "buy", "end")
    if catches:
        drawing.boundary("cancelled", "buy", on("cancel")).end("sorry").flow("cancelled", "sorry")
    return drawing


def test_transaction_completes_when_nothing_cancels_it():
    play = Play(transaction(), {"bad": False}).complete("wait")
    assert (play.state, play.trace[-2:]) == ("completed", ["buy", "end"])


def test_cancelled_transaction_undoes_itself_and_goes_on_at_its_cancel_event():
    play = Play(transaction(), {"bad": True})
    assert play.waiting == ["refund"]
    play.complete("refund")
    expected = ["ok", "stop", "pay_undo", "refund", "cancelled", "sorry"]
    assert (play.state, play.trace[-6:]) == ("completed", expected)
    gone = [change.element_id for change in play.of(changes.ElementCancelled)]
    assert gone == ["wait", "buy"]


def test_cancelled_transaction_just_ends_when_no_event_catches_it():
    play = Play(transaction(catches=False), {"bad": True}).complete("refund")
    assert (play.state, play.trace[-1]) == ("completed", "refund")


def test_each_transaction_is_cancelled_by_itself_when_it_is_a_multi_instance():
    inner = Drawing().start("in").end("stop", on("cancel")).path("in", "stop")
    drawing = Drawing().start().node("transaction", "buy", looped() + inner.inside())
    drawing.boundary("cancelled", "buy", on("cancel")).end("sorry")
    drawing.path("start", "buy").flow("cancelled", "sorry")
    assert Play(drawing, {"items": [1, 2]}).trace[-2:] == ["cancelled", "sorry"]


def test_transaction_is_interrupted_when_a_timer_at_its_border_fires():
    drawing = transaction().boundary("late", "buy", timer("PT1H")).end("gone")
    play = Play(drawing.flow("late", "gone"), {"bad": False}).fire("late")
    assert (play.state, play.trace[-2:]) == ("completed", ["late", "gone"])


@pytest.mark.parametrize("command", ["advance", "cancel"])
def test_transaction_is_loaded_and_stopped_when_it_is_being_undone(command):
    play = Play(transaction(), {"bad": True}).do(command)
    assert play.state == ("running" if command == "advance" else "terminated")


def booking(child="trip"):
    """Return a process that books two things, and what books it by a call."""
    inner = (
        Drawing(child)
        .start("in")
        .script("hotel", "place = town")
        .undo("hotel_undo", "hotel", "no_hotel", "userTask")
        .node("task", "flight")
        .undo("flight_undo", "flight", "no_flight", "userTask")
        .path("in", "hotel", "flight")
    )
    drawing = (
        Drawing()
        .start()
        .node("callActivity", "call", extension(f'<zeebe:calledElement processId="{child}"/>'))
        .script("change", "town = 'Rome'")
        .end("undo", UNDO_ALL)
        .path("start", "call", "change", "undo")
    )
    return drawing, inner


def book(drawing, *inner, **variables):
    specs = {one.process_id: one.spec() for one in inner}
    return Play(drawing, {"town": "Oslo", **variables}, FakeHost(specs=specs))


def test_inside_of_a_called_process_is_undone_in_the_reverse_order():
    play = book(*booking())
    assert play.waiting == ["no_flight"]
    play.complete("no_flight").complete("no_hotel")
    expected = ["flight_undo", "no_flight", "hotel_undo", "no_hotel", "undo"]
    assert (play.state, play.trace[-5:]) == ("completed", expected)


def test_called_process_is_undone_with_the_variables_that_it_had():
    drawing, inner = booking()
    kept = Drawing("trip").start("in").node("task", "hotel").path("in", "hotel")
    kept.node("serviceTask", "tell", service("tell", mapped({"where": "=town"})))
    kept.parts[-1] = kept.parts[-1].replace('id="tell"', 'id="tell" isForCompensation="true"')
    kept.boundary("b", "hotel", UNDO_ALL).associate("b", "tell")
    play = book(drawing, kept)
    assert play.variables["town"] == "Rome"
    assert play.host.calls[0].arguments == {"where": "Oslo"}
    assert inner.process_id == "trip"


def test_handler_of_the_call_comes_before_what_the_called_process_would_undo():
    drawing, inner = booking()
    drawing.undo("call_undo", "call", "unbook", "userTask")
    assert book(drawing, inner).waiting == ["unbook"]


def test_process_that_is_called_by_a_called_one_is_undone_too():
    drawing, inner = booking("deep")
    middle = (
        Drawing("trip")
        .start("s2")
        .node("callActivity", "call2", extension('<zeebe:calledElement processId="deep"/>'))
    )
    outer, _ = booking("trip")
    play = book(outer, inner, middle.path("s2", "call2"))
    assert drawing.process_id == "p"
    assert play.waiting == ["no_flight"]
    play.complete("no_flight").complete("no_hotel")
    assert play.state == "completed"


def test_each_call_is_undone_when_it_was_repeated():
    drawing, inner = booking()
    drawing.parts[1] = drawing.parts[1].replace("</callActivity>", f"{looped()}</callActivity>")
    play = book(drawing, inner, items=[1, 2])
    for _ in range(2):
        play.complete("no_flight").complete("no_hotel")
    assert (play.state, play.trace.count("hotel_undo")) == ("completed", 2)


def test_undoing_in_a_called_process_is_cancelled_with_the_instance():
    play = book(*booking()).do("cancel")
    gone = [change.element_id for change in play.of(changes.ElementCancelled)]
    assert gone == ["no_flight", "undo"]


def test_undoing_waits_at_an_incident_when_the_called_process_is_not_there():
    drawing, inner = booking()
    drawing.task("wait")
    drawing.parts = [part for part in drawing.parts if "change-undo" not in part]
    play = book(drawing.path("change", "wait", "undo"), inner)
    spec = play.host.specs.pop("trip")
    play.complete("wait")
    failed = play.of(changes.StepFailedAt)[0].token_id
    assert play.state == "failed"
    play.host.specs["trip"] = spec
    play.do("retry", failed)
    assert play.waiting == ["no_flight"]
    assert play.complete("no_flight").complete("no_hotel").state == "completed"


def test_open_call_is_undone_when_the_transaction_around_it_is_cancelled():
    _, inner = booking()
    inner.task("more").path("flight", "more")
    bought = (
        Drawing()
        .start("s")
        .node("parallelGateway", "fork")
        .node("callActivity", "call", extension('<zeebe:calledElement processId="trip"/>'))
        .task("decide")
        .end("stop", on("cancel"))
        .path("s", "fork", "call")
        .path("fork", "decide", "stop")
    )
    drawing = Drawing().start().node("transaction", "buy", bought.inside()).path("start", "buy")
    play = book(drawing, inner).complete("decide")
    assert play.waiting == ["no_flight"]
    assert play.complete("no_flight").complete("no_hotel").state == "completed"
