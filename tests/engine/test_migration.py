"""Instances that go on in another version of their process."""

from datetime import timedelta

import pytest

from processes.engine import (
    PENDING,
    EngineError,
    MigrationBlocked,
    MigrationPlan,
    StepFailed,
    changes,
    compile_process,
    load,
    migrate,
    parse_model,
    plan_migration,
)
from tests.engine.models import (
    Drawing,
    FakeHost,
    Play,
    again,
    assigned,
    extension,
    looped,
    on,
    timer,
)
from tests.engine.test_rare_snapshot import rare, stand
from tests.engine.test_snapshot import VARIABLES, everything, host_of_everything

HOT = "<conditionalEventDefinition><condition>={}</condition></conditionalEventDefinition>"


def spec_of(drawing, version):
    return compile_process(parse_model(drawing.xml()), drawing.process_id, version)


def carry(play, drawing, version="v2", **mapping):
    """Take an instance over to another version, as the layer above does."""
    new = spec_of(drawing, version)
    execution = migrate(play.spec, new, play.snapshot, play.host, mapping)
    play.spec = new
    play._take(execution)
    return play


def blockers(play, drawing, **mapping):
    with pytest.raises(MigrationBlocked) as caught:
        migrate(play.spec, spec_of(drawing, "v2"), play.snapshot, play.host, mapping)
    return [(one.element_id, one.message) for one in caught.value.blockers]


def kinds(play):
    return [type(change).__name__ for change in play.last]


def line(*tasks):
    drawing = Drawing().start()
    for task in tasks:
        drawing.task(task)
    return drawing.end().path("start", *tasks, "end")


# Plans -------------------------------------------------------------------------------------------


def test_elements_of_both_versions_are_mapped_by_themselves():
    plan = plan_migration(line("a", "b").spec(), line("b", "c").spec())
    assert plan == MigrationPlan({"start": "start", "b": "b", "end": "end"}, ["a"])


def test_mapping_comes_before_the_same_id():
    plan = plan_migration(line("a", "b").spec(), line("a", "b").spec(), {"a": "b"})
    assert (plan.mapping["a"], plan.unmapped) == ("b", [])


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ({"x": "b"}, "old version has no element x"),
        ({"a": "x"}, "new version has no element x"),
        ({"a": "start-a"}, "new version has no element start-a"),
        ({"start-a": "a"}, "new version has no sequence flow a"),
    ],
)
def test_mapping_is_refused_when_it_names_what_is_not_there(mapping, why):
    with pytest.raises(EngineError, match=why):
        plan_migration(line("a").spec(), line("a").spec(), mapping)


# What goes on ------------------------------------------------------------------------------------


def test_instance_goes_on_in_the_new_version():
    play = carry(Play(line("a", "b"), {"n": 1}), line("a", "c"))
    assert (play.waiting, play.last) == (["a"], [])
    assert play.complete("a").waiting == ["c"]
    assert play.variables == {"n": 1}


def test_instance_stands_at_the_mapped_element():
    play = Play(line("a", "b"))
    token = play.at("a")
    carry(play, line("x", "b"), a="x")
    assert (play.waiting, play.at("x")) == (["x"], token)
    assert play.complete("x").waiting == ["b"]


@pytest.mark.parametrize(
    "after",
    [
        Drawing().start().node("userTask", "a", name="Another"),
        Drawing().start().task("a", assignee="mia"),
        Drawing().start().node("userTask", "a", extension('<zeebe:formDefinition formId="f"/>')),
    ],
)
def test_open_task_is_told_anew_when_people_see_it_otherwise(after):
    play = Play(Drawing().start().task("a").path("start", "a"))
    token = play.at("a")
    carry(play, after.path("start", "a"))
    assert kinds(play) == ["UserTaskOpened"]
    assert play.last[0].token_id == token


def test_open_task_blocks_when_its_new_assignment_cannot_be_evaluated():
    play = Play(line("a"))
    after = Drawing().start().node("userTask", "a", assigned(assignee="=[1]")).path("start", "a")
    [(element, message)] = blockers(play, after)
    assert element == "a"
    assert "can't go on" in message


def waits(event, kind="intermediateCatchEvent", **settings):
    drawing = Drawing().message("m", "first").message("m2", "second").message("m3", "first", "=1")
    drawing.declare('<signal id="s" name="first"/>')
    return drawing.start().node(kind, "wait", event, **settings).path("start", "wait")


def test_timer_stays_due_when_its_definition_changed():
    play = Play(waits(timer("PT1H")))
    due = play.tokens[0].due_at
    carry(play, waits(timer("PT5H")))
    assert (play.tokens[0].due_at, play.last) == (due, [])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (on("message", "m"), on("message", "m2"), ["SubscriptionClosed", "SubscriptionOpened"]),
        (on("message", "m"), on("message", "m3"), ["SubscriptionClosed", "SubscriptionOpened"]),
        (on("message", "m"), on("signal", "s"), ["SubscriptionClosed", "SubscriptionOpened"]),
        (on("message", "m"), timer("PT1H"), ["SubscriptionClosed", "TimerSet"]),
        (timer("PT1H"), on("signal", "s"), ["TimerCancelled", "SubscriptionOpened"]),
        (HOT.format("hot"), timer("PT1H"), ["SubscriptionClosed", "TimerSet"]),
        (timer("PT1H"), HOT.format("hot"), ["TimerCancelled", "SubscriptionOpened"]),
        (on("message", "m"), on("message", "m"), []),
        (HOT.format("hot"), HOT.format("cold"), []),
    ],
)
def test_another_event_is_waited_for_when_the_definition_changed(before, after, told):
    play = Play(waits(before), {"hot": False, "cold": False})
    token = play.tokens[0].token_id
    carry(play, waits(after))
    assert kinds(play) == told
    assert {change.token_id for change in play.last} <= {token}
    view = carry(play, waits(before), "v3").tokens[0]
    assert (view.token_id, play.waiting) == (token, ["wait"])


def test_receive_task_waits_for_the_other_message():
    play = Play(waits("", "receiveTask", messageRef="m"))
    carry(play, waits("", "receiveTask", messageRef="m2"))
    assert play.of(changes.SubscriptionOpened)[-1].name == "second"


def test_wait_blocks_when_its_new_event_cannot_be_evaluated():
    play = Play(waits(on("signal", "s")))
    [(element, message)] = blockers(play, waits(timer("=nothing")))
    assert (element, "The time of the timer is null" in message) == ("wait", True)


def guarded(*events):
    """Return a task with events at its border."""
    drawing = line("a", "b").declare('<signal id="s" name="go"/>')
    for number, event in enumerate(events):
        drawing.boundary(f"e{number}", "a", event, cancelActivity="false")
        drawing.end(f"end{number}").path(f"e{number}", f"end{number}")
    return drawing


def test_event_that_is_new_at_a_border_is_waited_for():
    play = carry(Play(guarded()), guarded(timer("PT1H"), on("signal", "s")))
    assert (kinds(play), play.waiting) == (["TimerSet", "SubscriptionOpened"], ["a", "e0", "e1"])
    assert play.fire("e0").trace[-2:] == ["e0", "end0"]


def test_event_that_is_gone_from_a_border_is_waited_for_no_longer():
    play = carry(Play(guarded(timer("PT1H"), on("signal", "s"))), guarded())
    assert (kinds(play), play.waiting) == (["TimerCancelled", "SubscriptionClosed"], ["a"])


def test_event_at_a_border_goes_on_when_it_is_mapped():
    after = line("a", "b").boundary("late", "a", timer("PT9H")).end("late_end")
    play = Play(guarded(timer("PT1H")))
    carry(play, after.path("late", "late_end"), e0="late")
    assert (play.last, play.waiting) == ([], ["a", "late"])
    assert play.tokens[-1].due_at == play.host.time + timedelta(hours=1)


def test_event_that_has_happened_is_not_waited_for_again():
    play = Play(guarded(timer("PT1H"))).fire("e0")
    assert carry(play, guarded(timer("PT2H"))).waiting == ["a"]


def test_event_at_a_border_takes_the_place_of_one_that_nothing_waits_for():
    fault = Drawing().declare('<error id="f" errorCode="F"/>').start().task("a").task("b")
    fault.boundary("e", "a", on("error", "f")).path("start", "a").path("e", "b")
    late = Drawing().start().task("a").task("b").boundary("e", "a", timer("PT1H"))
    late.path("start", "a").path("e", "b")
    play = Play(fault)
    assert carry(play, late).waiting == ["a", "e"]
    assert carry(play, fault, "v3").waiting == ["a"]


def test_new_condition_at_a_border_happens_at_once_when_it_holds():
    after = line("a", "b").boundary("e", "a", HOT.format("hot")).flow("e", "b")
    assert carry(Play(line("a", "b"), {"hot": True}), after).waiting == ["b"]


def several(definitions, *, needs_all=False):
    drawing = line("a", "b").declare('<signal id="s" name="go"/>').message("m", "said")
    settings = {"parallelMultiple": str(needs_all).lower()}
    drawing.boundary("e", "a", definitions, **settings).end("gone").path("e", "gone")
    return drawing


def test_event_with_several_definitions_is_waited_for_anew_when_they_changed():
    play = Play(several(timer("PT1H") + on("signal", "s"), needs_all=True)).receive("e")
    carry(play, several(timer("PT1H") + on("signal", "s"), needs_all=True))
    assert (kinds(play), play.waiting) == ([], ["a", "e"])
    carry(play, several(timer("PT1H") + on("message", "m")), "v3")
    assert kinds(play) == ["TimerCancelled", "SubscriptionOpened", "TimerSet"]
    assert play.waiting == ["a", "e", "e"]


@pytest.mark.parametrize("needs_all", [True, False])
def test_catch_event_waits_for_its_new_definitions(needs_all):
    def drawing(definitions):
        made = Drawing().declare('<signal id="s" name="go"/>').message("m", "said").start()
        made.node("intermediateCatchEvent", "both", definitions, parallelMultiple=needs_all_text)
        return made.end().path("start", "both", "end")

    needs_all_text = str(needs_all).lower()
    play = Play(drawing(timer("PT1H") + on("signal", "s")))
    carry(play, drawing(timer("PT1H") + on("message", "m")))
    assert [token.waits_for for token in play.tokens if token.waits_for] == ["message", "timer"]
    play.receive("both")
    if needs_all:
        play.fire("both")
    assert play.state == "completed"


def choice(*targets):
    drawing = Drawing().message("m", "said").start().node("eventBasedGateway", "first")
    drawing.path("start", "first")
    for target in targets:
        event = timer("PT1H") if target.startswith("t") else on("message", "m")
        drawing.node("intermediateCatchEvent", target, event).path("first", target)
    return drawing


def test_event_gateway_waits_for_the_events_that_follow_it_now():
    play = carry(Play(choice("t1", "m1")), choice("m1", "t2"))
    assert kinds(play) == ["TimerCancelled", "TimerSet"]
    assert play.waiting == ["m1", "t2"]
    assert play.fire("t2").trace == ["start", "first", "t2"]


def handled(*handlers):
    drawing = line("a", "b").declare('<signal id="s" name="go"/>')
    for name in handlers:
        inner = Drawing().start(f"on{name}", on("signal", "s")).task(f"do{name}")
        inner.path(f"on{name}", f"do{name}")
        drawing.sub(name, inner, triggeredByEvent="true")
    return drawing


def test_event_sub_processes_of_the_process_come_and_go():
    play = carry(Play(handled("one")), handled("two"))
    assert kinds(play) == ["SubscriptionClosed", "SubscriptionOpened"]
    assert play.receive("ontwo").waiting == ["dotwo"]


def test_interrupted_scope_stays_so():
    play = Play(handled("one")).receive("onone")
    assert carry(play, handled("one", "two")).waiting == ["doone"]


def nested(name="sub", *, loop="", event=""):
    inner = Drawing().start("in").task("x").task("y").path("in", "x", "y")
    drawing = Drawing().start().sub(name, inner, loop).task("b").path("start", name, "b")
    return drawing.boundary("late", name, event).path("late", "b") if event else drawing


def test_sub_process_goes_on_when_it_has_another_id():
    play = carry(Play(nested()), nested("other", event=timer("PT1H")), sub="other")
    assert play.waiting == ["x", "late"]
    assert play.complete("x").complete("y").waiting == ["b"]


def test_runs_of_a_multi_instance_go_on_when_it_has_another_id():
    play = Play(nested(loop=looped()), {"items": [1, 2]}).complete("x")
    carry(play, nested("other", loop=looped()), sub="other")
    assert play.waiting == ["x", "y"]
    assert play.complete("x").complete("y").complete("y").waiting == ["b"]


def fork(kind="parallelGateway", *, join="join", branches=("a", "b"), flows=None):
    drawing = Drawing().start().node("parallelGateway", "fork").node(kind, join).task("c")
    drawing.path("start", "fork").path(join, "c")
    for name in branches:
        drawing.task(name).flow("fork", name).flow(name, join, id_=(flows or {}).get(name))
    return drawing


def test_token_that_waits_at_a_join_is_known_by_the_ends_of_its_flow():
    play = Play(fork()).complete("a")
    carry(play, fork(join="both", flows={"a": "f1", "b": "f2"}), join="both")
    assert play.waiting == ["b"]
    assert play.complete("b").waiting == ["c"]


def test_token_that_waits_at_a_join_is_known_by_the_flow_it_is_mapped_to():
    play = Play(fork()).complete("a")
    after = fork(branches=("b", "x"))
    assert blockers(play, after) == [
        ("join", "The flow a-join, by which its token came, does not lead there any more.")
    ]
    carry(play, after, **{"a-join": "x-join"})
    assert play.complete("b").waiting == ["c"]


def test_token_that_waits_at_a_join_is_not_taken_for_another_with_the_id_of_its_flow():
    play = Play(fork(flows={"a": "f1", "b": "f2"})).complete("a")
    carry(play, fork(flows={"a": "f2", "b": "f1"}))
    assert play.complete("b").waiting == ["c"]


def test_token_at_a_join_blocks_when_two_flows_could_be_meant():
    def drawing(*flows):
        made = Drawing().start().task("a").node("parallelGateway", "join").task("c").task("b")
        made.node("parallelGateway", "fork").path("start", "fork", "a").path("join", "c")
        for name in flows:
            made.flow("a", "join", id_=name)
        return made.path("fork", "b", "join")

    play = Play(drawing("f1", "f2")).complete("a")
    found = blockers(play, drawing("g1", "g2"))
    assert [(element, message[:11]) for element, message in found] == [
        ("join", "The flow f1"),
        ("join", "The flow f2"),
    ]
    carry(play, drawing("g1", "g2"), f1="g2", f2="g1")
    assert play.complete("b").waiting == ["c"]


def test_join_goes_on_when_the_flow_it_waits_for_is_gone():
    play = Play(fork(branches=("a", "b", "x"))).complete("a").complete("b")
    carry(play.do("cancel_token", play.at("x")), fork())
    assert play.waiting == ["c"]


def test_join_goes_on_when_only_one_flow_is_left():
    play = Play(fork()).complete("a")
    carry(play.do("cancel_token", play.at("b")), fork(branches=("a",)))
    assert play.waiting == ["c"]


def pairs(quantity):
    drawing = Drawing().start().node("parallelGateway", "fork").path("start", "fork")
    for name in ("a", "b", "x"):
        drawing.task(name).path("fork", name, "many")
    return drawing.node("userTask", "many", startQuantity=quantity)


@pytest.mark.parametrize(("quantity", "waiting"), [(1, 2), (2, 1), (3, 0)])
def test_activity_begins_when_as_many_tokens_wait_as_it_needs_now(quantity, waiting):
    play = Play(pairs(3)).complete("a").complete("b")
    carry(play, pairs(quantity))
    assert play.waiting.count("many") == waiting


def test_complex_gateway_is_reset_in_the_new_version():
    def drawing(name):
        votes = "<activationCondition>=activationCount = 1</activationCondition>"
        made = Drawing().start().node("parallelGateway", "fork").path("start", "fork")
        made.task("a").task("b").path("fork", "a", name).path("fork", "b", name)
        return made.node("complexGateway", name, votes).task("c").path(name, "c")

    play = Play(drawing("votes")).complete("a")
    carry(play, drawing("polls"), votes="polls").complete("b").complete("c")
    assert (play.state, play.trace.count("polls")) == ("completed", 0)


def free(*names, ordering="Sequential"):
    inner = Drawing()
    for name in names:
        inner.task(name)
    drawing = Drawing().start().task("b")
    drawing.node("adHocSubProcess", "free", inner.inside(), ordering=ordering)
    return drawing.path("start", "free", "b")


def test_ad_hoc_order_goes_on_behind_what_was_begun_last():
    play = carry(Play(free("one", "two")), free("zero", "one", "two", "three"))
    assert play.complete("one").complete("two").waiting == ["three"]


def test_ad_hoc_order_is_done_when_all_was_begun():
    play = Play(free("one", "two", ordering="Parallel"))
    carry(play, free("one", "two", "three", ordering="Parallel"))
    assert play.complete("one").complete("two").waiting == ["b"]


def test_ad_hoc_order_blocks_when_what_was_begun_last_is_not_in_it():
    inner = Drawing().task("two").task("last").path("two", "last")
    after = Drawing().start().node("adHocSubProcess", "free", inner.inside(), ordering="Sequential")
    play = Play(free("one", "two", "last")).complete("one").complete("two")
    # What stands last in the old order is no beginning in the new one.
    assert play.waiting == ["last"]
    before = Play(free("last", "two"))
    found = blockers(before, after.path("start", "free"))
    assert found == [("free", "The order of the activities in it is another one.")]


def undone(boundary="undo", handler="unbook", activity="book"):
    drawing = Drawing().start().node("task", activity).task("a").end("end", on("compensate"))
    if handler:
        drawing.undo(boundary, activity, handler, "userTask")
    return drawing.path("start", activity, "a", "end")


def test_what_was_done_is_undone_by_the_new_version():
    play = carry(Play(undone()), undone("undo2", "refund", "order"), book="order")
    assert play.complete("a").waiting == ["refund"]


def test_what_is_being_undone_goes_on():
    play = Play(undone()).complete("a")
    carry(play, undone("undo2", "refund", "order"), book="order", unbook="refund", undo="undo2")
    assert play.complete("refund").state == "completed"


def test_what_was_done_blocks_when_the_new_version_cannot_undo_it():
    expected = [("book", "It was done, and the new version can't undo it.")]
    assert blockers(Play(undone()), undone(handler="", activity="x")) == expected
    assert blockers(Play(undone()), undone(handler="")) == expected


def undone_by_event(name="white"):
    inner = Drawing().start("in").node("task", "pay").path("in", "pay")
    handler = Drawing().start("begin", on("compensate")).task("tell").path("begin", "tell")
    inner.sub(name, handler, triggeredByEvent="true")
    drawing = Drawing().start().sub("trip", inner).task("a").end("end", on("compensate"))
    return drawing.path("start", "trip", "a", "end")


def test_sub_process_is_undone_by_the_event_sub_process_of_the_new_version():
    play = carry(Play(undone_by_event()), undone_by_event("black"), white="black")
    assert play.complete("a").waiting == ["tell"]
    found = blockers(Play(undone_by_event()), undone_by_event("black"))
    assert found == [("white", "It would undo what was done; say what takes its place.")]


def calling():
    inner = extension('<zeebe:calledElement processId="child"/>')
    drawing = Drawing().start().node("callActivity", "call", inner).task("b")
    return drawing.path("start", "call", "b")


def test_called_process_stays_on_its_version():
    child = Drawing("child").start("cs").task("ask").path("cs", "ask").spec()
    play = Play(calling(), host=FakeHost(specs={"child": child}))
    carry(play, calling().task("c").flow("b", "c"))
    assert (play.waiting, play.last) == (["ask"], [])
    assert play.complete("ask").complete("b").waiting == ["c"]


def test_process_that_calls_itself_stays_on_its_version_where_it_is_called():
    inner = extension('<zeebe:calledElement processId="p"/>')

    def drawing(task):
        made = Drawing().start().node("exclusiveGateway", "deep", default="deep-ask")
        made.node("callActivity", "call", inner).task("ask").task(task)
        made.script("less", "n = n - 1")
        return (
            made.path("start", "deep", "ask")
            .flow("deep", "less", "=n > 0")
            .path("less", "call", task)
        )

    first = spec_of(drawing("old"), "v1")
    host = FakeHost(specs={"p": first})
    play = Play(first, {"n": 1}, host)
    carry(play, drawing("new"))
    assert play.waiting == ["ask"]
    before = play.snapshot
    second = play.spec
    assert play.complete("ask").waiting == ["new"]
    back = migrate(second, first, before, host)
    assert back.snapshot() == Play(first, {"n": 1}, host).snapshot


def test_pending_call_is_still_awaited():
    def drawing(type_):
        return Drawing().start().service("work", type_).task("b").path("start", "work", "b")

    play = Play(drawing("slow"), host=FakeHost(answers={"slow": PENDING}))
    carry(play, drawing("fast"))
    assert play.do("answer_call", play.at("work"), {"n": 1}).waiting == ["b"]


def test_failed_step_is_done_as_the_new_version_says_when_it_is_retried():
    def broken(call):
        raise StepFailed("It broke.")

    def drawing(type_):
        return Drawing().start().service("work", type_).task("b").path("start", "work", "b")

    play = Play(drawing("broken"), host=FakeHost(answers={"broken": broken}))
    carry(play, drawing("whole"))
    assert (play.failed, play.last) == (["work"], [])
    assert play.do("retry", play.at("work")).waiting == ["b"]


# What blocks -------------------------------------------------------------------------------------


def test_token_blocks_when_its_element_is_gone():
    assert blockers(Play(line("a", "b")), line("b")) == [
        ("a", "The new version does not have it: say what takes its place.")
    ]


def test_token_blocks_when_its_element_is_of_another_kind():
    after = Drawing().start().service("a").path("start", "a")
    assert blockers(Play(line("a")), after) == [("a", "It is a userTask, and a is a serviceTask.")]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (looped(), ""),
        ("", looped()),
        (looped(), again(loopMaximum=2)),
        (looped(), looped(sequential=True)),
    ],
)
def test_token_blocks_when_its_activity_is_repeated_in_another_way(before, after):
    def drawing(loop):
        return Drawing().start().node("userTask", "a", loop).path("start", "a")

    play = Play(drawing(before), {"items": [1, 2]})
    assert blockers(play, drawing(after)) == [
        ("a", "The userTask a works in another way in the new version.")
    ]


def test_token_blocks_when_its_element_has_moved_into_another_scope():
    inner = Drawing().start("in").task("a").path("in", "a")
    after = Drawing().start().sub("sub", inner).path("start", "sub")
    expected = [("a", "It stands in another sub-process in the new version.")]
    assert blockers(Play(line("a")), after) == expected
    assert blockers(Play(after), line("a"), sub="a") == [
        ("sub", "It is a subProcess, and a is a userTask."),
        *expected,
    ]


def test_compensation_handler_blocks_when_it_is_part_of_the_normal_flow():
    play = Play(undone()).complete("a")
    after = undone(boundary="u", handler="other").task("unbook").flow("a", "unbook")
    assert ("unbook", "The userTask unbook works in another way in the new version.") in blockers(
        play, after
    )


def test_instance_that_is_over_is_not_migrated():
    play = Play(line("a")).complete("a")
    with pytest.raises(EngineError, match="is over"):
        carry(play, line("a"))


# There and back ----------------------------------------------------------------------------------


def renamed(xml, names):
    """Return a file in which ids are other ones, those of flows too."""
    text = xml.decode()
    for before, after in names.items():
        text = text.replace(f'"{before}"', f'"{after}"')
    return text.encode()


@pytest.mark.parametrize("which", ["everything", "rare"])
def test_instance_is_the_same_when_it_was_taken_there_and_back(which):
    if which == "rare":
        play, xml = stand(), rare().xml()
    else:
        play = Play(everything(), VARIABLES, host_of_everything()).complete("quick")
        xml = everything().xml()
    process = play.spec.process
    names = {name: f"{name}_2" for name in [*process.nodes, *process.flows]}
    new = compile_process(parse_model(renamed(xml, names)), "p", "v2")
    there = migrate(play.spec, new, play.snapshot, play.host, names)
    assert there.changes == []
    assert {token.element_id for token in there.tokens()} == {
        names[token.element_id] for token in play.tokens
    }
    load(new, there.snapshot(), play.host)
    back = {after: before for before, after in names.items()}
    again_ = migrate(new, play.spec, there.snapshot(), play.host, back)
    assert (again_.changes, again_.snapshot()) == ([], play.snapshot)
