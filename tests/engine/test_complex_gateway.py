"""Complex gateways (BPMN 2.0.2 §10.6.5, §13.4.5)."""

from processes.engine import changes
from tests.engine.models import Drawing, Play


def voting(activation="=activationCount >= 2", out=None):
    inner = f"<activationCondition>{activation.replace('>', '&gt;')}</activationCondition>"
    drawing = Drawing().start().node("parallelGateway", "fork")
    drawing.node("complexGateway", "enough", inner if activation else "")
    drawing.end().flow("start", "fork").flow("enough", "end", out)
    for name in ("a", "b", "c"):
        drawing.task(name).path("fork", name, "enough")
    return drawing


def test_gateway_starts_when_enough_have_come():
    play = Play(voting()).complete("a")
    assert "enough" not in play.trace
    play.complete("c")
    assert play.trace[-2:] == ["enough", "end"]
    assert (play.state, play.waiting) == ("running", ["b"])


def test_gateway_swallows_the_late_ones_when_it_has_started():
    play = Play(voting()).complete("a").complete("c").complete("b")
    assert (play.state, play.trace.count("enough"), play.trace.count("end")) == ("completed", 1, 1)


def test_gateway_is_reset_by_the_last_of_the_late_ones_when_several_come():
    play = Play(voting("=activationCount >= 1", "=not(waitingForStart)"))
    play.complete("a").complete("b")
    assert "end" not in play.trace
    assert play.complete("c").trace[-1] == "end"


def test_flow_is_taken_when_the_gateway_is_reset_and_its_condition_says_so():
    play = Play(voting(out="=not(waitingForStart) or activationCount = 2"))
    play.complete("a").complete("c").complete("b")
    assert play.trace.count("end") == 2


def test_gateway_waits_for_all_that_can_come_when_it_has_no_condition():
    play = Play(voting("")).complete("a").complete("b")
    assert "enough" not in play.trace
    assert play.complete("c").trace[-2:] == ["enough", "end"]


def test_gateway_stands_at_an_incident_when_its_condition_fails():
    play = Play(voting("=missing")).complete("a")
    assert play.failed == ["enough"]
    play.do("set_variables", {"missing": True}).do("retry", play.at("enough"))
    assert play.trace[-2:] == ["enough", "end"]


def test_gateway_starts_anew_when_it_was_reset():
    drawing = (
        Drawing()
        .start()
        .node("exclusiveGateway", "merge")
        .node("parallelGateway", "fork")
        .node(
            "complexGateway",
            "any",
            "<activationCondition>=activationCount = 1</activationCondition>",
        )
        .task("a")
        .task("b")
        .task("again")
        .path("start", "merge", "fork", "a", "any", "again", "merge")
        .path("fork", "b", "any")
    )
    play = Play(drawing).complete("a").complete("b")
    assert (play.trace.count("any"), play.waiting) == (1, ["again"])
    play.complete("again").complete("b")
    assert (play.trace.count("any"), play.waiting) == (2, ["a", "again"])


def test_one_way_is_taken_when_it_only_parts_paths():
    drawing = Drawing().start().node("complexGateway", "x", default="x-b").end("a").end("b")
    drawing.path("start", "x", "b").flow("x", "a", "=n > 1")
    assert Play(drawing, {"n": 2}).trace == ["start", "x", "a"]
    assert Play(drawing, {"n": 1}).trace == ["start", "x", "b"]


def test_waiting_tokens_go_when_the_instance_is_cancelled():
    play = Play(voting()).complete("a").do("cancel")
    assert (play.state, play.execution._instance.arrivals) == ("terminated", {})
    assert {one.element_id for one in play.of(changes.ElementCancelled)} == {"b", "c"}
