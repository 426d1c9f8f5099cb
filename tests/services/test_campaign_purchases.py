"""What follows for campaigns from elsewhere: purchases, keywords of leads, and who wants out."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from processes.jobs.draining import drain
from services.actors import PUBLIC
from services.consents.contacting import may_contact
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.marketing.campaign_model import Campaign, CampaignMember
from services.marketing.purchases import settle_purchase
from tests.services.consenting import token_of


@pytest.fixture
def staff(desk):
    desk.add_person("maria", "Managers", "Sales", scope="all")
    return desk


@pytest.fixture
def client(staff):
    """A contact of an account, in a campaign that asks nobody for consent."""
    account = staff.do("account.create", "maria", name="Nordlys")
    contact = staff.do(
        "contact.create", "maria", last_name="Lund", account_id=account.id, email="eva@x.example"
    )
    join(staff, plan(staff), "contact", contact.id)
    return contact


def plan(staff, **values):
    campaign = staff.do(
        "campaign.create", "maria", **{"name": "Spring", "channel": "letter", **values}
    )
    return staff.do("campaign.activate", "maria", campaign_id=campaign.id)


def join(staff, campaign, record_type, key):
    about = {"campaign_id": campaign.id, "record_type": record_type, "record_id": key}
    staff.do("campaign.add", "maria", **about)


def note(staff, status):
    one = member(staff)
    about = {"record_type": one.record_type, "record_id": one.record_id, "status": status}
    staff.do("campaign.set_member_status", "maria", campaign_id=one.campaign_id, **about)


def member(staff):
    with staff.platform.session() as session:
        return session.scalars(select(CampaignMember)).one()


def win(staff, **values):
    deal = staff.do("deal.create", "maria", name="Doors", **values)
    staff.do("deal.win", "maria", deal_id=deal.id)
    drain(staff.platform)
    return deal


def bill(staff, contact):
    line = {"title": "Chair", "quantity": "1", "unit_price": "100", "tax_percent": "0"}
    whose = {"account_id": contact.account_id, "contact_id": contact.id}
    invoice = staff.do("invoice.create", "maria", title="Chairs", lines=[line], **whose)
    return staff.do("invoice.issue", "maria", invoice_id=invoice.id)


def pay(staff, contact):
    return settle(staff, bill(staff, contact))


def settle(staff, invoice):
    staff.do("payment.record", "maria", invoice_id=invoice.id, amount="100")
    drain(staff.platform)
    return invoice


@pytest.mark.parametrize("whose", ["contact_id", "account_id"])
def test_a_member_has_bought_when_a_deal_of_its_own_or_its_accounts_is_won(staff, client, whose):
    deal = win(staff, **{whose: {"contact_id": client.id, "account_id": client.account_id}[whose]})
    found = member(staff)
    assert (found.status, found.bought_type, found.bought_id) == ("bought", "deal", deal.id)


def test_processes_are_told_once_when_a_job_of_a_purchase_comes_twice(staff, client):
    deal = staff.do("deal.create", "maria", name="Doors", contact_id=client.id)
    staff.do("deal.win", "maria", deal_id=deal.id)
    assert [staff.ask(settle_purchase, deal.id) for _ in range(2)] == [1, 0]
    assert staff.events().count("campaign.member_bought") == 1


def test_a_member_has_bought_no_longer_when_the_deal_is_opened_again(staff, client):
    note(staff, "clicked")
    deal = win(staff, contact_id=client.id)
    staff.do("deal.reopen", "maria", deal_id=deal.id)
    drain(staff.platform)
    found = member(staff)
    assert (found.status, found.bought_at, found.bought_id) == ("clicked", None, None)


def test_what_was_bought_next_counts_when_the_first_purchase_is_undone(staff, client):
    first = win(staff, contact_id=client.id)
    second = pay(staff, client)
    assert member(staff).bought_id == first.id
    staff.do("deal.reopen", "maria", deal_id=first.id)
    drain(staff.platform)
    assert member(staff).bought_id == second.id


def test_a_paid_invoice_is_a_purchase_until_it_is_taken_back(staff, client):
    invoice = pay(staff, client)
    assert member(staff).bought_type == "invoice"
    staff.do("invoice.credit", "maria", invoice_id=invoice.id)
    drain(staff.platform)
    assert member(staff).status == "targeted"


def test_purchases_from_before_a_member_came_in_and_after_the_end_do_not_count(
    staff, client, clock
):
    campaign_id = member(staff).campaign_id
    staff.do("campaign.end", "maria", campaign_id=campaign_id)
    clock.advance(timedelta(minutes=1))
    deal = win(staff, contact_id=client.id)
    assert member(staff).bought_at is None
    clock.advance(timedelta(minutes=1))
    join(staff, plan(staff), "contact", client.id)
    staff.ask(settle_purchase, deal.id)
    with staff.platform.session() as session:
        assert set(session.scalars(select(CampaignMember.bought_at))) == {None}


def test_what_somebody_noted_stays_when_a_deal_is_opened_again(staff, client):
    note(staff, "bought")
    deal = win(staff, contact_id=client.id)
    staff.do("deal.reopen", "maria", deal_id=deal.id)
    drain(staff.platform)
    found = member(staff)
    assert (found.status, found.bought_id) == ("bought", None)


def test_an_invoice_from_before_a_member_came_in_is_no_purchase_when_it_is_paid(staff, clock):
    account = staff.do("account.create", "maria", name="Nordlys")
    contact = staff.do("contact.create", "maria", last_name="Lund", account_id=account.id)
    invoice = bill(staff, contact)
    clock.advance(timedelta(days=2))
    join(staff, plan(staff), "contact", contact.id)
    settle(staff, invoice)
    assert member(staff).bought_at is None


def test_purchases_of_an_account_that_a_member_has_left_are_not_its_own(staff, client, clock):
    staff.do("contact.update", "maria", contact_id=client.id, account_id=None)
    clock.advance(timedelta(days=2))
    win(staff, account_id=client.account_id)
    assert member(staff).bought_at is None


def test_a_lead_has_bought_when_the_deal_that_it_became_is_won(staff):
    lead = staff.do("lead.create", "maria", name="Eve Ek")
    join(staff, plan(staff), "lead", lead.id)
    made = staff.do("lead.convert", "maria", lead_id=lead.id, amount="100")
    staff.do("deal.win", "maria", deal_id=made["deal_id"])
    drain(staff.platform)
    assert member(staff).bought_id == made["deal_id"]


def test_no_job_is_left_when_there_are_no_members(staff):
    deal = staff.do("deal.create", "maria", name="Doors")
    staff.do("deal.win", "maria", deal_id=deal.id)
    assert staff.jobs("marketing.purchase") == []


def test_who_leaves_a_campaign_has_withdrawn_its_consent(staff):
    contact = staff.do("contact.create", "maria", last_name="Lund", email="eva@x.example")
    about = {"record_type": "contact", "record_id": contact.id}
    said = {"channel": "mail", "purpose": "marketing", "source": "fair", "evidence": "card"}
    staff.do("consent.give", "maria", **about, **said)
    join(staff, plan(staff, channel="mail"), "contact", contact.id)
    note(staff, "unsubscribed")
    staff.do("consent.give", "maria", **about, **said)
    note(staff, "unsubscribed")  # a second word of it is no second withdrawal

    def ask(uow):
        return may_contact(uow, uow.get(Contact, contact.id), "mail", "marketing")

    assert staff.events().count("consent.withdrawn") == 1
    assert staff.ask(ask)


def test_the_last_campaign_counts_who_leaves_by_a_link(staff, clock):
    contact = staff.do("contact.create", "maria", last_name="Lund", email="eva@x.example")
    lead = staff.do("lead.create", "maria", name="Eva Lund", email="eva@x.example")
    for one in (contact, lead):
        about = {"record_type": one.record_type, "record_id": one.id, "purpose": "marketing"}
        said = {"channel": "mail", "source": "fair", "evidence": "card"}
        staff.do("consent.give", "maria", **about, **said)
    for name, one in (("First", contact), ("Last", contact), ("Waits", lead)):
        campaign = plan(staff, name=name, channel="mail")
        join(staff, campaign, one.record_type, one.id)
        clock.advance(timedelta(minutes=1))
        if name != "Waits":
            about = {"campaign_id": campaign.id, "record_type": "contact", "record_id": one.id}
            staff.do("campaign.set_member_status", "maria", **about, status="sent")
    token = token_of(staff, lead)
    for _ in range(2):
        staff.do("consent.unsubscribe", PUBLIC, token=token)
    with staff.platform.session() as session:
        found = session.execute(
            select(Campaign.name, CampaignMember.status)
            .join(CampaignMember, CampaignMember.campaign_id == Campaign.id)
            .order_by(Campaign.name)
        ).all()
    assert found == [("First", "sent"), ("Last", "unsubscribed"), ("Waits", "targeted")]
    assert staff.events().count("campaign.member_unsubscribed") == 1


def submitted(staff, keyword):
    staff.do("lead.submit", PUBLIC, name="Eve Ek", email="eve@x.example", campaign_keyword=keyword)
    with staff.platform.session() as session:
        return session.scalars(select(Lead.campaign_id).order_by(Lead.number.desc())).first()


def test_a_lead_belongs_to_the_campaign_whose_keyword_its_form_names(staff, clock):
    older = plan(staff, keyword="doors")
    clock.advance(timedelta(minutes=1))
    newer = plan(staff, keyword="Doors")
    assert submitted(staff, " dOOrs ") == newer.id
    staff.do("campaign.end", "maria", campaign_id=newer.id)
    assert submitted(staff, "doors") == older.id
    assert submitted(staff, "gates") is None
    staff.do("record.delete", "maria", record_type="campaign", record_id=older.id)
    assert submitted(staff, "doors") is None


def test_a_chosen_campaign_stays_when_the_keyword_names_another(staff):
    chosen, named = plan(staff), plan(staff, keyword="doors")
    lead = staff.do(
        "lead.create", "maria", name="Eve", campaign_keyword="doors", campaign_id=chosen.id
    )
    assert lead.campaign_id == chosen.id
    other = staff.do("lead.create", "maria", name="Fay")
    staff.do("lead.update", "maria", lead_id=other.id, campaign_keyword="doors")
    assert staff.ask(lambda uow: uow.get(Lead, other.id).campaign_id) == named.id
