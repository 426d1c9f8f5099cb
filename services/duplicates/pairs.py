"""The pairs that scans have found: kept, and shown to those who may see both."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, delete, select, text, tuple_

from services.access import visible_to
from services.database import new_id
from services.duplicates.model import DuplicatePair
from services.duplicates.pairing import Found
from services.errors import Invalid
from services.records.types import find_record_type, get_record_type
from services.unit_of_work import UnitOfWork

SHOWN: Final = 50
"""So many pairs are on a page."""

SURE: Final = 100
"""What agrees exactly has this score."""

_BY_SCORE: Final = re.compile(r"([0-9]{1,3})-([0-9a-f]{32})")
_BY_TIME: Final = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS: Final = "id, record_type, first_id, second_id, score, reason, found_at"
_TABLE: Final = text(
    "CREATE TEMPORARY TABLE found_pairs (id uuid, record_type text, first_id uuid, second_id uuid,"
    " score int, reason text, found_at timestamptz) ON COMMIT DROP"
)
_TAKE_OVER: Final = text(
    f"INSERT INTO duplicate_pairs ({_COLUMNS}) SELECT {_COLUMNS} FROM found_pairs"  # noqa: S608 - names of our own
    " ON CONFLICT DO NOTHING"
)
_MEET_AGAIN: Final = text(
    "UPDATE duplicate_pairs AS known SET found_at = met.found_at, score = met.score,"
    " reason = met.reason FROM found_pairs AS met"
    " WHERE known.first_id = met.first_id AND known.second_id = met.second_id"
    " AND known.dismissed_at IS NULL AND known.found_at < :since"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two visible records that may be the same.

    Attributes:
        dismissed_at: When somebody, ``dismissed_by``, said that they are not; None if nobody has.
    """

    id: UUID
    first: Any
    second: Any
    score: int
    reason: str
    dismissed_at: datetime | None = None
    dismissed_by: str | None = None


@dataclass(frozen=True, slots=True)
class PairPage:
    """Some of the pairs; the cursors are None where no page follows, or none comes before."""

    items: list[Pair]
    next_cursor: str | None = None
    previous_cursor: str | None = None


def list_pairs(
    uow: UnitOfWork,
    record_type: str,
    *,
    is_sure: bool | None = None,
    is_dismissed: bool = False,
    after: str | None = None,
    before: str | None = None,
    limit: int = SHOWN,
) -> PairPage:
    """Return pairs that are neither merged nor dismissed, the surest first, then the newest.

    Only those of which the actor may see both. Those that were dismissed come the latest first.

    Args:
        uow: Of whoever looks.
        record_type: Of which type.
        is_sure: Only those of which something agrees exactly, or only the others; None: all.
        is_dismissed: Those that somebody said are none, instead of the others.
        after: The cursor of the page before.
        before: That of the page after.
        limit: At most so many.

    Raises:
        Invalid: A cursor is none.
    """
    statement = _visible_pairs(uow, record_type, is_dismissed=is_dismissed)
    if is_sure is not None:
        exact = DuplicatePair.score == SURE
        statement = statement.where(exact if is_sure else DuplicatePair.score < SURE)
    edge = after or before
    is_back = bool(before and not after)
    first: Any = DuplicatePair.dismissed_at if is_dismissed else DuplicatePair.score
    columns = (first, DuplicatePair.id)
    if edge:
        place, value = tuple_(*columns), tuple_(*_edge(edge, is_dismissed=is_dismissed))
        statement = statement.where(place > value if is_back else place < value)
    ordered = statement.order_by(*(one.asc() if is_back else one.desc() for one in columns))
    found = uow.session.scalars(ordered.limit(limit + 1)).all()
    more, rows = len(found) > limit, list(found[:limit])
    if is_back:
        rows.reverse()
    has_next, has_previous = (True, more) if is_back else (more, edge is not None)
    return PairPage(
        shown_pairs(uow, rows),
        _cursor(rows[-1]) if rows and has_next else None,
        _cursor(rows[0]) if rows and has_previous else None,
    )


def _visible_pairs(uow: UnitOfWork, record_type: str, *, is_dismissed: bool) -> Select[Any]:
    model = get_record_type(record_type).model
    visible = visible_to(uow, model, select(model)).with_only_columns(model.id)
    at = DuplicatePair.dismissed_at
    return select(DuplicatePair).where(
        DuplicatePair.record_type == record_type,
        at.is_not(None) if is_dismissed else at.is_(None),
        DuplicatePair.first_id.in_(visible),
        DuplicatePair.second_id.in_(visible),
    )


def _cursor(pair: DuplicatePair) -> str:
    at = pair.dismissed_at
    number = pair.score if at is None else (at - _EPOCH) // timedelta(microseconds=1)
    return f"{number}-{pair.id.hex}"


def _edge(cursor: str, *, is_dismissed: bool) -> tuple[int | datetime, UUID]:
    found = (_BY_TIME if is_dismissed else _BY_SCORE).fullmatch(cursor)
    if found is None:
        raise Invalid("This page is not there.", {"after": ["Not one of this list."]})
    number, key = int(found[1]), UUID(found[2])
    return (_EPOCH + timedelta(microseconds=number) if is_dismissed else number), key


def keep_pairs(
    uow: UnitOfWork, record_type: str, pairs: Iterable[Found], *, since: datetime
) -> int:
    """Store pairs that are not known yet, and return how many those are.

    Those that were known before ``since`` say from now on that they were met again.

    They are copied and then taken over: a hundred thousand a second rather than ten thousand.
    """
    connection: Any = uow.session.connection().connection.driver_connection
    uow.session.execute(_TABLE)
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY found_pairs ({_COLUMNS}) FROM STDIN") as copy,
    ):
        for one, other, score, reason in pairs:
            first, second = (one, other) if one < other else (other, one)
            copy.write_row((new_id(), record_type, first, second, score, reason, uow.now))
    uow.session.execute(_MEET_AGAIN, {"since": since})
    result: Any = uow.session.execute(_TAKE_OVER)
    return int(result.rowcount)


def forget_pairs(uow: UnitOfWork, record_type: str, *, before: datetime) -> None:
    """Delete the pairs nobody has judged that were last met before a moment."""
    uow.session.execute(
        delete(DuplicatePair).where(
            DuplicatePair.record_type == record_type,
            DuplicatePair.dismissed_at.is_(None),
            DuplicatePair.found_at < before,
        )
    )


def shown_pairs(uow: UnitOfWork, pairs: Sequence[DuplicatePair]) -> list[Pair]:
    """Return those of the pairs of which the actor may see both."""
    records: dict[UUID, Any] = {}
    for name in sorted({pair.record_type for pair in pairs}):
        record_type = find_record_type(name)
        if record_type is None:
            continue
        model = record_type.model
        ours = [pair for pair in pairs if pair.record_type == name]
        keys = {key for pair in ours for key in (pair.first_id, pair.second_id)}
        rows = uow.session.scalars(uow.select(model).where(model.id.in_(keys)))
        records |= {row.id: row for row in rows}
    return [
        Pair(
            pair.id,
            records[pair.first_id],
            records[pair.second_id],
            pair.score,
            pair.reason,
            pair.dismissed_at,
            pair.dismissed_by,
        )
        for pair in pairs
        if pair.first_id in records and pair.second_id in records
    ]
