"""Tokens that an administrator moves, adds, cancels, and instances begun again."""

import pytest

from processes.engine import EngineError, StepFailed, UnknownToken, changes, load
from tests.engine.models import (
    Drawing,
    FakeHost,
    Play,
    again,
    extension,
    looped,
    mapped,
    on,
    timer,
)


def token_of(play, element, state=None):
    """Return the first token at an element."""
    return next(
        token.token_id
        for token in play.tokens
        if token.element_id == element and state in (None, token.state)
    )


def line():
    return Drawing().start().task("a").task("b").end().path("start", "a", "b", "end")


def inside(extra="", **settings):
    """Return a task beside a sub-process with two tasks in a row, guarded by events."""
    inner = Drawing().start("in").task("x").task("y").path("in", "x", "y")
    return (
        Drawing()
        .declare('<signal id="stop" name="stop"/>')
        .start()
        .task("a")
        .sub("sub", inner, extra, **settings)
        .boundary("late", "sub", timer("PT1H"))
        .task("b")
        .end("gone")
        .end()
        .path("start", "a", "sub", "b", "end")
        .path("late", "gone")
    )


def test_token_stands_at_another_element_when_moved():
    play = Play(line())
    play.do("move", play.at("a"), "b")
    assert play.waiting == ["b"]
    assert [type(change).__name__ for change in play.last] == [
        "UserTaskClosed",
        "ElementCancelled",
        "ElementEntered",
        "UserTaskOpened",
    ]
    assert play.complete("b").state == "completed"


def test_element_begins_anew_when_a_token_is_moved_back_to_it():
    play = Play(line())
    first = play.at("a")
    play.do("move", first, "a")
    assert play.waiting == ["a"]
    assert play.at("a") != first


def test_sub_process_is_opened_when_a_token_is_moved_into_it():
    play = Play(inside(extension(mapped({"local": "=1"}))))
    play.do("move", play.at("a"), "y")
    assert (play.waiting, play.trace) == (["late", "y"], ["start"])
    entered = [change.element_id for change in play.last if type(change) is changes.ElementEntered]
    assert entered == ["sub", "y"]
    assert play.complete("y").waiting == ["b"]


def test_open_sub_process_is_joined_when_a_token_is_moved_inside():
    play = Play(inside()).complete("a")
    play.do("move", play.at("x"), "y")
    assert play.waiting == ["late", "y"]
    assert not any(type(change) is changes.TimerCancelled for change in play.last)


def test_sub_process_is_cancelled_with_its_events_when_its_last_token_is_moved_out():
    play = Play(inside()).complete("a")
    play.do("move", play.at("x"), "b")
    assert play.waiting == ["b"]
    gone = [change.element_id for change in play.last if type(change) is changes.ElementCancelled]
    assert gone == ["x", "sub"]
    assert any(type(change) is changes.TimerCancelled for change in play.last)


def test_sub_process_stays_when_another_token_is_left_in_it():
    play = Play(inside()).complete("a").do("add_token", "y")
    assert play.do("move", play.at("x"), "b").waiting == ["late", "y", "b"]


def test_sub_process_is_moved_with_all_inside_it():
    play = Play(inside()).complete("a")
    assert play.do("move", token_of(play, "sub"), "a").waiting == ["a"]


def test_sub_process_is_opened_anew_when_it_is_moved_into_itself():
    play = Play(inside()).complete("a")
    sub = token_of(play, "sub")
    play.do("move", sub, "y")
    assert play.waiting == ["late", "y"]
    assert token_of(play, "sub") != sub


def test_condition_at_the_border_stops_what_is_put_inside_when_it_holds_already():
    hot = "<conditionalEventDefinition><condition>=hot</condition></conditionalEventDefinition>"
    drawing = inside().boundary("alarm", "sub", hot).flow("alarm", "gone")
    play = Play(drawing, {"hot": True})
    assert play.do("move", play.at("a"), "y").state == "completed"
    assert "y" not in [change.element_id for change in play.of(changes.ElementEntered)]


def test_join_goes_on_alone_when_a_token_is_moved_to_it():
    drawing = (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .node("parallelGateway", "join")
        .task("c")
        .path("start", "fork", "a", "join", "c")
        .path("fork", "b", "join")
    )
    play = Play(drawing)
    assert play.do("move", play.at("a"), "join").waiting == ["b", "c"]


def either(kind="inclusiveGateway"):
    return (
        Drawing()
        .start()
        .node("parallelGateway", "fork")
        .task("a")
        .task("b")
        .node(kind, "join")
        .task("c")
        .task("d1")
        .path("start", "fork", "a", "join", "c")
        .path("fork", "b", "join")
        .path("fork", "d1")
    )


@pytest.mark.parametrize("kind", ["inclusiveGateway", "complexGateway"])
def test_waiting_join_goes_on_when_what_it_waits_for_is_taken_away(kind):
    play = Play(either(kind)).complete("a")
    assert play.waiting == ["b", "d1"]
    assert play.do("cancel_token", play.at("b")).waiting == ["d1", "c"]


def test_token_that_waits_at_a_join_can_be_taken_away():
    play = Play(either()).complete("a")
    play.do("move", token_of(play, "join"), "a")
    assert play.waiting == ["b", "d1", "a"]
    play.complete("b").complete("a")
    assert (play.waiting, play.trace.count("join")) == (["d1", "c"], 1)


def test_token_is_added_beside_those_that_are_there():
    play = Play(line()).do("add_token", "b", variables={"n": 1})
    assert (play.waiting, play.variables) == (["a", "b"], {"n": 1})
    assert play.complete("b").state == "running"


def test_token_is_added_to_the_scope_that_is_named_when_it_is_open_twice():
    play = Play(inside()).complete("a").do("add_token", "sub")
    with pytest.raises(EngineError, match="open several times"):
        load(play.spec, play.snapshot, play.host).add_token("y")
    second = [token.token_id for token in play.tokens if token.element_id == "sub"][1]
    play.do("add_token", "y", scope_id=second, variables={"n": 1})
    assert play.waiting.count("y") == 1
    assert next(one for one in play.tokens if one.element_id == "y").scope_id == second


def test_token_is_added_to_one_run_of_a_multi_instance():
    inner = Drawing().start("in").task("x").task("y").path("in", "x", "y")
    drawing = Drawing().start().sub("sub", inner, looped()).path("start", "sub")
    play = Play(drawing, {"items": [1, 2]})
    with pytest.raises(EngineError, match="runs several times"):
        load(play.spec, play.snapshot, play.host).add_token("y")
    first = next(token.scope_id for token in play.tokens if token.element_id == "x")
    play.do("add_token", "y", scope_id=first)
    assert play.waiting == ["x", "x", "y"]
    play.complete("y").complete("x").complete("y")
    assert play.waiting == ["x"]


def test_instance_ends_as_terminated_when_its_last_token_is_cancelled():
    inner = Drawing().start("onStop", on("signal", "stop")).task("c").path("onStop", "c")
    drawing = line().declare('<signal id="stop" name="stop"/>')
    play = Play(drawing.sub("handler", inner, triggeredByEvent="true"))
    play.do("cancel_token", play.at("a"))
    assert (play.state, play.tokens) == ("terminated", [])
    assert changes.InstanceEnded("terminated") in play.last
    assert any(type(change) is changes.SubscriptionClosed for change in play.last)


def test_sub_process_is_cancelled_when_its_last_token_is():
    play = Play(inside()).complete("a").do("add_token", "b")
    assert play.do("cancel_token", play.at("x")).waiting == ["b"]


def called():
    child = Drawing("child").start("cs").task("ask").path("cs", "ask")
    inner = '<extensionElements><zeebe:calledElement processId="child"/></extensionElements>'
    drawing = (
        Drawing().start().node("callActivity", "call", inner).task("b").path("start", "call", "b")
    )
    return drawing, FakeHost(specs={"child": child.task("tell").path("ask", "tell").spec()})


def test_token_is_moved_within_a_called_process():
    drawing, host = called()
    play = Play(drawing, host=host)
    assert play.do("move", play.at("ask"), "tell").waiting == ["tell"]
    assert play.complete("tell").waiting == ["b"]


def test_call_is_cancelled_when_the_last_token_of_the_called_process_is():
    drawing, host = called()
    play = Play(drawing, host=host)
    assert play.do("cancel_token", play.at("ask")).state == "terminated"
    assert [one.element_id for one in play.of(changes.ElementCancelled)] == ["ask", "call"]


def each(*, sequential=False):
    loop = looped(output=("out", "=item"), sequential=sequential)
    return Drawing().start().node("userTask", "each", loop).task("b").path("start", "each", "b")


def test_other_items_go_on_when_one_of_them_is_cancelled():
    play = Play(each(), {"items": [1, 2, 3]}).complete("each")
    play.do("cancel_token", play.at("each")).complete("each")
    assert (play.waiting, play.variables["out"]) == (["b"], [1, None, 3])


def test_activity_is_done_when_its_last_item_is_cancelled_after_others_were_completed():
    play = Play(each(), {"items": [1, 2]}).complete("each")
    play.do("cancel_token", play.at("each"))
    assert (play.waiting, play.variables["out"]) == (["b"], [1, None])


def test_activity_is_cancelled_when_its_last_item_is_moved_away():
    play = Play(each(), {"items": [1, 2]}).complete("each")
    play.do("move", play.at("each"), "b")
    assert (play.waiting, "out" in play.variables) == (["b"], False)


def test_activity_is_cancelled_when_no_item_was_completed():
    play = Play(each(), {"items": [1]})
    assert play.do("cancel_token", play.at("each")).state == "terminated"


def test_next_item_follows_when_one_of_a_row_is_cancelled():
    play = Play(each(sequential=True), {"items": [1, 2]})
    play.do("cancel_token", play.at("each")).complete("each")
    assert (play.waiting, play.variables["out"]) == (["b"], [None, 2])


def test_expressions_count_a_cancelled_item_as_terminated():
    until = "=numberOfTerminatedInstances = 1 and numberOfCompletedInstances = 1"
    drawing = Drawing().start().node("userTask", "each", looped(until=until)).path("start", "each")
    play = Play(drawing, {"items": [1, 2, 3]})
    assert play.do("cancel_token", play.at("each")).complete("each").state == "completed"


def test_loop_is_cancelled_with_its_run():
    drawing = Drawing().start().node("userTask", "often", again(loopMaximum=3))
    play = Play(drawing.path("start", "often"))
    active, waiting = (token.token_id for token in play.tokens)
    assert active != waiting
    assert play.do("cancel_token", waiting).state == "terminated"


def ordered(ordering="Sequential"):
    free = Drawing().task("one").task("two").task("three").task("after").path("one", "after")
    return (
        Drawing()
        .start()
        .node("adHocSubProcess", "free", free.inside(), ordering=ordering)
        .task("b")
        .path("start", "free", "b")
    )


def test_next_activity_of_an_ad_hoc_order_follows_when_one_is_cancelled():
    play = Play(ordered())
    assert play.do("cancel_token", play.at("one")).waiting == ["two"]
    play.do("cancel_token", play.at("two")).do("cancel_token", play.at("three"))
    assert play.state == "terminated"


def test_ad_hoc_order_goes_on_behind_the_activity_that_a_token_is_put_at():
    play = Play(ordered())
    play.do("restart_at", "two")
    assert play.waiting == ["two"]
    assert play.complete("two").waiting == ["three"]
    assert play.complete("three").waiting == ["b"]


def test_ad_hoc_sub_process_is_done_with_what_a_token_was_put_at():
    play = Play(ordered("Parallel")).do("restart_at", "after")
    assert play.complete("after").waiting == ["b"]


def undone():
    return (
        Drawing()
        .start()
        .node("task", "book")
        .undo("undo1", "book", "unbook", "userTask")
        .node("task", "pay")
        .undo("undo2", "pay", "refund", "userTask")
        .task("a")
        .end("end", on("compensate"))
        .path("start", "book", "pay", "a", "end")
    )


def test_what_was_completed_can_still_be_undone_when_tokens_were_moved():
    play = Play(undone())
    play.do("move", play.at("a"), "end").complete("refund").complete("unbook")
    assert play.state == "completed"


def test_next_thing_is_undone_when_one_is_cancelled():
    play = Play(undone()).complete("a")
    assert play.do("cancel_token", play.at("refund")).waiting == ["unbook"]
    assert play.complete("unbook").trace[-1] == "end"


def test_transaction_takes_no_token_while_it_is_cancelled():
    bought = Drawing().start("in").task("order").undo("undo", "order", "unorder", "userTask")
    bought.end("stop", on("cancel")).path("in", "order", "stop")
    drawing = Drawing().start().node("transaction", "buy", bought.inside())
    play = Play(drawing.path("start", "buy")).complete("order")
    with pytest.raises(EngineError, match="being cancelled"):
        load(play.spec, play.snapshot, play.host).add_token("order")


def test_scope_listens_again_when_what_interrupted_it_is_left():
    handler = Drawing().start("onStop", on("signal", "stop")).task("stopped")
    drawing = inside().sub("handler", handler.path("onStop", "stopped"), triggeredByEvent="true")
    play = Play(drawing).receive("onStop")
    assert play.waiting == ["stopped"]
    play.do("move", play.at("stopped"), "b")
    assert play.waiting == ["b", "onStop"]


def test_event_sub_process_is_entered_when_a_token_is_put_inside():
    handler = Drawing().start("onStop", on("signal", "stop")).task("stopped")
    drawing = inside().sub("handler", handler.path("onStop", "stopped"), triggeredByEvent="true")
    play = Play(drawing)
    assert play.do("move", play.at("a"), "stopped").waiting == ["onStop", "stopped"]


def test_instance_begins_again_at_any_element_when_restarted():
    play = Play(inside(), {"n": 1}).complete("a", n=2)
    play.do("restart_at", "b")
    assert (play.waiting, play.variables) == (["b"], {"n": 2})
    assert play.do("restart_at", "y").waiting == ["late", "y"]


def test_instance_has_the_given_variables_alone_when_restarted_with_them():
    play = Play(inside(), {"n": 1, "m": 1}).complete("a", n=2)
    play.do("restart_at", "b", {"n": 1})
    assert (play.waiting, play.variables) == (["b"], {"n": 1})
    told = [change.values for change in play.last if isinstance(change, changes.VariablesChanged)]
    assert told == [{"m": None}, {"n": 1}]


@pytest.mark.parametrize("end", ["complete", "cancel"])
def test_instance_that_is_over_runs_again_when_it_is_reopened(end):
    play = Play(undone())
    if end == "cancel":
        play.do("cancel")
    else:
        play.do("move", play.at("a"), "end").complete("refund").complete("unbook")
    with pytest.raises(EngineError, match="is over"):
        load(play.spec, play.snapshot, play.host).restart_at("a")
    execution = load(play.spec, play.snapshot, play.host, reopen=True)
    execution.restart_at("pay")
    play._take(execution)
    assert (play.state, play.waiting) == ("running", ["a"])
    play.complete("a").complete("refund")
    assert play.state == ("completed" if end == "complete" else "running")


@pytest.mark.parametrize("command", ["move", "cancel_token"])
def test_command_is_refused_when_there_is_no_such_token(command):
    arguments = ("99", "b") if command == "move" else ("99",)
    with pytest.raises(UnknownToken):
        Play(line()).do(command, *arguments)


@pytest.mark.parametrize(
    ("element", "why"),
    [
        ("nothing", "has no element nothing"),
        ("p", "has no element p"),
        ("late", "at the border of sub"),
        ("onStop", "by its event only"),
        ("handler", "by its event only"),
        ("unbook", "only to undo"),
        ("deep", "runs several times"),
        ("deeper", "only to undo"),
    ],
)
def test_token_is_not_put_where_none_can_stand(element, why):
    handler = Drawing().start("onStop", on("signal", "stop")).task("stopped")
    several = Drawing().start("in2").task("deep").path("in2", "deep")
    undoing = Drawing().start("in3").task("deeper").path("in3", "deeper")
    drawing = (
        inside()
        .sub("handler", handler.path("onStop", "stopped"), triggeredByEvent="true")
        .sub("each", several, looped())
        .node("task", "book")
        .sub("unbook", undoing, isForCompensation="true")
        .boundary("undo", "book", on("compensate"))
        .associate("undo", "unbook")
        .path("b", "each")
        .path("b", "book")
    )
    play = Play(drawing)
    for command in ("restart_at", "add_token"):
        with pytest.raises(EngineError, match=why):
            getattr(load(play.spec, play.snapshot, play.host), command)(element)
    with pytest.raises(EngineError, match=why):
        play.do("move", play.at("a"), element)


def test_event_at_a_border_is_not_moved_by_itself():
    play = Play(inside()).complete("a")
    with pytest.raises(EngineError, match="event at a border"):
        play.do("move", play.at("late"), "b")


def test_process_is_not_cancelled_as_a_token():
    play = Play(line())
    with pytest.raises(EngineError, match="no element of the diagram"):
        play.do("cancel_token", play.tokens[0].scope_id)


def test_token_is_not_added_to_what_is_no_scope_around_the_element():
    play = Play(inside()).complete("a")
    with pytest.raises(EngineError, match="no scope"):
        load(play.spec, play.snapshot, play.host).add_token("y", scope_id=play.at("x"))
    with pytest.raises(EngineError, match="does not stand in sub"):
        play.do("add_token", "b", scope_id=token_of(play, "sub"))


def test_command_is_refused_when_a_scope_on_the_way_in_cannot_be_opened():
    drawing = inside().boundary("soon", "sub", timer("=when")).path("soon", "gone")
    play = Play(drawing)
    with pytest.raises(EngineError, match="sub can't be opened"):
        play.do("move", play.at("a"), "y")


def test_incident_is_over_when_its_token_is_moved():
    def broken(call):
        raise StepFailed("It broke.")

    drawing = Drawing().start().service("work").task("b").path("start", "work", "b")
    play = Play(drawing, host=FakeHost(answers={"do": broken}))
    failed = play.at("work")
    play.do("move", failed, "b")
    assert (play.waiting, play.last[0]) == (["b"], changes.IncidentResolved(failed))


def test_gateway_that_had_started_starts_anew_when_the_instance_is_restarted():
    votes = "<activationCondition>=activationCount = 1</activationCondition>"
    drawing = Drawing().start().node("parallelGateway", "fork").task("a").task("b")
    drawing.node("complexGateway", "votes", votes).task("c").path("start", "fork", "a", "votes")
    play = Play(drawing.path("fork", "b", "votes", "c")).complete("a").complete("c")
    play.do("restart_at", "fork").complete("b")
    assert play.waiting == ["a", "c"]


def test_all_incidents_are_over_when_the_instance_is_restarted():
    def broken(call):
        raise StepFailed("It broke.")

    drawing = Drawing().start().service("work").task("b").path("start", "work", "b")
    play = Play(drawing, host=FakeHost(answers={"do": broken}))
    assert play.state == "failed"
    assert play.do("restart_at", "b").state == "running"
    assert play.failed == []
