"""Campaigns: their steps, their members and what those did, and what came of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from processes.jobs.draining import drain
from services.actors import Permission, process_actor
from services.consents.purposes import find_purpose
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.marketing import fills
from services.marketing.campaign_model import CAMPAIGN, Campaign, CampaignMember
from services.marketing.campaign_results import campaign_result
from services.marketing.fill_model import Fill
from services.marketing.fills import newest_fill
from services.marketing.member_pages import campaigns_of_record, list_members
from services.people.model import User


@pytest.fixture
def staff(desk):
    """Anna sees her own, Maria sees all, Olga administers."""
    desk.add_person("anna", "Sales", scope="own")
    desk.add_person("maria", "Managers", "Sales", scope="all")
    desk.add_person("olga", roles=("administrator",), scope="all")
    return desk


@pytest.fixture
def people(staff):
    """Three contacts who agreed to be written to, and Dee, who did not."""
    found = {
        name: staff.do("contact.create", "olga", last_name=name, email=f"{name}@x.example").id
        for name in ("ada", "bo", "cy", "dee")
    }
    for name in ("ada", "bo", "cy"):
        staff.do(
            "consent.give",
            "olga",
            record_type="contact",
            record_id=found[name],
            channel="mail",
            purpose="marketing",
            source="test",
            evidence="A form",
        )
    return found


def plan(staff, **values):
    return staff.do("campaign.create", "maria", **{"name": "Spring", **values})


def note(staff, campaign, key, status):
    return staff.do(
        "campaign.set_member_status",
        "maria",
        campaign_id=campaign.id,
        record_type="contact",
        record_id=key,
        status=status,
    )


def members(staff, campaign, who="maria"):
    def ask(uow):
        page = list_members(uow, uow.get(Campaign, campaign.id))
        return {record.name: member.status for member, record in page.items}

    return staff.ask(ask, actor=who)


def address(staff, campaign, where=None, *, is_left_out=False):
    segment = staff.do("segment.create", "maria", name="S", of_type="contact", where=where or {})
    staff.do(
        "campaign.add_segment",
        "maria",
        campaign_id=campaign.id,
        segment_id=segment.id,
        is_left_out=is_left_out,
    )
    return segment


def result(staff, campaign, who="maria"):
    return staff.ask(lambda uow: campaign_result(uow, uow.get(Campaign, campaign.id)), actor=who)


def counts(steps):
    return {step.label: step.count for step in steps}


def test_a_campaign_goes_from_planned_over_active_to_ended(staff):
    campaign = plan(staff)
    about = {"campaign_id": campaign.id}
    with pytest.raises(Conflict, match="not begun"):
        staff.do("campaign.end", "maria", **about)
    assert staff.do("campaign.activate", "maria", **about).status == "active"
    assert staff.do("campaign.end", "maria", **about).status == "ended"
    staff.do("campaign.end", "maria", **about)
    assert staff.events()[-2:] == ["campaign.activated", "campaign.ended"]


def test_a_campaign_can_not_end_before_it_begins(staff):
    with pytest.raises(Invalid, match="before it begins"):
        plan(staff, starts_on="2026-05-02", ends_on="2026-05-01")


def test_a_campaign_is_for_a_purpose_that_there_is(staff):
    with pytest.raises(Invalid, match="no purpose"):
        plan(staff, purpose="nonsense")
    campaign = plan(staff, purpose="inquiry")
    with pytest.raises(Invalid, match="no purpose"):
        staff.do("campaign.update", "maria", campaign_id=campaign.id, purpose="nonsense")


def test_a_purpose_is_a_choice_of_those_in_use_and_of_the_present_one(staff):
    titles, words = {"en": "Club news"}, {"en": "I agree."}
    staff.do("consent_purpose.create", "olga", key="club", titles=titles, texts=words)
    asked = CAMPAIGN.field("purpose")
    assert ("club", "Club news") in asked.offered_choices()
    purpose = staff.ask(find_purpose, "club")
    staff.do("consent_purpose.archive", "olga", purpose_id=purpose.id)
    assert "club" not in dict(asked.offered_choices())
    assert "club" in dict(asked.offered_choices("club"))


def test_amounts_have_what_the_currency_has(staff):
    campaign = plan(staff, budget="99.5", currency="JPY")
    assert campaign.budget == Decimal(100)


def test_segments_fill_a_campaign_with_those_who_may_be_contacted(staff, people):
    campaign = plan(staff)
    address(staff, campaign)
    done = staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    assert done["added"] == 3
    assert members(staff, campaign) == dict.fromkeys(("ada", "bo", "cy"), "targeted")
    fill = staff.ask(lambda uow: newest_fill(uow, uow.get(Campaign, campaign.id)))
    assert (fill.done, fill.refused) == (4, 1)


def test_a_segment_that_is_left_out_is_left_out(staff, people):
    campaign = plan(staff, channel="letter")
    address(staff, campaign)
    address(staff, campaign, {"field": "last_name", "op": "starts", "value": "b"}, is_left_out=True)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    assert set(members(staff, campaign)) == {"ada", "cy", "dee"}


def test_a_second_fill_adds_only_who_is_new_and_keeps_what_was_noted(staff, people):
    campaign = plan(staff)
    address(staff, campaign, {"field": "last_name", "op": "ne", "value": "cy"})
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    note(staff, campaign, people["ada"], "opened")
    address(staff, campaign)
    assert staff.do("campaign.fill", "maria", campaign_id=campaign.id)["added"] == 1
    assert members(staff, campaign) == {"ada": "opened", "bo": "targeted", "cy": "targeted"}


def test_a_fill_can_be_stopped_and_go_on(staff, people, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    campaign = plan(staff)
    address(staff, campaign)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    staff.do("campaign.stop_fill", "maria", campaign_id=campaign.id)
    drain(staff.platform)
    assert len(members(staff, campaign)) == 1
    staff.do("campaign.resume_fill", "maria", campaign_id=campaign.id)
    drain(staff.platform)
    assert len(members(staff, campaign)) == 3


def test_nobody_comes_into_a_campaign_that_has_ended(staff, people, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    campaign = plan(staff)
    address(staff, campaign)
    staff.do("campaign.activate", "maria", campaign_id=campaign.id)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    staff.do("campaign.end", "maria", campaign_id=campaign.id)
    drain(staff.platform)
    assert set(members(staff, campaign)) == {"ada"}
    one = {"campaign_id": campaign.id, "record_type": "contact", "record_id": people["bo"]}
    with pytest.raises(Conflict, match="has ended"):
        staff.do("campaign.add", "maria", **one)


def test_a_fill_goes_on_with_the_rights_of_the_process_when_a_diagram_began_it(
    staff, people, monkeypatch
):
    monkeypatch.setattr(fills, "SLICE", 1)
    campaign = plan(staff)
    address(staff, campaign)
    granted = frozenset({Permission.RECORD_READ, Permission.RECORD_WRITE})
    staff.do("campaign.fill", process_actor("Spring mail", granted), campaign_id=campaign.id)
    drain(staff.platform)
    with staff.platform.session() as session:
        added = session.scalars(select(CampaignMember.added_by)).all()
    assert added == ["Spring mail"] * 3


def test_a_fill_ends_when_the_process_that_began_it_may_not_write(staff, people, monkeypatch):
    monkeypatch.setattr(fills, "SLICE", 1)
    campaign = plan(staff)
    address(staff, campaign)
    granted = frozenset({Permission.RECORD_READ, Permission.RECORD_WRITE})
    staff.do("campaign.fill", process_actor("Spring mail", granted), campaign_id=campaign.id)
    with staff.platform.session() as session, session.begin():
        session.execute(update(Fill).values(granted=[Permission.RECORD_READ.value, "no:more"]))
    drain(staff.platform)
    fill = staff.ask(lambda uow: newest_fill(uow, uow.get(Campaign, campaign.id)))
    assert (fill.stage, fill.added) == ("failed", 1)


def test_a_diagram_adds_who_may_be_contacted_once(staff, people):
    campaign = plan(staff)
    told = []
    for key in (people["ada"], people["ada"], people["dee"]):
        one = {"campaign_id": campaign.id, "record_type": "contact", "record_id": key}
        done = staff.do("campaign.add", "maria", **one)
        told.append((done["added"], done["is_member"]))
    assert told == [(True, True), (False, True), (False, False)]
    assert staff.events().count("campaign.member_added") == 1


def test_a_status_rises_and_implies_what_came_before(staff, people):
    campaign = plan(staff)
    address(staff, campaign)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    assert note(staff, campaign, people["ada"], "clicked")["status"] == "clicked"
    assert note(staff, campaign, people["ada"], "opened") == {
        "campaign_id": campaign.id,
        "status": "clicked",
        "changed": False,
    }
    assert counts(result(staff, campaign).answers) == {
        "Targeted": 3,
        "Sent": 1,
        "Opened": 1,
        "Clicked": 1,
        "Replied": 0,
        "Bought": 0,
        "Came back": 0,
        "Unsubscribed": 0,
    }


def test_what_a_member_does_is_noted_as_of_now_when_its_time_is_still_to_come(staff, people, clock):
    campaign = plan(staff)
    about = {"campaign_id": campaign.id, "record_type": "contact", "record_id": people["ada"]}
    staff.do("campaign.add", "maria", **about)
    late = "2099-01-01T00:00:00Z"
    staff.do("campaign.set_member_status", "maria", **about, status="opened", at=late)
    with staff.platform.session() as session:
        assert session.scalars(select(CampaignMember.opened_at)).one() == clock.now()


def test_who_may_change_the_person_notes_what_it_did(staff, people):
    campaign = plan(staff)
    about = {"record_type": "contact", "record_id": people["ada"]}
    member = {"campaign_id": campaign.id, **about, "status": "opened"}
    staff.do("campaign.add", "maria", **about, campaign_id=campaign.id)
    anna = staff.actor("anna").user_id
    seen = {"record_type": "campaign", "record_id": campaign.id}
    for shared in (seen, about):
        staff.do("record.share", "olga", **shared, user_id=anna, level="read")
    staff.people["anna"] = staff.ask(lambda uow: uow.get(User, anna).actor())
    with pytest.raises(NotAllowed):
        staff.do("campaign.set_member_status", "anna", **member)
    staff.do("record.assign", "olga", **about, user=str(anna))
    assert staff.do("campaign.set_member_status", "anna", **member)["changed"]


def test_who_is_no_member_has_no_status(staff, people):
    campaign = plan(staff)
    with pytest.raises(NotFound, match="no such member"):
        note(staff, campaign, people["ada"], "opened")


def test_a_member_stays_once_something_was_sent(staff, people):
    campaign = plan(staff)
    address(staff, campaign)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    note(staff, campaign, people["ada"], "sent")
    for name, refusal in (("bo", None), ("ada", Conflict)):
        one = {"campaign_id": campaign.id, "record_type": "contact", "record_id": people[name]}
        if refusal is None:
            staff.do("campaign.remove_member", "maria", **one)
        else:
            with pytest.raises(refusal, match="stays on record"):
                staff.do("campaign.remove_member", "maria", **one)
    assert set(members(staff, campaign)) == {"ada", "cy"}


def test_a_converted_lead_hands_its_campaign_on_to_the_deal(staff):
    campaign = plan(staff)
    lead = staff.do("lead.create", "maria", name="Eve Ek", campaign_id=str(campaign.id))
    made = staff.do("lead.convert", "maria", lead_id=lead.id)
    deal = staff.ask(lambda uow: uow.get(Deal, made["deal_id"]))
    assert deal.campaign_id == campaign.id


def test_the_result_counts_leads_deals_and_what_was_earned(staff):
    campaign = plan(staff, actual_cost="200", budget="500", currency="EUR")
    of = {"campaign_id": str(campaign.id)}
    staff.do("currency.set_rate", "olga", currency="USD", valid_from="2026-01-01", rate="0.5")
    lead = staff.do("lead.create", "maria", name="Eve Ek", **of)
    staff.do("lead.create", "maria", name="Fay Fo", **of)
    staff.do("lead.convert", "maria", lead_id=lead.id, amount="100")
    deal = staff.do("deal.create", "maria", name="D", amount="1000", currency="USD", **of)
    staff.do("deal.win", "maria", deal_id=deal.id)
    found = result(staff, campaign)
    assert counts(found.business) == {"Leads": 2, "Converted leads": 1, "Deals": 2, "Won deals": 1}
    assert (found.won, found.open_amount, found.cost) == (500, 100, 200)
    assert (found.cost_per_lead, found.cost_per_won, found.return_percent) == (100, 200, 150)


def test_what_was_won_is_told_in_the_currency_of_the_campaign(staff):
    staff.do("currency.set_rate", "olga", currency="USD", valid_from="2026-01-01", rate="0.5")
    campaign = plan(staff, currency="USD")
    of = {"campaign_id": str(campaign.id), "currency": "EUR"}
    deal = staff.do("deal.create", "maria", name="D", amount="100", **of)
    staff.do("deal.win", "maria", deal_id=deal.id)
    assert result(staff, campaign).won == Decimal("200.00")


def test_a_campaign_returns_nothing_less_than_its_cost_before_it_has_ended(staff):
    campaign = plan(staff, actual_cost="200")
    assert result(staff, campaign).return_percent is None
    staff.do("campaign.activate", "maria", campaign_id=campaign.id)
    staff.do("campaign.end", "maria", campaign_id=campaign.id)
    assert result(staff, campaign).return_percent == -100


def test_the_result_is_of_what_one_may_see(staff):
    campaign = plan(staff, owner_id=str(staff.actor("anna").user_id), actual_cost="10")
    staff.do("deal.create", "maria", name="D", amount="9", campaign_id=str(campaign.id))
    assert counts(result(staff, campaign, "anna").business)["Deals"] == 0
    assert result(staff, campaign, "anna").open_amount == 0
    assert counts(result(staff, campaign).business)["Deals"] == 1


def test_members_whose_records_are_hidden_are_not_listed(staff, people):
    campaign = plan(staff, owner_id=str(staff.actor("anna").user_id))
    address(staff, campaign)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    assert members(staff, campaign, "anna") == {}


def test_a_record_tells_its_campaigns(staff, people):
    campaign, other = plan(staff), plan(staff, name="Autumn")
    address(staff, campaign)
    staff.do("campaign.fill", "maria", campaign_id=campaign.id)
    note(staff, campaign, people["bo"], "sent")
    of_bo = {"record_type": "contact", "record_ids": [people["bo"]]}
    staff.do("campaign.add_members", "maria", campaign_id=other.id, **of_bo)

    def ask(uow):
        found = campaigns_of_record(uow, uow.get(Contact, people["ada"]))
        return [(one.name, member.status) for one, member in found]

    assert staff.ask(ask, actor="maria") == [("Spring", "targeted")]


def test_a_campaign_addresses_no_accounts(staff):
    campaign = plan(staff)
    segment = staff.do("segment.create", "maria", name="S", of_type="account")
    with pytest.raises(Invalid, match="addresses people"):
        staff.do("campaign.add_segment", "maria", campaign_id=campaign.id, segment_id=segment.id)
