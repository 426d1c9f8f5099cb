"""Ad-hoc sub-processes (BPMN 2.0.2 §10.3.5.2, §13.3.5)."""

import pytest

from processes.engine import ModelErrors, changes
from tests.engine.models import Drawing, Play


def ad_hoc(inner, condition="", **settings):
    done = f"<completionCondition>{condition}</completionCondition>" if condition else ""
    drawing = Drawing().start().end()
    drawing.node("adHocSubProcess", "any", inner.inside() + done, **settings)
    return drawing.path("start", "any", "end")


def tasks():
    return Drawing().task("a").task("b").task("c").path("b", "c")


def test_all_can_be_done_in_any_order_when_it_is_parallel():
    play = Play(ad_hoc(tasks()))
    assert play.waiting == ["a", "b"]
    play.complete("b").complete("c").complete("a")
    assert (play.state, play.trace[-2:]) == ("completed", ["any", "end"])


def test_one_is_done_after_the_other_when_it_is_sequential():
    play = Play(ad_hoc(tasks(), ordering="Sequential"))
    assert play.waiting == ["a"]
    assert play.complete("a").complete("b").waiting == ["c"]
    assert play.complete("c").state == "completed"


def test_rest_is_stopped_when_the_condition_holds():
    play = Play(ad_hoc(tasks(), "=ok")).complete("a", ok=False)
    assert play.waiting == ["b"]
    play.complete("b", ok=True)
    assert (play.state, play.trace[-3:]) == ("completed", ["b", "any", "end"])


def test_rest_is_finished_when_the_condition_holds_and_nothing_is_to_be_cancelled():
    play = Play(ad_hoc(tasks(), "=ok", cancelRemainingInstances="false")).complete("a", ok=True)
    assert (play.state, play.waiting) == ("running", ["b"])
    assert play.complete("b").complete("c").state == "completed"


def test_all_can_be_done_again_when_the_condition_does_not_hold_yet():
    play = Play(ad_hoc(Drawing().task("a"), "=n > 1")).complete("a", n=1)
    assert play.waiting == ["a"]
    assert play.complete("a", n=2).trace == ["start", "a", "a", "any", "end"]


def test_condition_that_fails_is_an_incident_until_it_is_mended():
    play = Play(ad_hoc(Drawing().task("a"), "=missing")).complete("a")
    assert play.failed == ["any"]
    play.do("set_variables", {"missing": True}).do("retry", play.at("any"))
    assert play.state == "completed"


def test_inside_is_stopped_when_the_instance_is_cancelled():
    play = Play(ad_hoc(tasks())).do("cancel")
    gone = {change.element_id for change in play.of(changes.ElementCancelled)}
    assert gone == {"a", "b", "any"}


def test_start_event_inside_is_refused():
    with pytest.raises(ModelErrors, match="can't hold start or end events"):
        ad_hoc(Drawing().start("in").task("a").path("in", "a")).spec()


def test_unknown_ordering_is_refused():
    with pytest.raises(ModelErrors, match="Use one of Parallel, Sequential"):
        ad_hoc(tasks(), ordering="random").spec()
