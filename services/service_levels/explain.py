"""How a due time came about, told step by step for people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from feel import CalendarRangeError, WorkingCalendar
from feel.working_time import begin_of, local_date, special_day, working_spans
from services.calendars.book import CalendarBook
from services.calendars.spans import format_span
from services.crm.request_model import ServiceRequest
from services.service_levels.clock import clocks_of, due_field
from services.service_levels.counting import SlaState, running_spans, state_of, time_left
from services.service_levels.model import TARGETS, SlaClock
from services.unit_of_work import UnitOfWork

MAX_DAYS = 40
"""How many days are told one by one; the rest are told together."""

STATES: dict[str, str] = {
    SlaState.RUNNING.value: "Running",
    SlaState.AT_RISK.value: "At risk",
    SlaState.BREACHED.value: "Overdue",
    SlaState.PAUSED.value: "Paused",
    SlaState.MET.value: "In time",
    SlaState.LATE.value: "Late",
}
_FORMAT = "%a %d %b %Y %H:%M"


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a due time.

    Attributes:
        kind: ``start``, ``work``, ``free``, ``holiday``, ``pause``, ``changed``, ``risk``,
            ``due``, ``hand`` or ``done``.
        text: In the calendar's own time.
        counted_seconds: Working time of this step; None where it says nothing about that.
        total_seconds: Working time up to its end, likewise.
    """

    kind: str
    text: str
    counted_seconds: int | None = None
    total_seconds: int | None = None

    @property
    def counted(self) -> str:
        """The working time of this step as text."""
        return "" if self.counted_seconds is None else format_span(self.counted_seconds)

    @property
    def total(self) -> str:
        """The working time up to its end as text."""
        return "" if self.total_seconds is None else format_span(self.total_seconds)


@dataclass(frozen=True, slots=True)
class Promise:
    """How one target of a request stands.

    Attributes:
        target: ``first_response`` or ``resolution``.
        state: A ``SlaState``.
        policy: The policy that promised it; None for a time that was set by hand.
        calendar: The calendar that it counts by; None if there is none any more.
        promised: The working time as text; empty for a time that was set by hand.
        left: The working time that is left, or by how much it is late; empty if unknown.
    """

    target: str
    label: str
    state: str
    state_label: str
    policy: str | None
    calendar: str | None
    timezone: str
    promised: str
    left: str
    started_at: datetime
    due_at: datetime | None
    done_at: datetime | None
    steps: tuple[Step, ...]


def explain_request(uow: UnitOfWork, request: ServiceRequest) -> list[Promise]:
    """Return how each target of a request stands and how its due time came about.

    A target whose due time the actor may not see is left out.
    """
    hidden = uow.actor.hidden_fields("request")
    clocks = clocks_of(uow, request.id)
    return [_promise(uow, clock) for clock in clocks if due_field(clock.target) not in hidden]


def _promise(uow: UnitOfWork, clock: SlaClock) -> Promise:
    book = CalendarBook(uow)
    calendar = book.by_key(clock.calendar_id) or book.find(None)
    state = state_of(clock, uow.now)
    zone = ZoneInfo(calendar.zone) if calendar else uow.platform.settings.timezone
    left = None if calendar is None else time_left(calendar, clock, uow.now)
    if clock.set_by is not None or calendar is None:
        steps = [_by_hand(clock, zone)]
    else:
        steps = list(_Story(clock, calendar, zone, uow.now).tell())
    return Promise(
        target=clock.target,
        label=TARGETS[clock.target],
        state=state.value,
        state_label=STATES[state.value],
        policy=clock.policy_name,
        calendar=None if calendar is None or clock.set_by is not None else calendar.name,
        timezone=zone.key,
        promised="" if clock.seconds is None else format_span(clock.seconds),
        left="" if left is None else format_span(int(left.total_seconds())),
        started_at=clock.started_at,
        due_at=clock.due_at,
        done_at=clock.done_at,
        steps=tuple(steps),
    )


def _by_hand(clock: SlaClock, zone: ZoneInfo) -> Step:
    if clock.due_at is None:
        return Step("hand", "There is no working calendar to count by.")
    text = f"Set to {_time(clock.due_at, zone)} by {clock.set_by}; it is not counted."
    return Step("hand", text)


class _Story:
    """Tells one counted clock."""

    def __init__(
        self, clock: SlaClock, calendar: WorkingCalendar, zone: ZoneInfo, now: datetime
    ) -> None:
        self._clock = clock
        self._calendar = calendar
        self._zone = zone
        self._now = now
        self._total = timedelta()
        self._days = 0

    def tell(self) -> Iterator[Step]:
        """Yield the steps in order."""
        clock = self._clock
        promised = format_span(clock.seconds or 0)
        yield Step(
            "start",
            f"Begun {self._at(clock.started_at)}: {promised} of working time by "
            f"{self._calendar.name}, as the policy {clock.policy_name} promises.",
        )
        try:
            yield from self._way()
        except CalendarRangeError:
            yield Step("free", "The working time lies farther away than can be counted.")
        if clock.due_at is not None:
            yield from self._end(clock.due_at)
        if clock.done_at is not None:
            yield Step("done", f"Done {self._at(clock.done_at)}.")

    def _end(self, due_at: datetime) -> Iterator[Step]:
        clock = self._clock
        if not clock.is_open and _seconds(self._total) != clock.seconds:
            # What is done keeps its due time, whatever becomes of the calendar.
            yield Step("changed", "The hours of this calendar have changed since it was done.")
        if clock.at_risk_at is not None:
            share = f"{clock.at_risk_percent} % of the time"
            yield Step("risk", f"At risk from {self._at(clock.at_risk_at)}: {share}.")
        yield Step("due", f"Due {self._at(due_at)}.", None, clock.seconds)

    def _way(self) -> Iterator[Step]:
        clock = self._clock
        stop = clock.due_at or self._now
        for begin, end in running_spans(clock.started_at, clock.pauses):
            yield from self._worked(begin, min(end or stop, stop))
            if end is None or (clock.due_at is not None and end >= clock.due_at):
                break
            again = next((b for a, b in clock.pauses if datetime.fromisoformat(a) == end), None)
            until = "now" if again is None else self._at(datetime.fromisoformat(again))
            yield Step("pause", f"Paused {self._at(end)} until {until}: the client was asked.")

    def _worked(self, begin: datetime, end: datetime) -> Iterator[Step]:
        """Yield a step for each day, free days that follow one another together."""
        day, last = (local_date(self._calendar, moment) for moment in (begin, end))
        free: list[date] = []
        while day <= last and begin < end:
            if self._days >= MAX_DAYS:
                yield from self._free(free)
                yield self._rest(max(begin, begin_of(self._calendar, day)), end)
                return
            found = self._day(day, begin, end)
            if found.kind == "free":
                free.append(day)
            else:
                yield from self._free(free)
                free = []
                yield found
            self._days += 1
            day += timedelta(days=1)
        # What comes after the last work of the way was not passed over.
        if not free or free[-1] < last:
            yield from self._free(free)

    def _day(self, day: date, begin: datetime, end: datetime) -> Step:
        first = max(begin, begin_of(self._calendar, day))
        after = min(end, begin_of(self._calendar, day + timedelta(days=1)))
        spans = list(working_spans(self._calendar, first, after)) if first < after else []
        special = special_day(self._calendar, day)
        name = f"{day:%a %d %b %Y}"
        if not spans:
            if special is not None and special.is_holiday:
                return Step("holiday", f"{name}: {special.name or 'holiday'}, no working time.")
            return Step("free", name)
        counted = self._add(spans)
        times = ", ".join(
            f"{self._clock_time(a)}-{self._clock_time(b, is_end=True)}" for a, b in spans
        )
        notes = [special.name or "special hours"] if special is not None else []
        notes += [told for a, b in spans if (told := self._clock_change(a, b))]
        note = f" ({', '.join(notes)})" if notes else ""
        return Step("work", f"{name}: {times}{note}", counted, _seconds(self._total))

    def _clock_change(self, begin: datetime, end: datetime) -> str:
        """Tell why a span is not as long as its clock times look; empty if it is."""
        before, after = (moment.astimezone(self._zone).utcoffset() for moment in (begin, end))
        shift = (after or timedelta()) - (before or timedelta())
        if not shift:
            return ""
        way = "forward" if shift > timedelta() else "back"
        return f"clocks go {way} {format_span(_seconds(abs(shift)))}"

    def _rest(self, begin: datetime, end: datetime) -> Step:
        counted = self._add(list(working_spans(self._calendar, begin, end)))
        days = (local_date(self._calendar, end) - local_date(self._calendar, begin)).days + 1
        text = f"{days} more days until {self._at(end)}"
        return Step("work", text, counted, _seconds(self._total))

    def _free(self, days: list[date]) -> Iterator[Step]:
        if days:
            first, last = f"{days[0]:%a %d %b %Y}", f"{days[-1]:%a %d %b %Y}"
            name = first if len(days) == 1 else f"{first} to {last}"
            yield Step("free", f"{name}: no working time.")

    def _add(self, spans: list[tuple[datetime, datetime]]) -> int:
        counted = sum((b - a for a, b in spans), timedelta())
        self._total += counted
        return _seconds(counted)

    def _at(self, moment: datetime) -> str:
        return _time(moment, self._zone)

    def _clock_time(self, moment: datetime, *, is_end: bool = False) -> str:
        text = f"{moment.astimezone(self._zone):%H:%M}"
        return "24:00" if is_end and text == "00:00" else text


def _seconds(span: timedelta) -> int:
    return round(span.total_seconds())


def _time(moment: datetime, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(UTC).astimezone(zone):{_FORMAT}}"
