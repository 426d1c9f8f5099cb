"""What an activity's page has beyond those of other records: times, people, and its series."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.forms import form_arguments
from app.zones import reader_zone
from services.activities.agenda import begins, overdue
from services.activities.looking import SeriesPlace, place_in_series
from services.activities.model import Activity
from services.activities.recurrence import WEEKDAYS, MonthBy, Recurrence
from services.activities.repeating import FREQUENCIES, MONTH_BYS, PRESETS
from services.activities.which import WHICH
from services.records.types import Field
from services.unit_of_work import UnitOfWork

_GUESTS = (
    Field("contact_ids", "Contact", "relation", relation="contact"),
    Field("lead_ids", "Lead", "relation", relation="lead"),
)


@dataclass(frozen=True, slots=True)
class RuleForm:
    """What the form of a rule holds at first, and offers."""

    frequency: str
    every: int
    weekdays: tuple[str, ...]
    month_by: str
    times: int | None
    until: str
    zone: str
    frequencies: Mapping[str, str] = field(default_factory=lambda: FREQUENCIES)
    days: Mapping[str, str] = field(default_factory=lambda: WEEKDAYS)
    month_bys: Mapping[str, str] = field(default_factory=lambda: MONTH_BYS)


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """The page's own part.

    Attributes:
        rule: What the form asks by which it comes again; None without a time.
        series: Where it stands in its series; None for what happens once.
        fields: Those that ask whom to invite.
        which: What a change can be meant for, of a series.
    """

    is_overdue: bool
    rule: RuleForm | None
    series: SeriesPlace | None
    fields: tuple[Field, ...] = field(default=_GUESTS)
    which: Mapping[str, str] = field(default_factory=lambda: WHICH)


def load_page(uow: UnitOfWork, activity: Any) -> ActivityPage:
    """Return what the page of an activity shows besides its fields."""
    place = place_in_series(uow, activity)
    begin = begins(activity)
    zone = uow.platform.settings.timezone if activity.all_day else reader_zone()
    rule = None
    if place is not None:
        rule = _form_of(place.recurrence, ZoneInfo(place.timezone))
    elif begin is not None and activity.status == "planned":
        rule = _first_form(begin, zone)
    return ActivityPage(overdue(activity, uow.now), rule, place)


def asked() -> dict[str, str]:
    """Return what the form of an activity asks besides the fields."""
    given = {name: text for name, text in form_arguments(("which", "repeats")).items() if text}
    return given | {"timezone": reader_zone().key} if "repeats" in given else given


def repeat_offers(record: Activity | None) -> Mapping[str, str]:
    """Return the ways in which a new activity can come again."""
    return {} if record is not None else {"": "Once", **PRESETS}


def _first_form(begin: datetime, zone: ZoneInfo) -> RuleForm:
    day = list(WEEKDAYS)[begin.astimezone(zone).weekday()]
    return RuleForm("weekly", 1, (day,), MonthBy.DATE.value, None, "", zone.key)


def _form_of(rule: Recurrence, zone: ZoneInfo) -> RuleForm:
    by = MonthBy.DATE
    if rule.nth is not None:
        by = MonthBy.LAST_WEEKDAY if rule.nth < 0 else MonthBy.WEEKDAY
    until = "" if rule.until is None else rule.until.isoformat()
    return RuleForm(
        rule.frequency.value, rule.every, rule.weekdays, by.value, rule.times, until, zone.key
    )
