"""Events that multi-instances throw (BPMN 2.0.2 table 10.30)."""

import pytest

from processes.engine import ModelErrors
from tests.engine.models import Drawing, Play, looped, on

SIGNAL = '<signal id="s" name="done"/><signalEventDefinition id="told" signalRef="s"/>'


def behaving(behavior, inner="", *, declared=SIGNAL, **settings):
    loop = looped().replace(
        "<multiInstanceLoopCharacteristics",
        f'<multiInstanceLoopCharacteristics behavior="{behavior}"'
        + "".join(f' {name}="{value}"' for name, value in settings.items()),
    )
    loop = loop.replace("</multiInstance", f"{inner}</multiInstance")
    drawing = Drawing().declare(declared).start().node("userTask", "each", loop).end()
    return drawing.path("start", "each", "end")


def caught(drawing, definition=None, **settings):
    definition = definition or on("signal", "s")
    return (
        drawing.boundary("told_of", "each", definition, **settings)
        .end("noted")
        .flow("told_of", "noted")
    )


def start(drawing):
    return Play(drawing, {"items": [1, 2, 3]})


def test_event_is_thrown_for_each_instance_when_the_behavior_is_none():
    drawing = caught(behaving("None", noneBehaviorEventRef="told"), cancelActivity="false")
    play = start(drawing).complete("each").complete("each").complete("each")
    assert (play.state, play.trace.count("told_of")) == ("completed", 3)
    assert [one.name for one in play.host.thrown] == ["done"] * 3  # for others who listen


def test_event_is_thrown_for_the_first_instance_when_the_behavior_is_one():
    drawing = caught(behaving("One", oneBehaviorEventRef="told"), cancelActivity="false")
    play = start(drawing).complete("each").complete("each").complete("each")
    assert (play.state, play.trace.count("told_of")) == ("completed", 1)


def test_other_instances_are_stopped_when_the_caught_event_interrupts():
    play = start(caught(behaving("One", oneBehaviorEventRef="told"))).complete("each")
    assert (play.state, play.trace) == ("completed", ["start", "each", "told_of", "noted"])


def test_event_leaves_the_instance_when_nothing_at_the_border_waits_for_it():
    play = start(behaving("None", noneBehaviorEventRef="told")).complete("each")
    assert [(one.kind, one.name) for one in play.host.thrown] == [("signal", "done")]


def test_event_is_thrown_when_the_condition_of_a_complex_behavior_holds():
    inner = (
        "<complexBehaviorDefinition><condition>=numberOfCompletedInstances = 2</condition>"
        f'<event id="e">{on("escalation", "x")}</event></complexBehaviorDefinition>'
    )
    declared = '<escalation id="x" escalationCode="X"/>'
    drawing = caught(behaving("Complex", inner, declared=declared), on("escalation", "x"))
    play = start(drawing).complete("each")
    assert "told_of" not in play.trace
    assert play.complete("each").trace[-2:] == ["told_of", "noted"]


def test_event_is_thrown_once_when_a_later_one_fails_and_is_retried():
    inner = "".join(
        f"<complexBehaviorDefinition><condition>={condition}</condition>"
        f'<event id="{name}">{on("signal", "s")}</event></complexBehaviorDefinition>'
        for name, condition in (("first", "true"), ("second", "enough"))
    )
    play = start(behaving("Complex", inner)).complete("each")
    assert (play.failed, len(play.host.thrown)) == (["each"], 1)
    play.do("set_variables", {"enough": True})
    assert len(play.do("retry", play.at("each")).host.thrown) == 2


def test_error_is_caught_when_a_multi_instance_throws_it():
    declared = '<error id="e" errorCode="E"/><errorEventDefinition id="told" errorRef="e"/>'
    drawing = behaving("One", declared=declared, oneBehaviorEventRef="told")
    play = start(caught(drawing, on("error", "e"))).complete("each")
    assert (play.state, play.trace[-2:]) == ("completed", ["told_of", "noted"])


def test_behavior_is_refused_when_its_event_is_not_there_or_has_no_condition():
    with pytest.raises(ModelErrors, match="does not declare"):
        behaving("One", oneBehaviorEventRef="nothing").spec()
    inner = f'<complexBehaviorDefinition><event id="e">{on("signal", "s")}</event>'
    with pytest.raises(ModelErrors, match="no condition"):
        behaving("Complex", f"{inner}</complexBehaviorDefinition>").spec()
    declared = '<timerEventDefinition id="told"><timeDuration>PT1H</timeDuration>'
    declared += "</timerEventDefinition>"
    with pytest.raises(ModelErrors, match="can't throw a timer"):
        behaving("One", declared=declared, oneBehaviorEventRef="told").spec()
