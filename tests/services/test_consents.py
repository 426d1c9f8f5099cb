"""Consents: what people said, and who may be contacted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from services.actors import PUBLIC
from services.consents.contacting import contact_address, contactable
from services.consents.keeping import consent_history
from services.consents.purposes import find_purpose, text_versions
from services.crm.contact_model import Contact
from services.errors import Conflict, Invalid, NotFound
from services.points.keeping import points_of
from tests.services.consenting import (
    ADDRESS,
    add_address,
    add_contact,
    confirmation,
    give,
    may,
    named,
    states,
    token_of,
    withdraw,
)


@pytest.fixture
def eva(staff):
    return add_contact(staff)


def test_nobody_is_contacted_when_nothing_was_said(staff, eva):
    assert not may(staff, eva)


def test_only_the_channel_agreed_to_is_open_when_consent_is_given(staff, eva):
    give(staff, eva, "sms")
    assert may(staff, eva, "sms")
    assert not may(staff, eva, "phone")


def test_nobody_is_contacted_when_consent_is_withdrawn(staff, eva):
    give(staff, eva)
    assert may(staff, eva)
    withdraw(staff, eva)
    assert not may(staff, eva)


def test_a_later_withdrawal_holds_when_an_earlier_consent_is_written_down_after_it(staff, eva):
    withdraw(staff, eva)
    earlier = (staff.platform.clock.now() - timedelta(days=1)).isoformat()
    before = len(staff.events())
    assert give(staff, eva, at=earlier)["state"] == "withdrawn"
    assert "consent.given" not in staff.events()[before:]
    assert not may(staff, eva)


@pytest.mark.parametrize("purpose", ["unknown", "inquiry"])
def test_nobody_is_contacted_for_what_it_was_not_asked(staff, eva, purpose):
    give(staff, eva)
    assert not may(staff, eva, purpose=purpose)


def test_nobody_is_contacted_when_the_purpose_is_archived(staff, eva):
    made = staff.do("consent_purpose.create", "olga", key="survey", titles={"en": "Surveys"},
                    texts={"en": "I take part."}, needs_consent=False)  # fmt: skip
    assert may(staff, eva, purpose="survey")
    staff.do("consent_purpose.archive", "olga", purpose_id=str(made["purpose_id"]))
    assert not may(staff, eva, purpose="survey")


def test_who_said_no_is_left_alone_when_a_purpose_needs_no_consent(staff, eva):
    staff.do("consent_purpose.create", "olga", key="survey", titles={"en": "Surveys"},
             texts={"en": "I take part."}, needs_consent=False)  # fmt: skip
    staff.do("consent.withdraw", "anna", **named(eva, purpose="survey"), source="by mail")
    again = staff.do("lead.create", "anna", name="Eva", email=ADDRESS)
    assert not may(staff, eva, purpose="survey")
    assert not may(staff, again, purpose="survey")


def test_an_opt_out_of_the_same_address_counts_when_another_record_has_it(staff, eva):
    give(staff, eva)
    lead = staff.do("lead.create", "anna", name="Eva", email=ADDRESS)
    point = staff.ask(
        lambda uow: uow.session.scalar(
            text("SELECT id FROM contact_points WHERE record_id = :key").bindparams(key=lead.id)
        )
    )
    staff.do("contact_point.opt_out", "anna", contact_point_id=str(point))
    assert not may(staff, eva)


def _address(staff, person, purpose="marketing"):
    return staff.ask(
        lambda uow: contact_address(uow, uow.session.get(Contact, person.id), "mail", purpose)
    )


def _let_bounce(staff, address=ADDRESS):
    with staff.platform.engine.begin() as connection:
        connection.execute(
            text("UPDATE contact_points SET invalid_since = now() WHERE normalised = :it"),
            {"it": address},
        )


def test_the_next_address_is_used_when_nothing_arrives_at_the_first(staff, eva):
    staff.do("consent_purpose.create", "olga", key="service", titles={"en": "Service"},
             texts={"en": "Service."}, needs_consent=False)  # fmt: skip
    add_address(staff, eva)
    assert _address(staff, eva, "service") == ADDRESS
    _let_bounce(staff)
    assert _address(staff, eva, "service") == "eva@home.example"


def test_consent_does_not_pass_to_another_address_when_nothing_arrives_at_its_own(staff, eva):
    give(staff, eva)
    add_address(staff, eva)
    _let_bounce(staff)
    assert _address(staff, eva) is None


def test_consent_ends_when_the_address_changes_and_holds_again_when_it_comes_back(staff, eva):
    give(staff, eva)
    told = []
    for email in ("new@nordlys.example", ADDRESS):
        staff.do("contact.update", "anna", contact_id=eva.id, email=email)
        told.append(may(staff, eva))
    assert told == [False, True]


def test_the_address_that_consent_is_for_is_used_when_another_is_the_first(staff, eva):
    give(staff, eva)
    add_address(staff, eva)
    keys = staff.ask(lambda uow: {one.normalised: one.id for one in points_of(uow, eva)})
    staff.do("contact_point.make_primary", "anna", contact_point_id=keys["eva@home.example"])
    assert _address(staff, eva) == ADDRESS


def test_a_number_that_changes_ends_what_was_agreed_for_calls_and_messages(staff, eva):
    give(staff, eva, "sms")
    staff.do("contact.update", "anna", contact_id=eva.id, phone="+4722000002")
    assert not may(staff, eva, "sms")


def test_consent_is_refused_when_there_is_no_address_that_it_could_be_for(staff, eva):
    with pytest.raises(Invalid, match="messenger name") as caught:
        give(staff, eva, "messenger")
    assert "channel" in caught.value.fields


def test_a_withdrawal_stays_when_the_address_changes(staff, eva):
    give(staff, eva)
    withdraw(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    assert not may(staff, eva)
    with pytest.raises(Conflict, match="said no"):
        staff.do("consent.request", "anna", **named(eva))


def test_who_has_another_address_now_can_be_asked_anew(staff, eva):
    give(staff, eva)
    with pytest.raises(Conflict, match="agreed already"):
        staff.do("consent.request", "anna", **named(eva))
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    staff.do("consent.request", "anna", **named(eva))
    staff.do("consent.confirm", PUBLIC, token=confirmation(staff))
    assert may(staff, eva)


def test_what_waits_to_be_confirmed_changes_nothing_of_what_was_agreed(staff, eva):
    give(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    staff.do("consent.request", "anna", **named(eva))
    staff.do("contact.update", "anna", contact_id=eva.id, email=ADDRESS)
    assert may(staff, eva)


def test_a_segment_is_narrowed_in_one_statement(staff, eva):
    give(staff, eva)
    add_contact(staff, email="other@example.com")

    def ask(uow):
        allowed = contactable(uow, Contact, "mail", "marketing")
        return uow.session.scalars(uow.select(Contact).where(allowed)).all()

    assert [one.id for one in staff.ask(ask)] == [eva.id]


def test_consent_by_mail_is_refused_when_nothing_proves_it(staff, eva):
    with pytest.raises(Invalid) as caught:
        give(staff, eva, evidence=None)
    assert "evidence" in caught.value.fields


def test_consent_can_not_be_given_in_the_future(staff, eva):
    tomorrow = (staff.platform.clock.now() + timedelta(days=1)).isoformat()
    with pytest.raises(Invalid):
        give(staff, eva, at=tomorrow)


def test_consent_of_a_record_one_can_not_see_is_not_found(staff, eva):
    with pytest.raises(NotFound):
        staff.do("consent.give", "sven", **named(eva), source="x", evidence="y")


def test_history_is_only_added_to_even_by_sql(staff, eva):
    give(staff, eva)
    with staff.platform.engine.begin() as connection, pytest.raises(DBAPIError):
        connection.execute(text("UPDATE consent_entries SET state = 'withdrawn'"))
    with staff.platform.engine.begin() as connection, pytest.raises(DBAPIError):
        connection.execute(text("DELETE FROM consent_entries"))


def test_another_text_is_another_version_and_consents_keep_theirs(staff, eva):
    give(staff, eva)
    purpose = staff.ask(find_purpose, "marketing")
    staff.do("consent_purpose.update", "olga", purpose_id=str(purpose.id), texts={"en": "New."})
    give(staff, eva, "sms")
    numbers = {v.id: v.number for v in staff.ask(text_versions, purpose)}
    history = staff.ask(consent_history, eva.id)
    assert [(one.channel, numbers[one.text_id]) for one in history] == [("sms", 2), ("mail", 1)]


# -- merging and converting


def _merge(staff, kept, dropped):
    made = staff.do("record.merge", "anna", record_type="contact", kept_id=str(kept.id),
                    dropped_id=str(dropped.id))  # fmt: skip
    return made["merge_id"]


def test_the_stricter_answer_wins_when_two_persons_are_merged(staff, eva):
    other = add_contact(staff, email="other@example.com")
    withdraw(staff, eva)
    give(staff, other)
    merge = _merge(staff, eva, other)
    assert not may(staff, eva)
    staff.do("record.unmerge", "anna", merge_id=str(merge))
    assert not may(staff, eva)
    assert may(staff, other)


def test_both_have_their_own_answer_again_when_a_merge_is_undone(staff, eva):
    other = add_contact(staff, email="other@example.com")
    withdraw(staff, other)
    give(staff, eva)
    merge = _merge(staff, eva, other)
    assert not may(staff, eva)
    staff.do("record.unmerge", "anna", merge_id=str(merge))
    assert may(staff, eva)
    assert states(staff, other) == [("mail", "withdrawn")]


def test_a_link_of_the_one_given_up_works_when_two_were_merged(staff, eva):
    other = add_contact(staff, email="other@example.com")
    give(staff, other)
    token = token_of(staff, other)
    _merge(staff, eva, other)
    staff.do("consent.unsubscribe", PUBLIC, token=token)
    assert states(staff, eva) == [("mail", "withdrawn")]


def test_a_contact_has_what_the_lead_agreed_to_when_it_is_converted(staff):
    lead = staff.do("lead.create", "anna", name="Eva Lund", email=ADDRESS, company="Nordlys")
    give(staff, lead)
    made = staff.do("lead.convert", "anna", lead_id=str(lead.id))
    assert may(staff, Contact(id=made["contact_id"]))


def test_a_contact_has_what_the_lead_agreed_to_when_its_own_address_is_gone(staff, eva):
    give(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    lead = staff.do("lead.create", "anna", name="Eva Lund", email="new@nordlys.example",
                    allow_duplicate=True)  # fmt: skip
    give(staff, lead)
    made = staff.do("lead.convert", "anna", lead_id=str(lead.id))
    assert made["contact_id"] == eva.id
    assert may(staff, eva)
