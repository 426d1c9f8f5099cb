"""Converting leads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from services.activities.model import Activity
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.lead_model import Lead
from services.errors import Conflict, Invalid
from services.records.timeline import timeline_of
from services.records.types import get_record


def _lead(desk, **changes):
    values = {
        "name": "Eva Maria Lund",
        "company": "Nordlys AS",
        "email": "Eva@Nordlys.example",
        "phone": "+47 22 33 44 55",
        "wishes": "Twelve windows",
    }
    return desk.do("lead.create", **{**values, **changes})


def _all(desk, model):
    return desk.ask(lambda uow: uow.session.scalars(select(model)).all())


def test_account_contact_and_deal_come_to_be_when_a_lead_is_converted(staff):
    lead = _lead(staff)
    made = staff.do("lead.convert", lead_id=str(lead.id), amount="1200.50")
    [account], [contact], [deal] = (_all(staff, model) for model in (Account, Contact, Deal))
    assert made == {"account_id": account.id, "contact_id": contact.id, "deal_id": deal.id}
    assert (account.name, account.website) == ("Nordlys AS", "nordlys.example")
    assert (contact.first_name, contact.last_name) == ("Eva Maria", "Lund")
    assert (contact.email, contact.phone) == ("eva@nordlys.example", "+4722334455")
    assert (str(deal.amount), deal.needs, deal.stage) == ("1200.50", "Twelve windows", "new")
    assert staff.events() == ["lead.created", "lead.converted", "deal.opened"]


def test_the_first_result_is_returned_when_a_lead_is_converted_again(staff):
    lead = _lead(staff)
    first = staff.do("lead.convert", lead_id=lead.id)
    assert staff.do("lead.convert", lead_id=lead.id, amount=5) == first
    assert len(_all(staff, Deal)) == 1
    assert staff.events().count("deal.opened") == 1


def test_nothing_is_filled_when_the_contact_found_is_a_colleagues(staff):
    """Who may see a record, but not change it, can't do so by way of a lead."""
    records = {"*": dict.fromkeys(("create", "read"), "all") | {"update": "own"}}
    rights = ["record:read", "record:write"]
    role = staff.do("role.create", name="Seller", permissions=rights, records=records)
    staff.add_person("nora", roles=[role.key], scope="own")
    contact = staff.do("contact.create", last_name="Lund", email="eva@nordlys.example")
    lead = _lead(staff, owner_id=staff.people["nora"].user_id)
    made = staff.do("lead.convert", "nora", lead_id=lead.id)
    assert made["contact_id"] == contact.id
    assert staff.ask(lambda uow: uow.get(Contact, contact.id).phone) is None


def test_no_contact_is_found_by_an_address_that_is_hidden(staff):
    records = {"*": dict.fromkeys(("create", "read", "update"), "all")}
    hidden = {"contact": {"email": "hidden"}, "deal": {"amount": "read"}}
    rights = ["record:read", "record:write"]
    role = staff.do(
        "role.create", name="Seller", permissions=rights, records=records, field_rights=hidden
    )
    staff.add_person("nora", roles=[role.key], scope="all")
    contact = staff.do("contact.create", last_name="Lund", email="eva@nordlys.example")
    lead = _lead(staff)
    with pytest.raises(Invalid):
        staff.do("lead.convert", "nora", lead_id=lead.id, amount=5)
    assert staff.do("lead.convert", "nora", lead_id=lead.id)["contact_id"] != contact.id


def test_only_empty_fields_are_filled_when_contact_and_account_exist(staff):
    account = staff.do("account.create", name="NORDLYS, AS", phone="12345")
    contact = staff.do(
        "contact.create", last_name="Lund", email="eva@nordlys.example", phone="999", position="CEO"
    )
    made = staff.do("lead.convert", lead_id=_lead(staff).id)
    assert (made["account_id"], made["contact_id"]) == (account.id, contact.id)
    [account], [contact] = _all(staff, Account), _all(staff, Contact)
    assert (account.name, account.phone, account.website) == (
        "NORDLYS, AS",
        "12345",
        "nordlys.example",
    )
    assert (contact.phone, contact.position, contact.first_name) == ("999", "CEO", "Eva Maria")
    assert contact.account_id == account.id


def test_the_account_is_found_by_domain_when_the_company_is_spelt_otherwise(staff):
    account = staff.do(
        "account.create", name="Nordlys Group", website="https://www.nordlys.example/en"
    )
    made = staff.do("lead.convert", lead_id=_lead(staff).id)
    assert made["account_id"] == account.id


def test_a_private_mail_host_joins_nobody_when_leads_share_it(staff):
    one = _lead(staff, company=None, email="a@gmail.com", name="A One")
    two = _lead(staff, company=None, email="b@gmail.com", name="B Two")
    made = [staff.do("lead.convert", lead_id=lead.id)["account_id"] for lead in (one, two)]
    assert made[0] != made[1]


def test_what_one_may_not_see_is_not_joined_when_a_person_converts(staff):
    hidden = staff.do("contact.create", "sven", last_name="Lund", email="eva@nordlys.example")
    lead = _lead(staff, owner_id=str(staff.people["anna"].user_id))
    made = staff.do("lead.convert", "anna", lead_id=lead.id)
    assert made["contact_id"] != hidden.id


def test_conversion_is_refused_when_the_lead_is_worked_out(staff):
    lead = _lead(staff)
    staff.do("lead.work_out", lead_id=lead.id, reason="No budget")
    with pytest.raises(Conflict):
        staff.do("lead.convert", lead_id=lead.id)


def test_the_timeline_is_carried_on_when_a_lead_is_converted(staff):
    lead = _lead(staff)
    staff.do("note.add", record_type="lead", record_id=lead.id, text="Likes blue")
    made = staff.do("lead.convert", lead_id=lead.id)
    for record_type in ("deal", "contact", "account"):
        entries = staff.ask(timeline_of, record_type, made[f"{record_type}_id"])
        assert "Likes blue" in [entry.body for entry in entries], record_type


def test_one_deal_comes_to_be_when_two_convert_at_once(staff):
    lead = _lead(staff)
    barrier = Barrier(2)

    def convert(_):
        barrier.wait()
        return staff.do("lead.convert", lead_id=lead.id)

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(convert, range(2))
    assert first == second
    assert [len(_all(staff, model)) for model in (Account, Contact, Deal)] == [1, 1, 1]


def test_one_contact_comes_to_be_when_two_leads_of_a_person_are_converted_at_once(staff):
    leads = [_lead(staff), _lead(staff)]
    barrier = Barrier(2)

    def convert(lead):
        barrier.wait()
        return staff.do("lead.convert", lead_id=lead.id)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(convert, leads))
    assert [len(_all(staff, model)) for model in (Account, Contact, Deal)] == [1, 1, 2]


def test_no_deal_is_opened_when_none_is_wanted(staff):
    lead = _lead(staff)
    about = {"regarding_type": "lead", "regarding_id": lead.id}
    task = staff.do("activity.create", kind="task", subject="Call", **about)
    made = staff.do("lead.convert", lead_id=lead.id, with_deal=False)
    assert made["deal_id"] is None
    assert not _all(staff, Deal)
    [carried] = _all(staff, Activity)
    assert (carried.id, carried.regarding_id) == (task.id, made["contact_id"])
    assert staff.ask(timeline_of, "lead", lead.id)[0].title == (
        "Converted to contact “Eva Maria Lund”"
    )
    assert "deal.opened" not in staff.events()


def test_a_new_one_is_made_when_what_is_there_is_not_wanted(staff):
    first = staff.do("lead.convert", lead_id=_lead(staff).id)
    second = staff.do("lead.convert", lead_id=_lead(staff).id, new_account=True, new_contact=True)
    assert not set(first.values()) & set(second.values())


def test_the_chosen_ones_are_taken_when_others_would_be_found(staff):
    staff.do("lead.convert", lead_id=_lead(staff).id)
    account = staff.do("account.create", name="Sol")
    contact = staff.do("contact.create", last_name="Sand")
    made = staff.do(
        "lead.convert", lead_id=_lead(staff).id, account_id=account.id, contact_id=contact.id
    )
    assert (made["account_id"], made["contact_id"]) == (account.id, contact.id)
    kept = staff.ask(get_record, "contact", contact.id)
    assert (kept.last_name, kept.email, kept.account_id) == (
        "Sand",
        "eva@nordlys.example",
        account.id,
    )


def test_one_that_is_there_and_a_new_one_are_refused_together(staff):
    account = staff.do("account.create", name="Sol")
    with pytest.raises(Invalid, match="or a new one"):
        staff.do("lead.convert", lead_id=_lead(staff).id, account_id=account.id, new_account=True)


@settings(max_examples=25)
@given(
    name=st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=30),
    company=st.none() | st.sampled_from(["Acme", "ACME.", "Bølge & Sønn", "Öz A.Ş."]),
    email=st.none() | st.sampled_from(["a@acme.example", "b@acme.example", "c@gmail.com"]),
    times=st.integers(1, 3),
)
def test_converting_again_changes_nothing_when_leads_are_any(staff, name, company, email, times):
    lead = _lead(staff, name=name, company=company, email=email)
    before = staff.ask(lambda uow: uow.session.scalar(select(func.count(Deal.id))))
    results = [staff.do("lead.convert", lead_id=lead.id) for _ in range(times)]
    assert all(result == results[0] for result in results)
    after = staff.ask(lambda uow: uow.session.scalar(select(func.count(Deal.id))))
    assert after == before + 1
    [converted] = staff.ask(
        lambda uow: uow.session.scalars(select(Lead).where(Lead.id == lead.id)).all()
    )
    assert converted.status == "qualified"
