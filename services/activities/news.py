"""What colleagues who take part in an activity are told: that they are to, and what changes."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.activities.model import Activity, Participant
from services.notifications.model import NotificationKind
from services.notifications.posting import News, take_back, tell_people
from services.unit_of_work import UnitOfWork


def tell_invited(uow: UnitOfWork, activity: Activity, user_ids: Iterable[UUID]) -> None:
    """Tell colleagues that they are to take part; whoever invites themselves knows."""
    news = _news(activity, _invitation(activity), f"{uow.actor.name} invited you")
    tell_people(uow, set(user_ids) - {uow.actor.user_id}, news)


def untell_invited(uow: UnitOfWork, activity: Activity, user_id: UUID) -> None:
    """Forget an invitation that was answered, or is over, before it was read."""
    take_back(uow, [user_id], _invitation(activity))


def tell_change(uow: UnitOfWork, activity: Activity, what: str) -> None:
    """Tell the owner and the colleagues who take part what was done to an activity."""
    statement = select(Participant.user_id).where(
        Participant.activity_id == activity.id,
        Participant.user_id.is_not(None),
        Participant.response != "declined",
    )
    people = {activity.owner_id, *uow.session.scalars(statement)}
    concerned = [key for key in people if key is not None and key != uow.actor.user_id]
    uow.session.flush()  # the version is that of the change
    key = f"activity:{activity.id}:{activity.version}"
    tell_people(uow, concerned, _news(activity, key, f"{uow.actor.name} {what}"))


def tell_declined(uow: UnitOfWork, activity: Activity) -> None:
    """Tell the owner that the actor does not take part."""
    if activity.owner_id is None or activity.owner_id == uow.actor.user_id:
        return
    key = f"declined:{activity.id}:{uow.actor.user_id}"
    news = _news(activity, key, f"{uow.actor.name} does not take part")
    tell_people(uow, [activity.owner_id], news)


def _invitation(activity: Activity) -> str:
    return f"invited:{activity.id}"


def _news(activity: Activity, key: str, title: str) -> News:
    return News(
        kind=NotificationKind.INVITATION.value,
        key=key,
        title=title,
        record_type="activity",
        record_id=activity.id,
        moment=activity.starts_at or activity.due_at,
    )
