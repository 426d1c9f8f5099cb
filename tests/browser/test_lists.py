"""A list is narrowed with the filter's form, and kept as a view."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def test_a_filter_is_built_applied_and_kept_when_a_person_uses_the_form(
    sign_in: Callable[..., Page], assert_accessible: Callable[[Page], None]
) -> None:
    page = sign_in("olga")
    page.goto("/deals")
    page.get_by_role("link", name="Filter", exact=True).click()
    form = page.locator(".lw-filter-form")
    form.get_by_label("Field").select_option("amount")
    form.get_by_label("Comparison").select_option("between")
    form.get_by_label("Value of Amount, from").fill("1")
    form.get_by_label("Value of Amount, to").fill("999999")
    form.get_by_role("button", name="Condition", exact=True).click()
    form.get_by_label("Field").nth(1).select_option("account_id")
    form.get_by_label("Comparison").nth(1).select_option("not_empty")
    expect(form.get_by_label("Value of Amount, from")).to_have_value("1")
    assert_accessible(page)
    form.get_by_label("Value of Amount, to").press("Enter")
    chips = page.locator(".lw-chip")
    expect(chips).to_have_text(["Amount is between 1 and 999,999", "Account is not empty"])
    page.get_by_role("button", name="View").click()
    page.get_by_label("Save this list as").fill("With an amount")
    page.get_by_role("button", name="Save", exact=True).click()
    views = page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link", name="With an amount")).to_have_attribute(
        "aria-current", "page"
    )
    page.get_by_role("link", name="Take away: Account is not empty").click()
    expect(chips).to_have_text(["Amount is between 1 and 999,999"])
    assert_accessible(page)


def test_a_record_is_opened_from_anywhere_when_its_name_is_typed(
    sign_in: Callable[..., Page], assert_accessible: Callable[[Page], None]
) -> None:
    page = sign_in("olga")
    page.goto("/admin/people")
    page.keyboard.press("Control+k")
    box = page.locator("[data-search-all]")
    expect(box).to_be_focused()
    box.press_sequentially("balc doors 2nd")
    hit = page.locator("#search-found [data-hit]").first
    expect(hit).to_contain_text("Balcony doors, 2nd floor")
    box.press("ArrowDown")
    expect(box).to_have_attribute("aria-activedescendant", str(hit.get_attribute("id")))
    assert_accessible(page)
    box.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Balcony doors, 2nd floor")


def test_a_menus_dialog_begins_in_its_first_field_when_the_keyboard_opens_it(
    sign_in: Callable[..., Page],
) -> None:
    page = sign_in("olga")
    page.goto("/accounts")
    page.locator("[data-row-link]").first.press("Enter")
    page.wait_for_url("**/accounts/*")
    page.get_by_role("button", name="More actions").press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("button", name="Assign …")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#send-mail [name=to]")).to_be_focused()
