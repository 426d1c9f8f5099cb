"""How a goal stands for the working days that are over: ahead or behind, and what is needed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, ROUND_UP, Decimal
from enum import StrEnum

from feel import WorkingCalendar
from services.calendars.book import CalendarBook
from services.days import today
from services.goals.periods import Period
from services.unit_of_work import UnitOfWork

_HUNDRED = Decimal(100)
_EPOCH = date(1970, 1, 1).toordinal()


class Phase(StrEnum):
    """Where today lies."""

    BEFORE = "before"
    RUNNING = "running"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class WorkingDays:
    """The days of a period on which the default calendar works.

    Attributes:
        past: Those before today.
        left: Today and those after it.
    """

    phase: Phase
    past: int
    left: int

    @property
    def total(self) -> int:
        """All of them."""
        return self.past + self.left


@dataclass(frozen=True, slots=True)
class Pace:
    """How a goal stands.

    Attributes:
        percent: Of the plan, whole.
        expected: What would be there by now if each working day brought the same.
        expected_percent: Of the plan, whole, at most 100.
        ahead: What is there beyond ``expected``; below 0 what is missing.
        per_day: What each of the days left would have to bring; 0 once it is reached, None where
            no day is left.
    """

    percent: int
    expected: Decimal
    expected_percent: int
    ahead: Decimal
    per_day: Decimal | None
    is_reached: bool


def working_days(uow: UnitOfWork, period: Period) -> WorkingDays:
    """Count the working days of a period, as of today in the installation's zone."""
    calendar = CalendarBook(uow).find(None)
    this_day = today(uow)
    past = left = 0
    for number in range((period.last - period.first).days + 1):
        day = period.first + timedelta(days=number)
        if _is_worked(calendar, day):
            past, left = (past + 1, left) if day < this_day else (past, left + 1)
    if this_day < period.first:
        return WorkingDays(Phase.BEFORE, past, left)
    return WorkingDays(Phase.OVER if this_day > period.last else Phase.RUNNING, past, left)


def pace_of(target: Decimal, value: Decimal, days: WorkingDays, places: int) -> Pace:
    """Return how a goal stands.

    Args:
        target: The plan, more than 0.
        value: What has come of it.
        days: Of its period.
        places: After the point, to which amounts are rounded.
    """
    step = Decimal(1).scaleb(-places)
    share = Decimal(days.past) / days.total if days.total else Decimal(days.phase == Phase.OVER)
    expected = (target * share).quantize(step, ROUND_HALF_UP)
    missing = max(target - value, Decimal(0))
    per_day = (missing / days.left).quantize(step, ROUND_UP) if days.left else None
    return Pace(
        percent=_whole_percent(value, target),
        expected=expected,
        expected_percent=int(share * _HUNDRED),
        ahead=value - expected,
        per_day=Decimal(0) if not missing else per_day,
        is_reached=not missing,
    )


def _whole_percent(value: Decimal, target: Decimal) -> int:
    """Return the percentage, rounded down: 99.9 percent of a plan are not all of it."""
    return int(value * _HUNDRED / target)


def _is_worked(calendar: WorkingCalendar | None, day: date) -> bool:
    return calendar is None or bool(calendar.shifts_on(day.toordinal() - _EPOCH))
