"""The working calendars that every installation begins with."""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlalchemy import exists, select

from feel import UnknownCalendarError, WorkingCalendar
from services.calendars.book import DEFAULT_CALENDAR
from services.calendars.hours import read_calendar
from services.calendars.model import DAYS, CalendarRow
from services.unit_of_work import UnitOfWork

OFFICE_HOURS: Final = "Office hours"
AROUND_THE_CLOCK: Final = "Around the clock"
_WEEKS: Final = {
    OFFICE_HOURS: dict.fromkeys(list(DAYS)[:5], "09:00-17:00"),
    AROUND_THE_CLOCK: dict.fromkeys(DAYS, "00:00-24:00"),
}


class StockCalendars:
    """The shipped calendars in UTC, for models that are tried without an installation.

    Args:
        insists: A name without a calendar is an error, not None.
    """

    def __init__(self, *, insists: bool = False) -> None:
        self._insists = insists

    def find(self, name: str | None) -> WorkingCalendar | None:
        """Return a calendar by its name, the default one for None; None if none is called so.

        Raises:
            UnknownCalendarError: None is, and it insists.
        """
        name = OFFICE_HOURS if name in {None, DEFAULT_CALENDAR} else name
        if name in _WEEKS:
            return _shipped(str(name))
        if self._insists:
            raise UnknownCalendarError(f"There is no calendar called {name}.")
        return None


@cache
def _shipped(name: str) -> WorkingCalendar:
    return read_calendar(name, "UTC", _WEEKS[name], ())


def seed_calendars(uow: UnitOfWork) -> bool:
    """Add the shipped calendars in the installation's zone, unless there are any.

    Returns:
        Whether they were added.
    """
    if uow.session.scalar(select(exists().select_from(CalendarRow))):
        return False
    zone = uow.platform.settings.timezone.key
    for name, week in _WEEKS.items():
        uow.add(
            CalendarRow(
                name=name,
                timezone=zone,
                week=dict(week),
                special_days=[],
                is_default=name == OFFICE_HOURS,
            )
        )
    return True
