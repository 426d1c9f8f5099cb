import pytest

from processes.engine import BpmnError, EngineError, changes
from processes.engine.elements import multi_instance
from tests.engine.models import (
    Drawing,
    FakeHost,
    Play,
    extension,
    looped,
    mapped,
    on,
    service,
    timer,
)


def inside(*, extra=""):
    inner = Drawing().start("in").task("ask").end("out").path("in", "ask", "out")
    return Drawing().start().sub("sub", inner, extra).end().path("start", "sub", "end")


def test_sub_process_completes_when_all_inside_is_done():
    play = Play(inside()).complete("ask", a=1)
    assert play.trace == ["start", "in", "ask", "out", "sub", "end"]
    assert play.variables == {"a": 1}


def test_variables_stay_inside_when_a_sub_process_declares_outputs():
    extra = extension(mapped({"local": "=n + 1"}, {"sum": "=a + local"}))
    play = Play(inside(extra=extra), {"n": 1}).complete("ask", a=5)
    assert play.variables == {"n": 1, "sum": 7}


def test_outer_variable_is_written_when_it_exists_outside():
    extra = extension(mapped({}, {"sum": "=a"}))
    play = Play(inside(extra=extra), {"a": 1}).complete("ask", a=5)
    assert play.variables == {"a": 5, "sum": 5}


def test_all_inside_is_cancelled_when_a_boundary_event_interrupts():
    drawing = inside().boundary("late", "sub", timer("PT1H")).end("gone").flow("late", "gone")
    play = Play(drawing)
    play.fire("late")
    assert (play.state, play.trace) == ("completed", ["start", "in", "late", "gone"])
    cancelled = [change.element_id for change in play.of(changes.ElementCancelled)]
    assert cancelled == ["ask", "sub"]


def throwing(reference="e", kind="error"):
    inner = (
        Drawing()
        .start("in")
        .node("parallelGateway", "fork")
        .task("ask")
        .end("bang", on(kind, reference))
        .path("in", "fork", "ask")
        .flow("fork", "bang")
    )
    return (
        Drawing()
        .declare('<error id="e" errorCode="E1"/><escalation id="x" escalationCode="X1"/>')
        .start()
        .sub("sub", inner)
        .end()
        .path("start", "sub", "end")
    )


def test_error_end_interrupts_the_sub_process_when_its_border_catches_it():
    drawing = throwing().boundary("caught", "sub", on("error", "e")).end("sorry")
    play = Play(drawing.flow("caught", "sorry"))
    assert (play.state, play.trace[-3:]) == ("completed", ["bang", "caught", "sorry"])
    assert "sub" not in play.trace


def test_error_end_is_an_incident_when_nothing_catches_it():
    play = Play(throwing())
    assert (play.failed, play.waiting, play.state) == (["bang"], ["ask"], "running")
    assert play.of(changes.StepFailedAt)[0].code == "E1"
    assert play.complete("ask").state == "failed"


def test_escalation_goes_on_beside_when_it_does_not_interrupt():
    drawing = throwing("x", "escalation")
    drawing.boundary("told", "sub", on("escalation", "x"), cancelActivity="false").end("note")
    play = Play(drawing.flow("told", "note"))
    assert (play.waiting, play.trace[-3:]) == (["ask"], ["bang", "told", "note"])
    assert play.complete("ask").state == "completed"


def test_escalation_interrupts_when_its_event_does():
    drawing = throwing("x", "escalation").boundary("told", "sub", on("escalation")).end("note")
    play = Play(drawing.flow("told", "note"))
    assert (play.state, play.waiting) == ("completed", [])
    assert play.trace == ["start", "in", "fork", "bang", "told", "note"]


def test_escalation_is_of_no_consequence_when_nothing_catches_it():
    play = Play(throwing("x", "escalation"))
    assert (play.waiting, play.failed) == (["ask"], [])


def event_sub_process(event, *, interrupting=True, declared=""):
    handler = (
        Drawing()
        .start("when", event, isInterrupting=str(interrupting).lower())
        .task("handle")
        .end("handled")
        .path("when", "handle", "handled")
    )
    return (
        Drawing()
        .declare(declared)
        .start()
        .task("ask")
        .end()
        .path("start", "ask", "end")
        .sub("handler", handler, triggeredByEvent="true")
    )


def test_event_sub_process_takes_over_when_it_interrupts():
    play = Play(event_sub_process(timer("PT1H")))
    assert play.waiting == ["when", "ask"]
    play.fire("when")
    assert play.waiting == ["handle"]
    play.complete("handle")
    assert (play.state, play.trace) == (
        "completed",
        ["start", "when", "handle", "handled", "handler"],
    )


def test_event_sub_process_runs_beside_when_it_does_not_interrupt():
    drawing = event_sub_process(
        on("message", "m"), interrupting=False, declared='<message id="m" name="news"/>'
    )
    play = Play(drawing)
    play.receive("when", a=1).receive("when", a=2)
    assert play.waiting == ["when", "ask", "handle", "handle"]
    play.complete("handle").complete("handle").complete("ask")
    assert (play.state, play.trace.count("handler")) == ("completed", 2)
    assert isinstance(play.last[-1], changes.InstanceEnded)


def test_event_sub_process_catches_an_error_when_the_scope_throws_it():
    def fail(call):
        raise BpmnError("E1", "Oh.")

    drawing = event_sub_process(on("error", "e"), declared='<error id="e" errorCode="E1"/>')
    drawing.service("go", "fail").flow("ask", "go")
    play = Play(drawing, host=FakeHost(answers={"fail": fail})).complete("ask")
    assert play.waiting == ["handle"]


def test_error_leaves_the_event_sub_process_when_it_is_thrown_inside():
    handler = (
        Drawing()
        .start("when", on("error", "e"))
        .end("again", on("error", "e"))
        .path("when", "again")
    )
    drawing = (
        Drawing()
        .declare('<error id="e" errorCode="E1"/>')
        .start()
        .end("bang", on("error", "e"))
        .path("start", "bang")
        .sub("handler", handler, triggeredByEvent="true")
    )
    play = Play(drawing)
    assert (play.state, play.failed) == ("failed", ["again"])
    assert play.trace.count("when") == 1


def called(process_id="child"):
    drawing = Drawing(process_id).start("cs").task("ask", assignee="=n").end("ce")
    return drawing.path("cs", "ask", "ce")


def calling(extra="", settings='processId="child"'):
    inner = extension(f"<zeebe:calledElement {settings}/>{extra}")
    return Drawing().start().node("callActivity", "call", inner).end().path("start", "call", "end")


def test_called_process_runs_inside_when_it_is_called():
    host = FakeHost(specs={"child": called().spec()})
    play = Play(calling(), {"n": 1}, host)
    opened = play.of(changes.UserTaskOpened)[0]
    assert (opened.process_id, opened.assignee) == ("child", "1")
    play.complete("ask", a=2)
    assert play.trace == ["start", "cs", "ask", "ce", "call", "end"]
    assert (play.state, play.variables) == ("completed", {"n": 1, "a": 2})


def test_called_process_sees_only_its_inputs_when_told_so():
    host = FakeHost(specs={"child": called().spec()})
    settings = (
        'processId="child" propagateAllParentVariables="false" propagateAllChildVariables="false"'
    )
    play = Play(calling(mapped({"x": "=n + 1"}), settings), {"n": 1}, host)
    assert play.of(changes.UserTaskOpened)[0].assignee is None
    play.do("set_variables", {"y": 5}, play.at("ask")).complete("ask", a=2)
    assert play.variables == {"n": 1}


def test_called_process_gives_what_is_mapped_when_outputs_are_declared():
    host = FakeHost(specs={"child": called().spec()})
    play = Play(calling(mapped({}, {"b": "=a * 2"})), {"n": 1}, host).complete("ask", a=2)
    assert play.variables == {"n": 1, "b": 4}


def test_called_process_is_an_incident_when_there_is_none():
    play = Play(calling())
    assert play.failed == ["call"]
    play.host.specs["child"] = called().spec()
    play.do("retry", play.at("call"))
    assert play.waiting == ["ask"]


def test_process_that_calls_itself_stops_when_it_goes_too_deep():
    inner = extension('<zeebe:calledElement processId="p"/>')
    drawing = Drawing().start().node("callActivity", "call", inner).end()
    spec = drawing.path("start", "call", "end").spec()
    play = Play(spec, host=FakeHost(specs={"p": spec}))
    assert (play.state, len(play.failed)) == ("failed", 1)


def test_error_reaches_the_caller_when_a_called_process_throws_it():
    child = Drawing("child").declare('<error id="e" errorCode="E1"/>').start("cs")
    child.end("bang", on("error", "e")).path("cs", "bang")
    drawing = calling().declare('<error id="e" errorCode="E1"/>')
    drawing.boundary("caught", "call", on("error", "e")).end("sorry").flow("caught", "sorry")
    play = Play(drawing, host=FakeHost(specs={"child": child.spec()}))
    assert (play.state, play.trace[-2:]) == ("completed", ["caught", "sorry"])


def each(loop):
    return Drawing().start().node("userTask", "each", loop).end().path("start", "each", "end")


def test_items_run_side_by_side_when_parallel():
    drawing = each(looped(output=("results", "=answer + item")))
    play = Play(drawing, {"items": [10, 20, 30]})
    assert play.waiting == ["each"] * 3
    tokens = [token.token_id for token in play.tokens if token.waits_for]
    play.do("complete", tokens[2], {"answer": 3}).do("complete", tokens[0], {"answer": 1})
    play.do("complete", tokens[1], {"answer": 2})
    assert (play.state, play.trace) == ("completed", ["start", "each", "each", "each", "end"])
    assert play.variables == {"items": [10, 20, 30], "results": [11, 22, 33]}


def test_items_run_one_after_another_when_sequential():
    loop = looped(output=("results", "=loopCounter"), sequential=True)
    play = Play(each(loop), {"items": ["a", "b"]})
    assert play.waiting == ["each"]
    play.complete("each")
    assert (play.waiting, play.state) == (["each"], "running")
    assert play.complete("each").variables["results"] == [1, 2]


def test_rest_is_cancelled_when_the_completion_condition_holds():
    play = Play(each(looped(until="=numberOfCompletedInstances >= 2")), {"items": [1, 2, 3]})
    play.complete("each").complete("each")
    assert (play.state, play.waiting) == ("completed", [])
    assert play.of(changes.UserTaskClosed)[-1].reason == "cancelled"


def test_only_the_first_item_counts_when_it_was_enough_and_all_are_done_at_once():
    inner = service("greet") + looped(output=("out", "=item"), until="=true")
    drawing = Drawing().start().node("serviceTask", "greet", inner).end()
    play = Play(drawing.path("start", "greet", "end"), {"items": [1, 2, 3]})
    assert (play.state, len(play.host.calls)) == ("completed", 3)
    assert play.variables["out"] == [1, None, None]


def test_nothing_runs_when_the_collection_is_empty():
    play = Play(each(looped(output=("results", "=1"))), {"items": []})
    assert (play.state, play.trace, play.variables["results"]) == (
        "completed",
        ["start", "end"],
        [],
    )


def test_item_is_mapped_when_a_service_runs_for_each():
    io = mapped({"who": "=item.name"})
    inner = service("greet", io) + looped(output=("greetings", "=text"))
    drawing = Drawing().start().node("serviceTask", "greet", inner).end()
    drawing.path("start", "greet", "end")
    host = FakeHost(answers={"greet": lambda call: {"text": f"Hi {call.arguments['who']}"}})
    play = Play(drawing, {"items": [{"name": "Ada"}, {"name": "Bo"}]}, host)
    assert play.variables["greetings"] == ["Hi Ada", "Hi Bo"]


def test_sub_process_runs_for_each_item_when_it_is_a_multi_instance():
    inner = Drawing().start("in").task("ask").end("out").path("in", "ask", "out")
    drawing = Drawing().start().sub("sub", inner, looped(output=("all", "=a"))).end()
    play = Play(drawing.path("start", "sub", "end"), {"items": [1, 2]})
    play.complete("ask", a=5).complete("ask", a=6)
    assert (play.state, play.variables["all"]) == ("completed", [5, 6])
    assert play.trace.count("sub") == 2


def test_all_items_are_cancelled_when_the_border_is_interrupted():
    drawing = each(looped()).boundary("late", "each", timer("PT1H")).end("gone")
    play = Play(drawing.flow("late", "gone"), {"items": [1, 2]})
    play.fire("late")
    assert (play.state, play.trace) == ("completed", ["start", "late", "gone"])
    assert len(play.of(changes.TimerSet)) == 1


def test_error_of_one_item_interrupts_all_when_the_border_catches_it():
    def fail(call):
        raise BpmnError("E1")

    inner = service("fail") + looped()
    drawing = Drawing().declare('<error id="e" errorCode="E1"/>').start()
    drawing.node("serviceTask", "each", inner).end().path("start", "each", "end")
    drawing.boundary("caught", "each", on("error", "e")).end("sorry").flow("caught", "sorry")
    play = Play(drawing, {"items": [1, 2]}, FakeHost(answers={"fail": fail}))
    assert (play.state, play.trace) == ("completed", ["start", "caught", "sorry"])


def test_items_that_have_not_begun_are_not_active_when_sequential():
    drawing = each(looped(until="=numberOfActiveInstances = 0", sequential=True))
    assert Play(drawing, {"items": [1, 2, 3]}).complete("each").state == "completed"


def test_item_fails_and_is_retried_when_its_output_is_wrong():
    loop = looped(output=("results", "=1"), until="=enough")
    play = Play(each(loop), {"items": [1]}).complete("each")
    assert play.state == "failed"
    play.do("set_variables", {"enough": False})
    assert play.failed == ["each"]
    assert play.do("retry", play.at("each")).state == "completed"


@pytest.mark.parametrize("items", ["text", None, 3])
def test_multi_instance_is_an_incident_when_its_collection_is_no_list(items):
    play = Play(each(looped()), {"items": items})
    assert play.failed == ["each"]


NUMBERED = (
    "<multiInstanceLoopCharacteristics><loopCardinality>=n</loopCardinality>"
    "</multiInstanceLoopCharacteristics>"
)


def test_multi_instance_is_an_incident_when_it_would_run_too_often(monkeypatch):
    monkeypatch.setattr(multi_instance, "MAX_ITEMS", 2)
    assert Play(each(looped()), {"items": [1, 2, 3]}).failed == ["each"]


def test_multi_instance_is_an_incident_when_its_cardinality_is_beyond_all_memory():
    play = Play(each(NUMBERED), {"n": 10**15})
    assert play.failed == ["each"]


def test_multi_instances_are_incidents_when_together_they_would_fill_the_memory(monkeypatch):
    monkeypatch.setattr("processes.engine.instance.MAX_TOKENS", 40)
    inner = Drawing().start("in").node("task", "each", NUMBERED).path("in", "each")
    drawing = Drawing().start().sub("sub", inner, NUMBERED).path("start", "sub")
    play = Play(drawing, {"n": 7})
    assert play.failed
    assert "places at once" in play.of(changes.StepFailedAt)[0].message
    assert len(play.tokens) < 40


def test_cardinality_says_how_often_when_there_is_no_collection():
    assert Play(each(NUMBERED), {"n": 3}).waiting == ["each"] * 3


def test_event_sub_process_is_retried_with_its_payload_when_it_could_not_begin():
    inner = Drawing().start("soon", timer("=wait"))
    handler = Drawing().start("when", on("message", "m")).task("handle").path("when", "handle")
    handler.sub("inner", inner, triggeredByEvent="true")
    drawing = Drawing().message("m", "news").start().task("ask").path("start", "ask")
    play = Play(drawing.sub("handler", handler, triggeredByEvent="true"))
    play.receive("when", a=1)
    assert (play.failed, play.waiting) == (["handler"], [])
    play.do("set_variables", {"wait": "PT1H"}).do("retry", play.at("handler"))
    assert (play.waiting, play.variables["a"]) == (["soon", "handle"], 1)


def test_error_code_is_seen_by_the_mappings_of_its_event():
    outputs = extension(mapped({}, {"why": '=errorCode + ": " + errorMessage'}))
    drawing = Drawing().start().service("go", "fail").boundary("bad", "go", outputs + on("error"))
    drawing.end().path("start", "go").flow("bad", "end")

    def fail(call):
        raise BpmnError("E1", "No stock.")

    play = Play(drawing, host=FakeHost(answers={"fail": fail}))
    assert play.variables == {"why": "E1: No stock."}


def test_boundary_events_stay_when_an_event_sub_process_takes_over_inside():
    handler = Drawing().start("when", timer("PT1H")).task("handle").path("when", "handle")
    inner = Drawing().start("in").task("ask").path("in", "ask")
    inner.sub("handler", handler, triggeredByEvent="true")
    drawing = Drawing().start().sub("sub", inner).boundary("late", "sub", timer("PT2H")).end()
    play = Play(drawing.path("start", "sub").flow("late", "end"))
    play.fire("when")
    assert play.waiting == ["late", "handle"]


def test_instance_ends_with_all_that_is_open_when_it_is_cancelled():
    play = Play(inside().boundary("late", "sub", timer("PT1H")).flow("late", "end"))
    play.do("cancel")
    assert (play.state, play.tokens) == ("terminated", [])
    assert [type(change).__name__ for change in play.last] == [
        "UserTaskClosed",
        "ElementCancelled",
        "TimerCancelled",
        "ElementCancelled",
        "InstanceEnded",
    ]
    with pytest.raises(EngineError):
        play.do("cancel")


def test_nothing_more_runs_in_a_scope_when_an_error_interrupts_it():
    inner = (
        Drawing()
        .start("in")
        .node("parallelGateway", "fork")
        .end("bang", on("error", "e"))
        .service("never")
        .path("in", "fork", "bang")
        .flow("fork", "never")
    )
    drawing = Drawing().declare('<error id="e" errorCode="E1"/>').start().sub("sub", inner).end()
    drawing.boundary("caught", "sub", on("error", "e")).path("start", "sub").flow("caught", "end")
    play = Play(drawing)
    assert (play.state, play.host.calls) == ("completed", [])
