"""Reminders and mentions: told once, to who may see it, in the program and by mail."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from services.errors import Invalid, NotFound
from services.mail.model import Mail
from services.notifications.choosing import find_settings
from services.notifications.mailing import mail_at_once, mail_digest, sweep_digests
from services.notifications.model import Notification
from services.notifications.reading import count_unread, list_notifications, prune_notifications
from services.notifications.reminders import sweep_reminders
from services.records.notes import mentions_of


@pytest.fixture
def lead(staff):
    return staff.do("lead.create", "boris", name="Eva Lund")


def _note(staff, lead, words, who="boris"):
    staff.do("note.add", who, record_type="lead", record_id=lead.id, text=words)


def _plan(staff, minutes=60, before=15, who="boris", **more):
    starts = staff.platform.clock.now() + timedelta(minutes=minutes)
    values = {"subject": "Ring Eva", "kind": "call", "reminder_minutes": before, **more}
    return staff.do("activity.create", who, starts_at=starts.isoformat(), **values)


def _told(staff, who):
    return [(one.kind, one.record_title) for one in staff.ask(list_notifications, actor=who)]


def _choose(staff, who, choice, kind="mention", **more):
    staff.do("notification.choose", who, choices={kind: choice}, **more)


def _mails(staff):
    return staff.ask(
        lambda uow: uow.session.scalars(
            select(Mail).where(Mail.purpose == "notice").order_by(Mail.id)
        ).all()
    )


def _jobs(staff):
    return staff.jobs("notifications.mail")


# -- mentions


def test_who_is_named_in_a_note_is_told(staff, lead):
    _note(staff, lead, "Ask @Maria about this")
    [one] = staff.ask(list_notifications, actor="maria")
    assert (one.title, one.record_title) == ("Boris named you in a note", "Eva Lund")
    assert one.text == "Ask @Maria about this"
    assert staff.ask(count_unread, actor="maria") == 1


def test_nobody_is_told_of_naming_oneself(staff, lead):
    _note(staff, lead, "For @Boris")
    assert _told(staff, "boris") == []


def test_who_may_not_see_the_record_is_told_nothing(staff, lead):
    _note(staff, lead, "Ask @Sven")
    assert _told(staff, "sven") == []
    assert staff.ask(count_unread, actor="sven") == 0


def test_who_is_named_no_more_is_told_no_longer(staff, lead):
    _note(staff, lead, "Ask @Maria")
    _note(staff, lead, "And @Maria again")
    [_, one] = staff.ask(mentions_of, actor="maria")
    staff.do("note.update", "boris", note_id=one.entry_id, text="Ask nobody")
    assert _told(staff, "maria") == [("mention", "Eva Lund")]
    assert len(staff.ask(mentions_of, actor="maria")) == 1


def test_reading_one_marks_the_mention_too_and_leaves_the_others(staff, lead):
    _note(staff, lead, "First @Maria")
    _note(staff, lead, "Second @Maria")
    newest = staff.ask(list_notifications, actor="maria")[0]
    staff.do("notification.read", "maria", notification_id=str(newest.id))
    unread = [one.text for one in staff.ask(list_notifications, actor="maria") if not one.read_at]
    assert unread == ["First @Maria"]
    assert staff.ask(count_unread, actor="maria") == 1
    assert len(staff.ask(mentions_of, actor="maria")) == 1


def test_nobody_reads_the_notification_of_another(staff, lead):
    _note(staff, lead, "Ask @Maria")
    [one] = staff.ask(list_notifications, actor="maria")
    with pytest.raises(NotFound):
        staff.do("notification.read", "boris", notification_id=str(one.id))


def test_counting_takes_one_statement_when_nothing_is_unread(staff):
    def count(uow):
        uow.session.connection()
        with staff.counting() as statements:
            count_unread(uow)
        return len(statements)

    assert staff.ask(count, actor="maria") == 1


# -- invitations


def _titles(staff, who):
    return [one.title for one in staff.ask(list_notifications, actor=who)]


def test_who_is_invited_is_told_and_hears_of_what_changes(staff):
    guests = [str(staff.people[name].user_id) for name in ("maria", "boris")]
    made = _plan(staff, user_ids=guests)
    later = (staff.platform.clock.now() + timedelta(days=1)).isoformat()
    staff.do("activity.reschedule", "boris", activity_id=made.id, starts_at=later)
    staff.do("activity.update", "boris", activity_id=made.id, subject="Ring Eva Lund")
    staff.do("activity.update", "boris", activity_id=made.id, duration_minutes=5)
    staff.do("activity.cancel", "boris", activity_id=made.id)
    told = ["Boris called it off", "Boris moved it", "Boris moved it", "Boris invited you"]
    assert _titles(staff, "maria") == told
    assert _titles(staff, "boris") == []


def test_an_invitation_is_over_and_the_owner_told_when_somebody_declines(staff):
    made = _plan(staff, user_ids=[str(staff.people["maria"].user_id)])
    staff.do("activity.respond", "maria", activity_id=made.id, response="declined")
    staff.do("activity.cancel", "boris", activity_id=made.id)
    assert _titles(staff, "maria") == []
    assert _titles(staff, "boris") == ["Maria does not take part"]


# -- reminders


def test_owner_and_guests_are_reminded_when_it_is_time(staff, clock):
    _plan(staff, user_ids=[str(staff.people["maria"].user_id)])
    assert sweep_reminders(staff.platform) == 0
    clock.advance(timedelta(minutes=45))
    assert sweep_reminders(staff.platform) == 1
    assert _told(staff, "boris") == [("reminder", "Ring Eva")]
    assert _told(staff, "maria")[0] == ("reminder", "Ring Eva")


def test_who_declined_is_not_reminded(staff, clock):
    made = _plan(staff, user_ids=[str(staff.people["maria"].user_id)])
    staff.do("activity.respond", "maria", activity_id=str(made.id), response="declined")
    clock.advance(timedelta(minutes=45))
    sweep_reminders(staff.platform)
    assert _told(staff, "maria") == []


def test_nobody_is_reminded_of_what_is_done(staff, clock):
    made = _plan(staff)
    staff.do("activity.complete", "boris", activity_id=str(made.id))
    clock.advance(timedelta(minutes=50))
    assert sweep_reminders(staff.platform) == 0


def test_a_reminder_comes_once_when_two_workers_sweep(staff, clock):
    _plan(staff)
    clock.advance(timedelta(hours=3))  # the workers were down over the moment itself
    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(lambda _: sweep_reminders(staff.platform), range(2))) == 1
    assert sweep_reminders(staff.platform) == 0
    assert len(_told(staff, "boris")) == 1


def test_a_reminder_comes_again_when_the_activity_is_moved(staff, clock):
    made = _plan(staff)
    clock.advance(timedelta(minutes=50))
    sweep_reminders(staff.platform)
    later = (clock.now() + timedelta(hours=2)).isoformat()
    staff.do("activity.reschedule", "boris", activity_id=str(made.id), starts_at=later)
    assert sweep_reminders(staff.platform) == 0
    clock.advance(timedelta(minutes=110))
    assert sweep_reminders(staff.platform) == 1
    assert len(_told(staff, "boris")) == 2


def test_nobody_is_reminded_of_the_year_before(staff):
    _plan(staff, minutes=-60 * 24 * 365)
    sweep_reminders(staff.platform)
    assert _told(staff, "boris") == []


def test_an_activity_opens_when_its_reminder_is_thousands_of_years_before_it(staff):
    made = _plan(staff, before=2**31 - 1)
    staff.do("activity.update", "boris", activity_id=str(made.id), subject="Still there")


# -- mail


def test_nothing_is_mailed_when_nobody_chose_it(staff, lead):
    _note(staff, lead, "Ask @Maria")
    assert _jobs(staff) == []


def test_a_mention_is_mailed_once_when_its_job_runs_twice(staff, lead):
    _choose(staff, "maria", "now")
    _note(staff, lead, "Ask @Maria")
    [args] = _jobs(staff)
    for _ in range(2):
        mail_at_once(staff.platform, **args)
    [mail] = _mails(staff)
    assert mail.to_addresses == "Maria <maria@lanewise.example>"
    assert mail.subject == "Boris named you in a note: Eva Lund"


def test_a_reminder_is_mailed_with_its_moment_in_ones_own_zone(staff, clock):
    _choose(staff, "boris", "now", kind="reminder", timezone="Asia/Ulaanbaatar")
    _plan(staff)
    clock.advance(timedelta(minutes=50))
    sweep_reminders(staff.platform)
    [args] = _jobs(staff)
    mail_at_once(staff.platform, **args)
    [mail] = _mails(staff)
    assert "Monday, 2 March 2026, 18:00 (Asia/Ulaanbaatar)" in mail.text


def test_nothing_is_mailed_to_who_chose_otherwise_or_left_by_then(staff, lead):
    staff.add_person("mona", "Managers", scope="all")
    for name in ("maria", "mona"):
        _choose(staff, name, "now")
    _note(staff, lead, "Ask @Maria and @Mona")
    _choose(staff, "maria", "daily")
    staff.do("user.update", user_id=staff.people["mona"].user_id, active=False)
    for args in _jobs(staff):
        mail_at_once(staff.platform, **args)
    assert _mails(staff) == []


def test_nothing_is_mailed_of_what_one_may_not_see(staff, lead):
    _choose(staff, "sven", "now")
    _note(staff, lead, "Ask @Sven")
    [args] = _jobs(staff)
    mail_at_once(staff.platform, **args)
    assert _mails(staff) == []


def test_nothing_is_mailed_of_what_was_read_meanwhile(staff, lead):
    _choose(staff, "maria", "now")
    _note(staff, lead, "Ask @Maria")
    staff.do("notification.read", "maria")
    [args] = _jobs(staff)
    mail_at_once(staff.platform, **args)
    assert _mails(staff) == []


def test_a_days_mentions_come_together_at_the_hour_of_ones_own_zone(staff, lead, clock):
    _choose(staff, "maria", "daily", timezone="Asia/Ulaanbaatar", digest_hour=18)
    _note(staff, lead, "One @Maria")
    _note(staff, lead, "Two @Maria")
    clock.advance(datetime(2026, 3, 2, 9, 59, tzinfo=UTC) - clock.now())
    assert sweep_digests(staff.platform) == 0
    clock.advance(timedelta(minutes=1))  # 18:00 there, eight hours ahead
    assert sweep_digests(staff.platform) == 1
    assert sweep_digests(staff.platform) == 0
    for _ in range(2):
        [args] = staff.jobs("notifications.digest")
        mail_digest(staff.platform, **args)
    [mail] = _mails(staff)
    assert mail.subject == "2 notifications"
    assert "“One @Maria”" in mail.text
    assert "“Two @Maria”" in mail.text


def test_what_is_long_past_is_not_mailed_when_a_person_chooses_daily_mails(staff, lead, clock):
    _note(staff, lead, "Old @Maria")
    clock.advance(timedelta(days=30))
    _choose(staff, "maria", "daily", digest_hour=8)
    _note(staff, lead, "New @Maria")
    clock.advance(timedelta(days=1))
    assert sweep_digests(staff.platform) == 1
    [args] = staff.jobs("notifications.digest")
    mail_digest(staff.platform, **args)
    [mail] = _mails(staff)
    assert "“New @Maria”" in mail.text
    assert "Old @Maria" not in mail.text


def test_one_digest_comes_when_the_worker_was_down_for_days(staff, clock):
    _choose(staff, "maria", "daily", digest_hour=8)
    clock.advance(timedelta(days=5))
    assert sweep_digests(staff.platform) == 1
    assert sweep_digests(staff.platform) == 0
    found = staff.ask(find_settings, staff.people["maria"].user_id)
    assert found.next_digest_at == datetime(2026, 3, 8, 8, tzinfo=UTC)


def test_a_zone_that_there_is_not_is_refused(staff):
    with pytest.raises(Invalid):
        _choose(staff, "maria", "daily", timezone="Middle/Earth")


def test_what_is_old_is_forgotten(staff, lead, clock):
    _note(staff, lead, "Read @Maria")
    staff.do("notification.read", "maria")
    _note(staff, lead, "Unread @Maria")
    clock.advance(timedelta(days=91))
    staff.ask(prune_notifications)
    assert len(_told(staff, "maria")) == 1
    clock.advance(timedelta(days=300))
    staff.ask(prune_notifications)
    with staff.platform.session() as session:
        assert session.scalars(select(Notification)).all() == []
