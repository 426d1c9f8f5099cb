"""An administrator mends what is stuck, and takes what runs over to a better version."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_everywhere import look_at
from tests.program import Program, eventually

pytestmark = pytest.mark.browser

ERRAND = (Path(__file__).parent / "models" / "errand.bpmn").read_text(encoding="utf-8")
DIAGRAM = '[data-island="viewer"][data-island-state="ready"]'


def test_a_stuck_instance_is_suspended_moved_and_begun_again(
    program: Program,
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    olga = sign_in("olga")
    deploy(olga, ERRAND)
    start_an_errand(olga, variables='{"parcel": "A1", "weight": 3}')
    expect(olga.locator(DIAGRAM)).to_be_visible()

    shape(olga, "Task_fetch").click()
    panel = olga.get_by_role("region", name="Fetch it")
    expect(panel).to_contain_text("A token waits for somebody")
    picture(olga, "operate")
    look_at(olga, assert_accessible)
    panel.get_by_role("button", name="Move").click()
    dialog = olga.get_by_role("dialog", name="Move the token at Fetch it")
    expect(dialog).to_contain_text("What waits here is cancelled")
    look_at(olga, assert_accessible)
    picture(olga, "operate-move")
    dialog.get_by_label("To").select_option(label="Hand it over (user task)")
    dialog.get_by_label("Reason").fill("The customer fetched it himself")
    dialog.get_by_role("button", name="Move the token").click()
    expect(olga.get_by_text("The token is moved.")).to_be_visible()
    assert open_tasks(program) == "Hand it over"
    moved = olga.get_by_role("row").filter(has_text="Moved to Hand it over")
    expect(moved).to_contain_text("The customer fetched it himself")
    expect(moved).to_contain_text("Olga Nilsen")

    moved.get_by_role("link", name="Fetch it").click()
    expect(shape(olga, "Task_fetch")).to_have_class(re.compile("lw-selected"))
    expect(panel).to_contain_text("No token stands here.")
    panel.get_by_role("button", name="Restart from here").click()
    dialog = olga.get_by_role("dialog", name="Restart from Fetch it")
    dialog.get_by_label("Reason").fill("He did not after all")
    dialog.get_by_role("button", name="Restart").click()
    expect(olga.get_by_text("The instance began again.")).to_be_visible()
    assert open_tasks(program) == "Fetch it"

    choose(olga, "Suspend")
    dialog = olga.get_by_role("dialog", name="Suspend this instance")
    dialog.get_by_label("Reason").fill("The parcel is lost")
    dialog.get_by_role("button", name="Suspend").click()
    expect(olga.get_by_text("Suspended by Olga Nilsen")).to_be_visible()
    picture(olga, "operate-suspended")

    olga.get_by_role("button", name="Set weight").click()
    dialog = olga.get_by_role("dialog", name="Set a variable")
    expect(dialog.get_by_label("Value")).to_have_value("3")
    dialog.get_by_label("Value").fill("=2 * 2")
    dialog.get_by_label("Reason").fill("Weighed again")
    picture(olga, "operate-variable")
    dialog.get_by_role("button", name="Set the variable").click()
    expect(olga.get_by_text("weight is set.")).to_be_visible()
    expect(olga.locator(".lw-variables")).to_contain_text("4")
    look_at(olga, assert_accessible)


def test_instances_are_taken_over_to_a_version_with_another_element_and_back(
    program: Program,
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    olga = sign_in("olga")
    deploy(olga, ERRAND.replace("errand", "round").replace("Errand", "Round"))
    for _ in range(3):
        start_an_errand(olga, name="Round")
    newer = ERRAND.replace("errand", "round").replace("Errand", "Round")
    deploy(olga, newer.replace("Task_fetch", "Task_collect").replace("Fetch it", "Collect it"))

    olga.goto("/processes/round")
    olga.get_by_role("button", name="What to do with the instances of version 1").click()
    picture(olga, "versions-menu")
    olga.get_by_role("link", name="Migrate instances").click()
    expect(olga.get_by_text("Not in version 2")).to_be_visible()
    look_at(olga, assert_accessible)
    olga.get_by_label("Fetch it").select_option(label="Collect it")
    picture(olga, "migrate-choose")
    olga.get_by_role("button", name="Try it").click()
    expect(olga.get_by_text("3 can go, 0 are blocked")).to_be_visible()
    look_at(olga, assert_accessible)
    picture(olga, "migrate-try")
    olga.get_by_label("Reason").fill("Collecting is the word")
    olga.get_by_role("button", name="Migrate 3 instances").click()
    expect(olga.get_by_text("Done: 3 of 3 instances are on version 2 now.")).to_be_visible()
    look_at(olga, assert_accessible)
    picture(olga, "migrate-done")
    named = "SELECT count(*) FROM work_items WHERE name = 'Collect it' AND state = 'open'"
    assert program.scalar(named) == 3

    olga.get_by_role("button", name="Undo").click()
    dialog = olga.get_by_role("dialog", name="Undo this run")
    dialog.get_by_label("Reason").fill("Fetching was the word")
    dialog.get_by_role("button", name="Undo").click()
    expect(olga.get_by_text("Done: 3 of 3 instances are on version 1 now.")).to_be_visible()
    assert program.scalar(named) == 0


def test_the_run_tells_what_is_blocked_when_an_element_is_left_open(
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    olga = sign_in("olga", width=375, height=800, dark=True)
    walk = ERRAND.replace("errand", "walk").replace("Errand", "Walk")
    deploy(olga, walk)
    start_an_errand(olga, name="Walk")
    deploy(olga, walk.replace("Task_fetch", "Task_collect").replace("Fetch it", "Collect it"))
    olga.goto("/processes/walk")
    olga.get_by_role("button", name="What to do with the instances of version 1").click()
    olga.get_by_role("link", name="Migrate instances").click()
    olga.get_by_role("button", name="Try it").click()
    blocked = olga.get_by_role("region", name="Blocked instances")
    expect(blocked).to_contain_text("Fetch it: The new version does not have it")
    expect(olga.get_by_role("button", name="Migrate 0 instances")).to_be_disabled()
    picture(olga, "migrate-blocked")
    look_at(olga, assert_accessible)


def test_a_message_is_sent_by_hand(
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    olga = sign_in("olga")
    olga.goto("/admin/messages")
    look_at(olga, assert_accessible)
    olga.get_by_label("Name").fill("parts.arrived")
    olga.get_by_label("Correlation keys").fill('{"order": "A1"}')
    olga.get_by_role("button", name="Send").click()
    expect(olga.get_by_text("The message parts.arrived is on its way.")).to_be_visible()

    def is_buffered() -> bool:
        olga.goto("/admin/messages")
        buffered = olga.get_by_role("region", name="Buffered messages")
        return buffered.filter(has_text="parts.arrived").count() > 0

    eventually(is_buffered, why="the message waits for its receiver")
    picture(olga, "messages")


def deploy(page: Page, model: str) -> None:
    page.goto("/admin/deployments")
    file = {"name": "model.bpmn", "mimeType": "application/xml", "buffer": model.encode()}
    page.get_by_label("Files").set_input_files(file)
    page.get_by_role("button", name="Deploy").click()
    expect(page.get_by_text(re.compile("Deployed: "))).to_be_visible()


def start_an_errand(page: Page, name: str = "Errand", variables: str = "") -> None:
    page.goto("/start")
    page.get_by_role("link", name=name).click()
    page.get_by_label("Variables").fill(variables)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text(f"{name} has begun.")).to_be_visible()


def choose(page: Page, text: str) -> None:
    page.get_by_role("button", name="Operate").click()
    page.locator("#operate").get_by_role("button", name=text).click()


def shape(page: Page, element: str):
    return page.locator(f'.djs-shape[data-element-id="{element}"]')


def open_tasks(program: Program) -> object:
    return program.scalar(
        "SELECT string_agg(w.name, ', ') FROM work_items w "
        "WHERE w.process_key = 'errand' AND w.state = 'open'"
    )
