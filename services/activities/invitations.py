"""Invitations by mail: the calendar file of an activity, for those who take part from outside."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from services.activities.activities import moment_text
from services.activities.calendar_file import Sending, calendar_file
from services.activities.model import ACTIVITY, Activity, ActivitySeries, ActivityStatus
from services.activities.participants import participants_of
from services.activities.series_file import one_of_series, series_file
from services.actors import Permission
from services.arguments import Truth
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.documents.files import keep_document
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation, run
from services.records.schemas import key_argument
from services.unit_of_work import UnitOfWork


class SendInvitations(Arguments):
    """What people are invited to: one activity, or the whole series that it is in."""

    activity_id = key_argument(ACTIVITY)
    whole_series = Truth(
        load_default=False,
        metadata={"title": "The whole series", "description": "As one event with its rule."},
    )


@operation("activity.send_invitations", Permission.MAIL_SEND, SendInvitations)
def send_invitations(
    uow: UnitOfWork, *, activity_id: UUID, whole_series: bool = False
) -> dict[str, Any]:
    """Mail the calendar file to the contacts and leads who take part; called off, they hear that.

    Sent once more, it moves or takes away what their calendars have. Who has no address that the
    actor may see is left out and named in ``without_address``. A series is one mail with its rule;
    one of it changes, in their calendars, that one alone.
    """
    activity = uow.get(Activity, activity_id, lock=True)
    if activity.status == ActivityStatus.DONE and not whole_series:
        raise Conflict("This activity is done already.", code="wrong_status")
    series = _series_of(uow, activity)
    if whole_series and series is None:
        message = "This activity does not repeat."
        raise Invalid(message, {"whole_series": [message]})
    people = list(_outside(uow, activity))
    addresses = list(dict.fromkeys(address for _, address in people if address))
    without = [name for name, address in people if not address]
    if not addresses:
        message = "Nobody from outside with an e-mail address takes part."
        raise Invalid(message, {"activity_id": [message]})
    if whole_series and series is not None:
        series.invited_at = uow.now
    content = calendar_text(uow, activity, whole_series=whole_series)
    file = keep_document(
        uow,
        activity,
        name="invitation.ics",
        content_type="text/calendar",
        content=content.encode(),
    )
    begins = "Called off" if activity.status == ActivityStatus.CANCELLED else "Invitation"
    rule = series.name if whole_series and series is not None else None
    for address in addresses:
        run(
            uow,
            "mail.send",
            {
                "record_type": "activity",
                "record_id": str(activity.id),
                "to": address,
                "subject": f"{begins}: {activity.subject}"[:300],
                "body": _text(uow, activity, rule),
                "document_ids": [str(file.id)],
            },
        )
    return {"sent": len(addresses), "without_address": without}


def calendar_text(uow: UnitOfWork, activity: Activity, *, whole_series: bool = False) -> str:
    """Return an activity, or all of its series, as a calendar file the actor may see."""
    settings = uow.platform.settings
    sending = Sending(
        now=uow.now,
        zone=settings.timezone,
        host=urlsplit(settings.public_url).hostname or "localhost",
        hidden=uow.actor.hidden_fields("activity"),
    )
    series = _series_of(uow, activity)
    if series is None or not (whole_series or series.invited_at):
        return calendar_file(activity, sending)
    if not whole_series:
        return one_of_series(series, activity, sending)
    of_series = uow.select(Activity).where(Activity.series_id == series.id)
    rows = uow.session.scalars(of_series.order_by(Activity.slot_at)).all()
    pattern = next((row for row in reversed(rows) if not row.varied), activity)
    return series_file(series, rows, pattern, sending)


def _series_of(uow: UnitOfWork, activity: Activity) -> ActivitySeries | None:
    key = activity.series_id
    return None if key is None else uow.session.get(ActivitySeries, key)


def _outside(uow: UnitOfWork, activity: Activity) -> Iterator[tuple[str, str | None]]:
    """Yield names and addresses of the contacts and leads who take part and are not hidden."""
    rows = participants_of(uow, [activity.id])
    for model, column in ((Contact, "contact_id"), (Lead, "lead_id")):
        keys = [
            getattr(row, column)
            for row in rows
            if getattr(row, column) is not None and row.response != "declined"
        ]
        hidden = "email" in uow.actor.hidden_fields(model.record_type)
        statement: Any = uow.select(model).where(model.id.in_(keys))
        named = statement.with_only_columns(model.name, model.email).order_by(model.name)
        for name, address in uow.session.execute(named) if keys else ():
            yield name, None if hidden else address


def _text(uow: UnitOfWork, activity: Activity, rule: str | None = None) -> str:
    hidden = uow.actor.hidden_fields("activity")
    zone = uow.platform.settings.timezone.key.replace("_", " ")
    when = moment_text(uow, activity) + ("" if activity.all_day else f" ({zone})")
    where = activity.location if "location" not in hidden else None
    what = activity.description if "description" not in hidden else None
    place = "\n".join(filter(None, (when, rule, where)))
    return "\n\n".join(filter(None, (activity.subject, place, what)))
