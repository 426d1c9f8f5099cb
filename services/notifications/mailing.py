"""Notifications by mail: at once, or those of a day together in the person's own zone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from services.actors import SYSTEM
from services.jobs import job
from services.mail.notices import send_notice
from services.notifications.choosing import find_settings, next_digest, zone_of
from services.notifications.model import MailChoice, Notification, NotificationSettings
from services.notifications.reading import Told, shown
from services.people.model import User
from services.platform import Platform
from services.unit_of_work import Job, UnitOfWork

DIGESTS_AT_ONCE: Final = 200
MOST_IN_DIGEST: Final = 100
LATEST: Final = timedelta(days=7)
"""What is older comes in no digest: it waited while nothing was to come by mail."""


def sweep_digests(platform: Platform) -> int:
    """Defer jobs for the daily mails that are due, and return how many those are."""

    def work(uow: UnitOfWork) -> int:
        due = (
            select(NotificationSettings)
            .where(NotificationSettings.next_digest_at <= uow.now)
            .order_by(NotificationSettings.next_digest_at)
            .limit(DIGESTS_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        rows = uow.session.scalars(due).all()
        for row in rows:
            row.next_digest_at = next_digest(uow, row)
            uow.defer(Job("notifications.digest", {"user_id": str(row.user_id)}))
        return len(rows)

    return platform.transact(SYSTEM, work, source="timer")


@job("notifications.mail")
def mail_at_once(platform: Platform, *, notification_id: str) -> None:
    """Put one notification into a mail, unless it is in one already or was read."""

    def work(uow: UnitOfWork) -> None:
        row = uow.session.get(Notification, UUID(notification_id), with_for_update=True)
        if row is not None and row.mailed_at is None and row.read_at is None:
            _mail(uow, row.user_id, [row], MailChoice.NOW)

    platform.transact(SYSTEM, work, source="job")


@job("notifications.digest")
def mail_digest(platform: Platform, *, user_id: str) -> None:
    """Put a person's unread notifications that come daily into one mail; none without any."""

    def work(uow: UnitOfWork) -> None:
        key = UUID(user_id)
        settings = find_settings(uow, key, lock=True)  # one digest of a person at a time
        daily = [
            kind
            for kind, choice in (settings.choices if settings else {}).items()
            if choice == MailChoice.DAILY
        ]
        statement = (
            select(Notification)
            .where(
                Notification.user_id == key,
                Notification.kind.in_(daily),
                Notification.mailed_at.is_(None),
                Notification.read_at.is_(None),
                Notification.at > uow.now - LATEST,
            )
            .order_by(Notification.id.desc())
            .limit(MOST_IN_DIGEST)
            .with_for_update()
        )
        rows = uow.session.scalars(statement).all()
        if rows:
            _mail(uow, key, rows, MailChoice.DAILY)

    platform.transact(SYSTEM, work, source="job")


def _mail(uow: UnitOfWork, user_id: UUID, rows: Sequence[Notification], choice: MailChoice) -> None:
    """Mail what the person may see and still wants so; marking and mailing are one transaction."""
    settings = find_settings(uow, user_id)
    person = uow.session.get(User, user_id)
    if person is None or not person.active or settings is None:
        return
    wanted = [row for row in rows if settings.choice(row.kind) == choice]
    told = shown(uow.acting_as(person.actor()), wanted)
    if not told:
        return
    by_key = {row.id: row for row in wanted}
    for one in told:
        by_key[one.id].mailed_at = uow.now
    zone = zone_of(uow, settings)
    base = uow.platform.settings.public_url
    first = told[0]
    subject = f"{first.title}: {first.record_title}"
    if len(told) > 1:
        subject = f"{len(told)} notifications"
    parts = [_paragraph(one, zone) for one in told]
    foot = f"All of them: {base}/notifications\nHow you hear of them: {base}/profile"
    send_notice(uow, person, subject, "\n\n".join([*parts, foot]))


def _paragraph(one: Told, zone: ZoneInfo) -> str:
    lines = [f"{one.title}: {one.record_title}"]
    if one.moment is not None:
        lines.append(f"{one.moment.astimezone(zone):%A, %-d %B %Y, %H:%M} ({zone.key})")
    if one.text:
        lines.append(f"“{one.text}”")
    return "\n".join(lines)
