"""From a web form to a won deal, and every other way that the two sales processes can go."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import select

from processes.inbox import get_task, task_form
from services.deal_model import Deal, StageChange
from services.lead_model import Lead
from tests.scenarios.coverage import everything_in

CLIENT = "eva@fjord.example"


def submit_lead(company, **more):
    values = {"name": "Eva Lund", "email": CLIENT, "company": "Fjord AS", "channel": "web", **more}
    company.act("lead.submit", consent=True, **values)
    return newest(company, Lead)


def newest(company, model):
    statement = select(model.id).order_by(model.id.desc()).limit(1)
    return company.ask(lambda uow: uow.session.scalars(statement).one())


def qualify(company, actor="anna", **more):
    lead = {"name": "Eva Lund", "company": "Fjord AS", "email": CLIENT}
    return company.work("Qualify lead", actor, lead=lead, outcome="qualified", **more)


def open_deal(company, amount=8000, **client):
    """Bring a new deal to where the client's answer to the offer is awaited."""
    client = client or {"email": CLIENT}
    contact = company.act("contact.create", "anna", first_name="Eva", last_name="Lund", **client)
    deal = company.act("deal.create", "anna", name="Windows", contact_id=contact.id)
    needs = {"name": "Forty windows", "amount": amount, "needs": "Triple glazing"}
    company.work("Clarify needs", "anna", outcome="go_on", deal=needs)
    return deal.id, contact.id


def agree(company, amount):
    company.work("Talk to the client", "anna", outcome="agreed", deal={"amount": amount})


def form_of(company, name, actor):
    task = company.task(name)
    return company.ask(lambda uow: task_form(uow, get_task(uow, task)), actor=actor).data


def a_lead_becomes_a_won_deal(company):
    lead = submit_lead(company, phone="+47 22 33 44 55", wishes="Forty windows, triple glazing.")
    shown = company.record("lead", lead)
    assert (shown["score"], shown["grade"], shown["status"]) == (65, "B", "new")
    assert shown["due_at"] == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)
    assert shown["owner_id"] == company.people["anna"].user_id
    assert form_of(company, "Qualify lead", "anna")["lead"]["phone"] == "+4722334455"

    qualify(company, deal_name="Windows for Fjord", amount=9000)
    assert company.record("lead", lead)["status"] == "qualified"
    deal = company.record("lead", lead)["deal_id"]
    assert company.record("deal", deal)["stage"] == "needs"
    assert company.open_tasks() == ["Clarify needs"]

    offer = clarify(company, deal)
    negotiate(company, deal, offer)
    won = company.record("deal", deal)
    assert (won["stage"], won["probability"], won["amount"]) == ("won", 100, Decimal("11500.00"))
    assert company.states("lead") == company.states("deal") == ["completed"]
    assert stages(company, deal) == [
        "new",
        "needs",
        "offer",
        "negotiation",
        "approval",
        "negotiation",
        "approval",
        "contract",
        "won",
    ]


def clarify(company, deal):
    """Enter what the client needs, and return the mail with the offer."""
    needs = {"name": "Windows for Fjord", "amount": 12000, "needs": "Triple glazing"}
    company.work("Clarify needs", "anna", outcome="go_on", deal=needs)
    (offer,) = company.mails(CLIENT)
    assert [part.get_content_type() for part in offer.iter_attachments()] == ["application/pdf"]
    assert company.record("deal", deal)["stage"] == "offer"
    assert company.open_tasks() == []
    return offer


def negotiate(company, deal, offer):
    """Agree with the client and the manager, and have the contract signed."""
    company.receive(CLIENT, "Re: your offer", "We like it.\nBut cheaper.", answers=offer)
    assert form_of(company, "Talk to the client", "anna")["client_reply"].startswith("We like it")
    agree(company, 11000)
    assert company.record("deal", deal)["stage"] == "approval"
    company.work("Approve deal", "maria", approved=False, approval_comment="No less than 11,500.")
    again = form_of(company, "Talk to the client", "anna")
    assert again["approval_comment"] == "No less than 11,500."
    assert "outcome" not in again
    agree(company, 11500)
    assert "approved" not in form_of(company, "Approve deal", "maria")
    company.work("Approve deal", "maria", approved=True)
    contract = company.mails(CLIENT)[-1]
    assert [part.get_content_type() for part in contract.iter_attachments()] == ["application/pdf"]
    company.work("Confirm signature", "anna", outcome="signed")


def stages(company, deal):
    statement = select(StageChange.to_stage).where(StageChange.deal_id == deal)
    ordered = statement.order_by(StageChange.at, StageChange.id)
    return list(company.ask(lambda uow: uow.session.scalars(ordered).all()))


def a_lead_is_called_again_and_leads_nowhere(company):
    lead = submit_lead(company)
    later = "2026-03-05T10:00+01:00"
    entered = {"name": "Eva Lund", "company": "Fjord AS"}
    company.work("Qualify lead", "anna", outcome="call_again", call_again_at=later, lead=entered)
    assert company.record("lead", lead)["status"] == "working"
    assert company.record("lead", lead)["due_at"] == datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    company.wait(days=2, hours=23)
    assert company.open_tasks() == []
    company.wait(hours=1)
    (task,) = company.tasks("anna", "mine")
    assert task.due_at == datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    company.work("Qualify lead", "anna", outcome="worked_out", reason="No budget", lead=entered)
    shown = company.record("lead", lead)
    assert (shown["status"], shown["lost_reason"]) == ("worked_out", "No budget")
    assert company.states("lead") == ["completed"]


def an_owner_who_forgets_a_lead_is_reminded_three_times(company):
    submit_lead(company)
    before = len(company.mails("anna@lanewise.example"))
    for _ in range(5):
        company.wait(days=1)
    assert len(company.mails("anna@lanewise.example")) == before + 3
    assert company.open_tasks() == ["Qualify lead"]
    qualify(company)


def a_lead_goes_to_a_manager_when_sales_has_nobody(company):
    sales = company.people["anna"].group_ids
    company.act("group.set_members", "olga", group_id=next(iter(sales)), user_ids=[])
    lead = submit_lead(company)
    assert company.record("lead", lead)["owner_id"] == company.people["maria"].user_id
    qualify(company, "maria")
    assert company.states("lead") == ["completed"]


def a_lead_that_is_settled_by_hand_leaves_no_task(company):
    converted, worked_out = submit_lead(company), submit_lead(company, email="olaf@x.example")
    assert company.open_tasks() == ["Qualify lead", "Qualify lead"]
    company.act("lead.convert", "maria", lead_id=converted)
    company.act("lead.work_out", "maria", lead_id=worked_out, reason="No interest")
    assert company.open_tasks() == ["Clarify needs"]
    assert company.states("lead") == ["completed", "completed"]


def a_deal_is_lost_when_there_is_no_need(company):
    deal = company.act("deal.create", "anna", name="Doors").id
    company.work("Clarify needs", "anna", outcome="lost", lost_reason="No budget")
    shown = company.record("deal", deal)
    assert (shown["stage"], shown["lost_reason"]) == ("lost", "No budget")
    assert company.states("deal") == ["completed"]


def an_offer_waits_for_the_clients_address(company):
    deal, contact = open_deal(company, phone="+4722334455")
    assert company.open_tasks() == ["Add the client's address"]
    company.act("contact.update", "anna", contact_id=contact, email=CLIENT)
    company.work("Add the client's address", "anna")
    assert len(company.mails(CLIENT)) == 1
    company.wait(days=6, hours=23)
    assert company.open_tasks() == []
    company.wait(hours=1)
    assert company.open_tasks() == ["Talk to the client"]
    company.work("Talk to the client", "anna", outcome="lost", lost_reason="No answer")
    assert company.record("deal", deal)["lost_reason"] == "No answer"


def a_client_who_thinks_is_called_back(company):
    deal, _ = open_deal(company)
    company.wait(weeks=1)
    call_back(company, "2026-03-20T09:00+00:00")
    company.wait(days=10)
    assert company.open_tasks() == []
    company.wait(days=1)
    call_back(company, "2026-04-20T09:00+00:00")
    company.receive(CLIENT, "Re: offer", "Now we are ready.", answers=company.mails(CLIENT)[0])
    assert company.open_tasks() == ["Talk to the client"]
    agree(company, 10000)
    assert company.record("deal", deal)["stage"] == "contract"
    company.work("Confirm signature", "anna", outcome="lost", lost_reason="Bought elsewhere")
    shown = company.record("deal", deal)
    assert (shown["stage"], shown["probability"]) == ("lost", 0)
    assert company.states("deal") == ["completed"]


def call_back(company, moment):
    company.work("Talk to the client", "anna", outcome="call_back", call_back_at=moment)


def a_deal_that_is_closed_by_hand_leaves_no_task(company):
    won, _ = open_deal(company)
    lost = company.act("deal.create", "anna", name="Doors").id
    company.act("deal.win", "maria", deal_id=won)
    company.act("deal.lose", "maria", deal_id=lost, reason="Price")
    assert company.open_tasks() == []
    assert company.states("deal") == ["completed", "completed"]


WAYS = (
    a_lead_becomes_a_won_deal,
    a_lead_is_called_again_and_leads_nowhere,
    an_owner_who_forgets_a_lead_is_reminded_three_times,
    a_lead_that_is_settled_by_hand_leaves_no_task,
    a_deal_is_lost_when_there_is_no_need,
    an_offer_waits_for_the_clients_address,
    a_client_who_thinks_is_called_back,
    a_deal_that_is_closed_by_hand_leaves_no_task,
    a_lead_goes_to_a_manager_when_sales_has_nobody,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_sale_goes_its_way(company, way):
    way(company)
    assert company.incidents() == []


def test_every_element_of_both_processes_is_taken_by_some_way(company):
    left = {process_id: everything_in(process_id) for process_id in ("lead", "deal")}
    for way in WAYS:
        company.start_anew()
        way(company)
        left = {process_id: ids - company.taken(process_id) for process_id, ids in left.items()}
    assert left == {"lead": set(), "deal": set()}


def test_nobody_else_may_complete_a_deals_approval(company):
    deal, _ = open_deal(company)
    company.wait(weeks=1)
    agree(company, 20000)
    assert [task.name for task in company.tasks("boris")] == []
    assert [task.name for task in company.tasks("maria", "groups")] == ["Approve deal"]
    assert company.record("deal", deal)["stage"] == "approval"
    assert newest(company, Deal) == deal


def test_an_amount_is_approved_when_it_is_above_the_limit_by_a_cent(company):
    deal, _ = open_deal(company)
    company.wait(weeks=1)
    agree(company, 10000.01)
    assert company.record("deal", deal)["stage"] == "approval"
