"""Events with several definitions, and other ways to begin (BPMN 2.0.2 §10.5.1, §13.2)."""

import pytest

from processes.engine import BpmnError, EngineError, changes, parse_model
from tests.engine.models import Drawing, FakeHost, Play, on, timer

BOTH = timer("PT1H") + on("signal", "s")


def declared():
    return Drawing().declare('<signal id="s" name="go"/><error id="e" errorCode="E"/>')


def catching(**settings):
    drawing = declared().start().node("intermediateCatchEvent", "wait", BOTH, **settings)
    return drawing.end().path("start", "wait", "end")


def test_one_of_several_events_is_enough_when_they_are_alternatives():
    for command in ("fire_timer", "receive"):
        play = Play(catching())
        kind = "timer" if command == "fire_timer" else "signal"
        [token] = [one.token_id for one in play.tokens if one.waits_for == kind]
        assert play.do(command, token).trace == ["start", "wait", "end"]
        assert play.execution._instance.tasks.keys() <= {"1"}


def waiting(play, kind):
    return next(one.token_id for one in play.tokens if one.waits_for == kind)


def test_all_events_are_needed_when_they_are_parallel():
    play = Play(catching(parallelMultiple="true"))
    play.do("receive", waiting(play, "signal"), {"a": 1})
    assert (play.state, play.waiting) == ("running", ["wait"])
    play.do("fire_timer", waiting(play, "timer"))
    assert (play.state, play.variables) == ("completed", {"a": 1})


def bordered(**settings):
    drawing = declared().start().task("ask").end().path("start", "ask", "end")
    return drawing.boundary("either", "ask", BOTH, **settings).end("gone").flow("either", "gone")


def test_activity_is_interrupted_by_any_of_several_events():
    play = Play(bordered())
    assert play.do("receive", waiting(play, "signal")).trace == ["start", "either", "gone"]


def test_activity_is_interrupted_when_all_events_have_happened():
    play = Play(bordered(parallelMultiple="true"))
    play.do("fire_timer", waiting(play, "timer"))
    assert play.waiting == ["ask", "either"]
    assert play.do("receive", waiting(play, "signal")).trace == ["start", "either", "gone"]


def test_several_events_happen_beside_the_activity_when_they_do_not_interrupt():
    play = Play(bordered(cancelActivity="false"))
    play.do("receive", waiting(play, "signal")).do("receive", waiting(play, "signal"))
    play.do("fire_timer", waiting(play, "timer"))
    assert (play.trace.count("either"), play.waiting) == (3, ["ask", "either"])
    play = Play(bordered(cancelActivity="false", parallelMultiple="true"))
    play.do("receive", waiting(play, "signal")).do("fire_timer", waiting(play, "timer"))
    assert (play.trace.count("either"), play.waiting) == (1, ["ask"])


def test_events_are_forgotten_when_the_activity_completes():
    for settings in ({}, {"parallelMultiple": "true"}):
        play = Play(bordered(**settings)).complete("ask")
        assert play.state == "completed"
        assert len(play.of(changes.TimerCancelled)) == 1


def test_error_is_caught_when_it_is_one_of_several():
    drawing = declared().start().service("do", "do").path("start", "do")
    drawing.boundary("either", "do", timer("PT1H") + on("error", "e")).end("gone")
    host = FakeHost(answers={"do": fail})
    assert Play(drawing.flow("either", "gone"), host=host).trace[-2:] == ["either", "gone"]


def fail(call):
    raise BpmnError("E")


def test_event_sub_process_begins_by_any_of_its_events():
    event = Drawing().start("on", BOTH).end("off").path("on", "off")
    drawing = declared().start().task("ask").path("start", "ask")
    drawing.sub("handler", event, triggeredByEvent="true")
    play = Play(drawing)
    assert play.do("fire_timer", waiting(play, "timer")).trace[-3:] == ["on", "off", "handler"]


def test_event_gateway_goes_on_by_any_of_several():
    drawing = (
        declared()
        .start()
        .node("eventBasedGateway", "g")
        .node("intermediateCatchEvent", "either", BOTH)
        .node("intermediateCatchEvent", "late", timer("PT2H"))
        .path("start", "g", "either")
        .flow("g", "late")
    )
    play = Play(drawing)
    assert play.do("receive", waiting(play, "signal")).trace == ["start", "g", "either"]
    drawing.parts[2] = drawing.parts[2].replace("Event ", 'Event parallelMultiple="true" ', 1)
    play = Play(drawing)
    play.do("receive", waiting(play, "signal"))
    assert play.state == "running"
    assert play.fire("either").trace == ["start", "g", "either"]


def test_all_is_thrown_when_an_event_throws_several():
    drawing = declared().message("m", "mail").start()
    drawing.end("tell", on("signal", "s") + on("message", "m") + on("terminate"))
    drawing.node("parallelGateway", "fork").task("ask").path("start", "fork", "ask")
    play = Play(drawing.flow("fork", "tell"))
    assert [one.name for one in play.host.thrown] == ["mail", "go"]
    assert (play.state, play.trace[-1]) == ("terminated", "tell")


def test_error_is_thrown_last_when_an_end_throws_several():
    inner = Drawing().start("in").end("bang", on("error", "e") + on("signal", "s"))
    drawing = declared().start().sub("sub", inner.path("in", "bang"))
    drawing.boundary("caught", "sub", on("error", "e")).end("sorry")
    play = Play(drawing.path("start", "sub").flow("caught", "sorry"))
    assert [one.name for one in play.host.thrown] == ["go"]
    assert play.trace[-3:] == ["bang", "caught", "sorry"]


def test_process_has_a_way_to_begin_for_each_of_several_triggers():
    drawing = declared().message("m", "mail").start("on", on("message", "m") + on("signal", "s"))
    drawing = drawing.end().path("on", "end")
    spec = drawing.spec()
    assert [(one.id, one.kind, one.name) for one in spec.process.start_events] == [
        ("on", "message", "mail"),
        ("on", "signal", "go"),
    ]
    assert Play(spec, start_event="on", payload={"a": 1}).variables == {"a": 1}


def test_process_begins_where_nothing_leads_to_when_it_has_no_start_event():
    drawing = Drawing().task("a").task("b").node("task", "c").flow("b", "c")
    play = Play(drawing)
    assert play.waiting == ["a", "b"]
    assert play.complete("a").complete("b").trace == ["a", "b", "c"]
    [warning] = parse_model(drawing.xml()).warnings
    assert "it begins at a, b" in warning.message
    assert [one.kind for one in play.spec.process.start_events] == ["none"]


def test_sub_process_begins_where_nothing_leads_to_when_it_has_no_start_event():
    inner = Drawing().node("task", "a").node("task", "b")
    drawing = Drawing().start().sub("sub", inner).end().path("start", "sub", "end")
    assert Play(drawing).trace == ["start", "a", "b", "sub", "end"]


def test_called_process_begins_when_it_has_no_start_event():
    child = Drawing("child").node("task", "a").spec()
    inner = '<extensionElements><zeebe:calledElement processId="child"/></extensionElements>'
    drawing = Drawing().start().node("callActivity", "call", inner).path("start", "call")
    assert Play(drawing, host=FakeHost(specs={"child": child})).trace == ["start", "a", "call"]


def receiving():
    drawing = Drawing().message("m", "mail")
    drawing.node("receiveTask", "get", messageRef="m", instantiate="true")
    return drawing.task("read").path("get", "read")


def test_process_begins_when_the_message_of_its_receive_task_comes():
    play = Play(receiving(), start_event="get", payload={"text": "hello"})
    assert (play.trace, play.variables) == (["get"], {"text": "hello"})
    assert play.complete("read").state == "completed"
    assert [(one.kind, one.name) for one in play.spec.process.start_events] == [("message", "mail")]


def opened(**settings):
    return (
        declared()
        .message("m", "mail")
        .node("eventBasedGateway", "g", instantiate="true", **settings)
        .node("intermediateCatchEvent", "mailed", on("message", "m"))
        .node("intermediateCatchEvent", "told", on("signal", "s"))
        .end()
        .path("g", "mailed", "end")
        .path("g", "told", "end")
    )


def test_process_begins_by_the_first_event_of_its_gateway():
    play = Play(opened(), start_event="told")
    assert (play.state, play.trace) == ("completed", ["g", "told", "end"])


def test_process_waits_for_the_other_events_when_its_gateway_is_parallel():
    play = Play(opened(eventGatewayType="Parallel"), start_event="told")
    assert play.waiting == ["mailed"]
    play.receive("mailed", a=1)
    assert (play.state, play.variables) == ("completed", {"a": 1})
    assert play.trace == ["g", "told", "end", "mailed", "end"]


def test_process_is_not_started_by_hand_when_only_events_begin_it():
    with pytest.raises(EngineError, match="several start events"):
        Play(opened())
