"""An analyst draws one more step into a process: new deals take it, running ones don't."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.drawing import Modeller, open_modeller
from tests.browser.steps import complete, field, open_task
from tests.program import Program, eventually

pytestmark = pytest.mark.browser

STEP = "Check the needs"
OLD_DEAL = "Cold store hatch"
NEW_DEAL = "Doors for the annex"


def test_a_new_deal_takes_a_drawn_step_when_a_running_one_stays_on_its_version(
    program: Program,
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    eventually(lambda: version_of(program, OLD_DEAL) == 1)
    ada = sign_in("ada", width=1440, height=900)
    modeller = open_modeller(ada, "deal")
    draw_the_step(modeller, picture, assert_accessible)
    deploy(ada)

    boris = sign_in("boris")
    open_task(boris, "Clarify needs", OLD_DEAL)
    clarify(boris)  # its amount is the sum of its positions
    eventually(lambda: stage_of(program, OLD_DEAL) == "offer")
    assert tasks_of(program, OLD_DEAL, STEP) == 0
    expect_diagram(boris, OLD_DEAL, with_step=False)

    make_a_deal(boris)
    open_task(boris, "Clarify needs", NEW_DEAL)
    assert version_of(program, NEW_DEAL) == 2
    clarify(boris, amount="9000")
    maria = sign_in("maria")
    open_task(maria, STEP, NEW_DEAL, view="My groups")
    assert stage_of(program, NEW_DEAL) == "needs"
    expect_diagram(maria, NEW_DEAL, with_step=True)
    open_task(maria, STEP, NEW_DEAL, view="My groups")
    field(maria, "Approve").check()
    complete(maria)
    eventually(lambda: stage_of(program, NEW_DEAL) == "offer")
    assert program.scalar("SELECT count(*) FROM incidents") == 0


def draw_the_step(
    modeller: Modeller,
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    """Make both mistakes that are easily made, see them, and mend them."""
    page = modeller.page
    needs = modeller.shape("Task_needs").bounding_box()
    assert needs is not None
    modeller.make_space("Task_needs", "Gateway_wanted", 80)
    modeller.create_task(STEP, needs["x"] + needs["width"] + 60, needs["y"] - 60)
    mark = page.locator(".djs-overlay-container").get_by_role("button", name="No path leads to")
    expect(mark).to_be_visible()
    page.locator(".lw-findings summary").click()
    listed = page.locator(".lw-findings")
    expect(listed).to_contain_text(f"{STEP} No path leads to this element.")
    modeller.expect_saved()

    page.locator(".lw-findings summary").click()
    modeller.drop_selected_between("Task_needs", "Gateway_wanted")
    expect(mark).to_have_count(0)
    modeller.turn_into("User task")
    page.locator(".lw-findings summary").click()
    expect(listed).to_contain_text("Nobody is named for this task")
    modeller.group("Assignment").get_by_label("Candidate groups").fill("Managers")
    form = modeller.group("Form")
    form.get_by_label("Type").select_option(label="Form")
    form.get_by_label("Form ID").fill("check-needs")
    expect(listed).to_contain_text("There is no form called check-needs.")
    modeller.expect_saved()
    picture(page, "modeller")
    assert_accessible(page)
    form.get_by_label("Form ID").fill("approve-deal")
    modeller.expect_findings("No problems")
    modeller.expect_saved()


def deploy(page: Page) -> None:
    page.get_by_role("button", name="Deploy").click()
    dialog = page.get_by_role("dialog", name="Deploy a new version")
    dialog.get_by_label("What changes, and why").fill("A manager checks the needs")
    dialog.get_by_role("button", name="Deploy").click()
    page.wait_for_url("**/processes/deal")
    newest = page.locator(".lw-table tbody tr").first
    expect(newest).to_contain_text("Version 2")
    expect(newest).to_contain_text("A manager checks the needs")
    expect(newest).to_contain_text("Ada Moen")


def clarify(page: Page, amount: str | None = None) -> None:
    field(page, "Yes, make an offer").check()
    if amount:
        field(page, "Amount").fill(amount)
    field(page, "Needs").fill("Insulated, white, before summer")
    complete(page)


def make_a_deal(page: Page) -> None:
    page.goto("/deals/new")
    page.get_by_label("Name").fill(NEW_DEAL)
    choose(page, "account", "Fjord Hotell")
    choose(page, "contact", "Jonas Strand")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=NEW_DEAL)).to_be_visible()


def choose(page: Page, what: str, name: str) -> None:
    page.get_by_label(f"Search {what}s").press_sequentially(name)
    page.locator("label.lw-offer").filter(has_text=name).first.click()


def expect_diagram(page: Page, deal: str, *, with_step: bool) -> None:
    """Look at the diagram on the deal's page."""
    page.goto(f"/deals?q={deal.replace(' ', '+')}")
    page.get_by_role("link", name=deal).first.click()
    diagram = page.locator(".lw-island-viewer")
    expect(diagram).to_have_attribute("data-island-state", "ready")
    expect(diagram.locator(".djs-shape").filter(has_text="Check the")).to_have_count(
        1 if with_step else 0
    )


def version_of(program: Program, deal: str) -> object:
    return program.scalar(
        "SELECT v.version FROM process_instances i JOIN process_versions v ON v.id = i.version_id "
        f"JOIN deals d ON d.id = i.record_id WHERE d.name = '{deal}'"
    )


def stage_of(program: Program, deal: str) -> object:
    return program.scalar(f"SELECT stage FROM deals WHERE name = '{deal}'")


def tasks_of(program: Program, deal: str, name: str) -> object:
    return program.scalar(
        "SELECT count(*) FROM work_items w JOIN process_instances i ON i.id = w.instance_id "
        f"JOIN deals d ON d.id = i.record_id WHERE d.name = '{deal}' AND w.name = '{name}'"
    )
