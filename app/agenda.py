"""One's own activities by when they come, and what is done with one of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.activities import diary
from app.context import settings
from app.forms import form_arguments, reason_of
from app.records.composer import with_zone
from app.records.kinds import KINDS
from app.records.titles import Titles
from app.views import view
from app.zones import reader_zone
from services.activities.agenda import begins, my_agenda
from services.activities.invitations import calendar_text
from services.activities.model import Activity
from services.activities.timing import days_of
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_READ, _WRITE = Permission.RECORD_READ, Permission.RECORD_WRITE
_FIELDS: Final = {
    "complete": ("result",),
    "cancel": ("reason", "which"),
    "reschedule": ("starts_at", "due_at", "which"),
    "reopen": (),
}
_SAID: Final = {
    "complete": "Done.",
    "cancel": "Called off.",
    "reschedule": "Moved.",
    "reopen": "It is planned again.",
}


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the agenda; on ``of_one_day`` the day is said above, and each with its hours."""

    label: str
    activities: list[Activity]
    of_one_day: bool = False


def register(app: Flask) -> None:
    """Add the agenda, and the forms on an activity's page."""
    app.jinja_env.globals["whole_days"] = _whole_days
    blueprint = Blueprint("agenda", __name__)
    blueprint.add_url_rule("/agenda", "index", view(_READ)(index))
    blueprint.add_url_rule("/agenda/calendar", "diary", view(_READ)(diary.show))
    moved = view(_WRITE, again=diary.explain)(diary.move)
    rule = "/agenda/calendar/<uuid:key>/move"
    blueprint.add_url_rule(rule, "move", moved, methods=["POST"])
    rule = "/activities/<uuid:key>/calendar.ics"
    blueprint.add_url_rule(rule, "calendar", view(_READ)(calendar))
    for rule, name, function in (
        ("/activities/<uuid:key>/settle/<action>", "settle", settle),
        ("/activities/<uuid:key>/people", "invite", invite),
        ("/activities/<uuid:key>/people/<uuid:other>/remove", "uninvite", uninvite),
        ("/activities/<uuid:key>/answer", "respond", respond),
    ):
        decided = view(_WRITE, again=_explain)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    sent = view(Permission.MAIL_SEND, again=_explain)(send_invitations)
    rule = "/activities/<uuid:key>/invitations"
    blueprint.add_url_rule(rule, "send_invitations", sent, methods=["POST"])
    app.register_blueprint(blueprint)


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what the actor has to do and takes part in, grouped by when."""
    agenda = my_agenda(uow, reader_zone())
    groups = [
        Group("Overdue", agenda.overdue),
        Group("Today", agenda.today, of_one_day=True),
        *_days(agenda.week, uow.now),
        Group("Later", agenda.later),
        Group("Without a time", agenda.undated),
    ]
    rows = [row for group in groups for row in group.activities]
    return render_template(
        "activities/agenda.html",
        groups=[group for group in groups if group.activities],
        is_cut=agenda.is_cut,
        titles=Titles(uow, get_record_type("activity").fields, rows),
    )


def _days(activities: Sequence[Activity], now: datetime) -> Iterator[Group]:
    """Yield what comes in the next days by day."""
    zone = reader_zone()
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)

    def day_of(activity: Activity) -> date:
        if activity.all_day and activity.starts_at is not None:
            return max(_whole_days(activity)[0], tomorrow)
        return (begins(activity) or now).astimezone(zone).date()

    for day, some in groupby(activities, key=day_of):
        name = f"{day:%A} {day.day} {day:%B}"
        shown = f"Tomorrow, {name}" if day == tomorrow else name
        yield Group(shown, list(some), of_one_day=True)


def _whole_days(activity: Activity) -> tuple[date, date]:
    """Return the first and the last day of what takes whole days, wherever one reads of it."""
    return days_of(activity, settings().timezone)


def calendar(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send an activity as a file for any calendar program."""
    activity = uow.get(Activity, key)
    response = Response(calendar_text(uow, activity), mimetype="text/calendar")
    response.headers.set("Content-Disposition", "attachment", filename="activity.ics")
    return response


def settle(uow: UnitOfWork, *, key: UUID, action: str) -> ResponseReturnValue:
    """Complete an activity, move it, call it off or take it up again.

    Raises:
        NotFound: There is no such thing to do.
    """
    if action not in _FIELDS:
        raise NotFound("There is no such action.")
    given = with_zone(form_arguments(_FIELDS[action]), "starts_at", "due_at")
    run(uow, f"activity.{action}", {"activity_id": str(key), **given})
    flash(_SAID[action], "good")
    return _back(key)


def invite(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Add people to an activity."""
    people = {name: request.form.getlist(name) for name in ("user_ids", "contact_ids", "lead_ids")}
    run(uow, "activity.invite", {"activity_id": str(key), **people, **form_arguments(("which",))})
    return _back(key)


def send_invitations(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Mail the calendar file to those who take part from outside."""
    given = {"activity_id": str(key), **form_arguments(("whole_series",))}
    made = run(uow, "activity.send_invitations", given)
    if made["without_address"]:
        flash(f"Without an address: {', '.join(made['without_address'])}.", "warn")
    flash(f"{made['sent']} mail{'s are' if made['sent'] > 1 else ' is'} on the way.", "good")
    return _back(key)


def uninvite(uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Take a person off an activity."""
    run(uow, "activity.uninvite", {"participant_id": str(other)})
    return _back(key)


def respond(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Say whether one takes part, or what a guest said."""
    given = form_arguments(("response", "participant_id", "which"))
    run(uow, "activity.respond", {"activity_id": str(key), **given})
    return _back(key)


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: object
) -> ResponseReturnValue:
    """Say on the activity's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(key)


def _back(key: UUID) -> ResponseReturnValue:
    """Return to where the form stood: the agenda, or the activity's page."""
    if request.form.get("from") == "agenda":
        return redirect(url_for("agenda.index"))
    return redirect(url_for(f"{KINDS['activity'].place}.show", key=key))
