"""The inbox with a million open tasks, and deploying large models."""

from __future__ import annotations

import time
from functools import partial

from sqlalchemy import text

from benchmarks.measuring import Row, ms, percentile, seconds_of
from benchmarks.models import long_chain, one_step
from benchmarks.place import deploy, do, worker_of
from processes.tasks.inbox import list_tasks
from services.actors import SYSTEM, Actor
from services.platform import Platform

TASKS = 1_000_000
LISTS = 60

# Spread over all groups, a tenth given to somebody, due in the next year, with all priorities.
_FILL = text(
    """
    WITH base AS (SELECT * FROM work_items WHERE process_key = 'one_step' LIMIT 1),
    g AS (SELECT array_agg(id ORDER BY name) AS ids FROM groups),
    u AS (SELECT id FROM users LIMIT 1),
    made AS (
      INSERT INTO work_items (id, version, instance_id, version_id, token_id, process_key,
        element_id, name, state, assignee_id, candidate_groups, candidate_users, due_at,
        sort_due_at, priority, rank, variables, created_at)
      SELECT gen_random_uuid(), 1, b.instance_id, b.version_id, 't' || n, b.process_key,
        b.element_id, 'Task ' || n, 'open', CASE WHEN n % 10 = 0 THEN u.id END,
        ARRAY[g.ids[1 + n % cardinality(g.ids)]], '{}', now() + n % 8760 * interval '1 hour',
        now() + n % 8760 * interval '1 hour', n % 100, -(n % 100), '{}', now()
      FROM base b, g, u, generate_series(1, :count) AS n
      RETURNING id, assignee_id, candidate_groups, sort_due_at, rank)
    INSERT INTO queue_entries (queue_id, work_item_id, sort_due_at, rank)
    SELECT candidate_groups[1], id, sort_due_at, rank FROM made WHERE assignee_id IS NULL
    """
)


def measure(platform: Platform) -> list[Row]:
    """Return the rows about large numbers."""
    return [*_models(platform), _inbox(platform)]


def _inbox(platform: Platform) -> Row:
    deploy(platform, [one_step()])
    do(platform, SYSTEM, "instance.start", {"process_key": "one_step"})
    with platform.engine.begin() as connection:
        connection.execute(_FILL, {"count": TASKS})
    with platform.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))
    actor = worker_of(platform)
    times = [taken for number in range(LISTS) for taken in _read_list(platform, actor, number)]
    slow = percentile(times, 0.95)
    return Row(
        f"Inbox page with {TASKS:,} open tasks",
        f"p95 {ms(slow)}, median {ms(percentile(times, 0.5))}",
        "p95 < 60 ms",
        slow < 0.06,
        "all views, sorts by due date, age and priority, filtered, capped count, three pages deep",
    )


def _read_list(platform: Platform, actor: Actor, number: int) -> list[float]:
    """Return the seconds of the first three pages of one of the lists."""
    read = partial(
        list_tasks,
        view=("mine", "groups", "all")[number % 3],
        sort=("due", "-created", "priority")[number // 3 % 3],
        filters={"process": "one_step"} if number % 2 else {},
    )
    times: list[float] = []
    cursor: str | None = None
    for _ in range(3):
        begin = time.perf_counter()
        page = platform.transact(actor, partial(read, cursor=cursor))
        times.append(time.perf_counter() - begin)
        cursor = page.next_cursor
    return times


def _models(platform: Platform) -> list[Row]:
    rows = []
    for length, target in ((1_000, 1.0), (5_000, None)):
        taken = seconds_of(partial(deploy, platform, [long_chain(length)]))
        rows.append(
            Row(
                f"Parse, check and deploy a model of {length:,} elements",
                f"{taken:.2f} s",
                "< 1 s" if target else "works",
                taken < target if target else True,
            )
        )
    return rows
