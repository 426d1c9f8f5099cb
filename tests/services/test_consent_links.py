"""The links by which people answer, and the advertising that carries them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from services.actors import PUBLIC
from services.consents.consents import sign_confirmations
from services.consents.keeping import consent_history
from services.crm.lead_model import Lead
from services.errors import Conflict, Invalid, NotFound
from services.mail.delivery import deliver_mail
from services.mail.model import Mail
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


def test_a_link_confirms_its_address_when_another_was_agreed_to_meanwhile(staff, eva):
    staff.do("consent.request", "anna", **named(eva))
    token = confirmation(staff)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    give(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email=ADDRESS)
    staff.do("consent.confirm", PUBLIC, token=token)
    assert may(staff, eva)


def test_a_link_confirms_nothing_when_the_address_it_went_to_is_gone(staff, eva):
    staff.do("consent.request", "anna", **named(eva))
    token = confirmation(staff)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    with pytest.raises(NotFound):
        staff.do("consent.confirm", PUBLIC, token=token)


def test_a_link_to_a_former_address_gives_nothing_for_the_present_one(staff, eva):
    token = token_of(staff, eva, to=ADDRESS)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    staff.do("consent.choose", PUBLIC, token=token, purposes=["marketing"])
    assert states(staff, eva) == []
    give(staff, eva)
    staff.do("consent.choose", PUBLIC, token=token, purposes=[])
    assert not may(staff, eva)


def test_nothing_is_allowed_until_the_mailed_link_is_followed(staff, eva):
    staff.do("consent.request", "anna", **named(eva))
    assert not may(staff, eva)
    staff.do("consent.confirm", PUBLIC, token=confirmation(staff))
    assert may(staff, eva)
    last = staff.ask(consent_history, eva.id)[0]
    assert last.source == "double opt-in"
    assert ADDRESS in last.evidence


def test_nobody_who_reads_the_mail_here_can_confirm_in_the_persons_name(staff, eva):
    staff.do("consent.request", "anna", **named(eva))
    kept = staff.ask(lambda uow: uow.session.scalars(select(Mail)).first().text)
    for token in (kept.split("/confirm/")[1].split()[0], confirmation(staff, "anna@x.example")):
        with pytest.raises(NotFound):
            staff.do("consent.confirm", PUBLIC, token=token)


def test_a_mail_has_no_link_that_confirms_for_another_person(staff, eva):
    other = add_contact(staff, email="bo@nordlys.example")
    staff.do("consent.request", "anna", **named(other))

    def sign(uow):
        written = uow.session.scalars(select(Mail.text).order_by(Mail.id.desc())).first()
        return written, sign_confirmations(uow, eva.id, ADDRESS, written)

    written, sent = staff.ask(sign)
    assert "/consent/confirm/" in written
    assert sent == written


def test_a_link_confirms_once_when_it_is_followed_twice(staff, eva):
    staff.do("consent.request", "anna", **named(eva))
    token = confirmation(staff)
    staff.do("consent.confirm", PUBLIC, token=token)
    staff.do("consent.confirm", PUBLIC, token=token)
    assert len(staff.ask(consent_history, eva.id)) == 2


def test_a_link_confirms_nothing_after_a_week(staff, eva, clock):
    staff.do("consent.request", "anna", **named(eva))
    token = confirmation(staff)
    clock.advance(timedelta(days=7))
    with pytest.raises(NotFound):
        staff.do("consent.confirm", PUBLIC, token=token)


def test_a_link_confirms_nothing_when_the_person_withdrew_meanwhile(staff, eva):
    staff.do("consent.request", "anna", **named(eva))
    withdraw(staff, eva)
    with pytest.raises(NotFound):
        staff.do("consent.confirm", PUBLIC, token=confirmation(staff))


def test_who_said_no_is_not_asked_again(staff, eva):
    withdraw(staff, eva)
    with pytest.raises(Conflict):
        staff.do("consent.request", "anna", **named(eva))


@pytest.mark.parametrize("operation", ["consent.confirm", "consent.unsubscribe", "consent.choose"])
def test_a_forged_link_does_nothing(staff, eva, operation):
    give(staff, eva)
    token = token_of(staff, eva)
    with pytest.raises(NotFound):
        staff.do(operation, PUBLIC, token=token[:-3] + "abc")
    assert may(staff, eva)


def test_all_records_with_the_address_are_withdrawn_when_one_unsubscribes(staff, eva):
    lead = staff.do("lead.create", "anna", name="Eva", email=ADDRESS)
    give(staff, eva)
    give(staff, lead)
    staff.do("consent.unsubscribe", PUBLIC, token=token_of(staff, eva))
    assert states(staff, eva) == states(staff, lead) == [("mail", "withdrawn")]


def test_unsubscribing_twice_writes_one_entry(staff, eva):
    give(staff, eva)
    for _ in range(2):
        staff.do("consent.unsubscribe", PUBLIC, token=token_of(staff, eva))
    assert len(staff.ask(consent_history, eva.id)) == 2


def test_the_answer_is_the_same_when_the_person_is_gone(staff, eva):
    token = token_of(staff, eva)
    known = staff.do("consent.unsubscribe", PUBLIC, token=token)
    gone = Lead(id=eva.id)
    assert staff.do("consent.unsubscribe", PUBLIC, token=token_of(staff, gone)) == known


def test_choosing_gives_what_is_wanted_and_withdraws_the_rest(staff, eva):
    give(staff, eva)
    staff.do("consent.choose", PUBLIC, token=token_of(staff, eva), purposes=["inquiry"])
    assert not may(staff, eva)
    assert may(staff, eva, purpose="inquiry")


def _advertise(staff, eva, **more):
    return staff.do("mail.send", "anna", record_type="contact", record_id=str(eva.id),
                    subject="Sale", body="All must go.", purpose="marketing", **more)  # fmt: skip


def test_advertising_is_refused_when_the_person_has_not_agreed(staff, eva):
    with pytest.raises(Invalid) as caught:
        _advertise(staff, eva)
    assert caught.value.code == "mail_address_refused"


def test_advertising_is_refused_when_consent_is_for_another_address_of_the_person(staff, eva):
    give(staff, eva)
    add_address(staff, eva)
    with pytest.raises(Invalid, match="has not agreed"):
        _advertise(staff, eva, to="eva@home.example")


def test_advertising_that_waited_does_not_leave_when_consent_is_for_another_address_now(staff, eva):
    give(staff, eva)
    key = _advertise(staff, eva)["mail_id"]
    add_address(staff, eva)
    keys = staff.ask(lambda uow: {one.normalised: one.id for one in points_of(uow, eva)})
    staff.do("contact_point.make_primary", "anna", contact_point_id=keys["eva@home.example"])
    give(staff, eva)
    deliver_mail(staff.platform, mail_id=str(key))
    mail = staff.ask(lambda uow: uow.session.get(Mail, key))
    assert (mail.state, mail.attempts) == ("failed", 0)


def test_advertising_carries_a_link_that_ends_it(staff, eva):
    give(staff, eva)
    key = _advertise(staff, eva)["mail_id"]
    token = staff.ask(lambda uow: uow.session.get(Mail, key).unsubscribe_token)
    staff.do("consent.unsubscribe", PUBLIC, token=token)
    assert not may(staff, eva)


def test_advertising_that_waited_does_not_leave_when_the_person_withdrew(staff, eva):
    give(staff, eva)
    key = _advertise(staff, eva)["mail_id"]
    withdraw(staff, eva)
    deliver_mail(staff.platform, mail_id=str(key))
    mail = staff.ask(lambda uow: uow.session.get(Mail, key))
    assert (mail.state, mail.attempts) == ("failed", 0)


def test_advertising_goes_to_one_person_at_a_time(staff, eva):
    give(staff, eva)
    with pytest.raises(Invalid):
        _advertise(staff, eva, to=f"{ADDRESS}, other@example.com")


def test_the_audit_holds_no_token_when_somebody_answers(staff, eva):
    token = token_of(staff, eva)
    staff.do("consent.unsubscribe", PUBLIC, token=token)
    with staff.platform.engine.begin() as connection:
        kept = connection.execute(text("SELECT arguments::text FROM audit_entries")).scalars()
        assert not any(token in one for one in kept)
