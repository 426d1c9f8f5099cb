"""Saying of two records that they are not the same, and taking that back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert

from services.actors import Permission
from services.arguments import Key, Keys, Line
from services.database import new_id
from services.duplicates.anchors import can_be_double
from services.duplicates.finding import find_duplicates
from services.duplicates.model import DuplicatePair
from services.duplicates.pairs import shown_pairs
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.types import find_record_type, get_record
from services.unit_of_work import UnitOfWork

BY_HAND: Final = "said by hand"
"""What a pair tells that no rule has found."""

_MOST_ALIKE: Final = 200


@dataclass(frozen=True, slots=True)
class Dismissal:
    """Who said of a record that it is not the same as another one.

    Attributes:
        pair_id: By which it is taken back.
    """

    pair_id: UUID
    at: datetime
    by: str


class WhichPair(Arguments):
    """Which two records are meant."""

    pair_id = Key(required=True, metadata={"title": "Pair"})


class WhichPairs(Arguments):
    """Which pairs are none."""

    pair_ids = Keys(required=True, metadata={"title": "Pairs"})


class TwoRecords(Arguments):
    """Which two records are not the same."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record"})
    other_id = Key(required=True, metadata={"title": "The other one"})


@operation("duplicates.dismiss", Permission.RECORD_WRITE, WhichPair)
def dismiss_pair(uow: UnitOfWork, *, pair_id: UUID) -> dict[str, Any]:
    """Say that two records are not the same; no scan brings them up again."""
    pair = _lock_pair(uow, pair_id)
    pair.dismissed_at, pair.dismissed_by = uow.now, uow.actor.name
    return {"pair_id": pair.id}


@operation("duplicates.dismiss_many", Permission.RECORD_WRITE, WhichPairs)
def dismiss_pairs(uow: UnitOfWork, *, pair_ids: list[UUID]) -> dict[str, Any]:
    """Say of several pairs that their records are not the same.

    Pairs that are gone meanwhile, merged or with a record in the bin, are left out; ``dismissed``
    says how many there were.

    Raises:
        Invalid: None is chosen.
        NotFound: All of them are gone, or none is the actor's to see.
    """
    if not pair_ids:
        raise Invalid("Choose some pairs first.", {"pair_ids": ["Choose some pairs first."]})
    # In one order, so that two who dismiss the same don't wait for each other.
    statement = select(DuplicatePair).where(DuplicatePair.id.in_(pair_ids))
    locked = statement.order_by(DuplicatePair.id).with_for_update()
    pairs = [pair for pair in uow.session.scalars(locked) if pair.dismissed_at is None]
    shown = {one.id for one in shown_pairs(uow, pairs)}
    if not shown:
        raise NotFound("There is no such pair.")
    for pair in pairs:
        if pair.id in shown:
            pair.dismissed_at, pair.dismissed_by = uow.now, uow.actor.name
    return {"dismissed": len(shown)}


@operation("duplicates.tell_apart", Permission.RECORD_WRITE, TwoRecords)
def tell_apart(
    uow: UnitOfWork, *, record_type: str, record_id: UUID, other_id: UUID
) -> dict[str, Any]:
    """Say of two records, whether or not a scan has met them, that they are not the same."""
    found = find_record_type(record_type)
    if found is None or not can_be_double(found):
        message = f"Records of the type {record_type} are not looked at for doubles."
        raise Invalid(message, {"record_type": [message]})
    if record_id == other_id:
        message = "A record can't be told apart from itself."
        raise Invalid(message, {"other_id": [message]})
    record = get_record(uow, record_type, record_id)
    get_record(uow, record_type, other_id)
    values = {field.name: getattr(record, field.name) for field in found.fields}
    alike = find_duplicates(uow, record_type, values, exclude=record_id, limit=_MOST_ALIKE)
    match = next((one for one in alike if one.record.id == other_id), None)
    first, second = sorted((record_id, other_id))
    row = {
        "id": new_id(),
        "record_type": record_type,
        "first_id": first,
        "second_id": second,
        "score": match.score if match else 0,
        "reason": ", ".join(match.reasons) if match else BY_HAND,
        "found_at": uow.now,
    }
    uow.session.execute(insert(DuplicatePair).values(row).on_conflict_do_nothing())
    both = (DuplicatePair.first_id == first, DuplicatePair.second_id == second)
    pair = uow.session.scalars(select(DuplicatePair).where(*both).with_for_update()).one()
    pair.dismissed_at, pair.dismissed_by = uow.now, uow.actor.name
    return {"pair_id": pair.id}


@operation("duplicates.bring_back", Permission.RECORD_WRITE, WhichPair)
def bring_back(uow: UnitOfWork, *, pair_id: UUID) -> dict[str, Any]:
    """Take back that two records are not the same; they are among the doubles again.

    Raises:
        Conflict: Nobody has said so, or somebody took it back already.
        NotFound: There is no such pair, or one of its records is not the actor's to see.
    """
    pair = _lock_pair(uow, pair_id)
    if pair.dismissed_at is None:
        raise Conflict("These two are among the doubles already.")
    pair.dismissed_at = pair.dismissed_by = None
    return {"pair_id": pair.id}


def dismissals_of(uow: UnitOfWork, record_id: UUID) -> Mapping[UUID, Dismissal]:
    """Return, by their keys, the records that were said not to be the same as this one."""
    statement = select(DuplicatePair).where(
        or_(DuplicatePair.first_id == record_id, DuplicatePair.second_id == record_id),
        DuplicatePair.dismissed_at.is_not(None),
    )
    found = {}
    for pair in uow.session.scalars(statement):
        other = pair.second_id if pair.first_id == record_id else pair.first_id
        if pair.dismissed_at is not None:
            found[other] = Dismissal(pair.id, pair.dismissed_at, pair.dismissed_by or "")
    return found


def _lock_pair(uow: UnitOfWork, pair_id: UUID) -> DuplicatePair:
    pair = uow.session.get(DuplicatePair, pair_id, with_for_update=True, populate_existing=True)
    if pair is None or not shown_pairs(uow, [pair]):
        raise NotFound("There is no such pair.")
    return pair
