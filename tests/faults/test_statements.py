"""The worker killed at random statements: every process ends as it would have, effects are one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest

import processes.catalogue  # noqa: F401 - its import registers operations and jobs
from processes.events.delivery_tables import StepJob
from processes.running.instance_tables import Incident, PendingCall, Subscription, Timer
from services import jobs, operations
from services.actors import SYSTEM, Permission
from services.audit import AuditEntry
from services.calls import answer
from services.jobs import JobHandler
from services.operations import Operation
from services.unit_of_work import Job
from tests.engine.models import Drawing, extension, on, timer
from tests.faults.dying import drain_mortally
from tests.processes.test_conditions import when
from tests.processes.test_time_and_calls import Ring
from tests.processes.world import World, with_properties

INSTANCES = 14
KINDS = ("calling", "timing", "hearing", "racing", "waiting", "shouting")


def ring(uow, *, number: str) -> None:
    """Ask somebody outside, who answers by a job."""
    assert number
    uow.defer(Job("test.answer", {"key": uow.call_key}))


def note(uow, *, number: str) -> None:
    """Have an effect that the audit counts."""
    assert uow, number


def answer_once(platform, *, key: str) -> None:
    platform.transact(SYSTEM, lambda uow: answer(uow, key, {}), source="job")


@pytest.fixture
def world(platform, monkeypatch) -> Iterator[World]:
    for name, handler, outside in (("test.ring", ring, True), ("test.note", note, False)):
        made = Operation(
            name, name, Permission.RECORD_WRITE, Ring, handler, outside, in_diagrams=True
        )
        monkeypatch.setitem(operations._REGISTRY, name, made)
    monkeypatch.setitem(jobs._HANDLERS, "test.answer", JobHandler("test.answer", answer_once))
    return World(platform)


def work(operation: str, *properties: str) -> str:
    stated = "".join(f'<zeebe:property name="{name}" value="true"/>' for name in properties)
    return extension(
        f'<zeebe:taskDefinition type="{operation}"/>'
        '<zeebe:ioMapping><zeebe:input source="=label" target="number"/></zeebe:ioMapping>'
        f"<zeebe:properties>{stated}</zeebe:properties>"
    )


def calling() -> Drawing:
    """Call out, and have an effect in jobs of its own before and behind it."""
    drawing = Drawing("calling").start().end().node("serviceTask", "ring", work("test.ring"))
    drawing.node("serviceTask", "note", work("test.note", "asyncBefore", "asyncAfter"))
    return drawing.path("start", "ring", "note", "end")


def timing() -> Drawing:
    """Have an effect each hour, three times, and end after five."""
    drawing = Drawing("timing").start().end()
    drawing.node("subProcess", "sub", _waiting_inside())
    drawing.boundary("often", "sub", timer("R3/PT1H", "timeCycle"), cancelActivity="false")
    drawing.boundary("late", "sub", timer("PT5H"))
    drawing.node("serviceTask", "note", work("test.note")).node("endEvent", "noted")
    return drawing.path("start", "sub", "end").path("often", "note", "noted").path("late", "end")


def _waiting_inside() -> str:
    never = timer("P900D")
    return (
        '<startEvent id="in"/><sequenceFlow id="f" sourceRef="in" targetRef="never"/>'
        f'<intermediateCatchEvent id="never">{never}</intermediateCatchEvent>'
    )


def hearing() -> Drawing:
    """Hear two messages of its own one after another, with an effect for each."""
    drawing = Drawing("hearing").start().end().message("m", "told", "=label")
    drawing.node("intermediateCatchEvent", "one", on("message", "m"))
    drawing.node("serviceTask", "note", work("test.note"))
    drawing.node("intermediateCatchEvent", "two", on("message", "m"))
    drawing.node("serviceTask", "again", work("test.note", "asyncBefore"))
    return drawing.path("start", "one", "note", "two", "again", "end")


def racing() -> Drawing:
    """Wait for a message that comes, or for an hour."""
    drawing = Drawing("racing").start().end().message("m", "told", "=label")
    drawing.node("eventBasedGateway", "wait")
    drawing.node("intermediateCatchEvent", "heard", on("message", "m"))
    drawing.node("intermediateCatchEvent", "late", timer("PT1H"))
    drawing.node("serviceTask", "note", work("test.note"))
    return drawing.path("start", "wait", "heard", "note", "end").path("wait", "late", "end")


def waiting() -> Drawing:
    """Wait until the lead's channel is told."""
    drawing = with_properties(Drawing("waiting"), "lead").start().end()
    drawing.node("intermediateCatchEvent", "until", when('=lead.channel = "ads"'))
    drawing.node("serviceTask", "note", work("test.note"))
    return drawing.path("start", "until", "note", "end")


def shouting() -> Drawing:
    """Throw the message that another instance of this kind of its label hears."""
    drawing = Drawing("shouting").start().message("m", "shout", "=label")
    drawing.node("parallelGateway", "fork").end().node("endEvent", "told", on("message", "m"))
    drawing.node("intermediateCatchEvent", "hear", on("message", "m"))
    drawing.node("serviceTask", "note", work("test.note"))
    return drawing.path("start", "fork", "told").path("fork", "hear", "note", "end")


def play(world: World, prefix: str, seed: int, *, mortal: bool) -> tuple[dict, int]:
    """Run random instances to their end; return what became of each, and how many kills it took."""
    chance, moments, kills = random.Random(seed), random.Random(seed), 0

    def rest() -> None:
        nonlocal kills
        if mortal:
            kills += drain_mortally(world.platform, moments)
        else:
            world.drain()

    started: dict[str, UUID] = {}
    for number in range(INSTANCES):
        kind, label = chance.choice(KINDS), f"{prefix}{number}"
        lead = world.do("lead.create", name=label) if kind == "waiting" else None
        messages = {"hearing": 2, "racing": chance.randint(0, 1)}.get(kind, 0)
        early = chance.randint(0, messages)
        _send(world, label, early)
        if chance.random() < 0.5:
            rest()
        started[label] = world.start(kind, lead.id if lead else None, label=label)
        _send(world, label, messages - early)
        if lead is not None:
            world.do("lead.update", lead_id=lead.id, channel="ads")
    for _ in range(6):
        rest()
        world.platform.clock.advance(timedelta(hours=1))
    rest()
    return {
        label.removeprefix(prefix): (world.state(key), sorted(world.trace(key)))
        for label, key in started.items()
    }, kills


def _send(world: World, label: str, count: int) -> None:
    for _ in range(count):
        world.do("message.correlate", name="told", keys={"label": label}, time_to_live="P9D")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_everything_ends_as_it_would_have_when_the_worker_is_killed_at_any_statement(
    world: World, seed: int
) -> None:
    world.deploy(calling(), timing(), hearing(), racing(), waiting(), shouting())
    meant, _ = play(world, "calm", seed, mortal=False)
    found, kills = play(world, "wild", seed, mortal=True)
    assert kills > 20, f"only {kills} kills with the seed {seed}"
    assert found == meant, f"with the seed {seed}"
    assert {state for state, _ in meant.values()} == {"completed"}
    for table in (Incident, PendingCall, StepJob, Subscription, Timer):
        assert world.rows(table) == [], f"with the seed {seed}"
    assert world.sql("SELECT task_name FROM procrastinate_jobs") == []
    assert _effects(world, "wild") == _effects(world, "calm"), f"with the seed {seed}"


def _effects(world: World, prefix: str) -> Counter[str]:
    """Return how often each instance had its effects."""
    numbers = (
        entry.arguments["number"]
        for entry in world.rows(AuditEntry)
        if entry.operation in {"test.note", "test.ring"}
    )
    return Counter(one.removeprefix(prefix) for one in numbers if one.startswith(prefix))
