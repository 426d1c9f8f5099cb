"""Random block-structured processes, their tasks completed in random order.

What must be completed follows from the blocks alone, so a walk over them is the model to compare
with.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from itertools import count, pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.models import Drawing, Play, timer

Block = tuple  # ("task",), ("seq" | "all" | "some" | "sub", blocks), ("one", index, blocks), …


def blocks():
    several = lambda inner: st.lists(inner, min_size=2, max_size=3)  # noqa: E731
    return st.recursive(
        st.just(("task",)),
        lambda inner: st.one_of(
            st.tuples(st.just("seq"), several(inner)),
            st.tuples(st.just("all"), several(inner)),
            st.tuples(st.just("some"), several(inner), st.sets(st.integers(0, 2))),
            st.tuples(st.just("one"), several(inner), st.integers(0, 2)),
            st.tuples(st.just("sub"), st.tuples(inner)),
            st.tuples(st.just("twice"), st.tuples(inner)),
        ),
        max_leaves=8,
    )


@dataclass
class Builder:
    """Draws blocks and notes which tasks are expected, and which come before which."""

    drawing: Drawing = field(default_factory=Drawing)
    numbers: count = field(default_factory=count)
    variables: dict[str, object] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    times: int = 1

    def name(self, kind: str) -> str:
        return f"{kind}{next(self.numbers)}"

    def add(self, block: Block) -> tuple[str, str]:
        """Draw a block and return its first and last element."""
        return getattr(self, f"add_{block[0]}")(*block[1:])

    def add_task(self) -> tuple[str, str]:
        name = self.name("task")
        self.drawing.task(name)
        if self.times:
            self.expected[name] = self.times
        return name, name

    def add_seq(self, inner) -> tuple[str, str]:
        ends = [self.add(block) for block in inner]
        for (_, last), (first, _) in pairwise(ends):
            self.drawing.flow(last, first)
        return ends[0][0], ends[-1][1]

    def add_all(self, inner) -> tuple[str, str]:
        return self._branch("parallelGateway", inner, [None] * len(inner), set(range(len(inner))))

    def add_some(self, inner, chosen) -> tuple[str, str]:
        taken = {index for index in chosen if index < len(inner)} or {0}
        conditions = [f"={str(index in taken).lower()}" for index in range(len(inner))]
        return self._branch("inclusiveGateway", inner, conditions, taken)

    def add_one(self, inner, index) -> tuple[str, str]:
        taken = index % len(inner)
        conditions = [f"={str(other == taken).lower()}" for other in range(len(inner))]
        return self._branch("exclusiveGateway", inner, conditions, {taken})

    def _branch(self, kind, inner, conditions, taken) -> tuple[str, str]:
        split, join = self.name("split"), self.name("join")
        self.drawing.node(kind, split).node(kind, join)
        times = self.times
        for index, block in enumerate(inner):
            self.times = times if index in taken else 0
            first, last = self.add(block)
            self.drawing.flow(split, first, conditions[index]).flow(last, join)
        self.times = times
        return split, join

    def add_sub(self, inner) -> tuple[str, str]:
        name, outer = self.name("sub"), self.drawing
        self.drawing = Drawing()
        first, last = self.add(inner[0])
        start, end = self.name("in"), self.name("out")
        self.drawing.start(start).end(end).flow(start, first).flow(last, end)
        outer.sub(name, self.drawing).boundary(f"{name}late", name, timer("P9D"))
        outer.end(f"{name}gone").flow(f"{name}late", f"{name}gone")
        self.drawing = outer
        return name, name

    def add_twice(self, inner) -> tuple[str, str]:
        begin, again, more = self.name("merge"), self.name("count"), self.name("more")
        reset, variable = self.name("reset"), self.name("n")
        times, self.times = self.times, self.times * 2
        first, last = self.add(inner[0])
        self.times = times
        self.drawing.node("exclusiveGateway", begin)
        for name, text in (
            (again, f"={{{variable}: {variable} + 1}}"),
            (reset, f"={{{variable}: 0}}"),
        ):
            self.drawing.script(name, text)
        self.drawing.node("exclusiveGateway", more)
        self.drawing.path(reset, begin, first).path(last, again, more)
        self.drawing.flow(more, begin, f"={variable} < 2")
        done = self.name("done")
        self.drawing.node("task", done).flow(more, done, f"={variable} >= 2")
        return reset, done


@settings(max_examples=150)
@given(blocks(), st.integers(0, 2**32))
def test_random_process_completes_with_the_expected_tasks_in_any_order(block, seed):
    builder = Builder()
    first, last = builder.add(block)
    builder.drawing.start().end().flow("start", first).flow(last, "end")
    play = Play(builder.drawing)
    order = random.Random(seed)
    for _ in range(sum(builder.expected.values())):
        assert play.state == "running"
        waiting = [token.token_id for token in play.tokens if token.waits_for == "task"]
        play.do("complete", order.choice(waiting), {})
    assert (play.state, play.tokens) == ("completed", [])
    done = [name for name in play.trace if name.startswith("task")]
    assert {name: done.count(name) for name in done} == builder.expected
    assert play.trace.count("end") == 1


@settings(max_examples=60)
@given(blocks(), st.integers(0, 2**32))
def test_random_process_is_the_same_when_it_is_kept_in_memory(block, seed):
    builder = Builder()
    first, last = builder.add(block)
    builder.drawing.start().end().flow("start", first).flow(last, "end")
    saved = Play(builder.drawing)
    kept = Play(saved.spec)
    order = random.Random(seed)
    while saved.state == "running":
        waiting = [token.token_id for token in saved.tokens if token.waits_for == "task"]
        chosen = order.choice(waiting)
        saved.do("complete", chosen, {})
        kept.execution.complete(chosen, {})
    assert saved.snapshot == kept.execution.snapshot()
    assert saved.changes == kept.execution.changes
