"""An administrator deploys, finds out why something failed, mends it and lets people in."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import complete, open_task
from tests.program import Program, eventually

pytestmark = pytest.mark.browser

MODELS = Path(__file__).parent / "models"
PASSWORD = "a long word of Frida's own"


def test_a_failed_step_goes_through_when_its_reason_is_mended(
    program: Program,
    open_page: Callable[..., Page],
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    olga = sign_in("olga")
    upload(olga, "broken.bpmn")
    expect_finding(olga, "Task_assign", "14", "There is no operation called van.send.")
    expect_finding(olga, "Task_measure", "21", "Deploy the form together with the diagram.")
    assert_accessible(olga)
    assert program.scalar("SELECT count(*) FROM process_versions WHERE key = 'measuring'") == 0

    upload(olga, "measuring.bpmn", note="Fitters measure before the offer")
    expect(olga.get_by_text("Deployed: Measuring 1.")).to_be_visible()
    olga.get_by_role("link", name="Measuring 1").click()
    expect(versions(olga)).to_have_count(1)
    expect(versions(olga).first).to_contain_text("Fitters measure before the offer")

    send_a_lead(open_page())
    failed = eventually(lambda: program.scalar("SELECT count(*) FROM incidents"))
    assert failed == 1
    olga.get_by_role("link", name="Instances").first.click()
    olga.get_by_label("Process").select_option(label="Measuring")
    instance = olga.get_by_role("row").filter(has_text="Tor Vik")
    expect(instance.get_by_role("cell").nth(3)).to_have_text("1")
    instance.get_by_role("link", name="Measuring 1").click()
    alert = olga.get_by_role("alert")
    expect(alert).to_contain_text("Give it to the fitters")
    expect(alert).to_contain_text("There is no group called Fitters.")
    shape = olga.locator('.djs-shape[data-element-id="Task_assign"]')
    expect(shape).to_have_class(re.compile("lw-token-on-failed"))
    olga.wait_for_load_state("networkidle")
    picture(olga, "incident")
    assert_accessible(olga)

    retry(olga)
    expect(olga.get_by_text("the incident stays open")).to_be_visible()
    make_a_group(olga, "Fitters")
    let_in(olga, "Frida Moe", "frida@lanewise.example", "Fitters")
    retry(olga)
    expect(olga.get_by_text("It went through.")).to_be_visible()
    expect(olga.get_by_text("No incidents")).to_be_visible()

    frida = open_page()
    frida.goto("/sign-in")
    frida.get_by_label("E-mail").fill("frida@lanewise.example")
    frida.get_by_label("Password").fill(PASSWORD)
    frida.get_by_role("button", name="Sign in", exact=True).click()
    frida.wait_for_url("**/")
    open_task(frida, "Measure the windows", "Tor Vik", view="My groups", has_form=False)
    complete(frida)
    state = "SELECT state FROM process_instances WHERE id = (SELECT instance_id FROM incidents)"
    assert program.scalar(state) == "completed"


def test_an_employee_finds_nothing_when_it_is_for_others(
    program: Program, sign_in: Callable[..., Page]
) -> None:
    sven = sign_in("sven")
    places = sven.get_by_role("navigation", name="Main")
    expect(places.get_by_role("link", name="Deals")).to_be_visible()
    for name in ("Processes", "Deployments", "Instances", "Incidents", "People"):
        expect(places.get_by_role("link", name=name)).to_have_count(0)
    for path in ("deployments", "instances", "incidents", "people"):
        assert status_of(sven, f"/admin/{path}") == 403
        expect(sven.get_by_text("not part of what your role does")).to_be_visible()
    theirs = program.scalar("SELECT id FROM deals WHERE name = 'Cold store hatch'")
    assert status_of(sven, f"/deals/{theirs}") == 404
    sven.goto("/deals?q=Cold+store")
    expect(sven.get_by_text("Nothing matches")).to_be_visible()


def upload(page: Page, name: str, note: str = "") -> None:
    page.goto("/admin/deployments")
    page.get_by_label("Files").set_input_files(MODELS / name)
    page.get_by_label("Note").fill(note)
    page.get_by_role("button", name="Deploy").click()


def expect_finding(page: Page, element: str, line: str, words: str) -> None:
    finding = page.get_by_role("row").filter(has_text=element)
    expect(finding.get_by_role("cell").nth(2)).to_have_text(line)
    expect(finding).to_contain_text(words)


def versions(page: Page):
    return page.get_by_role("region", name="Versions").locator("tbody tr")


def send_a_lead(page: Page) -> None:
    page.goto("/form/lead")
    page.get_by_label("Your name").fill("Tor Vik")
    page.get_by_label("E-mail").fill("tor@vik.example")
    page.get_by_label("What are you looking for?").fill("Four windows")
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you")).to_be_visible()


def retry(page: Page) -> None:
    page.goto("/admin/incidents")
    page.get_by_role("row").filter(has_text="Tor Vik").get_by_role("button", name="Retry").click()


def make_a_group(page: Page, name: str) -> None:
    page.goto("/admin/people")
    page.get_by_role("button", name="New group").click()
    page.get_by_role("dialog").get_by_label("Name").fill(name)
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def let_in(page: Page, name: str, email: str, group: str) -> None:
    page.goto("/admin/people")
    page.get_by_role("link", name="New person").click()
    page.get_by_label("Name").fill(name)
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label(group).check()
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_text("The person may sign in now.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text(group)


def status_of(page: Page, path: str) -> int:
    response = page.goto(path)
    assert response is not None
    return response.status
