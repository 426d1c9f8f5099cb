"""Random processes with events, loops and calls, step by step beside plain SpiffWorkflow.

After each step the same tasks and events must wait, and in the end the same elements be completed.
Both get the same file, but for what SpiffWorkflow wants written in Python syntax. Only what both
support is drawn: SpiffWorkflow's parser knows one level of sub-processes, its joins lose count
where tokens are doubled, and a scope whose event sub-process was not begun never ends there.
"""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from SpiffWorkflow.bpmn import BpmnEvent, BpmnWorkflow
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.specs.defaults import EventBasedGateway
from SpiffWorkflow.bpmn.specs.event_definitions import (
    MessageEventDefinition,
    SignalEventDefinition,
)
from SpiffWorkflow.util.task import TaskState

from processes.engine import compile_process, parse_model
from tests.engine.models import Drawing, FakeHost, Play, again, on, timer
from tests.engine.test_random_models import Builder

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
KINDS = ("message", "signal", "timer")
# What SpiffWorkflow evaluates as Python.
EXPRESSIONS = ("conditionExpression", "timeDuration", "loopCardinality", "loopCondition")


def single():
    return st.one_of(
        st.just(("task",)),
        st.tuples(st.just("catch"), st.sampled_from(KINDS)),
        st.tuples(st.just("guarded"), st.sampled_from(KINDS), st.booleans()),
    )


def leaves():
    return st.one_of(
        single(),
        st.tuples(st.just("many"), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("loop"), st.integers(1, 3)),
    )


def parts(inner):
    several = st.lists(inner, min_size=2, max_size=3)
    return st.one_of(
        st.tuples(st.just("seq"), several),
        st.tuples(st.just("all"), several),
        st.tuples(st.just("one"), several, st.integers(0, 2)),
        st.tuples(st.just("some"), several, st.sets(st.integers(0, 2))),
        st.tuples(st.just("either"), st.lists(inner, min_size=2, max_size=2)),
    )


def scopes():
    """Sub-processes and calls of blocks without any of them."""
    flat = st.recursive(leaves(), parts, max_leaves=4)
    # Where one element waits in several instances, it must not matter which of them goes on.
    once = st.recursive(single(), parts, max_leaves=4)
    return st.one_of(
        st.tuples(st.just("inside"), flat, st.sampled_from((None, *KINDS)), st.booleans()),
        st.tuples(st.just("escape"), flat, st.booleans()),
        st.tuples(st.just("call"), flat),
        st.tuples(st.just("each"), once, st.integers(1, 3), st.booleans()),
        st.tuples(st.just("stopped"), flat, flat),
    )


def blocks():
    return st.recursive(st.one_of(leaves(), scopes()), parts, max_leaves=6)


def multiplied(times: int, *, sequential: bool) -> str:
    return (
        f'<multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}">'
        f"<loopCardinality>={times}</loopCardinality></multiInstanceLoopCharacteristics>"
    )


class EventBuilder(Builder):
    """Draws blocks with events; all names of a kind of event are declared once for each."""

    def __init__(self) -> None:
        super().__init__()
        self.root = self.drawing

    def event(self, name: str, kind: str) -> str:
        """Declare what an event waits for, and return its definition."""
        if kind == "timer":
            return timer("P1D")
        self.root.declare(f'<{kind} id="{kind}_{name}" name="{name}"/>')
        return on(kind, f"{kind}_{name}")

    def add_catch(self, kind: str) -> tuple[str, str]:
        name = self.name(f"{kind}catch")
        self.drawing.node("intermediateCatchEvent", name, self.event(name, kind))
        return name, name

    def add_many(self, times: int, sequential: bool) -> tuple[str, str]:  # noqa: FBT001
        name = self.name("task")
        self.drawing.node("userTask", name, multiplied(times, sequential=sequential))
        return name, name

    def add_loop(self, times: int) -> tuple[str, str]:
        name = self.name("task")
        self.drawing.node("userTask", name, again("=true", loopMaximum=times))
        return name, name

    def add_guarded(self, kind: str, interrupts: bool) -> tuple[str, str]:  # noqa: FBT001
        name = self.name("task")
        self.drawing.task(name)
        return self.guard(name, kind, interrupts)

    def guard(self, host: str, kind: str, interrupts: bool) -> tuple[str, str]:  # noqa: FBT001
        """Put an event on the border of an activity; it leads to a task."""
        border, handler = (
            self.name(f"{kind}{'border' if interrupts else 'aside'}"),
            self.name("task"),
        )
        definition = self.event(border, kind)
        self.drawing.boundary(border, host, definition, cancelActivity=str(interrupts).lower())
        return self.handle(host, border, handler, joins=interrupts)

    def handle(self, host: str, border: str, handler: str, *, joins: bool) -> tuple[str, str]:
        self.drawing.task(handler).flow(border, handler)
        if not joins:
            end = self.name("end")
            self.drawing.end(end).flow(handler, end)
            return host, host
        merge = self.name("merge")
        self.drawing.node("exclusiveGateway", merge).flow(handler, merge).flow(host, merge)
        return host, merge

    def add_either(self, inner) -> tuple[str, str]:
        split, merge = self.name("either"), self.name("merge")
        self.drawing.node("eventBasedGateway", split).node("exclusiveGateway", merge)
        for index, block in enumerate(inner):
            event, _ = self.add_catch(KINDS[index])
            first, last = self.add(block)
            self.drawing.flow(split, event).flow(event, first).flow(last, merge)
        return split, merge

    def inside(self, block, error: str | None = None) -> Drawing:
        """Draw a block as what stands in a scope; it ends with an error, if one is given."""
        outer, self.drawing = self.drawing, Drawing(self.name("process"))
        first, last = self.add(block)
        start, end = self.name("in"), self.name("out")
        self.drawing.start(start).flow(start, first).flow(last, end)
        self.drawing.end(end, on("error", error) if error else "")
        drawn, self.drawing = self.drawing, outer
        return drawn

    def add_inside(self, block, kind, interrupts) -> tuple[str, str]:
        name = self.name("sub")
        self.drawing.sub(name, self.inside(block))
        return self.guard(name, kind, interrupts) if kind else (name, name)

    def add_escape(self, block, fails) -> tuple[str, str]:
        name, border, handler = self.name("sub"), self.name("errorborder"), self.name("task")
        # SpiffWorkflow hands an error to any border that asks for its code, its own or not.
        error = self.name("error")
        self.root.declare(f'<error id="{error}" name="{error}" errorCode="{error}"/>')
        self.drawing.sub(name, self.inside(block, error if fails else None))
        self.drawing.boundary(border, name, on("error", error))
        return self.handle(name, border, handler, joins=True)

    def add_each(self, block, times: int, sequential: bool) -> tuple[str, str]:  # noqa: FBT001
        name = self.name("sub")
        self.drawing.sub(name, self.inside(block), multiplied(times, sequential=sequential))
        return name, name

    def add_stopped(self, one, other) -> tuple[str, str]:
        """Draw a scope of two branches, of which the first to be done ends the scope."""
        name, outer = self.name("sub"), self.drawing
        self.drawing = Drawing()
        start, split = self.name("in"), self.name("split")
        self.drawing.start(start).node("parallelGateway", split).flow(start, split)
        for block in (one, other):
            first, last = self.add(block)
            end = self.name("out")
            self.drawing.flow(split, first).flow(last, end).end(end, on("terminate"))
        outer.sub(name, self.drawing)
        self.drawing = outer
        return name, name

    def add_call(self, block) -> tuple[str, str]:
        name = self.name("call")
        called = self.inside(block)
        self.root.with_process(called)
        self.drawing.node("callActivity", name, calledElement=called.process_id)
        return name, name


def in_python(xml: bytes) -> bytes:
    root = etree.fromstring(xml)
    for name in EXPRESSIONS:
        for each in root.iter(f"{BPMN}{name}"):
            text = each.text.removeprefix("=")
            each.text = f'"{text}"' if name == "timeDuration" else text.capitalize()
    return etree.tostring(root)


class Ours:
    def __init__(self, xml: bytes) -> None:
        model = parse_model(xml)
        specs = {name: compile_process(model, name) for name in model.processes}
        self.play = Play(specs["p"], host=FakeHost(specs=specs))
        # SpiffWorkflow lets an event that does not interrupt happen once only.
        self.spent: set[str] = set()

    @property
    def tasks(self) -> Counter[str]:
        return self._waiting(lambda kind: kind == "task")

    @property
    def events(self) -> Counter[str]:
        return self._waiting(KINDS.__contains__)

    def _waiting(self, fits) -> Counter[str]:
        return Counter(
            each.element_id
            for each in self.play.tokens
            if fits(each.waits_for) and each.token_id not in self.spent
        )

    def complete(self, element: str) -> None:
        self.play.complete(element)

    def happen(self, element: str) -> None:
        command = "fire_timer" if element.startswith("timer") else "receive"
        here = [each for each in self.play.tokens if each.element_id == element and each.waits_for]
        for token in here:
            if token.token_id not in self.spent:
                self.play.do(command, token.token_id)
        self.spent.update(token.token_id for token in here if "aside" in element)

    @property
    def done(self) -> Counter[str]:
        return Counter(filter(_counts, self.play.trace))


class Theirs:
    def __init__(self, xml: bytes) -> None:
        parser = BpmnParser()
        parser.add_bpmn_xml(etree.fromstring(in_python(xml)))
        self.workflow = BpmnWorkflow(parser.get_spec("p"), parser.get_subprocess_specs("p"))
        self._go_on()

    def _go_on(self) -> None:
        self.workflow.do_engine_steps()
        self.workflow.refresh_timers()
        self.workflow.do_engine_steps()

    @property
    def tasks(self) -> Counter[str]:
        ready = self.workflow.get_tasks(state=TaskState.READY, manual=True)
        return Counter(task.task_spec.bpmn_id for task in ready)

    @property
    def events(self) -> Counter[str]:
        waiting = self.workflow.get_tasks(state=TaskState.WAITING)
        # There, the gateway waits for the events that it leads to.
        names = (
            name
            for task in waiting
            for name in (
                [each.bpmn_id for each in task.task_spec.outputs]
                if isinstance(task.task_spec, EventBasedGateway)
                else [task.task_spec.bpmn_id]
            )
        )
        return Counter(name for name in names if str(name).startswith(KINDS))

    def complete(self, element: str) -> None:
        ready = self.workflow.get_tasks(state=TaskState.READY, manual=True)
        next(task for task in ready if task.task_spec.bpmn_id == element).run()
        self._go_on()

    def happen(self, element: str) -> None:
        if element.startswith("timer"):
            for task in self.workflow.get_tasks(state=TaskState.WAITING):
                if task.task_spec.bpmn_id == element:
                    task._set_internal_data(event_value="2000-01-01T00:00:00+00:00")
        else:
            kind = (
                MessageEventDefinition if element.startswith("message") else SignalEventDefinition
            )
            self.workflow.send_event(BpmnEvent(kind(element), {}))
        self._go_on()

    @property
    def done(self) -> Counter[str]:
        completed = self.workflow.get_tasks(state=TaskState.COMPLETED)
        return Counter(filter(_counts, (task.task_spec.bpmn_id for task in completed)))


def _counts(name: str | None) -> bool:
    """Tell whether an element is counted: scopes and gateways leave several traces each."""
    return str(name).startswith(("end", "out", "messagecatch", "signalcatch", "timercatch"))


@settings(max_examples=50)
@given(blocks(), st.integers(0, 2**32))
def test_the_same_waits_after_each_step_when_events_come_in_any_order(block, seed):
    builder = EventBuilder()
    first, last = builder.add(block)
    builder.root.start().end().flow("start", first).flow(last, "end")
    xml = builder.root.xml()
    ours, theirs = Ours(xml), Theirs(xml)
    order = random.Random(seed)
    story: list[str] = []
    while ours.play.state == "running":
        assert (ours.tasks, ours.events) == (theirs.tasks, theirs.events), story
        element = order.choice(sorted({*ours.tasks, *ours.events}))
        story.append(element)
        is_task = element in ours.tasks
        for engine in (ours, theirs):
            (engine.complete if is_task else engine.happen)(element)
        assert len(story) < 200
    assert theirs.workflow.is_completed(), story
    assert ours.play.state == "completed"
    assert ours.done == theirs.done, story
