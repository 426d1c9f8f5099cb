"""Random commands to random processes: whatever an administrator does, nothing is left behind.

Blocks of all kinds are drawn, and a random walk gives commands that fit and commands that do not.
After each, what is waited for by the changes is what the tokens wait for, and the instance is the
same after it was saved and loaded.
"""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from processes.engine import (
    PENDING,
    EngineError,
    MigrationBlocked,
    StepFailed,
    changes,
    compile_process,
    load,
    migrate,
    parse_model,
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
    service,
    timer,
)
from tests.engine.test_random_models import Block, Builder

STEPS = 12
ENDS = {
    "error": on("error", "f"),
    "escalation": on("escalation", "g"),
    "cancel": on("cancel"),
    "terminate": on("terminate"),
}
ASYNC = '<zeebe:property name="asyncBefore" value="true"/>'


def blocks() -> st.SearchStrategy[Block]:
    several = lambda inner: st.lists(inner, min_size=2, max_size=3)  # noqa: E731
    leaves = ("task", "each", "row", "often", "guarded", "choice", "done", "call", "late", "broken")
    leaves += ("until", "votes")
    return st.recursive(
        st.sampled_from([(name,) for name in leaves]),
        lambda inner: st.one_of(
            st.tuples(st.just("seq"), several(inner)),
            st.tuples(st.just("all"), several(inner)),
            st.tuples(st.just("some"), several(inner), st.sets(st.integers(0, 2))),
            st.tuples(st.just("sub"), st.tuples(inner)),
            st.tuples(st.just("alone"), st.tuples(inner)),
            st.tuples(st.just("free"), several(st.just(("task",)))),
            st.tuples(st.just("listening"), st.tuples(inner)),
            st.tuples(st.just("undoing"), st.tuples(inner)),
            st.tuples(st.just("ended"), st.tuples(inner), st.sampled_from(sorted(ENDS))),
            st.tuples(st.just("guided"), st.tuples(inner)),
            st.tuples(st.just("wanted"), several(st.just(("task",)))),
        ),
        max_leaves=7,
    )


class Painter(Builder):
    """Draws blocks of all kinds; names tell where a block stands, not how many were before."""

    def __init__(self) -> None:
        super().__init__()
        self.place: list[int] = []
        self.seen: Counter[object] = Counter()

    def name(self, kind: str) -> str:
        place = tuple(self.place)
        self.seen[place] += 1
        return f"{kind}{'_'.join(map(str, (*place, self.seen[place])))}"

    def add(self, block: Block) -> tuple[str, str]:
        place = tuple(self.place)
        self.seen[place, "inner"] += 1
        self.place.append(self.seen[place, "inner"])
        ends = super().add(block)
        self.place.pop()
        return ends

    def _leaf(self, kind: str, inner: str = "", **settings: str) -> tuple[str, str]:
        name = self.name("x")
        self.drawing.node(kind, name, inner, **settings)
        return name, name

    def add_each(self) -> tuple[str, str]:
        return self._leaf("userTask", looped("=[1, 2, 3]", until="=stop = true"))

    def add_row(self) -> tuple[str, str]:
        return self._leaf("userTask", looped("=[1, 2]", output=("out", "=item"), sequential=True))

    def add_often(self) -> tuple[str, str]:
        return self._leaf("userTask", again("=loopCounter < 2"))

    def add_late(self) -> tuple[str, str]:
        inner = extension(f"<zeebe:properties>{ASYNC}</zeebe:properties>")
        return self._leaf("manualTask", inner)

    def add_broken(self) -> tuple[str, str]:
        plan = '<zeebe:property name="retryCycle" value="R2/PT1M"/>'
        inner = service("broken", f"<zeebe:properties>{plan}</zeebe:properties>")
        return self._leaf("serviceTask", inner)

    def add_call(self) -> tuple[str, str]:
        return self._leaf("callActivity", extension('<zeebe:calledElement processId="child"/>'))

    def add_done(self) -> tuple[str, str]:
        name = self.name("done")
        self.drawing.node("task", name)
        self.drawing.undo(f"{name}e", name, f"{name}u", "userTask")
        return name, name

    def add_guarded(self) -> tuple[str, str]:
        name = self.name("x")
        self.drawing.node("userTask", name, assigned(assignee="mia"))
        both = timer("PT1H") + on("signal", "s")
        reminder = timer("R2/PT5M", "timeCycle")
        self.drawing.boundary(f"{name}t", name, reminder, cancelActivity="false")
        self.drawing.boundary(f"{name}b", name, both, parallelMultiple="true")
        self.drawing.end(f"{name}g").flow(f"{name}t", f"{name}g").flow(f"{name}b", f"{name}g")
        return name, name

    def add_choice(self) -> tuple[str, str]:
        gate, merge = self.name("gate"), self.name("merge")
        self.drawing.node("eventBasedGateway", gate).node("exclusiveGateway", merge)
        for event in (timer("PT1H"), on("message", "m")):
            name = self.name("x")
            self.drawing.node("intermediateCatchEvent", name, event).path(gate, name, merge)
        return gate, merge

    def add_until(self) -> tuple[str, str]:
        stop = "<conditionalEventDefinition><condition>=stop = true</condition>"
        return self._leaf("intermediateCatchEvent", f"{stop}</conditionalEventDefinition>")

    def add_votes(self) -> tuple[str, str]:
        split, votes = self.name("split"), self.name("votes")
        inner = "<activationCondition>=activationCount = 2</activationCondition>"
        self.drawing.node("parallelGateway", split).node("complexGateway", votes, inner)
        for _ in range(3):
            name = self.name("x")
            self.drawing.task(name).path(split, name, votes)
        return split, votes

    def add_alone(self, inner) -> tuple[str, str]:
        return self._scope("subProcess", inner, looped("=[1, 2]"))

    def add_listening(self, inner) -> tuple[str, str]:
        handler = Drawing()
        start, task = self.name("on"), self.name("x")
        handler.start(start, on("signal", "s")).task(task).path(start, task)
        return self._scope("subProcess", inner, handler=handler)

    def add_undoing(self, inner) -> tuple[str, str]:
        return self._scope("transaction", inner, end=on("compensate"))

    def add_ended(self, inner, kind) -> tuple[str, str]:
        name, _ = self._scope("transaction", inner, end=ENDS[kind])
        late, merge = self.name("late"), self.name("merge")
        self.drawing.node("exclusiveGateway", merge).flow(name, merge)
        if kind != "terminate":
            settings = {"cancelActivity": "false"} if kind == "escalation" else {}
            self.drawing.boundary(late, name, ENDS[kind], **settings).flow(late, merge)
        return name, merge

    def add_guided(self, inner) -> tuple[str, str]:
        """Let what interrupts a sub-process run beside a call that is repeated."""
        stop = "<conditionalEventDefinition><condition>=stop = true</condition>"
        handler = Drawing()
        start, task = self.name("on"), self.name("x")
        handler.start(start, f"{stop}</conditionalEventDefinition>", isInterrupting="false")
        handler.task(task).path(start, task)
        return self._scope("subProcess", inner, again("=loopCounter < 2"), handler=handler)

    def add_wanted(self, inner) -> tuple[str, str]:
        return self.add_free(inner, "<completionCondition>=stop = true</completionCondition>")

    def add_free(self, inner, until="") -> tuple[str, str]:
        outer, self.drawing = self.drawing, Drawing()
        for block in inner:
            self.add(block)
        name = self.name("free")
        ordering = "Parallel" if until else "Sequential"
        outer.node("adHocSubProcess", name, self.drawing.inside() + until, ordering=ordering)
        self.drawing = outer
        return name, name

    def _scope(self, kind, inner, loop="", handler=None, end="") -> tuple[str, str]:
        name, outer = self.name("sub"), self.drawing
        self.drawing = Drawing()
        first, last = self.add(inner[0])
        begin, stop = self.name("in"), self.name("out")
        self.drawing.start(begin).end(stop, end).flow(begin, first).flow(last, stop)
        if handler is not None:
            self.drawing.sub(f"{name}h", handler, triggeredByEvent="true")
        outer.node(kind, name, loop + self.drawing.inside())
        self.drawing = outer
        return name, name


def painted(block: Block) -> Drawing:
    painter = Painter()
    painter.drawing.declare('<signal id="s" name="go"/>').message("m", "said")
    painter.drawing.declare('<error id="f" errorCode="F"/>')
    painter.drawing.declare('<escalation id="g" escalationCode="G"/>')
    first, last = painter.add(block)
    painter.drawing.start().end("end", on("compensate"))
    return painter.drawing.flow("start", first).flow(last, "end")


def broken(call):
    raise StepFailed("It broke.")


def host():
    child = Drawing("child").start("cs").node("task", "book").undo("be", "book", "unbook")
    child.node("serviceTask", "slow", service("slow")).task("ask").path("cs", "book", "slow", "ask")
    answers = {"broken": broken, "slow": PENDING}
    return FakeHost(answers=answers, specs={"child": child.spec()})


OPENED = {
    changes.UserTaskOpened: "task",
    changes.TimerSet: "timer",
    changes.SubscriptionOpened: None,
    changes.CallPending: "call",
    changes.JobWanted: "job",
    changes.StepFailedAt: "failure",
}
CLOSED = (
    changes.UserTaskClosed,
    changes.TimerFired,
    changes.TimerCancelled,
    changes.SubscriptionClosed,
    changes.CallCancelled,
    changes.JobCancelled,
    changes.IncidentResolved,
)


class Ledger:
    """What is waited for, by the changes."""

    def __init__(self):
        self.waits = {}

    def note(self, told):
        for change in told:
            if type(change) in OPENED:
                kind = OPENED[type(change)] or change.kind
                self.waits[change.token_id] = kind
            elif isinstance(change, CLOSED):
                assert change.token_id in self.waits, f"{change} of nothing that was waited for"
                del self.waits[change.token_id]

    def forget(self, token_id):
        self.waits.pop(token_id, None)


def commands(play, order):
    """Yield commands in a random order, those that fit and those that do not."""
    names = [*play.spec.process.nodes, "ask", "nowhere"]
    tokens = [token.token_id for token in play.tokens] or ["1"]
    waiting = [token for token in play.tokens if token.waits_for or token.state == "failed"]
    by_hand = [
        ("move", order.choice(tokens), order.choice(names)),
        ("add_token", order.choice(names)),
        ("cancel_token", order.choice(tokens)),
        ("restart_at", order.choice(names)),
        ("set_variables", {"stop": order.random() < 0.5}),
    ]
    usual = {
        "task": "complete",
        "timer": "fire_timer",
        "message": "receive",
        "signal": "receive",
        "call": "answer_call",
        "job": "run_job",
        "condition": "advance",
    }
    if waiting and order.random() < 0.6:
        token = order.choice(waiting)
        command = usual.get(str(token.waits_for), "retry")
        return (command,) if command == "advance" else (command, token.token_id)
    return order.choice(by_hand)


def walk(play, order):
    """Give random commands, and check after each what has to hold always."""
    ledger = Ledger()
    ledger.note(play.changes)
    check(play, ledger)
    go_on(play, order, ledger)


def go_on(play, order, ledger):
    for _ in range(STEPS):
        if play.state in ("completed", "terminated"):
            return
        command, *arguments = commands(play, order)
        execution = load(play.spec, play.snapshot, play.host)
        try:
            getattr(execution, command)(*arguments)
        except EngineError:
            continue
        if command in ("answer_call", "run_job"):
            ledger.forget(arguments[0])
        play._take(execution)
        ledger.note(play.last)
        check(play, ledger)


def waits_of(play):
    return {
        token.token_id: "failure" if token.state == "failed" else token.waits_for
        for token in play.tokens
        if token.waits_for or token.state == "failed"
    }


def check(play, ledger):
    assert waits_of(play) == ledger.waits
    assert not any(token.state == "ready" for token in play.tokens)
    if play.state in ("completed", "terminated"):
        assert play.tokens == []
        return
    loaded = load(play.spec, play.snapshot, play.host)
    assert loaded.snapshot() == play.snapshot
    loaded.advance()
    assert (loaded.changes, loaded.snapshot()) == ([], play.snapshot)
    ids = {token.scope_id for token in play.tokens} - {token.token_id for token in play.tokens}
    assert all(scope in play.execution._instance.tasks for scope in ids)


@settings(max_examples=120)
@given(blocks(), st.integers(0, 2**32))
def test_nothing_is_left_behind_by_any_command(block, seed):
    walk(Play(painted(block), host=host()), random.Random(seed))


def renamed(spec, xml):
    """Return the same process with other ids, and the mapping to them."""
    process = spec.process
    names = {name: f"{name}.new" for name in [*process.nodes, *process.flows]}
    text = xml.decode()
    for before, after in names.items():
        text = text.replace(f'"{before}"', f'"{after}"')
    return compile_process(parse_model(text.encode()), "p", "v2"), names


@settings(max_examples=80)
@given(blocks(), st.integers(0, 2**32), st.booleans())
def test_instance_is_the_same_when_it_was_taken_to_another_version_and_back(block, seed, rename):
    drawing = painted(block)
    play = Play(drawing, host=host())
    walk(play, random.Random(seed))
    if play.state in ("completed", "terminated"):
        return
    if rename:
        new, names = renamed(play.spec, drawing.xml())
    else:
        new, names = compile_process(parse_model(drawing.xml()), "p", "v2"), {}
    there = migrate(play.spec, new, play.snapshot, play.host, names)
    assert there.changes == []
    back = migrate(
        new,
        play.spec,
        there.snapshot(),
        play.host,
        {after: before for before, after in names.items()},
    )
    assert (back.changes, back.snapshot()) == ([], play.snapshot)


def changed(block, order):
    """Return a block with one of those inside it replaced, repeated or left out."""
    kind, *rest = block
    inner = rest[0] if rest and isinstance(rest[0], list | tuple) else []
    if not inner or kind in ("free", "wanted") or order.random() < 0.2:
        leaf = (order.choice(["task", "each", "guarded", "done", "choice", "late"]),)
        return order.choice([leaf, ("seq", [block, leaf]), ("sub", (block,)), block])
    position = order.randrange(len(inner))
    parts = list(inner)
    if len(parts) > 2 and order.random() < 0.3:
        del parts[position]
    else:
        parts[position] = changed(parts[position], order)
    return (kind, parts, *rest[1:])


def places(tokens):
    return [(token.token_id, token.element_id) for token in tokens if token.role == "token"]


@settings(max_examples=80)
@given(blocks(), st.integers(0, 2**32))
def test_instance_goes_on_in_a_changed_version_or_is_told_what_blocks_it(block, seed):
    order = random.Random(seed)
    play = Play(painted(block), host=host())
    walk(play, order)
    if play.state in ("completed", "terminated"):
        return
    ledger = Ledger()
    ledger.waits = waits_of(play)
    new = compile_process(parse_model(painted(changed(block, order)).xml()), "p", "v2")
    try:
        execution = migrate(play.spec, new, play.snapshot, play.host)
    except MigrationBlocked:
        return
    if not any(isinstance(change, changes.ElementEntered) for change in execution.changes):
        back = migrate(new, play.spec, execution.snapshot(), play.host)
        assert places(back.tokens()) == places(play.tokens)
    play.spec = new
    play._take(execution)
    ledger.note(play.last)
    check(play, ledger)
    go_on(play, order, ledger)
