"""The side bar: what is used daily on top, the rest in groups that open and close."""

from __future__ import annotations

import re

import pytest


def open_groups(browser, url="/inbox/"):
    text = browser.get(url, follow_redirects=True).text
    return re.findall(r'data-places="(\w+)" open', text)


@pytest.mark.parametrize(
    ("who", "groups"),
    [("employee", ["sell"]), ("analyst", ["sell", "processes"]), ("administrator", ["processes"])],
)
def test_few_groups_are_open_when_nobody_has_chosen(browse, who, groups):
    assert open_groups(browse(who)) == groups


@pytest.mark.parametrize(
    ("cookie", "groups"),
    [("sell-1.processes-0", ["sell"]), ("admin-1", ["processes", "admin"]), ("<x>", ["processes"])],
)
def test_groups_stay_as_chosen_when_another_page_is_opened(browse, cookie, groups):
    browser = browse("administrator")
    browser.client.set_cookie("places", cookie)
    assert open_groups(browser) == groups


def test_the_group_of_the_page_is_open_when_it_was_closed(browse):
    browser = browse("administrator")
    browser.client.set_cookie("places", "admin-0")
    assert "admin" in open_groups(browser, "/admin/people")
