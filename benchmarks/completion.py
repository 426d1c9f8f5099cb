"""Completing a user task through the runtime, beside the bare SQL that writes the same rows."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import event

from benchmarks.bare import BareCompletion
from benchmarks.measuring import WARM_UP, Row, medians_in_turns, ms, seconds_of
from benchmarks.models import ANSWER_FORM, loop
from benchmarks.place import deploy, do, worker_of
from services.actors import SYSTEM, Actor
from services.platform import Platform

SMALL, LARGE = 1_000, 200_000
LOOPS = 10_000


class Completion:
    """Completes the task of one looping instance again and again, through the operation."""

    def __init__(self, platform: Platform, actor: Actor, variable_bytes: int = 0) -> None:
        self._platform = platform
        self._actor = actor
        raw = {"process_key": "loop", "variables": {"filling": "x" * variable_bytes}}
        self.instance_id: UUID = do(platform, SYSTEM, "instance.start", raw)["instance_id"]

    def complete(self) -> float:
        """Complete the task that is open; return the seconds that it took."""
        raw = {"task_id": self.open_task(), "data": {"answer": "x"}}
        return seconds_of(lambda: do(self._platform, self._actor, "task.complete", raw))

    def open_task(self) -> UUID:
        """Return the key of the instance's open task."""
        with self._platform.engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT id FROM work_items WHERE instance_id = %s AND state = 'open'",
                (self.instance_id,),
            )
            return found.scalar_one()  # type: ignore[no-any-return]


def measure(platform: Platform) -> list[Row]:
    """Return the rows about completing user tasks."""
    deploy(platform, [loop(), ANSWER_FORM])
    actor = worker_of(platform)
    return [
        *_beside_bare_sql(platform, actor),
        _with_many_variables(platform, actor),
        _in_a_long_loop(platform, actor),
        _statements(platform, actor),
    ]


def _beside_bare_sql(platform: Platform, actor: Actor) -> list[Row]:
    through_runtime = Completion(platform, actor)
    url = platform.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    bare = BareCompletion(url, Completion(platform, actor).instance_id)
    runtime, plain = medians_in_turns(through_runtime.complete, bare.complete)
    bare.close()
    ratio = runtime / plain
    return [
        Row("Bare SQL transaction that writes the rows of a completion", ms(plain)),
        Row(
            "Complete a user task through the runtime",
            f"{ms(runtime)}, {ratio:.1f} x bare SQL",
            "≤ 4 x",
            ratio <= 4,
            "form check, snapshot, history, audit and the next task included",
        ),
    ]


def _with_many_variables(platform: Platform, actor: Actor) -> Row:
    small, large = (Completion(platform, actor, size) for size in (SMALL, LARGE))
    few, many = medians_in_turns(small.complete, large.complete, rounds=5)
    return Row(
        "The same with 200 KB of variables against 1 KB",
        f"{many / few:.2f} x ({ms(many)} against {ms(few)})",
        "≤ 2 x",
        many / few <= 2,
    )


def _in_a_long_loop(platform: Platform, actor: Actor) -> Row:
    """Compare the first and the last iterations of a long loop.

    A second loop that begins when the first one ends shows what the machine did meanwhile.
    """
    long = Completion(platform, actor)
    for _ in range(WARM_UP):
        long.complete()
    for _ in range(LOOPS):
        long.complete()
    fresh = Completion(platform, actor)
    first, last = medians_in_turns(fresh.complete, long.complete, rounds=5, calls=20)
    return Row(
        f"The same at iteration {LOOPS:,} of a loop against the first 100",
        f"{last / first:.2f} x ({ms(last)} against {ms(first)})",
        "≤ 1.2 x",
        last / first <= 1.2,
    )


def _statements(platform: Platform, actor: Actor) -> Row:
    one = Completion(platform, actor)
    raw = {"task_id": one.open_task(), "data": {"answer": "x"}}
    counted: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        counted.append(statement)

    event.listen(platform.engine, "before_cursor_execute", note)
    do(platform, actor, "task.complete", raw)
    event.remove(platform.engine, "before_cursor_execute", note)
    count = len(counted)
    return Row("SQL statements for a completion", str(count), "≤ 8", count <= 8)
