import pytest

from processes.engine import changes
from tests.engine.models import Drawing, FakeHost, Play, on, timer


def fork_join():
    return (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .node("parallelGateway", "join")
        .end()
        .path("start", "fork", "a", "join", "end")
        .path("fork", "b", "join")
    )


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_join_waits_for_all_branches_in_any_order(order):
    play = Play(fork_join())
    play.complete(order[0], **{order[0]: 1})
    assert (play.state, "join" in play.trace) == ("running", False)
    play.complete(order[1], **{order[1]: 2})
    assert play.trace == ["start", "fork", *order, "join", "end"]
    assert play.variables == {order[0]: 1, order[1]: 2}
    assert play.trace.count("join") == 1


def test_second_token_on_a_flow_stays_for_the_next_time_when_a_join_fires():
    drawing = (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .task("c")
        .node("exclusiveGateway", "merge")
        .node("parallelGateway", "join")
        .end()
        .path("start", "fork", "a", "merge", "join", "end")
        .path("fork", "b", "merge")
        .path("fork", "c", "join")
    )
    play = Play(drawing).complete("a").complete("b").complete("c")
    assert play.trace.count("join") == 1
    assert (play.state, play.execution.is_stalled) == ("running", True)


def test_join_works_again_when_it_is_part_of_a_loop():
    drawing = (
        Drawing()
        .start()
        .node("exclusiveGateway", "again")
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .node("parallelGateway", "join")
        .script("count", "n = n + 1")
        .node("exclusiveGateway", "more", default="more-end")
        .end()
        .path("start", "again", "fork", "a", "join", "count", "more", "end")
        .path("fork", "b", "join")
        .flow("more", "again", "=n < 3")
    )
    play = Play(drawing, {"n": 0})
    for _ in range(3):
        play.complete("b").complete("a")
    assert (play.state, play.trace.count("join")) == ("completed", 3)


def test_all_flows_are_taken_when_an_activity_has_several():
    drawing = Drawing().start().task("ask").task("a").task("b").path("start", "ask", "a")
    play = Play(drawing.flow("ask", "b")).complete("ask")
    assert play.waiting == ["a", "b"]


def test_conditions_choose_when_they_leave_an_activity():
    drawing = (
        Drawing()
        .start()
        .node("task", "work", default="work-none")
        .task("always")
        .task("big")
        .task("none")
        .path("start", "work", "always")
        .flow("work", "big", "=n > 5")
        .flow("work", "none")
    )
    assert Play(drawing, {"n": 9}).waiting == ["always", "big"]
    assert Play(drawing, {"n": 1}).waiting == ["always", "none"]


def inclusive():
    return (
        Drawing()
        .start()
        .node("inclusiveGateway", "split", default="split-c")
        .task("a")
        .task("b")
        .task("c")
        .node("inclusiveGateway", "join")
        .end()
        .path("start", "split")
        .flow("split", "a", "=n > 0")
        .flow("split", "b", "=n > 1")
        .flow("split", "c")
        .path("a", "join", "end")
        .path("b", "join")
        .path("c", "join")
    )


@pytest.mark.parametrize(("n", "taken"), [(0, ["c"]), (1, ["a"]), (2, ["a", "b"])])
def test_inclusive_join_waits_for_the_branches_that_were_taken(n, taken):
    play = Play(inclusive(), {"n": n})
    assert play.waiting == taken
    for name in reversed(taken):
        assert play.state == "running"
        play.complete(name)
    assert (play.state, play.trace.count("join")) == ("completed", 1)


def test_inclusive_join_goes_on_when_a_branch_ended_elsewhere():
    drawing = inclusive().boundary("out", "b", timer("PT1H")).end("away").flow("out", "away")
    play = Play(drawing, {"n": 2}).complete("a")
    assert play.state == "running"
    play.fire("out")
    assert (play.state, play.trace[-2:]) == ("completed", ["join", "end"])


def test_inclusive_join_waits_when_a_token_can_still_loop_back():
    drawing = (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .node("exclusiveGateway", "again", default="again-join")
        .node("exclusiveGateway", "back")
        .node("inclusiveGateway", "join")
        .end()
        .path("start", "fork", "a", "join", "end")
        .path("fork", "back", "b", "again", "join")
        .flow("again", "back", "=redo")
    )
    play = Play(drawing).complete("a").complete("b", redo=True)
    assert "join" not in play.trace
    play.complete("b", redo=False)
    assert (play.state, play.trace.count("join")) == ("completed", 1)


def test_terminate_ends_everything_when_one_branch_reaches_it():
    drawing = (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .end("stop", "<terminateEventDefinition/>")
        .path("start", "fork", "a", "stop")
        .flow("fork", "b")
    )
    play = Play(drawing).complete("a")
    assert (play.state, play.waiting, play.trace[-1]) == ("terminated", [], "stop")
    assert play.of(changes.UserTaskClosed)[-1].reason == "cancelled"


def test_link_goes_on_at_its_counterpart():
    drawing = (
        Drawing()
        .start()
        .node("intermediateThrowEvent", "go", '<linkEventDefinition name="L"/>')
        .node("intermediateCatchEvent", "come", '<linkEventDefinition name="L"/>')
        .end()
        .path("start", "go")
        .path("come", "end")
    )
    assert Play(drawing).trace == ["start", "go", "come", "end"]


def test_signal_and_message_are_given_to_the_host_when_thrown():
    drawing = (
        Drawing()
        .declare('<signal id="s" name="alarm"/>')
        .message("m", "order", "=key")
        .start()
        .node("intermediateThrowEvent", "shout", on("signal", "s"))
        .end("tell", on("message", "m"))
        .path("start", "shout", "tell")
    )
    play = Play(drawing, {"key": 4})
    signal, message = play.host.thrown
    assert (signal.kind, signal.name, signal.correlation_key) == ("signal", "alarm", None)
    assert (message.kind, message.name, message.correlation_key) == ("message", "order", "4")


def test_start_event_brings_its_payload_when_a_message_starts_the_process():
    drawing = (
        Drawing()
        .message("m", "mail")
        .start()
        .start("byMail", on("message", "m"))
        .task("read")
        .path("start", "read")
        .path("byMail", "read")
    )
    play = Play(drawing, start_event="byMail", payload={"subject": "Hi"})
    assert (play.trace, play.variables) == (["byMail"], {"subject": "Hi"})


def test_endless_loop_ends_as_an_incident_when_nothing_waits(monkeypatch):
    monkeypatch.setattr("processes.engine.instance.MAX_STEPS", 500)
    drawing = (
        Drawing()
        .start()
        .node("exclusiveGateway", "merge")
        .node("task", "spin")
        .path("start", "merge", "spin", "merge")
    )
    play = Play(drawing)
    assert play.state == "failed"
    assert "without waiting" in play.of(changes.StepFailedAt)[0].message


def test_inclusive_join_does_not_wait_when_what_may_come_can_also_come_where_one_is():
    """Each path to a flow without a token has one beside it to a flow with one (§13.4.3)."""
    drawing = Drawing().start().node("parallelGateway", "fork").task("a").task("b")
    drawing.node("exclusiveGateway", "choice", default="choice-join").end()
    drawing.node("inclusiveGateway", "join").path("start", "fork", "a", "join", "end")
    drawing.path("fork", "b", "choice", "join").flow("choice", "a", "=again")
    play = Play(drawing).complete("a")
    assert play.trace == ["start", "fork", "a", "join", "end"]
    play.complete("b", again=False)
    assert (play.state, play.trace[-3:]) == ("completed", ["choice", "join", "end"])


def test_loop_that_splits_is_an_incident_when_it_has_too_many_tokens(monkeypatch):
    monkeypatch.setattr("processes.engine.instance.MAX_TOKENS", 50)
    drawing = Drawing().start().node("exclusiveGateway", "merge").node("parallelGateway", "fork")
    drawing.node("task", "a").node("task", "b").path("start", "merge", "fork", "a", "merge")
    play = Play(drawing.path("fork", "b", "merge"))
    assert play.state == "failed"
    assert "more than 50 places" in play.of(changes.StepFailedAt)[0].message
    assert len(play.tokens) < 60


def test_long_loop_is_not_taken_for_completed_when_it_passes_a_thousand_levels():
    drawing = (
        Drawing()
        .start()
        .node("exclusiveGateway", "merge")
        .service("count")
        .node("exclusiveGateway", "more", default="more-ask")
        .task("ask")
        .path("start", "merge", "count", "more", "ask")
        .flow("more", "merge", "=n < 1500")
    )
    numbers = iter(range(1, 2000))
    host = FakeHost(answers={"do": lambda call: {"n": next(numbers)}})
    play = Play(drawing, host=host)
    assert (play.state, play.waiting) == ("running", ["ask"])
    assert play.trace.count("count") == 1500
    assert len(play.execution._instance.tasks) == 2


def test_waiting_join_is_forgotten_when_its_scope_is_terminated():
    inner = (
        Drawing()
        .start("in")
        .node("parallelGateway", "fork")
        .node("task", "a")
        .node("task", "b")
        .task("c")
        .node("inclusiveGateway", "join")
        .end("stop", "<terminateEventDefinition/>")
        .path("in", "fork", "a", "join")
        .path("fork", "c", "join")
        .path("fork", "b", "stop")
    )
    play = Play(Drawing().start().sub("sub", inner).task("next").path("start", "sub", "next"))
    assert (play.waiting, play.execution._instance.arrivals) == (["next"], {})
