"""What can be done with changes of many records: begun, cancelled; looking at them.

Which records it is about is fixed when it begins. A few are changed at once, more by a job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from marshmallow import fields
from sqlalchemy import Select, delete, func, insert, select

from services.actors import SYSTEM, Actor, Permission, Verb
from services.arguments import Key, Line
from services.bulk.carrying_out import change_slice, next_slice
from services.bulk.model import BulkChange, BulkRefusal, BulkSlice, BulkStage
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.filtering import parse_filter
from services.operations import Arguments, check_arguments, operation
from services.records.many import DoneToEach, naming
from services.records.matching import Asked, select_matching
from services.records.time_limit import within_time
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour

MOST: Final = 100_000
"""So many records are changed by one change at most."""
AT_ONCE: Final = 200
"""Up to so many are changed in the request."""
SLICE: Final = 100
KEPT: Final = timedelta(days=30)
MAX_UNDERWAY: Final = 3
SHOWN: Final = 50


class ChangeAll(DoneToEach):
    """What is done to all records that match."""

    where = fields.Dict(
        load_default=None,
        allow_none=True,
        metadata={"title": "Filter", "description": "In the filter language."},
    )
    filters = fields.Dict(
        keys=Line(),
        values=fields.String(),
        load_default=dict,
        metadata={"title": "Filters", "description": "As in the list's address."},
    )
    search = Line(load_default=None, allow_none=True, metadata={"title": "Words to search for"})


class WhichChange(Arguments):
    """Which change of many records."""

    change_id = Key(required=True, metadata={"title": "Change"})


@operation("record.change_all", Permission.RECORD_WRITE, ChangeAll)
def change_all(
    uow: UnitOfWork,
    *,
    record_type: str,
    operation: str,
    values: Mapping[str, Any],
    **asked: Any,
) -> dict[str, Any]:
    """Do the same to all records that match; those that refuse stay as they are, and are told."""
    meant = Asked(record_type, **asked)
    keys = _fix(uow, meant, operation, values)
    _check_quota(uow)
    change = BulkChange(
        record_type=record_type,
        operation=operation,
        values=dict(values),
        asked=dict(asked),
        stage=BulkStage.RUNNING,
        total=len(keys),
        created_at=uow.now,
        created_by=uow.actor.user_id,
        created_by_name=uow.actor.name,
        expires_at=uow.now + KEPT,
    )
    uow.add(change)
    if len(keys) <= AT_ONCE:
        change_slice(uow, uow, change, keys)
        change.stage, change.ended_at = BulkStage.DONE, uow.now
    else:
        rows = [
            {"change_id": change.id, "position": place, "keys": keys[start : start + SLICE]}
            for place, start in enumerate(range(0, len(keys), SLICE))
        ]
        uow.session.execute(insert(BulkSlice), rows)
        uow.defer(next_slice(change))
    return present_change(change)


@operation("record.cancel_change", Permission.RECORD_WRITE, WhichChange)
def cancel_change(uow: UnitOfWork, *, change_id: UUID) -> dict[str, Any]:
    """Stop a change of many records; what is changed stays so."""
    change = get_change(uow, change_id)
    uow.session.refresh(change, with_for_update=True)
    if change.stage != BulkStage.RUNNING:
        raise Conflict("This change has ended already.")
    change.stage, change.ended_at = BulkStage.CANCELLED, uow.now
    uow.session.execute(delete(BulkSlice).where(BulkSlice.change_id == change.id))
    return present_change(change)


def count_matching(uow: UnitOfWork, asked: Asked, verb: Verb) -> int:
    """Return how many records match with which the actor may do ``verb``, or one above ``MOST``."""
    some = _keys(uow, asked, verb).subquery()
    with within_time(uow, parse_filter(get_record_type(asked.record_type), asked.where)):
        return uow.session.scalar(select(func.count()).select_from(some)) or 0


def get_change(uow: UnitOfWork, change_id: UUID) -> BulkChange:
    """Return a change of many records: one's own, or anybody's for who manages data.

    Raises:
        NotFound: There is none, or its time is over.
    """
    change = uow.session.get(BulkChange, change_id)
    if change is None or not _is_open_to(uow.actor, change) or change.expires_at <= uow.now:
        raise NotFound("There is no such change.")
    return change


def list_changes(uow: UnitOfWork) -> Sequence[BulkChange]:
    """Return the newest changes that the actor may look at."""
    statement = select(BulkChange).where(BulkChange.expires_at > uow.now)
    if not uow.actor.may(Permission.DATA_MANAGE):
        statement = statement.where(BulkChange.created_by == uow.actor.user_id)
    newest = statement.order_by(BulkChange.created_at.desc(), BulkChange.id.desc())
    return uow.session.scalars(newest.limit(SHOWN)).all()


def refusals_of(
    uow: UnitOfWork, change: BulkChange, limit: int | None = None
) -> Sequence[tuple[UUID, str]]:
    """Return the keys of the records that stayed as they are, each with the reason."""
    statement = (
        select(BulkRefusal.record_id, BulkRefusal.reason)
        .where(BulkRefusal.change_id == change.id)
        .order_by(BulkRefusal.reason, BulkRefusal.record_id)
    )
    return [(row[0], row[1]) for row in uow.session.execute(statement.limit(limit))]


def present_change(change: BulkChange) -> dict[str, Any]:
    """Return how a change stands, as the API tells it."""
    names = ("record_type", "operation", "stage", "total", "done", "changed", "refused", "problem")
    times = ("created_at", "created_by_name", "ended_at", "expires_at")
    return {"change_id": change.id, **{name: getattr(change, name) for name in (*names, *times)}}


@each_hour
def delete_expired(uow: UnitOfWork) -> int:
    """Delete the reports whose time is over, and return how many those were."""
    result: Any = uow.session.execute(delete(BulkChange).where(BulkChange.expires_at <= uow.now))
    return int(result.rowcount)


def verb_of(operation: str) -> Verb:
    """Return what one must be allowed to do with each record."""
    return Verb.DELETE if operation == "record.delete" else Verb.UPDATE


def _fix(
    uow: UnitOfWork, asked: Asked, operation: str, values: Mapping[str, Any]
) -> Sequence[UUID]:
    """Return the keys of the records that are changed, after a look at what is to be done.

    What is wrong with the values is so for every record, and said once.
    """
    get_record_type(asked.record_type)
    name_record = naming(asked.record_type, operation)
    with within_time(uow, parse_filter(get_record_type(asked.record_type), asked.where)):
        keys = uow.session.scalars(_keys(uow, asked, verb_of(operation))).all()
    if not keys:
        raise Invalid("Nothing matches that you may change.")
    if len(keys) > MOST:
        raise Invalid(f"More than {MOST:,} records match. Narrow the list first.")
    check_arguments(uow, operation, {**values, **name_record(keys[0])})
    return keys


def _keys(uow: UnitOfWork, asked: Asked, verb: Verb) -> Select[Any]:
    # In one order, so that two of these never wait for one another in a circle.
    key: Any = get_record_type(asked.record_type).model.id
    found = select_matching(uow, asked, verb).with_only_columns(key)
    return found.order_by(key).limit(MOST + 1)


def _is_open_to(actor: Actor, change: BulkChange) -> bool:
    is_own = actor.user_id is not None and change.created_by == actor.user_id
    return is_own or actor.may(Permission.DATA_MANAGE)


def _check_quota(uow: UnitOfWork) -> None:
    """Refuse one of nobody, and one more where somebody has enough of them underway."""
    if uow.actor == SYSTEM:
        return
    if uow.actor.user_id is None:
        raise NotAllowed("Only people change all that matches: it goes on with their rights.")
    own = (BulkChange.created_by == uow.actor.user_id, BulkChange.stage == BulkStage.RUNNING)
    underway = uow.session.scalar(select(func.count()).where(*own)) or 0
    if underway >= MAX_UNDERWAY:
        raise Conflict("Several changes of yours are underway. Please wait for one of them.")
