"""A visitor's wish becomes a lead, a deal, an offer and a contract, by three people's hands."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.steps import complete, field, open_task, owner_of
from tests.program import Program, eventually

pytestmark = pytest.mark.browser

CLIENT = "ingrid.dahl@fjordwindows.example"


def test_a_web_form_ends_in_a_won_deal_when_three_people_do_their_tasks(
    program: Program,
    open_page: Callable[..., Page],
    sign_in: Callable[..., Page],
    picture: Callable[[Page, str], None],
    assert_accessible: Callable[[Page], None],
) -> None:
    visitor = open_page(width=375, height=800)
    fill_in_the_web_form(visitor)
    assert_accessible(visitor)
    visitor.get_by_role("button", name="Send").click()
    expect(visitor.get_by_text("Thank you")).to_be_visible()

    sales_rep = eventually(lambda: owner_of(program, "leads", f"email = '{CLIENT}'"))
    rep = sign_in(sales_rep)
    open_task(rep, "Qualify lead", "Ingrid Dahl")
    expect(field(rep, "Name")).to_have_value("Ingrid Dahl")
    picture(rep, "inbox")
    assert_accessible(rep)
    field(rep, "It becomes a deal").check()
    field(rep, "Name of the deal").fill("Windows for Fjord")
    complete(rep)

    open_task(rep, "Clarify needs", "Windows for Fjord")
    field(rep, "Yes, make an offer").check()
    field(rep, "Amount").fill("24000")
    field(rep, "Needs").fill("Forty windows, triple glazing, before winter")
    complete(rep)

    offer = eventually(lambda: program.mails(to=CLIENT), why="the offer is mailed")[0]
    attachments = list(offer.iter_attachments())
    assert [part.get_content_type() for part in attachments] == ["application/pdf"]
    assert attachments[0].get_content().startswith(b"%PDF")

    eventually(lambda: waits_for_the_client(program))
    program.advance(days=7, minutes=1)
    rep = sign_in(sales_rep)
    open_task(rep, "Talk to the client", "Windows for Fjord")
    field(rep, "The offer, let us go on").check()
    complete(rep)

    manager = sign_in("maria")
    open_task(manager, "Approve deal", "Windows for Fjord", view="My groups")
    picture(manager, "approval")
    field(manager, "Approve").check()
    complete(manager)

    open_task(rep, "Confirm signature", "Windows for Fjord")
    field(rep, "Yes, the deal is won").check()
    complete(rep)

    eventually(
        lambda: program.scalar("SELECT stage FROM deals WHERE name = 'Windows for Fjord'") == "won"
    )
    rep.goto("/deals?q=Windows+for+Fjord")
    rep.get_by_role("link", name="Windows for Fjord").first.click()
    expect(rep.locator(".djs-container").first).to_be_visible()
    details = rep.get_by_role("complementary", name="Details")
    expect(details.get_by_role("link", name="Offer Windows for Fjord.pdf").first).to_be_visible()
    expect(rep.locator(".lw-timeline")).to_contain_text("7 days ago")
    rep.wait_for_load_state("networkidle")
    picture(rep, "deal")
    assert_accessible(rep)
    stages = program.scalar(
        "SELECT string_agg(c.stage, ' ' ORDER BY c.entered_at, c.id) FROM deal_stage_stays c "
        "JOIN deals d ON d.id = c.deal_id WHERE d.name = 'Windows for Fjord'"
    )
    assert stages == "new needs offer negotiation approval contract won"
    assert program.scalar("SELECT count(*) FROM incidents") == 0


def fill_in_the_web_form(page: Page) -> None:
    page.goto("/form/lead?utm_source=search-ads&utm_term=triple+glazing")
    page.get_by_label("Name", exact=False).first.fill("Ingrid Dahl")
    page.get_by_label("Company", exact=False).fill("Fjord Windows AS")
    page.get_by_label("E-mail", exact=False).fill(CLIENT)
    page.get_by_label("Phone", exact=False).fill("+47 22 33 44 55")
    page.locator("textarea").first.fill("Forty new windows for our office")
    for box in page.get_by_role("checkbox").all():
        box.check()


def waits_for_the_client(program: Program) -> bool:
    return bool(
        program.scalar(
            "SELECT count(*) FROM timers t JOIN process_instances i ON i.id = t.instance_id "
            "JOIN deals d ON d.id = i.record_id WHERE d.name = 'Windows for Fjord'"
        )
    )
