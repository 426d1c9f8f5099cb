"""Sharing one record with a person or a group that would not see it otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from marshmallow import validate
from sqlalchemy import or_, select

from services.access import record_type_of
from services.actors import Permission, Verb
from services.arguments import Day, Key, Line
from services.days import show_day
from services.errors import Conflict, Invalid, NotFound
from services.notifications.model import NotificationKind
from services.notifications.posting import News, take_back_from_all, tell_people
from services.operations import Arguments, operation
from services.people.model import Group, User
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.rights.gaining import Gains, gains_of
from services.rights.model import RecordShare
from services.unit_of_work import UnitOfWork

MAX_SHARES = 100
LEVELS = {"read": "May read", "write": "May change"}


class ShareRecord(Arguments):
    """Which record is shared with whom, and how far."""

    record_type = Line(required=True, metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    user_id = Key(load_default=None, allow_none=True, metadata={"title": "User"})
    group_id = Key(load_default=None, allow_none=True, metadata={"title": "Group"})
    level = Line(
        load_default="read",
        validate=validate.OneOf(list(LEVELS), list(LEVELS.values())),
        metadata={"title": "How far"},
    )
    until = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Until", "description": "The last day; for good if empty."},
    )


class UnshareRecord(Arguments):
    """Which sharing ends."""

    share_id = Key(required=True, metadata={"title": "Sharing"})


@dataclass(frozen=True, slots=True)
class Shared:
    """With whom a record is shared."""

    id: UUID
    holder_kind: str
    holder_name: str
    level: str
    last_day: date | None
    shared_at: datetime
    shared_by: str


@operation("record.share", Permission.RECORD_WRITE, ShareRecord, in_diagrams=True)
def share_record(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    user_id: UUID | None,
    group_id: UUID | None,
    level: str,
    until: date | None,
) -> Any:
    """Share a record with a person or a group; sharing it once more replaces the first time.

    The person is told, and so is who of a group gets to see or to change it by that. Sharing once
    more tells nobody, unless it gives more than before.

    Raises:
        Invalid: The actor itself has it by a share, which ends earlier.
    """
    record = get_record(uow, record_type, record_id, lock=True)
    if not getattr(type(record), "__scoped__", False):
        raise Conflict(f"{get_record_type(record_type).plural} are everybody's already.")
    kind, holder = _holder(uow, user_id, group_id)
    ends_at = _end_of(uow, until)
    shares = _shares(uow, record.id)
    _check_own_end(uow, record, shares, ends_at)
    share = next((share for share in shares if share.holder_id == holder.id), None)
    if share is None and len(shares) >= MAX_SHARES:
        raise Conflict(f"A record can be shared {MAX_SHARES} times; share it with a group.")
    gains = _gains(uow, record, holder, share, level)
    former_level = None if share is None else share.level
    if share is None:
        share = RecordShare(
            record_type=record_type,
            record_id=record.id,
            holder_kind=kind,
            holder_id=holder.id,
        )
        uow.session.add(share)
    share.level, share.ends_at = level, ends_at
    share.shared_at, share.shared_by = uow.now, uow.actor.name
    uow.session.flush()
    if former_level == "write" and level == "read":
        take_back_from_all(uow, record.id, _key(share, "write"))
    tell_people(uow, gains.seeing, _news(uow, share, _key(share), "shared this with you"))
    tell_people(
        uow, gains.changing, _news(uow, share, _key(share, "write"), "lets you change this")
    )
    limits = "to change" if level == "write" else "to read"
    limits += f" until {show_day(until)}" if until else ""
    add_entry(uow, record, "shared", f"Shared with {holder.name} {limits}")
    return record


@operation("record.unshare", Permission.RECORD_WRITE, UnshareRecord)
def unshare_record(uow: UnitOfWork, *, share_id: UUID) -> Any:
    """No longer share a record with somebody."""
    share = uow.session.get(RecordShare, share_id, with_for_update=True)
    if share is None:
        raise NotFound("There is no such sharing.")
    try:
        record = get_record(uow, share.record_type, share.record_id, lock=True)
    except NotFound as error:
        raise NotFound("There is no such sharing.") from error
    name = _names(uow, [share]).get(share.holder_id, "somebody")
    take_back_from_all(uow, share.record_id, _key(share))
    uow.session.delete(share)
    add_entry(uow, record, "shared", f"No longer shared with {name}")
    return record


def shares_of(uow: UnitOfWork, record_type: str, record_id: UUID) -> list[Shared]:
    """Return with whom a record is shared now, by name.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    return shares_with_names(uow, get_record(uow, record_type, record_id))


def shares_with_names(uow: UnitOfWork, record: Any) -> list[Shared]:
    """Return with whom a record that the actor sees is shared now, by name."""
    return present_shares(uow, _shares(uow, record.id)) if is_shareable(record) else []


def present_shares(uow: UnitOfWork, shares: Sequence[RecordShare]) -> list[Shared]:
    """Return shares with names instead of keys, by name."""
    if not shares:
        return []
    names = _names(uow, shares)
    shown = (
        Shared(
            share.id,
            share.holder_kind,
            names.get(share.holder_id, "Somebody who is gone"),
            share.level,
            _last_day(uow, share),
            share.shared_at,
            share.shared_by,
        )
        for share in shares
    )
    return sorted(shown, key=lambda one: one.holder_name.casefold())


def is_shareable(record: Any) -> bool:
    """Tell whether sharing a record of this type makes a difference."""
    is_record = record_type_of(type(record)) is not None
    return is_record and bool(getattr(type(record), "__scoped__", False))


def _gains(
    uow: UnitOfWork, record: Any, holder: User | Group, former: RecordShare | None, level: str
) -> Gains:
    """Return whom sharing a record gives something; a person named by itself is told anyway."""
    if isinstance(holder, Group):
        return gains_of(uow, record, holder, level)
    told = [] if holder.id == uow.actor.user_id else [holder.id]
    if former is None:
        return Gains(told, [])
    is_widened = (former.level, level) == ("read", "write")
    return Gains([], told if is_widened else [])


def _key(share: RecordShare, *more: str) -> str:
    return ":".join(["share", str(share.id), *more])


def _news(uow: UnitOfWork, share: RecordShare, key: str, what: str) -> News:
    return News(
        kind=NotificationKind.SHARED.value,
        key=key,
        title=f"{uow.actor.name} {what}",
        record_type=share.record_type,
        record_id=share.record_id,
    )


def _holder(
    uow: UnitOfWork, user_id: UUID | None, group_id: UUID | None
) -> tuple[str, User | Group]:
    if (user_id is None) is (group_id is None):
        message = "Name either a user or a group."
        raise Invalid(message, {"user_id": [message]})
    if group_id is not None:
        return "group", uow.get(Group, group_id)
    user = uow.session.get(User, user_id)
    if user is None or not user.active:
        raise NotFound("There is no such user.")
    return "user", user


def _end_of(uow: UnitOfWork, until: date | None) -> datetime | None:
    """Return the midnight after the last day, in the installation's zone."""
    if until is None:
        return None
    zone = uow.platform.settings.timezone
    try:
        ends_at = datetime.combine(until + timedelta(days=1), time(), zone)
    except OverflowError as error:
        raise Invalid("This is too far off.", {"until": ["This is too far off."]}) from error
    if ends_at <= uow.now:
        message = "This day is over."
        raise Invalid(message, {"until": [message]})
    return ends_at


def _check_own_end(
    uow: UnitOfWork, record: Any, shares: Sequence[RecordShare], ends_at: datetime | None
) -> None:
    """Refuse to share for longer than the actor itself has the record, which it got by a share.

    Else it could keep the record for good, by itself or by way of a colleague.

    Raises:
        Invalid: It would outlast the actor's own share.
    """
    actor = uow.actor
    if uow.acting_as(replace(actor, shared_types=frozenset())).may_do(Verb.UPDATE, record):
        return
    holders = {actor.user_id, *actor.group_ids}
    own = [one for one in shares if one.holder_id in holders and one.level == "write"]
    last = max(own, key=lambda one: (one.ends_at is None, one.ends_at or uow.now), default=None)
    if last is None or last.ends_at is None:
        return
    if ends_at is None or ends_at > last.ends_at:
        day = show_day(ends_on) if (ends_on := _last_day(uow, last)) else ""
        message = f"You have it until {day} yourself, so share it no longer."
        raise Invalid(message, {"until": [message]})


def _last_day(uow: UnitOfWork, share: RecordShare) -> date | None:
    if share.ends_at is None:
        return None
    return share.ends_at.astimezone(uow.platform.settings.timezone).date() - timedelta(days=1)


def _shares(uow: UnitOfWork, record_id: UUID) -> Sequence[RecordShare]:
    """Return the shares of a record that hold now."""
    holds = or_(RecordShare.ends_at.is_(None), RecordShare.ends_at > uow.now)
    statement = select(RecordShare).where(RecordShare.record_id == record_id, holds)
    return uow.session.scalars(statement.order_by(RecordShare.id)).all()


def _names(uow: UnitOfWork, shares: Sequence[RecordShare]) -> dict[UUID, str]:
    keys = {share.holder_id for share in shares}
    people = select(User.id, User.name).where(User.id.in_(keys))
    groups = select(Group.id, Group.name).where(Group.id.in_(keys))
    rows = uow.session.execute(people.union_all(groups))
    return {row.id: row.name for row in rows}
