"""The forms around a record: tags, addresses, places, activities, notes and conversations."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from services.actors import SYSTEM
from services.mail.model import Mail
from services.operations import run
from services.points.keeping import points_of
from services.records.timeline import timeline_of
from services.records.types import get_record


@pytest.fixture
def eva(as_person):
    return as_person("employee", "contact.create", {"last_name": "Lund", "email": "eva@x.example"})


@pytest.fixture
def page(browse, eva):
    """Return the employee's browser on the contact's page, and its address."""
    browser = browse("employee")
    url = f"/contacts/{eva.id}"
    browser.get(url)
    return browser, url


def _from(eva):
    return {"from_type": "contact", "from_id": str(eva.id)}


def _fresh(platform, eva):
    return platform.transact(SYSTEM, lambda uow: get_record(uow, "contact", eva.id))


def test_a_tag_sticks_and_comes_off(page):
    browser, url = page
    assert browser.post(f"{url}/tags", name="Key <b>customer").status_code == 302
    shown = browser.get(url).text
    assert "Key &lt;b&gt;customer" in shown
    assert "Key &lt;b&gt;customer" in browser.get("/contacts").text
    browser.post(f"{url}/tags/remove", name="key <b>customer")
    assert "Take off" not in browser.get(url).text


def test_an_address_is_added_made_primary_and_removed(page, eva, platform):
    browser, url = page
    given = {"record_type": "contact", "record_id": str(eva.id), "kind": "mail", "label": "home"}
    made = browser.post("/contact-points", value="eva@home.example", **given, **_from(eva))
    assert made.headers["Location"].endswith(url)
    points = platform.transact(
        SYSTEM, lambda uow: points_of(uow, get_record(uow, "contact", eva.id))
    )
    keys = {point.normalised: point.id for point in points}
    browser.post(f"/contact-points/{keys['eva@home.example']}/do/make_primary", **_from(eva))
    assert _fresh(platform, eva).email == "eva@home.example"
    browser.post(f"/contact-points/{keys['eva@x.example']}/do/remove", **_from(eva))
    assert "eva@x.example" not in browser.get(f"{url}?group=notes").text


def test_what_is_wrong_with_an_address_is_said_on_the_page(page, eva):
    browser, url = page
    given = {"record_type": "contact", "record_id": str(eva.id), "kind": "mail"}
    refused = browser.post("/contact-points", value="nonsense", **given, **_from(eva))
    assert refused.headers["Location"].endswith(url)
    assert "not a valid e-mail address" in browser.get(url).text


def test_an_action_that_is_none_is_not_found(page, eva):
    browser, _ = page
    for address in ("contact-points", "contact-accounts"):
        assert browser.post(f"/{address}/{eva.id}/do/drop", **_from(eva)).status_code == 404


def test_a_contact_gets_another_account_and_leaves_it(page, eva, as_person):
    browser, url = page
    for name in ("One", "Two"):
        account = as_person("employee", "account.create", {"name": name})
        browser.post("/contact-accounts", contact_id=str(eva.id), account_id=str(account.id),
                     role="Adviser", **_from(eva))  # fmt: skip
    shown = browser.get(url).text
    assert shown.count("Adviser") >= 2
    link = re.search(r"/contact-accounts/([0-9a-f-]{36})/do/end", shown).group(1)
    browser.post(f"/contact-accounts/{link}/do/end", **_from(eva))
    assert "until" in browser.get(url).text


def test_a_call_is_logged_and_the_next_one_planned(page, eva, platform):
    browser, url = page
    browser.post(f"{url}/log", kind="call", subject="First talk", result="Wants an offer",
                 duration_minutes="5", at="")  # fmt: skip
    browser.post(f"{url}/plan", kind="meeting", subject="Second talk",
                 starts_at="2040-03-02T10:30", duration_minutes="30")  # fmt: skip
    shown = browser.get(url).text
    assert "Logged call “First talk”" in shown
    assert "Planned" in shown
    assert "Second talk" in browser.get("/contacts").text
    assert "Second talk" in browser.get("/agenda").text


def test_the_agenda_tells_the_next_days_one_by_one(page, as_person, clock):
    browser, _ = page
    clock.moment = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
    for day, whole in (("03", False), ("04", True)):
        as_person("employee", "activity.create", {"subject": f"Talk {day}", "kind": "meeting",
                  "starts_at": f"2026-03-{day}T10:00Z", "duration_minutes": 30, "all_day": whole,
                  "location": "Bergen"})  # fmt: skip
    shown = " ".join(re.sub(r"<[^>]*>", " ", browser.get("/agenda").text).split())
    tomorrow, after = shown.partition("Tomorrow, Tuesday 3 March (1)")[2].split("Wednesday 4 March")
    assert "Talk 03" in tomorrow
    assert "Bergen" in tomorrow
    assert "10:00" in tomorrow
    assert "10:30" in tomorrow
    assert "4 Mar" in after


def test_an_entry_of_the_calendar_is_moved_and_a_series_asks_for_how_much(page, as_person, clock):
    browser, _ = page
    clock.moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    given = {"subject": "Stand-up", "kind": "meeting", "starts_at": "2026-03-03T10:00Z"}
    made = as_person("employee", "activity.create", {**given, "repeats": "weekly"})
    move = f"/agenda/calendar/{made.id}/move"
    assert move in browser.get("/agenda/calendar?day=2026-03-03").text
    assert browser.post(move, day="2026-03-04", time="11:15", which="all").status_code == 302
    shown = browser.get("/agenda/calendar?day=2026-03-11&view=day").text
    assert 'data-at="11:15" data-day="2026-03-11"' in shown
    assert "Every week on Wednesday" in browser.get(f"/activities/{made.id}").text
    assert browser.post(move, day="yesterday", time="").headers["Location"].endswith(str(made.id))


@pytest.mark.parametrize("query", ["view=month&day=0001-01-01", "day=9999-12-31", "with=nobody"])
def test_the_calendar_opens_when_the_address_is_odd(page, query):
    browser, _ = page
    assert browser.get(f"/agenda/calendar?{query}").status_code == 200


def test_a_form_says_for_how_much_of_a_series_a_change_is_meant(page, clock):
    browser, _ = page
    clock.moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    made = browser.post("/activities/new", subject="Stand-up", kind="meeting",
                        starts_at="2026-03-03T10:00", repeats="weekly")  # fmt: skip
    url = re.sub("^https?://[^/]*", "", made.headers["Location"])
    version = re.search(r'name="version" value="(\d+)"', browser.get(f"{url}/edit").text).group(1)
    browser.post(f"{url}/edit", location="Hall", which="all", version=version, seen="{}")
    later = re.findall(r'href="(/activities/[0-9a-f-]{36})"', browser.get(url).text)
    assert "Hall" in browser.get(later[0]).text


def test_what_was_planned_is_completed_from_the_agenda(page, browse):
    browser, url = page
    browser.post(f"{url}/plan", kind="task", subject="Send samples")
    shown = browser.get("/agenda").text
    action = re.search(r"/activities/[0-9a-f-]{36}/settle/complete", shown).group()
    done = browser.post(action, **{"from": "agenda"})
    assert done.headers["Location"].endswith("/agenda")
    assert "Nothing is planned" in browser.get("/agenda").text


def test_the_page_of_an_activity_moves_invites_and_gives_a_file(page, as_person):
    browser, _ = page
    made = as_person("employee", "activity.create", {"subject": "Talk", "kind": "call",
                     "starts_at": "2020-01-01T10:00Z"})  # fmt: skip
    url = f"/activities/{made.id}"
    assert "should be done by now" in browser.get(url).text
    browser.post(f"{url}/settle/reschedule", starts_at="2040-01-01T10:00")
    assert "should be done by now" not in browser.get(url).text
    file = browser.get(f"{url}/calendar.ics")
    assert file.mimetype == "text/calendar"
    assert "DTSTART:20400101T" in file.text
    assert browser.post(f"{url}/settle/explode").status_code == 404


def test_a_note_names_a_colleague_and_is_changed_later(page, eva, platform, browse):
    browser, url = page
    browser.post(f"{url}/notes", text="@Boris frist")
    entries = platform.transact(
        SYSTEM, lambda uow: timeline_of(uow, "contact", eva.id, group="notes")
    )
    note = f"/notes/{entries[0].id}"
    assert f'href="{note}"' in browser.get(f"{url}?group=notes").text
    assert browser.post(note, text="@Boris first", seen="@Boris frist").status_code == 302
    assert "@Boris frist" in browser.get(note).text
    stale = browser.post(note, text="again", seen="@Boris frist")
    assert (stale.status_code, "again" in stale.text) == (409, True)
    other = browse("manager")
    other.get(url)
    assert "textarea" not in other.get(note).text.partition("<main")[2].partition("</main>")[0]


def test_the_history_of_a_field_is_shown_and_others_are_not_found(page, eva, as_person):
    browser, url = page
    as_person("employee", "contact.update", {"contact_id": eva.id, "position": "Head"})
    shown = browser.get(f"{url}/history?field=position").text
    assert "Head" in shown
    assert browser.get(f"{url}/history?field=secret").status_code == 404


def test_a_conversation_is_read_and_answered_on_its_page(page, eva, as_person, platform):
    browser, url = page
    sent = as_person("employee", "mail.send", {"record_type": "contact", "record_id": eva.id,
                     "subject": "Hello <i>", "body": "Dear Eva"})  # fmt: skip
    thread = f"/conversations/{sent['mail_id']}"
    assert f'href="{thread}"' in browser.get(url).text
    shown = browser.get(thread).text
    assert "Hello &lt;i&gt;" in shown
    browser.post(f"{thread}/answer", to="eva@x.example", subject="Re: Hello", body="One more thing",
                 reply_to_id=str(sent["mail_id"]))  # fmt: skip
    assert "One more thing" in browser.get(thread).text
    wrong = browser.post(f"{thread}/answer", to="nobody", subject="x", body="Kept as typed",
                         reply_to_id=str(sent["mail_id"]))  # fmt: skip
    assert (wrong.status_code, "Kept as typed" in wrong.text) == (422, True)


def test_a_conversation_is_not_found_by_whoever_may_not_see_its_record(
    page, eva, as_person, browse
):
    sent = as_person("employee", "mail.send", {"record_type": "contact", "record_id": eva.id,
                     "subject": "Hello", "body": "Dear Eva"})  # fmt: skip
    assert browse("desk").get(f"/conversations/{sent['mail_id']}").status_code == 404


def test_an_account_page_shows_its_group_and_tells_of_its_parts(page, as_person):
    browser, _ = page
    top = as_person("employee", "account.create", {"name": "Holding"})
    part = as_person("employee", "account.create", {"name": "Part", "parent_id": top.id})
    as_person("employee", "note.add", {"record_type": "account", "record_id": part.id,
              "text": "Told in the part"})  # fmt: skip
    shown = browser.get(f"/accounts/{top.id}").text
    assert "With parts" in shown
    assert "Told in the part" not in shown
    assert "Told in the part" in browser.get(f"/accounts/{top.id}?parts=1").text


def test_tags_are_renamed_merged_and_deleted_by_administrators(page, browse):
    browser, url = page
    for name in ("Hot", "Warm"):
        browser.post(f"{url}/tags", name=name)
    olga = browse("administrator")
    shown = olga.get("/admin/tags").text
    keys = re.findall(r"/admin/tags/([0-9a-f-]{36})/delete", shown)
    olga.post(f"/admin/tags/{keys[0]}", name="Boiling", colour="red")
    assert "Boiling" in browser.get(url).text
    olga.post(f"/admin/tags/{keys[0]}/merge", into_id=keys[1])
    assert "Boiling" not in browser.get(url).text
    olga.post(f"/admin/tags/{keys[1]}/delete")
    assert "No tags yet" in olga.get("/admin/tags").text


def test_mails_are_marked_read_by_a_post_of_the_page_alone(page, eva, as_person, platform):
    browser, _ = page
    raw = (b"From: eva@x.example\r\nTo: crm@lanewise.example\r\nSubject: Help\r\n"
           b"Message-ID: <1@x.example>\r\n\r\nHelp\r\n")  # fmt: skip
    made = platform.transact(SYSTEM, lambda uow: _receive(uow, raw))
    olga = browser
    thread = f"/conversations/{made['mail_id']}"
    platform.transact(SYSTEM, lambda uow: _give_to_sales(uow, made["record_id"]))
    assert "New" in olga.get(thread).text
    assert olga.post(f"{thread}/read").status_code == 204
    mail = platform.transact(SYSTEM, lambda uow: uow.session.get(Mail, made["mail_id"]))
    assert mail.read_by == "Anna Berg"


def _receive(uow, raw):
    return run(uow, "mail.receive", {"raw": raw})


def _give_to_sales(uow, request_id):
    run(uow, "record.assign", {"record_type": "request", "record_id": request_id,
        "user": "anna@lanewise.example"})  # fmt: skip
