"""Conditional events (BPMN 2.0.2 §10.5.5) and shared event definitions."""

import pytest

from processes.engine import ModelErrors, changes
from tests.engine.models import Drawing, Play, on


def when(text):
    return (
        "<conditionalEventDefinition><condition>"
        f"{text.replace('<', '&lt;')}</condition></conditionalEventDefinition>"
    )


def waiting():
    return (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .node("intermediateCatchEvent", "until", when("=n > 5"))
        .task("ask")
        .end()
        .end("asked")
        .path("start", "fork", "until", "end")
        .path("fork", "ask", "asked")
    )


def test_condition_that_holds_already_fires_at_once():
    assert Play(waiting(), {"n": 6}).trace == ["start", "fork", "until", "end"]


def test_event_happens_when_a_variable_makes_its_condition_true():
    play = Play(waiting(), {"n": 1})
    assert play.waiting == ["until", "ask"]
    assert play.do("set_variables", {"n": 3}).waiting == ["until", "ask"]
    play.complete("ask", n=7)
    assert (play.state, play.trace[-3:]) == ("completed", ["asked", "until", "end"])


def test_condition_without_a_value_does_not_hold():
    assert Play(waiting()).waiting == ["until", "ask"]


def test_event_happens_when_a_record_has_changed_meanwhile():
    drawing = Drawing().start().node("intermediateCatchEvent", "until", when("=deal.amount > 5"))
    play = Play(drawing.path("start", "until"))
    play.host.records["deal"] = {"amount": 6}
    assert play.do("advance").state == "completed"


def test_condition_is_forgotten_when_the_instance_is_cancelled():
    play = Play(waiting(), {"n": 1}).do("cancel")
    assert {change.element_id for change in play.of(changes.ElementCancelled)} == {"until", "ask"}


def guarded(**settings):
    return (
        Drawing()
        .start()
        .task("ask")
        .boundary("alarm", "ask", when("=n > 5"), **settings)
        .node("parallelGateway", "fork")
        .end()
        .end("alarmed")
        .path("start", "fork", "ask", "end")
        .path("fork", "other")
        .task("other")
        .flow("alarm", "alarmed")
    )


def test_activity_never_begins_its_work_when_its_boundary_condition_holds():
    play = Play(guarded(), {"n": 9})
    assert play.of(changes.UserTaskOpened)[0].element_id == "other"
    assert play.trace == ["start", "fork", "alarm", "alarmed"]


def test_activity_is_interrupted_when_another_branch_makes_the_condition_true():
    play = Play(guarded(), {"n": 1}).complete("other", n=6)
    assert (play.state, play.trace[-2:]) == ("completed", ["alarm", "alarmed"])


def test_event_happens_each_time_the_condition_comes_to_hold_when_it_does_not_interrupt():
    play = Play(guarded(cancelActivity="false"), {"n": 6})
    assert play.trace.count("alarm") == 1
    play.do("set_variables", {"n": 7})
    assert play.trace.count("alarm") == 1
    play.do("set_variables", {"n": 1}).do("set_variables", {"n": 8})
    assert (play.trace.count("alarm"), play.waiting.count("ask")) == (2, 1)


def test_scope_is_interrupted_before_anything_more_runs_in_it():
    inner = Drawing().start("in").script("set", "n = 9").service("never").path("in", "set", "never")
    drawing = Drawing().start().sub("sub", inner).boundary("alarm", "sub", when("=n > 5"))
    drawing.end("alarmed").path("start", "sub").flow("alarm", "alarmed")
    play = Play(drawing, {"n": 1})
    assert play.host.calls == []
    assert play.trace == ["start", "in", "set", "alarm", "alarmed"]


def test_event_sub_process_begins_when_its_condition_comes_to_hold():
    event = Drawing().start("hot", when("=n > 5")).end("done").path("hot", "done")
    drawing = Drawing().start().task("ask").path("start", "ask")
    drawing.sub("watch", event, triggeredByEvent="true")
    play = Play(drawing, {"n": 1}).do("set_variables", {"n": 6})
    assert (play.state, play.trace) == ("completed", ["start", "hot", "done", "watch"])
    assert Play(drawing, {"n": 6}).trace == ["hot", "done", "watch"]


def test_event_gateway_goes_on_when_a_condition_holds():
    drawing = (
        Drawing()
        .message("m", "go")
        .start()
        .node("eventBasedGateway", "wait")
        .node("intermediateCatchEvent", "told", on("message", "m"))
        .node("intermediateCatchEvent", "until", when("=n > 5"))
        .path("start", "wait", "told")
        .flow("wait", "until")
    )
    play = Play(drawing, {"n": 1}).do("set_variables", {"n": 6})
    assert (play.state, play.trace) == ("completed", ["start", "wait", "until"])


def test_condition_is_refused_when_it_is_empty_or_unreadable():
    for text, message in (("", "has no condition"), ("=n >", "condition of the event can't")):
        drawing = Drawing().start().node("intermediateCatchEvent", "until", when(text))
        with pytest.raises(ModelErrors, match=message):
            drawing.path("start", "until").spec()


def shared(reference="later"):
    return (
        Drawing()
        .declare(
            '<timerEventDefinition id="later"><timeDuration>PT1H</timeDuration>'
            "</timerEventDefinition>"
        )
        .start()
        .node(
            "intermediateCatchEvent",
            "wait",
            f"<eventDefinitionRef>{reference}</eventDefinitionRef>",
        )
        .path("start", "wait")
    )


def test_shared_definition_is_used_when_an_event_refers_to_it():
    play = Play(shared())
    assert play.of(changes.TimerSet)[0].element_id == "wait"
    assert play.fire("wait").state == "completed"


def test_reference_is_refused_when_nothing_is_declared_by_it():
    with pytest.raises(ModelErrors, match="does not declare"):
        shared("other").spec()
