"""Every page: allowed by the policy, accessible, and fit for a phone."""

import gzip
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
AXE = (ROOT / "frontend/node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
NAMES = sorted(path.stem for path in (Path(__file__).parent / "pages").glob("*.html"))
SHOWN = [name for name in NAMES if name != "blank"]
# What bpmn.io draws inside its own widgets is not ours to label; the rest of the page is checked.
THEIRS = [
    ".djs-palette",
    ".djs-minimap",
    ".bio-properties-panel",
    ".bjs-powered-by",
    ".djs-overlays",
]
LOAD_LIMIT_BYTES = 120_000

pytestmark = pytest.mark.browser


def open_page(page: Page, name: str, theme: str = "light", width: int = 1280) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/show/{name}?flash=1")
    page.wait_for_load_state("networkidle")
    for island in page.locator("[data-island]").all():
        expect(island).to_have_attribute("data-island-state", "ready")


def violations(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate(
        "exclude => axe.run({exclude: exclude.map((each) => [each])}, "
        "{runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})",
        THEIRS,
    )
    return [
        f"{each['id']}: {node['target']} {node['failureSummary']}"
        for each in found["violations"]
        for node in each["nodes"]
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", SHOWN)
def test_page_is_accessible_when_checked_with_axe(page: Page, name: str, theme: str):
    open_page(page, name, theme)
    assert violations(page) == []


@pytest.mark.parametrize("name", SHOWN)
def test_page_is_accessible_when_it_is_on_a_phone(page: Page, name: str):
    open_page(page, name, width=375)
    assert violations(page) == []


@pytest.mark.parametrize("name", SHOWN)
def test_page_does_not_scroll_sideways_when_it_is_on_a_phone(page: Page, name: str):
    open_page(page, name, width=375)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 375


def test_first_load_is_small_when_nothing_is_cached(page: Page, client: FlaskClient):
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    sizes: list[int] = []
    session.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    page.goto("/show/record")
    page.wait_for_load_state("networkidle")
    html = client.get("/show/record").data
    # The page itself is compressed by what stands before the application.
    assert 0 < sum(sizes) - len(html) + len(gzip.compress(html)) < LOAD_LIMIT_BYTES


def test_page_is_dark_before_its_scripts_run_when_dark_was_chosen(page: Page):
    page.goto("/show/list")
    page.get_by_role("button", name="Ada Lovelace").click()
    page.get_by_text("Dark", exact=True).click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.route("**/*.js", lambda route: route.abort())
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_time_is_in_the_readers_zone_when_scripts_run(page: Page):
    page.goto("/show/record")
    page.evaluate(
        "document.querySelector('.lw-facts').append(Object.assign(document.createElement('div'),"
        '{innerHTML: \'<time datetime="2026-07-01T22:30:00Z" data-time="datetime">x</time>\'}))'
    )
    page.evaluate(
        "document.querySelector('.lw-facts').dispatchEvent("
        "new CustomEvent('htmx:after:process', {bubbles: true}))"
    )
    expect(page.locator(".lw-facts time").last).to_contain_text("2 Jul")
    expect(page.locator(".lw-facts time").last).to_contain_text("00:30")


def test_keys_lead_to_pages_and_rows_when_nothing_is_being_typed(page: Page):
    page.goto("/show/list")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("[data-row-link]").nth(1)).to_be_focused()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("gi")
    page.wait_for_url("**/show/list?q=gi")
    page.get_by_role("heading", level=1).click()
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page).to_have_url("/inbox")


def test_button_does_nothing_when_its_question_is_answered_with_cancel(page: Page, site):
    page.goto("/show/record")
    page.get_by_role("button", name="Mark lost").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert "RECEIVED" not in site.config
    page.get_by_role("button", name="Mark lost").click()
    with page.expect_response("**/answer/200"):
        page.get_by_role("dialog").get_by_role("button", name="Mark lost").click()


def test_menu_opens_beside_its_button_and_moves_with_arrows_when_used_by_keyboard(page: Page):
    page.goto("/show/list")
    opener = page.get_by_role("button", name="Actions for Kappa").first
    opener.click()
    menu = page.locator("#menu-4")
    expect(menu).to_be_visible()
    button, box = opener.bounding_box(), menu.bounding_box()
    assert button
    assert box
    assert abs(box["x"] + box["width"] - button["x"] - button["width"]) < 2
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    expect(menu.get_by_role("button", name="Delete")).to_be_focused()
    page.keyboard.press("Escape")
    expect(menu).to_be_hidden()


def test_side_bar_opens_over_the_page_when_it_is_on_a_phone(page: Page):
    page.set_viewport_size({"width": 375, "height": 800})
    page.goto("/show/list")
    expect(page.locator("#sidebar")).to_be_hidden()
    page.get_by_role("button", name="Menu").click()
    page.locator("#sidebar").get_by_role("link", name="Incidents").click()
    expect(page).to_have_url("/admin/incidents")


def test_search_is_sent_and_keeps_the_cursor_when_typing_pauses(page: Page):
    page.goto("/show/list")
    page.get_by_role("searchbox").type("north")
    page.wait_for_url("**/show/list?q=north")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_message_stays_when_it_is_bad_news_and_can_be_dismissed(page: Page):
    page.goto("/show/list?flash=1")
    page.clock.install()
    bad = page.locator('[data-toast="bad"]')
    expect(bad).to_contain_text("could not be delivered")
    bad.get_by_role("button", name="Dismiss").click()
    expect(bad).to_have_count(0)
