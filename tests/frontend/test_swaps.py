"""What htmx brings into a page works like what was there before."""

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

pytestmark = pytest.mark.browser

FINDING = {"element": "Start", "line": 3, "message": "It starts nothing.", "advice": "Draw a flow."}


def test_island_and_times_work_when_they_are_swapped_in(page: Page):
    page.goto("/show/swap")
    page.get_by_role("button", name="Open task").click()
    expect(page.get_by_label("Subject")).to_be_visible()
    expect(page.locator("#pane time")).not_to_contain_text("UTC")


def test_entries_are_kept_when_their_form_is_swapped_out(page: Page):
    page.goto("/show/swap")
    page.get_by_role("button", name="Open task").click()
    page.get_by_label("Note").fill("Kept")
    page.get_by_role("button", name="Close task").click()
    expect(page.get_by_text("Closed.")).to_be_visible()
    page.get_by_role("button", name="Open task").click()
    expect(page.get_by_label("Note")).to_have_value("Kept")


def test_island_is_undone_when_it_is_taken_away(page: Page):
    page.goto("/show/modeller")
    expect(page.locator("[data-island]")).to_have_attribute("data-island-state", "ready")
    page.evaluate(
        "window.left = document.querySelector('.djs-container');"
        "document.querySelector('[data-island]').remove()"
    )
    page.wait_for_function("!window.left.isConnected && window.left.parentNode === null")


def test_answer_of_a_check_is_dropped_when_its_island_is_gone(page: Page):
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    page.route("**/check", hold)
    with page.expect_request("**/check"):
        page.goto("/show/modeller")
    expect(page.locator("[data-island]")).to_have_attribute("data-island-state", "ready")
    page.evaluate("document.querySelector('[data-island]').remove()")
    with page.expect_response("**/check"):
        asked[0].fulfill(json={"errors": [FINDING], "warnings": []})
    # Whatever the answer sets off is done before the next thing that the page is asked.
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")


def test_reason_is_told_and_nothing_swapped_when_the_server_refuses(page: Page, site: Flask):
    page.goto("/show/swap")
    page.get_by_role("button", name="Claim").click()
    expect(page.locator(".lw-toast")).to_have_text(
        "Grace Hopper has completed this task a moment ago."
    )
    expect(page.get_by_text("Nothing chosen.")).to_be_visible()
    assert site.config["RECEIVED"][0]["csrf"] == "token-of-tests"


def test_failure_is_told_when_the_server_is_not_there(page: Page):
    page.goto("/show/swap")
    page.context.set_offline(True)
    page.get_by_role("button", name="Claim").click()
    expect(page.locator(".lw-toast")).to_contain_text("can't be reached")


def test_reason_has_words_of_ours_when_the_answer_is_an_error_page(page: Page):
    page.goto("/show/swap")
    page.get_by_role("button", name="Leave").click()
    expect(page.locator(".lw-toast")).to_contain_text("no longer exists")
