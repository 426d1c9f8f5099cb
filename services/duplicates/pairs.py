"""The pairs that scans have found: kept, shown to those who may see both, and dismissed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text

from services.access import visible_to
from services.actors import Permission
from services.arguments import Key
from services.database import new_id
from services.duplicates.model import DuplicatePair
from services.duplicates.pairing import Found
from services.errors import NotFound
from services.operations import Arguments, operation
from services.records.types import find_record_type, get_record_type
from services.unit_of_work import UnitOfWork

SHOWN: Final = 100

_COLUMNS: Final = "id, record_type, first_id, second_id, score, reason, found_at"
_TABLE: Final = text(
    "CREATE TEMPORARY TABLE found_pairs (id uuid, record_type text, first_id uuid, second_id uuid,"
    " score int, reason text, found_at timestamptz) ON COMMIT DROP"
)
_TAKE_OVER: Final = text(
    f"INSERT INTO duplicate_pairs ({_COLUMNS}) SELECT {_COLUMNS} FROM found_pairs"  # noqa: S608 - names of our own
    " ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two visible records that may be the same."""

    id: UUID
    first: Any
    second: Any
    score: int
    reason: str


class DismissPair(Arguments):
    """Which two records are not the same."""

    pair_id = Key(required=True, metadata={"title": "Pair"})


@operation("duplicates.dismiss", Permission.RECORD_WRITE, DismissPair)
def dismiss_pair(uow: UnitOfWork, *, pair_id: UUID) -> dict[str, Any]:
    """Say that two records are not the same; no scan brings them up again."""
    pair = uow.session.get(DuplicatePair, pair_id, with_for_update=True)
    if pair is None or _shown(uow, [pair]) == []:
        raise NotFound("There is no such pair.")
    pair.dismissed_at, pair.dismissed_by = uow.now, uow.actor.name
    return {"pair_id": pair.id}


def list_pairs(uow: UnitOfWork, record_type: str) -> list[Pair]:
    """Return pairs that are neither merged nor dismissed, the surest first.

    Only those of which the actor may see both.
    """
    model = get_record_type(record_type).model
    visible = visible_to(uow, model, select(model)).with_only_columns(model.id)
    statement = select(DuplicatePair).where(
        DuplicatePair.record_type == record_type,
        DuplicatePair.dismissed_at.is_(None),
        DuplicatePair.first_id.in_(visible),
        DuplicatePair.second_id.in_(visible),
    )
    best = statement.order_by(DuplicatePair.score.desc(), DuplicatePair.id).limit(SHOWN)
    return _shown(uow, uow.session.scalars(best).all())


def keep_pairs(uow: UnitOfWork, record_type: str, pairs: Iterable[Found], at: datetime) -> int:
    """Store pairs that are not known yet, and return how many those are.

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
            copy.write_row((new_id(), record_type, first, second, score, reason, at))
    result: Any = uow.session.execute(_TAKE_OVER)
    return int(result.rowcount)


def _shown(uow: UnitOfWork, pairs: Sequence[DuplicatePair]) -> list[Pair]:
    record_type = find_record_type(pairs[0].record_type) if pairs else None
    if record_type is None:
        return []
    model = record_type.model
    keys = {key for pair in pairs for key in (pair.first_id, pair.second_id)}
    rows = uow.session.scalars(uow.select(model).where(model.id.in_(keys)))
    records = {row.id: row for row in rows}
    return [
        Pair(pair.id, records[pair.first_id], records[pair.second_id], pair.score, pair.reason)
        for pair in pairs
        if pair.first_id in records and pair.second_id in records
    ]
