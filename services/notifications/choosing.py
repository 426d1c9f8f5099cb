"""What people do with notifications: reading them, and choosing how to hear of things."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from marshmallow import fields, validate
from sqlalchemy import select, update

from services.actors import Permission
from services.arguments import Key, Line, WholeNumber
from services.errors import Invalid, NotAllowed, NotFound
from services.notifications.model import (
    MAIL_CHOICES,
    NOTIFICATION_KINDS,
    MailChoice,
    Notification,
    NotificationKind,
    NotificationSettings,
)
from services.operations import Arguments, operation
from services.records.note_model import Mention
from services.unit_of_work import UnitOfWork


class ReadNotifications(Arguments):
    """Which notifications were read."""

    notification_id = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Notification", "description": "All of them if empty."},
    )


class ChooseNotifications(Arguments):
    """How one wants to hear of things."""

    choices = fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(NOTIFICATION_KINDS))),
        values=fields.String(validate=validate.OneOf(list(MAIL_CHOICES))),
        required=True,
        metadata={"title": "By mail", "description": "Kind and one of now, daily, off."},
    )
    timezone = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Time zone", "description": "Such as Europe/Oslo."},
    )
    digest_hour = WholeNumber(
        load_default=8, validate=validate.Range(0, 23), metadata={"title": "Hour of the day's mail"}
    )


@operation("notification.read", Permission.PROFILE_WRITE, ReadNotifications)
def read_notifications(uow: UnitOfWork, *, notification_id: UUID | None) -> dict[str, Any]:
    """Note that one has read a notification, or all of them.

    Raises:
        NotFound: There is none of this key, or it is somebody else's.
    """
    mine = Notification.user_id == uow.actor.user_id
    if notification_id is not None:
        known = select(Notification.id).where(Notification.id == notification_id, mine)
        if uow.session.scalar(known) is None:
            raise NotFound("There is no such notification.")
        mine &= Notification.id == notification_id
    statement = update(Notification).where(mine, Notification.read_at.is_(None))
    read = uow.session.execute(
        statement.values(read_at=uow.now)
        .returning(Notification.kind, Notification.about_id)
        .execution_options(synchronize_session=False)
    ).all()
    uow.session.expire_all()
    _read_mentions(uow, [row.about_id for row in read if row.kind == NotificationKind.MENTION])
    return {"read": len(read)}


@operation("notification.choose", Permission.PROFILE_WRITE, ChooseNotifications)
def choose_notifications(
    uow: UnitOfWork, *, choices: Mapping[str, str], timezone: str | None, digest_hour: int
) -> dict[str, Any]:
    """Choose how reminders and mentions come by mail."""
    if uow.actor.user_id is None:
        raise NotAllowed("Only a person can choose this.")
    if timezone is not None and timezone not in available_timezones():
        message = "There is no such time zone."
        raise Invalid(message, {"timezone": [message]})
    found = find_settings(uow, uow.actor.user_id, lock=True)
    if found is None:
        found = NotificationSettings(user_id=uow.actor.user_id)
        uow.session.add(found)
    found.choices, found.timezone, found.digest_hour = dict(choices), timezone, digest_hour
    found.next_digest_at = next_digest(uow, found)
    return {"choices": found.choices}


def find_settings(
    uow: UnitOfWork, user_id: UUID, *, lock: bool = False
) -> NotificationSettings | None:
    """Return how a person wants to hear of things; None if it has not chosen."""
    return uow.session.get(NotificationSettings, user_id, with_for_update=lock)


def zone_of(uow: UnitOfWork, settings: NotificationSettings | None) -> ZoneInfo:
    """Return the zone in which a person reads times."""
    if settings is not None and settings.timezone is not None:
        try:
            return ZoneInfo(settings.timezone)
        except ZoneInfoNotFoundError:
            pass  # a newer list of zones has it no more
    return uow.platform.settings.timezone


def next_digest(uow: UnitOfWork, settings: NotificationSettings) -> datetime | None:
    """Return when the next daily mail is due after now; None if nothing comes daily.

    An hour that a clock change leaves out counts as the one after it.
    """
    if MailChoice.DAILY.value not in settings.choices.values():
        return None
    zone = zone_of(uow, settings)
    day = uow.now.astimezone(zone).date()
    due = _moment(day, settings.digest_hour, zone)
    return due if due > uow.now else _moment(day + timedelta(days=1), settings.digest_hour, zone)


def _moment(day: date, hour: int, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(hour), zone).astimezone(UTC)


def _read_mentions(uow: UnitOfWork, entries: list[UUID | None]) -> None:
    """Mark the mentions themselves, which other programs may ask for."""
    if entries:
        statement = update(Mention).where(
            Mention.entry_id.in_(entries),
            Mention.user_id == uow.actor.user_id,
            Mention.read_at.is_(None),
        )
        uow.session.execute(
            statement.values(read_at=uow.now).execution_options(synchronize_session=False)
        )
