"""The working calendars as everything that counts by them finds them.

A transaction looks once which versions there are; what they say is kept in memory as long as
nobody changes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select

from feel import UnknownCalendarError, WorkingCalendar
from services.calendars.hours import read_calendar
from services.calendars.model import CalendarRow
from services.unit_of_work import UnitOfWork

DEFAULT_CALENDAR: Final = "default"
"""What the default calendar is called where a name has to be given."""

_KEPT = 200
_INDEX, _CHANGED = "calendar_index", "calendars_changed"


class CalendarMemory:
    """The calendars that were read, ready to count; one a platform."""

    def __init__(self) -> None:
        self._found: dict[UUID, tuple[int, WorkingCalendar]] = {}

    def get(self, key: UUID, version: int) -> WorkingCalendar | None:
        """Return the calendar in this version, if it is kept."""
        found = self._found.get(key)
        return found[1] if found is not None and found[0] == version else None

    def keep(self, key: UUID, version: int, calendar: WorkingCalendar) -> None:
        """Keep a calendar in the version that is valid now."""
        if len(self._found) >= _KEPT:
            self._found.clear()
        self._found[key] = (version, calendar)


class CalendarBook:
    """The calendars as one transaction sees them.

    Args:
        uow: The transaction.
        insists: A name without a calendar is an error, not None.
    """

    def __init__(self, uow: UnitOfWork, *, insists: bool = False) -> None:
        self._uow = uow
        self._insists = insists

    def find(self, name: str | None) -> WorkingCalendar | None:
        """Return the calendar of this name, the default one for None; None if there is none.

        Raises:
            UnknownCalendarError: There is none, and the book insists.
        """
        if name == DEFAULT_CALENDAR:
            name = None
        for row in _index(self._uow):
            if row.is_default if name is None else row.name == name:
                return self._read(row.id, row.version)
        if self._insists:
            missing = "no default calendar" if name is None else f"no calendar called {name}"
            raise UnknownCalendarError(f"There is {missing}.")
        return None

    def by_key(self, key: UUID | None) -> WorkingCalendar | None:
        """Return the calendar with this key, the default one for None; None if there is none."""
        if key is None:
            return self.find(None)
        for row in _index(self._uow):
            if row.id == key:
                return self._read(row.id, row.version)
        return None

    def _read(self, key: UUID, version: int) -> WorkingCalendar:
        memory = self._uow.platform.part(CalendarMemory)
        changed = _CHANGED in self._uow.session.info
        kept = None if changed else memory.get(key, version)
        if kept is not None:
            return kept
        table = CalendarRow.__table__.c
        columns = (table.name, table.timezone, table.week, table.special_days, table.version)
        row = self._uow.session.execute(select(*columns).where(table.id == key)).one()
        found = read_calendar(row.name, row.timezone, row.week, row.special_days)
        if not changed:
            memory.keep(key, row.version, found)
        return found


def forget_calendars(uow: UnitOfWork) -> None:
    """Have the rest of this transaction read calendars anew, and keep nothing of them.

    What it changed may still be rolled back.
    """
    uow.session.info[_CHANGED] = True


def _index(uow: UnitOfWork) -> Sequence[Row[Any]]:
    info = uow.session.info
    if _CHANGED in info or _INDEX not in info:
        table = CalendarRow.__table__.c
        statement = select(table.id, table.name, table.version, table.is_default)
        info[_INDEX] = uow.session.execute(statement).all()
    found: Sequence[Row[Any]] = info[_INDEX]
    return found
