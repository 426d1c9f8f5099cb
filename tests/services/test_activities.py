"""Activities: their times, their people, their ends, and where they are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from services.activities.agenda import is_overdue, my_agenda, next_activities, overdue
from services.activities.calendar_file import Sending, calendar_file
from services.activities.model import Activity
from services.activities.participants import guests_of
from services.activities.timing import Timing, days_of, settle
from services.actors import Permission, process_actor
from services.documents.model import Document
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.mail.model import Mail
from services.records.lists import list_records
from services.records.pointers import pointers_to
from services.records.timeline import timeline_of
from services.records.types import get_record

OSLO = ZoneInfo("Europe/Oslo")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.fixture
def deal(staff):
    account = staff.do("account.create", "boris", name="Nordlys")
    contact = staff.do("contact.create", "boris", last_name="Lund", account_id=account.id)
    return staff.do(
        "deal.create", "boris", name="Windows", account_id=account.id, contact_id=contact.id
    )


def _plan(staff, who="boris", about=None, **values):
    regarding = {}
    if about is not None:
        regarding = {"regarding_type": about.record_type, "regarding_id": about.id}
    given = {"subject": "Talk", "kind": "call", **regarding, **values}
    return staff.do("activity.create", who, **given)


def _titles(staff, kind, key, who="boris"):
    entries = staff.ask(timeline_of, kind, key, actor=who, group="activities")
    return [entry.title for entry in entries]


def test_the_end_follows_from_start_and_duration(staff):
    made = _plan(staff, starts_at=NOON, duration_minutes=45)
    assert (made.ends_at, made.due_at) == (NOON + timedelta(minutes=45),) * 2


def test_the_duration_follows_from_start_and_end(staff):
    made = _plan(staff, starts_at=NOON, ends_at=NOON + timedelta(hours=2))
    assert made.duration_minutes == 120


def test_a_call_is_at_its_due_time_when_only_that_is_given(staff):
    assert _plan(staff, due_at=NOON).starts_at == NOON


def test_a_task_keeps_its_own_due_time_when_it_has_a_start(staff):
    due = NOON + timedelta(days=3)
    made = _plan(staff, kind="task", starts_at=NOON, due_at=due)
    moved = staff.do("activity.reschedule", "boris", activity_id=made.id,
                     starts_at=NOON + timedelta(days=1))  # fmt: skip
    assert (made.due_at, moved.due_at) == (due, due)


def test_an_activity_is_refused_when_it_ends_before_it_begins(staff):
    with pytest.raises(Invalid, match="ends before"):
        _plan(staff, starts_at=NOON, ends_at=NOON - timedelta(minutes=1))


@pytest.mark.parametrize("name", ["duration_minutes", "reminder_minutes"])
def test_a_number_below_zero_is_refused(staff, name):
    with pytest.raises(Invalid) as refused:
        _plan(staff, starts_at=NOON, **{name: -5})
    assert name in refused.value.fields


def test_it_lasts_as_long_when_it_is_moved(staff):
    made = _plan(staff, starts_at=NOON, duration_minutes=45)
    moved = staff.do(
        "activity.reschedule", "boris", activity_id=made.id, starts_at=NOON + timedelta(days=1)
    )
    assert moved.ends_at == NOON + timedelta(days=1, minutes=45)
    assert moved.due_at == moved.ends_at


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (datetime(2026, 3, 29, 15, tzinfo=UTC), 23),  # the clocks go forward
        (datetime(2026, 10, 25, 15, tzinfo=UTC), 25),  # and back
        (datetime(2028, 2, 29, 15, tzinfo=UTC), 24),
    ],
)
def test_a_whole_day_is_as_long_as_the_day_when_clocks_change(day, hours):
    made = settle("meeting", Timing(), {"starts_at": day, "all_day": True}, OSLO)
    assert made.ends_at - made.starts_at == timedelta(hours=hours)
    local = made.starts_at.astimezone(OSLO)
    assert (local.date(), local.hour) == (day.astimezone(OSLO).date(), 0)


def test_whole_days_are_told_in_their_own_zone():
    oslo = ZoneInfo("Europe/Oslo")
    day = datetime(2026, 3, 28, tzinfo=oslo)
    given = {"all_day": True, "starts_at": day, "ends_at": day + timedelta(days=3)}
    timing = settle("meeting", Timing(), given, oslo)
    assert days_of(timing, oslo) == (date(2026, 3, 28), date(2026, 3, 30))


def test_whole_days_keep_their_number_when_they_move_over_a_clock_change():
    first = datetime(2026, 3, 23, 12, tzinfo=UTC)
    days = {"starts_at": first, "ends_at": first + timedelta(days=1), "all_day": True}
    made = settle("meeting", Timing(), days, OSLO)
    moved = settle("meeting", made, {"starts_at": first + timedelta(days=5)}, OSLO)
    ends = [moment.astimezone(OSLO) for moment in (moved.starts_at, moved.ends_at)]
    assert [end.strftime("%d %H:%M") for end in ends] == ["28 00:00", "30 00:00"]


def test_times_stay_when_whole_days_are_saved_again(staff):
    made = _plan(staff, starts_at=NOON, all_day=True)
    again = staff.do("activity.update", "boris", activity_id=made.id, starts_at=made.starts_at,
                     ends_at=made.ends_at, all_day=True)  # fmt: skip
    assert (again.starts_at, again.ends_at) == (made.starts_at, made.ends_at)


def test_it_is_told_once_on_each_record_and_once_on_their_account(staff, deal):
    _plan(staff, about=deal, contact_ids=[deal.contact_id])
    told = ["Planned call “Talk”"]
    assert _titles(staff, "deal", deal.id) == told
    assert _titles(staff, "contact", deal.contact_id) == told
    assert _titles(staff, "account", deal.account_id) == told


def test_it_is_told_on_the_account_of_each_participant_when_those_differ(staff, deal):
    other = staff.do("account.create", "boris", name="Other")
    guest = staff.do("contact.create", "boris", last_name="Guest", account_id=other.id)
    _plan(staff, about=deal, contact_ids=[guest.id])
    assert _titles(staff, "account", other.id) == ["Planned call “Talk”"]


def test_a_done_activity_keeps_its_result_and_stays_done(staff, deal):
    made = _plan(staff, about=deal)
    for result in ("They buy.", "Again"):
        staff.do("activity.complete", "boris", activity_id=made.id, result=result)
    found = staff.ask(get_record, "activity", made.id)
    assert (found.status, found.result) == ("done", "They buy.")
    assert _titles(staff, "deal", deal.id)[0] == "Completed call “Talk”"
    assert staff.events().count("activity.completed") == 1


@pytest.mark.parametrize("action", ["cancel", "reschedule", "complete"])
def test_what_is_over_is_left_alone_until_it_is_taken_up_again(staff, action):
    made = _plan(staff, due_at=NOON)
    over = "cancel" if action == "complete" else "complete"
    staff.do(f"activity.{over}", "boris", activity_id=made.id)
    with pytest.raises(Conflict, match="already"):
        staff.do(f"activity.{action}", "boris", activity_id=made.id)
    staff.do("activity.reopen", "boris", activity_id=made.id)
    staff.do(f"activity.{action}", "boris", activity_id=made.id)


def test_what_was_done_is_logged_in_one_go(staff, deal, clock):
    made = staff.do(
        "activity.log", "boris", kind="call", subject="Rang", result="Nobody there",
        duration_minutes=5, regarding_type="deal", regarding_id=deal.id,
    )  # fmt: skip
    assert (made.status, made.starts_at) == ("done", clock.now() - timedelta(minutes=5))
    [entry] = staff.ask(timeline_of, "deal", deal.id, group="activities")
    assert (entry.title, entry.body) == ("Logged call “Rang”", "Nobody there")


def test_what_is_logged_must_be_over(staff, clock):
    with pytest.raises(Invalid, match="future"):
        staff.do("activity.log", "boris", kind="call", subject="x", at=clock.now() + timedelta(1))


def test_it_is_about_a_record_that_one_may_see(staff, deal):
    with pytest.raises(NotFound):
        _plan(staff, "sven", about=deal)
    with pytest.raises(Invalid):
        _plan(staff, regarding_type="deal")
    with pytest.raises(NotFound):
        _plan(staff, contact_ids=[deal.id])


def test_a_participant_sees_it_and_answers_for_themselves_alone(staff, deal):
    invited = {"user_ids": [staff.people["sven"].user_id], "contact_ids": [deal.contact_id]}
    made = _plan(staff, about=deal, **invited)
    staff.do("activity.respond", "sven", activity_id=made.id, response="accepted")
    [guest, _client] = staff.ask(lambda uow: guests_of(uow, uow.get(Activity, made.id)))
    assert (guest.name, guest.response) == ("Sven", "accepted")
    with pytest.raises(NotFound):
        staff.do("activity.respond", "boris", activity_id=made.id, response="declined",
                 participant_id=guest.id)  # fmt: skip
    with pytest.raises(NotFound):
        staff.do("activity.complete", "anna", activity_id=made.id)


def test_a_process_names_the_guest_when_it_answers_for_one(staff, deal):
    invited = {"user_ids": [staff.people["sven"].user_id], "contact_ids": [deal.contact_id]}
    made = _plan(staff, about=deal, **invited)
    process = process_actor("Sales", frozenset({Permission.RECORD_READ, Permission.RECORD_WRITE}))
    with pytest.raises(Invalid):
        staff.do("activity.respond", process, activity_id=made.id, response="declined")
    [_colleague, guest] = staff.ask(lambda uow: guests_of(uow, made))
    assert guest.response == "needed"
    staff.do("activity.respond", process, activity_id=made.id, response="declined",
             participant_id=guest.id)  # fmt: skip
    told = [one.response for one in staff.ask(lambda uow: guests_of(uow, made))]
    assert told == ["needed", "declined"]


@pytest.mark.parametrize("values", [{"duration_minutes": 2000}, {"all_day": True}])
def test_it_is_refused_when_its_end_is_beyond_all_calendars(staff, values):
    with pytest.raises(Invalid) as refused:
        _plan(staff, starts_at="9999-12-31T20:00:00+00:00", **values)
    assert "starts_at" in refused.value.fields


def test_nobody_takes_part_twice_when_invited_again(staff, deal):
    made = _plan(staff, about=deal, contact_ids=[deal.contact_id, deal.contact_id])
    staff.do("activity.invite", "boris", activity_id=made.id, contact_ids=[deal.contact_id])
    assert len(staff.ask(lambda uow: guests_of(uow, made))) == 1


def test_the_agenda_groups_by_when_things_come(staff, clock):
    zone = staff.platform.settings.timezone
    clock.moment = datetime(2026, 3, 3, 12, tzinfo=zone)  # a Tuesday
    for name, days in (("late", -1), ("soon", 0.1), ("friday", 3), ("monday", 6)):
        _plan(staff, subject=name, starts_at=clock.now() + timedelta(days=days))
    _plan(staff, subject="whole day", starts_at=clock.now(), all_day=True)
    _plan(staff, subject="some day", kind="task")
    _plan(staff, "anna", subject="hers")
    agenda = staff.ask(my_agenda, actor="boris")
    named = {
        group: [one.subject for one in getattr(agenda, group)]
        for group in ("overdue", "today", "week", "later", "undated")
    }
    assert named == {
        "overdue": ["late"],
        "today": ["whole day", "soon"],
        "week": ["friday"],
        "later": ["monday"],
        "undated": ["some day"],
    }


def test_whole_days_come_on_their_own_day_when_one_reads_of_them_far_away(staff, clock):
    clock.moment = datetime(2026, 3, 3, 12, tzinfo=UTC)
    _plan(staff, subject="tomorrow", starts_at=clock.now() + timedelta(days=1), all_day=True)
    agenda = staff.ask(my_agenda, ZoneInfo("America/New_York"), actor="boris")
    assert (agenda.today, [one.subject for one in agenda.week]) == ([], ["tomorrow"])


def test_the_agenda_has_what_one_is_invited_to_unless_declined(staff):
    made = _plan(staff, user_ids=[staff.people["sven"].user_id], due_at=NOON + timedelta(3650))
    assert [one.id for one in staff.ask(my_agenda, actor="sven").later] == [made.id]
    staff.do("activity.respond", "sven", activity_id=made.id, response="declined")
    assert staff.ask(my_agenda, actor="sven").later == []


def test_sql_and_python_agree_on_what_is_overdue(staff, clock):
    for days in (-1, 0, 1):
        _plan(staff, due_at=clock.now() + timedelta(days=days))
    done = _plan(staff, due_at=clock.now() - timedelta(days=1))
    staff.do("activity.complete", "boris", activity_id=done.id)

    def ask(uow):
        rows = uow.session.scalars(uow.select(Activity)).all()
        by_sql = uow.session.scalars(uow.select(Activity).where(is_overdue(uow.now))).all()
        return by_sql, [row for row in rows if overdue(row, uow.now)]

    by_sql, by_python = staff.ask(ask)
    assert [row.id for row in by_sql] == [row.id for row in by_python]
    assert len(by_sql) == 1


def test_the_next_activities_of_many_records_cost_one_statement(staff, deal):
    for days in (2, 1):
        _plan(staff, about=deal, subject=str(days), due_at=NOON + timedelta(days=days))
    with staff.counting() as statements:
        found = staff.ask(lambda uow: next_activities(uow, [deal.id]), actor="boris")
    assert found[deal.id].subject == "1"
    assert len([one for one in statements if "activities" in one]) == 1


def test_a_leads_activities_go_on_with_the_deal_when_it_is_converted(staff):
    lead = staff.do("lead.create", "boris", name="Eva Lund", email="eva@x.example")
    about = _plan(staff, about=lead)
    invited = _plan(staff, lead_ids=[lead.id])
    made = staff.do("lead.convert", "boris", lead_id=lead.id)
    assert staff.do("lead.convert", "boris", lead_id=lead.id) == made
    found = staff.ask(get_record, "activity", about.id)
    assert (found.regarding_type, found.regarding_id) == ("deal", made["deal_id"])
    [guest] = staff.ask(lambda uow: guests_of(uow, uow.get(Activity, invited.id)))
    assert (guest.kind, guest.person_id) == ("contact", made["contact_id"])


def test_activities_follow_the_record_when_it_is_merged(staff, deal):
    other = staff.do("deal.create", "boris", name="Windows", account_id=deal.account_id)
    made = _plan(staff, about=other)
    staff.do("record.merge", "boris", record_type="deal", kept_id=deal.id, dropped_id=other.id)
    assert staff.ask(get_record, "activity", made.id).regarding_id == deal.id
    assert "activities.regarding_id" in {one.name for one in pointers_to("deal")}


def test_activities_go_to_the_new_account_when_their_record_does(staff, deal):
    made = _plan(staff, about=deal)
    other = staff.do("account.create", "boris", name="Other")
    staff.do("deal.update", "boris", deal_id=deal.id, account_id=other.id)
    page = staff.ask(list_records, "activity", filters={"account_id": str(other.id)})
    assert [one.id for one in page.items] == [made.id]


def test_a_calendar_file_says_when_and_what(staff):
    made = _plan(staff, subject="Цонх; хэмжих, ярих", kind="meeting", starts_at=NOON,
                 duration_minutes=30, location="Ө" * 60, reminder_minutes=15)  # fmt: skip
    text = calendar_file(made, Sending(NOON, staff.platform.settings.timezone, "x.example"))
    assert "DTSTART:20260302T120000Z\r\nDTEND:20260302T123000Z" in text
    assert "SUMMARY:Цонх\\; хэмжих\\, ярих" in text
    assert "TRIGGER:-PT15M" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    assert "Ө" * 60 in text.replace("\r\n ", "")


def test_a_calendar_file_tells_nothing_that_is_hidden(staff):
    made = _plan(staff, kind="meeting", starts_at=NOON, reminder_minutes=15)
    about = {"now": NOON, "zone": staff.platform.settings.timezone, "host": "x.example"}
    text = calendar_file(made, Sending(**about, hidden={"status", "reminder_minutes"}))
    assert "STATUS" not in text
    assert "VALARM" not in text
    silent = _plan(staff, kind="meeting", starts_at=NOON)
    assert "VALARM" not in calendar_file(silent, Sending(**about))
    for name in ("starts_at", "ends_at", "due_at"):
        with pytest.raises(NotAllowed):
            calendar_file(made, Sending(**about, hidden={name}))


def test_a_calendar_file_has_days_when_it_takes_whole_ones(staff):
    made = _plan(staff, kind="meeting", starts_at=NOON, all_day=True)
    text = calendar_file(made, Sending(NOON, staff.platform.settings.timezone, "x.example"))
    assert "DTSTART;VALUE=DATE:20260302\r\nDTEND;VALUE=DATE:20260303" in text


def test_the_reason_is_the_result_when_an_activity_is_called_off(staff, deal):
    made = _plan(staff)
    called_off = staff.do("activity.cancel", "boris", activity_id=made.id, reason="He is ill")
    assert called_off.result == "He is ill"


def test_contacts_and_leads_get_the_calendar_file_by_mail(staff, deal):
    with_mail = staff.do("contact.create", "boris", last_name="Lund", email="eva@x.example")
    lead = staff.do("lead.create", "boris", name="Ole", email="ole@x.example")
    without = staff.do("contact.create", "boris", last_name="Vik")
    made = _plan(staff, contact_ids=[with_mail.id, without.id], lead_ids=[lead.id], location="Oslo")
    sent = staff.do("activity.send_invitations", "boris", activity_id=made.id)
    assert sent == {"sent": 2, "without_address": ["Vik"]}
    staff.do("activity.cancel", "boris", activity_id=made.id)
    staff.do("activity.send_invitations", "boris", activity_id=made.id)
    mails = staff.ask(lambda uow: uow.session.scalars(select(Mail).order_by(Mail.id)).all())
    assert [mail.to_addresses for mail in mails] == ["eva@x.example", "ole@x.example"] * 2
    assert [mail.subject.split(":")[0] for mail in mails] == ["Invitation"] * 2 + ["Called off"] * 2
    assert "Oslo" in mails[0].text
    files = staff.ask(lambda uow: list(uow.session.scalars(select(Document.content))))
    events = [dict(line.split(":", 1) for line in one.decode().splitlines()) for one in files]
    assert [event["STATUS"] for event in events] == ["CONFIRMED", "CANCELLED"]
    assert events[0]["UID"] == events[1]["UID"]
    assert int(events[0]["SEQUENCE"]) < int(events[1]["SEQUENCE"])


def test_nobody_is_mailed_an_invitation_when_nobody_can_be(staff, deal):
    made = _plan(staff, user_ids=[staff.people["sven"].user_id])
    with pytest.raises(Invalid):
        staff.do("activity.send_invitations", "boris", activity_id=made.id)
