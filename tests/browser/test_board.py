"""Deals are dragged over the board; a stage that wants to know more asks for just that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.program import Program, eventually

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def deals_where_they_begin(program: Program) -> None:
    """Have all deals where their processes put them, whatever another test has done to them."""
    idle = "SELECT count(*) FROM deals WHERE id NOT IN (SELECT record_id FROM work_items)"
    eventually(lambda: program.scalar(idle) == 0, why="a task waits for each of the demo's deals")
    program.scalar("UPDATE deals SET stage = 'needs', rots_at = NULL RETURNING 1")


def test_a_card_is_dragged_and_asked_for_what_its_stage_wants(
    program: Program,
    sign_in: Callable[..., Page],
    assert_accessible: Callable[[Page], None],
) -> None:
    olga = sign_in("olga")
    let_the_offer_ask(olga)
    olga.goto("/deals/board")
    expect(column(olga, "needs").locator("[data-deal]")).not_to_have_count(0)
    assert_accessible(olga)

    name = drag(olga, "needs", "new")
    expect(column(olga, "new").get_by_role("link", name=name, exact=True)).to_be_visible()
    eventually(lambda: stage_of(program, name) == "new")

    other = drag(olga, "needs", "offer")
    dialog = olga.get_by_role("dialog")
    expect(dialog).to_be_visible()
    # Until it is told, the card is where it was.
    expect(column(olga, "needs").get_by_role("link", name=other, exact=True)).to_be_attached()
    assert_accessible(olga)
    dialog.get_by_label("Competitor").fill("Sol AS")
    dialog.get_by_label("The budget is known").check()
    dialog.get_by_role("button", name="Move", exact=True).click()
    expect(column(olga, "offer").get_by_role("link", name=other, exact=True)).to_be_visible()
    assert stage_of(program, other) == "offer"


def test_a_card_goes_back_when_somebody_else_was_quicker(
    program: Program, sign_in: Callable[..., Page]
) -> None:
    olga = sign_in("olga")
    olga.goto("/deals/board")
    card = column(olga, "needs").locator("[data-deal]").first
    expect(card).to_be_visible()
    # As if the page had been open for a while.
    card.evaluate("card => { card.dataset.version = '0'; }")
    name = drag(olga, "needs", "new")
    expect(olga.locator("#toasts")).to_contain_text("in the meantime")
    expect(column(olga, "needs").get_by_role("link", name=name, exact=True)).to_be_visible()
    assert stage_of(program, name) == "needs"
    # The board is shown anew, so that the next try is about the deal as it is.
    expect(column(olga, "needs").locator("[data-version='0']")).to_have_count(0)
    other = drag(olga, "needs", "new")
    expect(column(olga, "new").get_by_role("link", name=other, exact=True)).to_be_visible()
    eventually(lambda: stage_of(program, other) == "new")


def test_a_deal_is_moved_without_dragging_on_a_small_screen(
    program: Program, sign_in: Callable[..., Page]
) -> None:
    olga = sign_in("olga", width=375, height=800)
    olga.goto("/deals/board")
    card = column(olga, "needs").locator("[data-deal]").first
    name = str(card.get_attribute("data-deal-name"))
    card.get_by_role("link", name=f"Move {name}").press("Enter")
    dialog = olga.get_by_role("dialog")
    dialog.get_by_label("Stage").select_option("negotiation")
    expect(dialog.get_by_label("Stage")).to_have_value("negotiation")
    dialog.get_by_role("button", name="Move", exact=True).click()
    eventually(lambda: stage_of(program, name) == "negotiation")


def test_the_page_does_not_scroll_sideways_when_deals_rot(
    program: Program, sign_in: Callable[..., Page]
) -> None:
    olga = sign_in("olga", width=375, height=800)
    program.scalar("UPDATE deals SET stage = 'negotiation', rots_at = '2020-01-01' RETURNING 1")
    olga.goto("/deals/board")
    expect(olga.get_by_text("in this stage for too long").first).to_be_attached()
    assert olga.evaluate("document.documentElement.scrollWidth") == 375


def let_the_offer_ask(page: Page) -> None:
    page.goto("/admin/pipelines")
    page.get_by_role("link", name="Sales", exact=True).click()
    page.get_by_role("link", name="Offer", exact=True).click()
    page.get_by_label("Competitor").check()
    page.get_by_label("To be confirmed").fill("The budget is known")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()


def column(page: Page, stage: str) -> Locator:
    return page.locator(f'[data-stage="{stage}"]')


def drag(page: Page, source: str, target: str) -> str:
    """Drag the first card of a column into another one; return its deal's name."""
    expect(page.get_by_role("region", name="Expected revenue by month")).to_be_visible()
    expect(page.locator("[data-board][aria-busy]")).to_have_count(0)
    card = column(page, source).locator("[data-deal]").first
    name = card.get_attribute("data-deal-name")
    card.drag_to(column(page, target).locator("h2"))
    return str(name)


def stage_of(program: Program, deal: str) -> object:
    return program.scalar(f"SELECT stage FROM deals WHERE name = '{deal}'")
