"""Records in large numbers: lists, a long timeline, the search, the board, the scan for doubles."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from typing import Any, Final
from uuid import UUID

from sqlalchemy import event, func, select, text

from benchmarks.measuring import Row, ms, percentile, seconds_of
from benchmarks.pages import measure_pages
from benchmarks.place import do
from benchmarks.scale import actors_by_reach
from services.actors import SYSTEM, Actor
from services.crm.board import BoardQuery, load_board
from services.database import Base
from services.duplicates.scans import run_scan
from services.platform import Platform
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.search.finding import find_records

ENTRIES: Final = 5_000
ROUNDS: Final = 3
SORTS: Final = ("name", "-name", "-created_at", "created_at", "-updated_at")
FILTERS: Final[tuple[dict[str, Any], ...]] = (
    {},
    {"search": "anna"},
    {"search": "zzzz"},
    {"search": "berg oslo"},
    {"filters": {"owner_id": "me"}},
    {"filters": {"position": "Buyer"}},
    {"filters": {"email__empty": "false"}},
)
TYPED: Final = (
    "a",
    "an",
    "anna",
    "anna b",
    "anna berg",
    "lund",
    "gmbh",
    "windows",
    "repair: br",
    "ш",
    "мөнх",
    "ış",
    "כהן",
    "محمد",
    "oslo",
    "45",
    "5512",
    "+47 55 12",
    "@mail",
    "post@",
    "L-0001",
    "L-000123",
    "zzzz",
    "anna zzzz",
)


def measure(platform: Platform) -> list[Row]:
    """Return the rows about records."""
    actors = actors_by_reach(platform)
    counts = _counts(platform)
    busy = platform.transact(SYSTEM, _long_timeline)
    return [
        _lists(platform, actors, counts["contacts"]),
        _timeline(platform, busy),
        *measure_pages(platform, actors["all"], busy),
        _board(platform, actors["all"], counts["deals"]),
        _search(platform, actors, counts["search_entries"]),
        _doubles(platform, counts["contacts"]),
    ]


def _counts(platform: Platform) -> dict[str, int]:
    names = ("contacts", "deals", "search_entries")

    def work(uow: Any) -> dict[str, int]:
        tables = {name: Base.metadata.tables[name] for name in names}
        return {
            name: uow.session.scalar(select(func.count()).select_from(table))
            for name, table in tables.items()
        }

    return platform.transact(SYSTEM, work)


def _lists(platform: Platform, actors: dict[str, Actor], count: int) -> Row:
    times: list[float] = []
    worst = (0.0, "")
    for (name, actor), sort, narrowed in product(actors.items(), SORTS, FILTERS):
        read = partial(list_records, record_type="contact", sort=sort, **narrowed)
        for taken in _pages(platform, actor, read):
            times.append(taken)
            worst = max(worst, (taken, f"{name} {sort} {narrowed}"))
    slow = percentile(times, 0.95)
    return Row(
        f"List of {count:,} contacts",
        f"p95 {ms(slow)}, median {ms(percentile(times, 0.5))}",
        "p95 < 120 ms",
        slow < 0.12,
        "five sorts, seven filters, seen by people with all, a team's and few records; three pages "
        f"forwards, two back, the last page; slowest {ms(worst[0])}: {worst[1]}",
    )


def _pages(platform: Platform, actor: Actor, read: Callable[..., Any]) -> Iterator[float]:
    """Yield the seconds of the first three pages, and of going back."""
    cursor: str | None = None
    for turn in ("next_cursor", "next_cursor", "previous_cursor", "previous_cursor"):
        begin = time.perf_counter()
        page = platform.transact(actor, partial(read, cursor=cursor))
        yield time.perf_counter() - begin
        cursor = getattr(page, turn)
        if cursor is None:
            return


def _timeline(platform: Platform, key: UUID) -> Row:
    read = partial(timeline_of, record_type="account", record_id=key)
    times = [seconds_of(lambda: platform.transact(SYSTEM, read)) for _ in range(40)]
    slow = percentile(times, 0.95)
    return Row(
        f"Timeline of an account with {ENTRIES:,} entries",
        f"p95 {ms(slow)}, median {ms(percentile(times, 0.5))}",
        "< 120 ms",
        slow < 0.12,
        "its contacts', deals' and requests' entries with it, as far as one sees them",
    )


def _long_timeline(uow: Any) -> UUID:
    """Let the account with the most entries have enough of them, half of them its contacts'."""
    busy = text(
        "SELECT account_id, count(*) FROM timeline_entries WHERE account_id IN"
        " (SELECT id FROM accounts ORDER BY id LIMIT 200) GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )
    key, there = uow.session.execute(busy).one()
    more = text(
        "INSERT INTO timeline_entries (id, at, kind, actor_name, title, details, record_type,"
        " record_id, record_title, account_id) SELECT gen_random_uuid(), now() - n * interval"
        " '1 hour', 'note', 'Anna', 'Note', '{}', CASE WHEN c.id IS NULL THEN 'account' ELSE"
        " 'contact' END, coalesce(c.id, :key), 'x', :key FROM generate_series(1, :more) AS n"
        " LEFT JOIN (SELECT id, row_number() OVER () * 2 AS place FROM contacts"
        " WHERE account_id = :key LIMIT 20) c ON c.place = n % 40"
    )
    uow.session.execute(more, {"key": key, "more": max(0, ENTRIES - there)})
    return UUID(str(key))


def _board(platform: Platform, actor: Actor, count: int) -> Row:
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    read = partial(load_board, query=BoardQuery())
    platform.transact(actor, read)
    event.listen(platform.engine, "before_cursor_execute", note)
    platform.transact(actor, read)
    event.remove(platform.engine, "before_cursor_execute", note)
    times = [seconds_of(lambda: platform.transact(actor, read)) for _ in range(30)]
    slow = percentile(times, 0.95)
    return Row(
        f"Board of {count:,} deals",
        f"p95 {ms(slow)}, median {ms(percentile(times, 0.5))}, {len(statements)} statements",
        "≤ 6 statements, < 200 ms",
        slow < 0.2 and len(statements) <= 6,
        "counts and sums of all columns, and their first cards",
    )


def _search(platform: Platform, actors: dict[str, Actor], count: int) -> Row:
    times: list[float] = []
    worst = (0.0, "")
    for (name, actor), typed in product(actors.items(), TYPED):
        read = partial(find_records, text=typed, limit=8)
        platform.transact(actor, read)
        for _ in range(ROUNDS):
            taken = seconds_of(partial(platform.transact, actor, read))
            times.append(taken)
            worst = max(worst, (taken, f"{name} “{typed}”"))
    slow = percentile(times, 0.95)
    return Row(
        f"Search as you type over {count:,} records",
        f"p95 {ms(slow)}, median {ms(percentile(times, 0.5))}",
        "p95 < 150 ms",
        slow < 0.15,
        "letters and words in five scripts, pieces of numbers and addresses, common, rare and "
        "unknown ones, by people with all, a team's and few records; slowest "
        f"{ms(worst[0])}: {worst[1]}",
    )


def _doubles(platform: Platform, count: int) -> Row:
    with platform.engine.begin() as connection:
        connection.execute(text("DELETE FROM duplicate_pairs WHERE dismissed_at IS NULL"))
        connection.execute(text("UPDATE duplicate_scans SET ended_at = now()"))
    begin = time.perf_counter()
    started = do(platform, SYSTEM, "duplicates.scan", {"record_type": "contact"})
    key = str(started["scan_id"])
    ended = text("SELECT ended_at, found FROM duplicate_scans WHERE id = :key")
    found: Any = None
    while found is None or found.ended_at is None:
        run_scan(platform, scan_id=key)
        found = platform.transact(
            SYSTEM, lambda uow: uow.session.execute(ended, {"key": key}).one()
        )
    taken = time.perf_counter() - begin
    return Row(
        f"Duplicate scan of {count:,} contacts",
        f"{taken:,.0f} s, {found.found:,} pairs",
        "< 10 min",
        taken < 600,
        "in one worker",
    )
