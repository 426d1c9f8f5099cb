"""The island `form`: what is typed reaches the server or stays; messages stand at their fields."""

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser


def open_form(page: Page, answer: int) -> None:
    page.goto(f"/show/form?answer={answer}")
    expect(page.get_by_label("Subject")).to_have_value("Fleet telematics")


def test_values_are_posted_with_token_and_version_when_sent(page: Page, site: Flask):
    open_form(page, 200)
    page.get_by_label("Subject").fill("New subject")
    page.get_by_role("button", name="Complete task").click()
    expect(page).to_have_url("/inbox")
    [received] = site.config["RECEIVED"]
    assert received["csrf"] == "token-of-tests"
    assert received["json"]["version"] == 3
    assert received["json"]["data"]["deal"] == {"subject": "New subject"}
    assert received["json"]["data"]["lines"] == [{"title": "Trackers", "price": 12.5}]


def test_form_is_sent_when_ctrl_enter_is_pressed_in_a_field(page: Page, site: Flask):
    open_form(page, 200)
    page.get_by_label("Note").fill("Last words")
    page.keyboard.press("Control+Enter")
    expect(page).to_have_url("/inbox")
    assert site.config["RECEIVED"][0]["json"]["data"]["note"] == "Last words"


def test_nothing_is_sent_when_the_form_itself_finds_a_fault(page: Page, site: Flask):
    open_form(page, 200)
    page.get_by_label("Subject").fill("")
    page.get_by_role("button", name="Complete task").click()
    expect(page.get_by_text("Some entries need attention.")).to_be_visible()
    expect(page.get_by_label("Subject")).to_be_focused()
    assert "RECEIVED" not in site.config


def test_message_stands_at_its_field_and_is_focused_when_the_server_refuses(page: Page):
    open_form(page, 422)
    page.get_by_role("button", name="Complete task").click()
    field = page.locator(".fjs-form-field-number").first
    expect(field).to_contain_text("Must be at least 100.")
    expect(page.get_by_label("Budget")).to_be_focused()
    page.get_by_label("Budget").fill("200")
    expect(field).not_to_contain_text("Must be at least 100.")


def test_entries_stay_and_the_reason_is_told_when_somebody_was_faster(page: Page):
    open_form(page, 409)
    page.get_by_label("Note").fill("Not to be lost")
    page.get_by_role("button", name="Complete task").click()
    alert = page.locator(".lw-form-alert")
    expect(alert).to_contain_text("Grace Hopper has completed this task a moment ago.")
    expect(page.get_by_label("Note")).to_have_value("Not to be lost")


def test_entries_stay_and_can_be_sent_again_when_the_network_is_gone(page: Page, site: Flask):
    open_form(page, 200)
    page.get_by_label("Note").fill("Not to be lost")
    page.context.set_offline(True)
    page.get_by_role("button", name="Complete task").click()
    expect(page.locator(".lw-form-alert")).to_contain_text("can't be reached")
    page.context.set_offline(False)
    page.get_by_role("button", name="Complete task").click()
    expect(page).to_have_url("/inbox")
    assert site.config["RECEIVED"][0]["json"]["data"]["note"] == "Not to be lost"


def test_entries_are_restored_when_the_page_is_loaded_again(page: Page):
    open_form(page, 422)
    page.get_by_label("Note").fill("Kept")
    page.reload()
    expect(page.get_by_label("Note")).to_have_value("Kept")
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_label("Note")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Subject")).to_have_value("Fleet telematics")
    expect(page.get_by_text("Restored what you typed")).to_have_count(0)


def test_nothing_is_restored_when_the_server_took_it(page: Page):
    open_form(page, 200)
    page.get_by_label("Note").fill("Done")
    page.get_by_role("button", name="Complete task").click()
    expect(page).to_have_url("/inbox")
    open_form(page, 200)
    expect(page.get_by_label("Note")).to_have_value("")


def test_page_decides_what_happens_when_it_takes_the_submitted_event(page: Page):
    open_form(page, 200)
    page.evaluate(
        "document.addEventListener('lanewise:submitted', (event) => {"
        "event.preventDefault(); document.title = event.detail.redirect; })"
    )
    page.get_by_role("button", name="Complete task").click()
    expect(page).to_have_title("/inbox")
    assert "/show/form" in page.url


def test_field_appears_when_its_condition_is_met(page: Page):
    open_form(page, 200)
    expect(page.get_by_label("Address")).to_have_count(0)
    page.get_by_label("Meeting on site").check()
    expect(page.get_by_label("Address")).to_be_visible()


def test_date_is_chosen_from_the_calendar_when_it_is_opened(page: Page, site: Flask):
    open_form(page, 200)
    page.get_by_label("Needed on").click()
    page.locator(".flatpickr-day.today").click()
    page.get_by_role("button", name="Complete task").click()
    expect(page).to_have_url("/inbox")
    assert site.config["RECEIVED"][0]["json"]["data"]["needed_on"]


def test_form_can_only_be_read_when_it_is_read_only(page: Page):
    page.goto("/show/form?readonly=1")
    expect(page.get_by_label("Subject")).to_have_attribute("readonly", "")
    expect(page.get_by_role("button", name="Complete task")).to_have_count(0)
