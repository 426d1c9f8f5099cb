"""The list of notifications, the count beside it, and the choice of mails."""

from __future__ import annotations

import re

import pytest


@pytest.fixture
def named(as_person, lead_of):
    """Let the administrator name the employee in a note on the employee's lead."""
    key = lead_of("employee")
    words = {"record_type": "lead", "record_id": key, "text": "Look, @Anna"}
    as_person("administrator", "note.add", words)
    return key


def _count(page):
    return re.search(r'id="notifications-count"[^>]*>([^<]*)<', page.text)[1]


def test_a_notification_is_counted_opened_and_read(browse, named):
    browser = browse("employee")
    page = browser.get("/notifications")
    assert _count(page) == "1"
    assert "Look, @Anna" in page.text
    key = re.search(r"/notifications/([0-9a-f-]{36})/open", page.text)[1]
    opened = browser.post(f"/notifications/{key}/open")
    assert opened.headers["Location"] == f"/leads/{named}"
    assert _count(browser.get("/notifications")) == ""
    assert "Nothing unread" in browser.get("/notifications?show=unread").text


def test_the_choice_of_mails_is_kept_and_a_wrong_zone_refused(browse):
    browser = browse("employee")
    browser.get("/profile")
    chosen = {"mail_mention": "daily", "timezone": "Europe/Oslo", "digest_hour": "7"}
    browser.post("/notifications/settings", **chosen)
    page = browser.get("/profile").text
    assert 'value="Europe/Oslo"' in page
    assert '<option value="daily" selected>' in page
    browser.post("/notifications/settings", **(chosen | {"timezone": "Nowhere"}))
    assert "There is no such time zone." in browser.get("/profile").text
