"""Working calendars as records: what is taken, what is refused, and who sees a change when."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from feel import UnknownCalendarError
from feel.working_time import add_working_time
from services.calendars.book import CalendarBook
from services.calendars.calendars import list_calendars, present_calendar
from services.calendars.hours import format_hours, parse_hours
from services.errors import Conflict, Invalid, NotAllowed, StaleVersion
from services.operations import run

HOUR = timedelta(hours=1)
SUNDAY = datetime(2026, 3, 1, 18, tzinfo=UTC)  # 19:00 in Oslo
WEEK = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "10:00-18:00")


def make(desk, name="Oslo", **values):
    given = {"timezone": "Europe/Oslo", "week": WEEK, **values}
    return desk.do("calendar.create", name=name, **given)


def due(uow, name=None, hours=1):
    return add_working_time(CalendarBook(uow).find(name), SUNDAY, hours * HOUR)


def refused(desk, operation="calendar.create", **values):
    with pytest.raises(Invalid) as caught:
        desk.do(operation, **values)
    return caught.value.fields


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("09:00-17:00", "09:00-17:00"),
        ("9-17", "09:00-17:00"),
        ("13.00 \u2013 17.00; 9:00\u201412:00", "09:00-12:00, 13:00-17:00"),
        ("22:00-06:00", "22:00-06:00"),
        ("16:00-24:00", "16:00-24:00"),
        ("00:00-24:00", "00:00-24:00"),
        ("", ""),
        ("closed", ""),
    ],
)
def test_hours_are_kept_alike_however_they_are_written(written, kept):
    assert format_hours(parse_hours(written)) == kept
    assert parse_hours(kept) == parse_hours(written)


@pytest.mark.parametrize(
    "bad", ["9 to 5", "09:00", "09:00-09:00", "25:00-26:00", "09:60-10:00", "9-12, 11-14", "24-8"]
)
def test_hours_are_refused_when_they_make_no_sense(bad):
    with pytest.raises(ValueError, match=r"hours|time"):
        parse_hours(bad)


def test_hours_are_refused_when_they_are_too_many():
    with pytest.raises(ValueError, match="at most"):
        parse_hours(",".join(["9-10"] * 13))


def test_there_is_a_default_calendar_when_an_installation_begins(desk):
    shown = [(one.name, one.is_default) for one in desk.ask(list_calendars)]
    assert shown == [("Office hours", True), ("Around the clock", False)]
    assert desk.ask(due) == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_sunday_evening_and_an_hour_is_monday_eleven(desk):
    make(desk)
    assert desk.ask(due, "Oslo") == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_a_special_day_is_taken_when_it_comes_from_a_form(desk):
    special = [
        {"date": "2026-03-02", "yearly": "1", "name": "Founders' day", "hours": ""},
        {"date": "2026-03-07", "name": "Moved", "hours": "9-12"},
        {"date": "2026-01-01", "yearly": True},
    ]
    made = make(desk, special_days=special)
    assert [day["date"] for day in made.special_days] == ["2026-01-01", "2026-03-02", "2026-03-07"]
    assert made.special_days[2]["hours"] == "09:00-12:00"
    assert desk.ask(due, "Oslo") == datetime(2026, 3, 3, 10, tzinfo=UTC)


def test_fields_are_named_when_a_calendar_is_refused(desk):
    good = {"name": "Oslo", "timezone": "Europe/Oslo", "week": WEEK}
    assert "week.friday" in refused(desk, **good | {"week": {**WEEK, "friday": "soon"}})
    assert "week" in refused(desk, **good | {"week": {"monday": ""}})
    assert "timezone" in refused(desk, **good | {"timezone": "Mars/Base"})
    assert "name" in refused(desk, **good | {"name": "Default"})
    assert "name" in refused(desk, **good | {"name": "Office hours"})
    twice = [{"date": "2026-05-17"}, {"date": "2026-05-17", "name": "Again"}]
    assert "special_days" in refused(desk, **good, special_days=twice)
    bad = [{"date": "2026-05-17", "hours": "all"}]
    assert "special_days.0.hours" in refused(desk, **good, special_days=bad)
    assert "special_days.0.date" in refused(desk, **good, special_days=[{"date": "soon"}])


def test_the_default_goes_over_when_another_calendar_takes_it(desk):
    made = make(desk)
    desk.do("calendar.update", calendar_id=made.id, is_default=True)
    assert [one.name for one in desk.ask(list_calendars) if one.is_default] == ["Oslo"]
    another = make(desk, "Bergen", is_default=True)
    assert [one.name for one in desk.ask(list_calendars) if one.is_default] == ["Bergen"]
    assert "is_default" in refused(
        desk, "calendar.update", calendar_id=another.id, is_default=False
    )


def test_the_default_calendar_stays_when_it_is_to_be_deleted(desk):
    made = make(desk)
    with pytest.raises(Conflict):
        desk.do("calendar.delete", calendar_id=desk.ask(list_calendars)[0].id)
    desk.do("calendar.delete", calendar_id=made.id)
    assert made.name not in {one.name for one in desk.ask(list_calendars)}


def test_a_change_is_refused_when_somebody_was_quicker(desk):
    made = make(desk)
    desk.do("calendar.update", calendar_id=made.id, version=1, timezone="UTC")
    with pytest.raises(StaleVersion):
        desk.do("calendar.update", calendar_id=made.id, version=1, timezone="Asia/Manila")


def test_only_administrators_change_calendars(staff):
    with pytest.raises(NotAllowed):
        staff.do("calendar.create", "maria", name="Mine", timezone="UTC", week=WEEK)
    assert staff.do("calendar.create", "olga", name="Ours", timezone="UTC", week=WEEK).id


def test_a_change_stands_in_the_audit(desk):
    made = make(desk)
    with desk.platform.session() as session:
        rows = session.execute(text("SELECT operation, changes FROM audit_entries")).all()
    assert rows[-1].operation == "calendar.create"
    assert rows[-1].changes[0]["id"] == str(made.id)


def test_a_changed_calendar_counts_at_once(desk):
    made = make(desk)
    assert desk.ask(due, "Oslo") == datetime(2026, 3, 2, 10, tzinfo=UTC)
    desk.do("calendar.update", calendar_id=made.id, week={"tuesday": "10:00-18:00"})
    assert desk.ask(due, "Oslo") == datetime(2026, 3, 3, 10, tzinfo=UTC)


def test_a_changed_calendar_counts_in_the_same_transaction_and_not_after_its_rollback(desk):
    made = make(desk)

    def work(uow):
        assert due(uow, "Oslo") == datetime(2026, 3, 2, 10, tzinfo=UTC)
        with suppress(ZeroDivisionError), uow.savepoint():
            run(uow, "calendar.update", {"calendar_id": made.id, "week": {"friday": "9-17"}})
            assert due(uow, "Oslo") == datetime(2026, 3, 6, 9, tzinfo=UTC)
            raise ZeroDivisionError
        return due(uow, "Oslo")

    assert desk.ask(work) == datetime(2026, 3, 2, 10, tzinfo=UTC)
    desk.do("calendar.update", calendar_id=made.id, week={"sunday": "18:00-22:00"})
    assert desk.ask(due, "Oslo") == datetime(2026, 3, 1, 19, tzinfo=UTC)


def test_a_transaction_asks_once_when_a_calendar_was_read_before(desk):
    desk.ask(due)

    def work(uow):
        with desk.counting() as statements:
            due(uow)
            due(uow, "default")
        return statements

    assert len(desk.ask(work)) == 1


def test_an_unknown_calendar_is_an_error_when_the_book_insists(desk):
    assert desk.ask(lambda uow: CalendarBook(uow).find("Mars")) is None
    with pytest.raises(UnknownCalendarError, match="Mars"):
        desk.ask(lambda uow: CalendarBook(uow, insists=True).find("Mars"))


def test_a_calendar_is_shown_as_it_is_taken(desk):
    made = make(desk, special_days=[{"date": "2026-05-17", "yearly": True, "name": "17 May"}])
    shown = present_calendar(made)
    values = {name: shown[name] for name in ("timezone", "week", "special_days")}
    assert present_calendar(make(desk, "Copy", **values))["week"] == shown["week"]
