"""What can be done with working calendars."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select, update

from services.actors import Permission
from services.arguments import Day, Key, Line
from services.calendars.book import DEFAULT_CALENDAR, forget_calendars
from services.calendars.hours import format_hours, parse_hours, read_calendar
from services.calendars.model import DAYS, CalendarRow
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.service_levels.model import SlaPolicy
from services.service_levels.recount import defer_recount
from services.unit_of_work import UnitOfWork

MAX_SPECIAL_DAYS = 2_000
_HOURS = "Such as 09:00-17:00, several with commas between them; empty for none."


class SpecialDayArguments(Arguments):
    """A holiday, or a day with hours of its own."""

    date = Day(required=True, metadata={"title": "Date"})
    yearly = fields.Boolean(load_default=False, metadata={"title": "Every year"})
    name = Line(load_default=None, allow_none=True, metadata={"title": "Name"})
    hours = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Hours", "description": f"{_HOURS} Without hours it is a holiday."},
    )


def _name(*, required: bool) -> Line:
    rules = validate.Length(max=100)
    title = {"title": "Name", "description": "Diagrams, decisions and agreements name it."}
    return Line(required=required, validate=rules, metadata=title)


def _week(*, required: bool) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(validate=validate.OneOf(list(DAYS))),
        values=fields.String(allow_none=True, validate=validate.Length(max=200)),
        required=required,
        metadata={"title": "Week", "description": f"Hours by day. {_HOURS}"},
    )


def _days() -> fields.List[Any]:
    return fields.List(
        fields.Nested(SpecialDayArguments),
        validate=validate.Length(max=MAX_SPECIAL_DAYS),
        metadata={"title": "Special days"},
    )


class CreateCalendar(Arguments):
    """A new working calendar."""

    name = _name(required=True)
    timezone = Line(
        required=True, metadata={"title": "Time zone", "description": "Such as Europe/Oslo."}
    )
    week = _week(required=True)
    special_days = _days()
    is_default = fields.Boolean(load_default=False, metadata={"title": "Default"})


class UpdateCalendar(Arguments):
    """What changes of a working calendar; what is left out stays."""

    calendar_id = Key(required=True, metadata={"title": "Calendar"})
    version = VERSION
    name = _name(required=False)
    timezone = Line(metadata={"title": "Time zone"})
    week = _week(required=False)
    special_days = _days()
    is_default = fields.Boolean(metadata={"title": "Default"})


class DeleteCalendar(Arguments):
    """Which working calendar goes."""

    calendar_id = Key(required=True, metadata={"title": "Calendar"})


@operation("calendar.create", Permission.CALENDAR_WRITE, CreateCalendar)
def create_calendar(
    uow: UnitOfWork, *, is_default: bool, special_days: Sequence[Any] = (), **values: Any
) -> CalendarRow:
    """Create a working calendar."""
    calendar = CalendarRow(is_default=is_default, special_days=list(special_days), **values)
    _settle(uow, calendar)
    if is_default:
        _take_default(uow, calendar)
    uow.add(calendar)
    forget_calendars(uow)
    if is_default:
        defer_recount(uow, calendar.id)
    return calendar


@operation("calendar.update", Permission.CALENDAR_WRITE, UpdateCalendar)
def update_calendar(
    uow: UnitOfWork, *, calendar_id: UUID, version: int | None = None, **values: Any
) -> CalendarRow:
    """Change a working calendar."""
    calendar = uow.get(CalendarRow, calendar_id, lock=True)
    check_version(uow, calendar, version)
    is_default = values.pop("is_default", calendar.is_default)
    counts_anew = bool({"timezone", "week", "special_days"} & values.keys())
    if calendar.is_default and not is_default:
        message = "Make another calendar the default one instead."
        raise Invalid(message, {"is_default": [message]})
    for name, value in values.items():
        setattr(calendar, name, value)
    with uow.session.no_autoflush:
        _settle(uow, calendar)
        if is_default and not calendar.is_default:
            _take_default(uow, calendar)
            calendar.is_default = counts_anew = True
    uow.session.flush()
    forget_calendars(uow)
    if counts_anew:
        defer_recount(uow, calendar.id)
    return calendar


@operation("calendar.delete", Permission.CALENDAR_WRITE, DeleteCalendar)
def delete_calendar(uow: UnitOfWork, *, calendar_id: UUID) -> None:
    """Delete a working calendar that is not the default one."""
    calendar = uow.get(CalendarRow, calendar_id, lock=True)
    if calendar.is_default:
        raise Conflict("This is the default calendar. Make another one the default first.")
    users = uow.session.scalars(
        select(SlaPolicy.name).where(SlaPolicy.calendar_id == calendar_id).order_by(SlaPolicy.name)
    ).all()
    if users:
        raise Conflict(f"Service levels count by it: {', '.join(users)}.")
    uow.session.delete(calendar)
    uow.session.flush()
    forget_calendars(uow)


def list_calendars(uow: UnitOfWork) -> Sequence[CalendarRow]:
    """Return all working calendars, the default one first, then by name."""
    order = (CalendarRow.is_default.desc(), CalendarRow.name)
    return uow.session.scalars(select(CalendarRow).order_by(*order)).all()


def present_calendar(calendar: CalendarRow) -> dict[str, Any]:
    """Return a working calendar as the operations take it, with ``id`` and ``version``."""
    return {
        "id": calendar.id,
        "version": calendar.version,
        "name": calendar.name,
        "timezone": calendar.timezone,
        "week": {day: calendar.week.get(day, "") for day in DAYS},
        "special_days": calendar.special_days,
        "is_default": calendar.is_default,
    }


def _settle(uow: UnitOfWork, calendar: CalendarRow) -> None:
    """Check a calendar as it is to be, and write its hours as they are always written.

    Raises:
        Invalid: With messages by field.
    """
    _check_name(uow, calendar)
    week = {day: text or "" for day, text in calendar.week.items()}
    read_calendar(calendar.name, calendar.timezone, week, calendar.special_days)
    hours = {day: format_hours(parse_hours(week.get(day, ""))) for day in DAYS}
    calendar.week = {day: text for day, text in hours.items() if text}
    calendar.special_days = sorted(map(_special_day, calendar.special_days), key=_in_order)


def _special_day(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "date": str(entry["date"]),
        "yearly": bool(entry.get("yearly")),
        "name": entry.get("name") or "",
        "hours": format_hours(parse_hours(entry.get("hours") or "")),
    }


def _in_order(entry: Mapping[str, Any]) -> tuple[bool, str]:
    """Order days of every year by their place in it, before those of one year."""
    day = str(entry["date"])
    return not entry["yearly"], day[5:] if entry["yearly"] else day


def _check_name(uow: UnitOfWork, calendar: CalendarRow) -> None:
    if calendar.name.casefold() == DEFAULT_CALENDAR:
        message = "This name stands for whichever calendar is the default one."
        raise Invalid(message, {"name": [message]})
    same = uow.session.scalars(select(CalendarRow.id).where(CalendarRow.name == calendar.name))
    if any(key != calendar.id for key in same):
        message = "There is a calendar of this name."
        raise Invalid(message, {"name": [message]})


def _take_default(uow: UnitOfWork, calendar: CalendarRow) -> None:
    """Have no other calendar be the default one."""
    statement = update(CalendarRow).where(CalendarRow.is_default)
    if calendar.id is not None:
        statement = statement.where(CalendarRow.id != calendar.id)
    uow.session.execute(statement.values(is_default=False, version=CalendarRow.version + 1))
