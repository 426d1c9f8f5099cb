"""What can be done with activities: planning, logging, completing, moving, calling off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from marshmallow import validate

from services.activities.model import (
    ACTIVITY,
    ACTIVITY_KINDS,
    ACTIVITY_STATUSES,
    Activity,
    ActivitySeries,
    ActivityStatus,
)
from services.activities.news import tell_change
from services.activities.participants import add_participants, people_arguments
from services.activities.repeating import repeat_arguments, repeat_as_planned
from services.activities.series import end_after
from services.activities.sharing import share_change
from services.activities.telling import tell
from services.activities.timing import Timing, settle, timing_of
from services.activities.which import Which, hold, planned_of, which_argument
from services.actors import Permission
from services.arguments import Key, Line, LongText, Moment, WholeNumber
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links, check_version
from services.records.schemas import create_schema, key_argument, update_schema
from services.records.timeline import account_of
from services.records.types import get_record
from services.unit_of_work import UnitOfWork

_REGARDING = {
    "regarding_type": Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "About a", "description": "A record type, such as deal."},
    ),
    "regarding_id": Key(
        load_default=None, allow_none=True, metadata={"title": "About", "description": "Its key."}
    ),
}
PlanActivity = create_schema(ACTIVITY, **_REGARDING, **people_arguments(), **repeat_arguments())
ChangeActivity = update_schema(ACTIVITY, which=which_argument())


class LogActivity(Arguments):
    """What was done."""

    kind = Line(
        required=True,
        validate=validate.OneOf(list(ACTIVITY_KINDS), list(ACTIVITY_KINDS.values())),
        metadata={"title": "Kind"},
    )
    subject = Line(required=True, metadata={"title": "Subject"})
    result = LongText(load_default=None, allow_none=True, metadata={"title": "Result"})
    at = Moment(
        load_default=None,
        allow_none=True,
        metadata={"title": "When", "description": "When it began; just now if empty."},
    )
    duration_minutes = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(0, 1440),
        metadata={"title": "Duration in minutes"},
    )
    regarding_type = _REGARDING["regarding_type"]
    regarding_id = _REGARDING["regarding_id"]
    user_ids = people_arguments()["user_ids"]
    contact_ids = people_arguments()["contact_ids"]
    lead_ids = people_arguments()["lead_ids"]


class CompleteActivity(Arguments):
    """What came of it."""

    activity_id = key_argument(ACTIVITY)
    result = LongText(load_default=None, allow_none=True, metadata={"title": "Result"})


class RescheduleActivity(Arguments):
    """When it is to be instead."""

    activity_id = key_argument(ACTIVITY)
    starts_at = Moment(allow_none=True, metadata={"title": "Start"})
    ends_at = Moment(allow_none=True, metadata={"title": "End"})
    due_at = Moment(allow_none=True, metadata={"title": "Due"})
    which = which_argument()


class CancelActivity(Arguments):
    """Why it is not done."""

    activity_id = key_argument(ACTIVITY)
    reason = Line(load_default=None, allow_none=True, metadata={"title": "Reason"})
    which = which_argument()


class ReopenActivity(Arguments):
    """Which activity is to be done after all."""

    activity_id = key_argument(ACTIVITY)


@operation("activity.create", Permission.RECORD_WRITE, PlanActivity, in_diagrams=True)
def create_activity(
    uow: UnitOfWork, *, repeats: str | None = None, timezone: str | None = None, **values: Any
) -> Activity:
    """Plan a call, a meeting, a task or a mail, once or again and again."""
    activity = _begin(uow, values)
    if repeats:
        repeat_as_planned(uow, activity, repeats, timezone)
    tell(uow, activity, f"Planned {_named(activity)}", activity.description, tells=["description"])
    uow.emit("activity.planned", "activity", activity.id, kind=activity.kind)
    return activity


@operation("activity.update", Permission.RECORD_WRITE, ChangeActivity, in_diagrams=True)
def update_activity(
    uow: UnitOfWork,
    *,
    activity_id: UUID,
    version: int | None = None,
    which: str = Which.THIS.value,
    **values: Any,
) -> Activity:
    """Change an activity, and others of its series as far as they were not changed by hand."""
    activity, series = _to_change(uow, activity_id, which)
    check_version(uow, activity, version)
    _check_numbers(values)
    kind = values.get("kind") or activity.kind
    before = timing_of(activity)
    timing = settle(kind, before, values, uow.platform.settings.timezone)
    priority = {"priority": values["priority"] or "normal"} if "priority" in values else {}
    change_record(uow, activity, {**values, **priority, **timing.as_values()})
    if series is not None:
        share_change(uow, series, activity, which, changed=values, before=before)
    if activity.status == ActivityStatus.PLANNED and timing_of(activity) != before:
        tell_change(uow, activity, "moved it")
    return activity


@operation("activity.log", Permission.RECORD_WRITE, LogActivity, in_diagrams=True)
def log_activity(uow: UnitOfWork, *, at: datetime | None, **values: Any) -> Activity:
    """Write down a call, a meeting or a task that was done without being planned."""
    minutes = values["duration_minutes"]
    begun = at or uow.now - timedelta(minutes=minutes or 0)
    if begun > uow.now:
        message = "What was done can't be in the future; plan it instead."
        raise Invalid(message, {"at": [message]})
    done = {"status": ActivityStatus.DONE.value, "completed_at": uow.now}
    activity = _begin(uow, {**values, "starts_at": begun}, done)
    tell(uow, activity, f"Logged {_named(activity)}", activity.result, tells=["result"])
    uow.emit("activity.completed", "activity", activity.id, kind=activity.kind)
    return activity


@operation("activity.complete", Permission.RECORD_WRITE, CompleteActivity, in_diagrams=True)
def complete_activity(uow: UnitOfWork, *, activity_id: UUID, result: str | None = None) -> Activity:
    """Note that an activity is done, and what came of it; a second time changes nothing."""
    activity = uow.get(Activity, activity_id, lock=True)
    if activity.status == ActivityStatus.DONE:
        return activity
    _check_planned(activity)
    values = {
        "status": ActivityStatus.DONE.value,
        "completed_at": uow.now,
        "result": result or activity.result,
    }
    title = f"Completed {_named(activity)}"
    change_record(uow, activity, values, kind="status", title=title)
    tell(uow, activity, title, activity.result, tells=["result"])
    uow.emit("activity.completed", "activity", activity.id, kind=activity.kind)
    return activity


@operation("activity.reschedule", Permission.RECORD_WRITE, RescheduleActivity, in_diagrams=True)
def reschedule_activity(
    uow: UnitOfWork, *, activity_id: UUID, which: str, **values: Any
) -> Activity:
    """Move an activity to another time; it lasts as long as before unless an end is given."""
    activity, series = hold(uow, activity_id, which)
    _check_planned(activity)
    before = timing_of(activity)
    timing = settle(activity.kind, before, values, uow.platform.settings.timezone)
    if change_record(uow, activity, timing.as_values()):
        if series is not None:
            share_change(uow, series, activity, which, changed=values, before=before)
        moved = f"Moved {_named(activity)}"
        title = f"{moved} to {moment_text(uow, activity)}"
        tell(uow, activity, title, tells=["starts_at", "due_at"], plain=moved)
        tell_change(uow, activity, "moved it")
    return activity


@operation("activity.cancel", Permission.RECORD_WRITE, CancelActivity, in_diagrams=True)
def cancel_activity(
    uow: UnitOfWork, *, activity_id: UUID, which: str, reason: str | None = None
) -> Activity:
    """Call an activity off; called off with those that follow, its series ends."""
    activity, series = hold(uow, activity_id, which)
    if series is None and activity.status == ActivityStatus.CANCELLED:
        return activity
    if series is None:
        _check_planned(activity)
    rows = [activity] if series is None else planned_of(uow, activity, which)
    for row in rows:
        _call_off(uow, row, reason)
    if series is not None and rows:
        end_after(series, rows[-1].slot_at or uow.now)
    title = f"Called off {_named(activity)}" + (" and the rest of its series" if series else "")
    tell(uow, activity, title, reason, tells=["result"])
    tell_change(uow, activity, "called it off")
    return activity


@operation("activity.reopen", Permission.RECORD_WRITE, ReopenActivity)
def reopen_activity(uow: UnitOfWork, *, activity_id: UUID) -> Activity:
    """Plan an activity again that was done or called off by mistake."""
    activity = uow.get(Activity, activity_id, lock=True)
    if activity.status == ActivityStatus.PLANNED:
        return activity
    values = {
        "status": ActivityStatus.PLANNED.value,
        "completed_at": None,
        "cancelled_at": None,
    }
    title = f"Took up {_named(activity)} again"
    change_record(uow, activity, values, kind="status", title=title)
    tell(uow, activity, title)
    return activity


def _to_change(
    uow: UnitOfWork, activity_id: UUID, which: str
) -> tuple[Activity, ActivitySeries | None]:
    """Return an activity, unlocked where it is changed alone: its version is compared then."""
    if which == Which.THIS:
        return uow.get(Activity, activity_id), None
    return hold(uow, activity_id, which)


def _call_off(uow: UnitOfWork, activity: Activity, reason: str | None) -> None:
    values = {
        "status": ActivityStatus.CANCELLED.value,
        "cancelled_at": uow.now,
        "result": reason or activity.result,
    }
    change_record(uow, activity, values, kind="status", title=f"Called off {_named(activity)}")
    uow.emit("activity.cancelled", "activity", activity.id, kind=activity.kind)


def moment_text(uow: UnitOfWork, activity: Activity) -> str:
    """Return when an activity is, in the installation's zone."""
    moment = activity.starts_at or activity.due_at
    if moment is None:
        return "no time"
    local = moment.astimezone(uow.platform.settings.timezone)
    return local.strftime("%Y-%m-%d" if activity.all_day else "%Y-%m-%d %H:%M")


def _begin(
    uow: UnitOfWork, values: dict[str, Any], state: Mapping[str, Any] | None = None
) -> Activity:
    """Insert an activity with its participants."""
    people = {
        "user_id": values.pop("user_ids"),
        "contact_id": values.pop("contact_ids"),
        "lead_id": values.pop("lead_ids"),
    }
    _check_numbers(values)
    about = _regarding(uow, values)
    timing = settle(values["kind"], Timing(), values, uow.platform.settings.timezone)
    given = {name: value for name, value in values.items() if value is not None}
    activity = Activity(**{**given, **timing.as_values(), **(state or {})})
    activity.account_id = None if about is None else account_of(about)
    if about is not None and activity.team_id is None:
        activity.team_id = about.team_id
    if activity.owner_id is None:
        activity.owner_id = uow.actor.user_id
    check_links(uow, activity)
    add_record(uow, activity, title=f"Created {_named(activity)}")
    add_participants(uow, activity, people)
    return activity


def _regarding(uow: UnitOfWork, values: Mapping[str, Any]) -> Any | None:
    """Return the record that an activity is about, or None.

    Raises:
        Invalid: Only its type or only its key is given, or it is an activity.
        NotFound: There is none, or the actor may not see it.
    """
    of_type, key = values.get("regarding_type"), values.get("regarding_id")
    if of_type is None and key is None:
        return None
    if of_type is None or key is None or of_type == "activity":
        message = "Give the type and the key of a record that is no activity."
        raise Invalid(message, {"regarding_id": [message]})
    return get_record(uow, of_type, key, hold=True)


def _check_numbers(values: Mapping[str, Any]) -> None:
    for name in ("duration_minutes", "reminder_minutes"):
        number = values.get(name)
        if number is not None and number < 0:
            message = "This is less than 0."
            raise Invalid(message, {name: [message]})


def _check_planned(activity: Activity) -> None:
    if activity.status != ActivityStatus.PLANNED:
        state = ACTIVITY_STATUSES[activity.status].lower()
        raise Conflict(f"This activity is {state} already.", code="wrong_status")


def _named(activity: Activity) -> str:
    return f"{ACTIVITY_KINDS[activity.kind].lower()} “{activity.subject}”"
