"""Consents: what people said, who may be contacted, and the links by which they answer."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from services.actors import PUBLIC
from services.consents.consents import sign_confirmations
from services.consents.contacting import contact_address, contactable, may_contact
from services.consents.keeping import consent_history, present_consents
from services.consents.links import Choice, make_choice_link, seal_of
from services.consents.purposes import find_purpose, text_versions
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.errors import Conflict, Invalid, NotFound
from services.mail.delivery import deliver_mail
from services.mail.model import Mail
from services.points.keeping import points_of

ADDRESS = "eva@nordlys.example"


@pytest.fixture
def eva(staff):
    return _contact(staff)


def _contact(staff, email=ADDRESS, **values):
    return staff.do(
        "contact.create", "anna", last_name="Lund", email=email, phone="+4722000001",
        **values,
    )  # fmt: skip


def _named(person, channel="mail", purpose="marketing"):
    return {
        "record_type": person.record_type,
        "record_id": str(person.id),
        "channel": channel,
        "purpose": purpose,
    }


def _give(staff, person, channel="mail", **more):
    said = {"source": "at the fair", "evidence": "a signed card", **more}
    return staff.do("consent.give", "anna", **_named(person, channel), **said)


def _withdraw(staff, person, channel="mail", **more):
    said = {"source": "on the phone", **more}
    return staff.do("consent.withdraw", "anna", **_named(person, channel), **said)


def _may(staff, person, channel="mail", purpose="marketing"):
    return staff.ask(
        lambda uow: may_contact(uow, uow.session.get(type(person), person.id), channel, purpose)
    )


def _states(staff, person):
    found = staff.ask(present_consents, person.id)
    return sorted((channel, entry.state) for (channel, _), entry in found.items())


def _token(staff, person, channel="mail", purpose="marketing", to=None):
    def make(uow):
        key = find_purpose(uow, purpose).id
        seal = seal_of(uow.platform.settings, to) if to else ""
        choice = Choice(person.record_type, person.id, channel, key, seal)
        return make_choice_link(uow.platform.settings, choice)

    return staff.ask(make)


def _confirmation(staff, to=None):
    """Return the token of the last mail as it leaves."""

    def find(uow):
        mail = uow.session.scalars(select(Mail).order_by(Mail.id.desc())).first()
        sent = sign_confirmations(uow, mail.record_id, to or mail.to_addresses, mail.text)
        return re.search(r"/consent/confirm/(\S+)", sent)[1]

    return staff.ask(find)


def test_nobody_is_contacted_when_nothing_was_said(staff, eva):
    assert not _may(staff, eva)


def test_only_the_channel_agreed_to_is_open_when_consent_is_given(staff, eva):
    _give(staff, eva, "sms")
    assert _may(staff, eva, "sms")
    assert not _may(staff, eva, "phone")


def test_nobody_is_contacted_when_consent_is_withdrawn(staff, eva):
    _give(staff, eva)
    assert _may(staff, eva)
    _withdraw(staff, eva)
    assert not _may(staff, eva)


def test_a_later_withdrawal_holds_when_an_earlier_consent_is_written_down_after_it(staff, eva):
    _withdraw(staff, eva)
    earlier = (staff.platform.clock.now() - timedelta(days=1)).isoformat()
    before = len(staff.events())
    assert _give(staff, eva, at=earlier)["state"] == "withdrawn"
    assert "consent.given" not in staff.events()[before:]
    assert not _may(staff, eva)


@pytest.mark.parametrize("purpose", ["unknown", "inquiry"])
def test_nobody_is_contacted_for_what_it_was_not_asked(staff, eva, purpose):
    _give(staff, eva)
    assert not _may(staff, eva, purpose=purpose)


def test_nobody_is_contacted_when_the_purpose_is_archived(staff, eva):
    made = staff.do("consent_purpose.create", "olga", key="survey", titles={"en": "Surveys"},
                    texts={"en": "I take part."}, needs_consent=False)  # fmt: skip
    assert _may(staff, eva, purpose="survey")
    staff.do("consent_purpose.archive", "olga", purpose_id=str(made["purpose_id"]))
    assert not _may(staff, eva, purpose="survey")


def test_who_said_no_is_left_alone_when_a_purpose_needs_no_consent(staff, eva):
    staff.do("consent_purpose.create", "olga", key="survey", titles={"en": "Surveys"},
             texts={"en": "I take part."}, needs_consent=False)  # fmt: skip
    staff.do("consent.withdraw", "anna", **_named(eva, purpose="survey"), source="by mail")
    again = staff.do("lead.create", "anna", name="Eva", email=ADDRESS)
    assert not _may(staff, eva, purpose="survey")
    assert not _may(staff, again, purpose="survey")


def test_an_opt_out_of_the_same_address_counts_when_another_record_has_it(staff, eva):
    _give(staff, eva)
    lead = staff.do("lead.create", "anna", name="Eva", email=ADDRESS)
    point = staff.ask(
        lambda uow: uow.session.scalar(
            text("SELECT id FROM contact_points WHERE record_id = :key").bindparams(key=lead.id)
        )
    )
    staff.do("contact_point.opt_out", "anna", contact_point_id=str(point))
    assert not _may(staff, eva)


def _add_address(staff, person, value="eva@home.example"):
    staff.do("contact_point.add", "anna", record_type="contact", record_id=str(person.id),
             kind="mail", value=value)  # fmt: skip


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
    _add_address(staff, eva)
    assert _address(staff, eva, "service") == ADDRESS
    _let_bounce(staff)
    assert _address(staff, eva, "service") == "eva@home.example"


def test_consent_does_not_pass_to_another_address_when_nothing_arrives_at_its_own(staff, eva):
    _give(staff, eva)
    _add_address(staff, eva)
    _let_bounce(staff)
    assert _address(staff, eva) is None


def test_consent_ends_when_the_address_changes_and_holds_again_when_it_comes_back(staff, eva):
    _give(staff, eva)
    told = []
    for email in ("new@nordlys.example", ADDRESS):
        staff.do("contact.update", "anna", contact_id=eva.id, email=email)
        told.append(_may(staff, eva))
    assert told == [False, True]


def test_the_address_that_consent_is_for_is_used_when_another_is_the_first(staff, eva):
    _give(staff, eva)
    _add_address(staff, eva)
    keys = staff.ask(lambda uow: {one.normalised: one.id for one in points_of(uow, eva)})
    staff.do("contact_point.make_primary", "anna", contact_point_id=keys["eva@home.example"])
    assert _address(staff, eva) == ADDRESS


def test_a_number_that_changes_ends_what_was_agreed_for_calls_and_messages(staff, eva):
    _give(staff, eva, "sms")
    staff.do("contact.update", "anna", contact_id=eva.id, phone="+4722000002")
    assert not _may(staff, eva, "sms")


def test_consent_is_refused_when_there_is_no_address_that_it_could_be_for(staff, eva):
    with pytest.raises(Invalid, match="messenger name") as caught:
        _give(staff, eva, "messenger")
    assert "channel" in caught.value.fields


def test_a_withdrawal_stays_when_the_address_changes(staff, eva):
    _give(staff, eva)
    _withdraw(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    assert not _may(staff, eva)
    with pytest.raises(Conflict, match="said no"):
        staff.do("consent.request", "anna", **_named(eva))


def test_who_has_another_address_now_can_be_asked_anew(staff, eva):
    _give(staff, eva)
    with pytest.raises(Conflict, match="agreed already"):
        staff.do("consent.request", "anna", **_named(eva))
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    staff.do("consent.request", "anna", **_named(eva))
    staff.do("consent.confirm", PUBLIC, token=_confirmation(staff))
    assert _may(staff, eva)


def test_what_waits_to_be_confirmed_changes_nothing_of_what_was_agreed(staff, eva):
    _give(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    staff.do("consent.request", "anna", **_named(eva))
    staff.do("contact.update", "anna", contact_id=eva.id, email=ADDRESS)
    assert _may(staff, eva)


def test_a_link_confirms_its_address_when_another_was_agreed_to_meanwhile(staff, eva):
    staff.do("consent.request", "anna", **_named(eva))
    token = _confirmation(staff)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    _give(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email=ADDRESS)
    staff.do("consent.confirm", PUBLIC, token=token)
    assert _may(staff, eva)


def test_a_link_confirms_nothing_when_the_address_it_went_to_is_gone(staff, eva):
    staff.do("consent.request", "anna", **_named(eva))
    token = _confirmation(staff)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    with pytest.raises(NotFound):
        staff.do("consent.confirm", PUBLIC, token=token)


def test_a_link_to_a_former_address_gives_nothing_for_the_present_one(staff, eva):
    token = _token(staff, eva, to=ADDRESS)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    staff.do("consent.choose", PUBLIC, token=token, purposes=["marketing"])
    assert _states(staff, eva) == []
    _give(staff, eva)
    staff.do("consent.choose", PUBLIC, token=token, purposes=[])
    assert not _may(staff, eva)


def test_a_segment_is_narrowed_in_one_statement(staff, eva):
    _give(staff, eva)
    _contact(staff, email="other@example.com")

    def ask(uow):
        allowed = contactable(uow, Contact, "mail", "marketing")
        return uow.session.scalars(uow.select(Contact).where(allowed)).all()

    assert [one.id for one in staff.ask(ask)] == [eva.id]


def test_consent_by_mail_is_refused_when_nothing_proves_it(staff, eva):
    with pytest.raises(Invalid) as caught:
        _give(staff, eva, evidence=None)
    assert "evidence" in caught.value.fields


def test_consent_can_not_be_given_in_the_future(staff, eva):
    tomorrow = (staff.platform.clock.now() + timedelta(days=1)).isoformat()
    with pytest.raises(Invalid):
        _give(staff, eva, at=tomorrow)


def test_consent_of_a_record_one_can_not_see_is_not_found(staff, eva):
    with pytest.raises(NotFound):
        staff.do("consent.give", "sven", **_named(eva), source="x", evidence="y")


def test_history_is_only_added_to_even_by_sql(staff, eva):
    _give(staff, eva)
    with staff.platform.engine.begin() as connection, pytest.raises(DBAPIError):
        connection.execute(text("UPDATE consent_entries SET state = 'withdrawn'"))
    with staff.platform.engine.begin() as connection, pytest.raises(DBAPIError):
        connection.execute(text("DELETE FROM consent_entries"))


def test_another_text_is_another_version_and_consents_keep_theirs(staff, eva):
    _give(staff, eva)
    purpose = staff.ask(find_purpose, "marketing")
    staff.do("consent_purpose.update", "olga", purpose_id=str(purpose.id), texts={"en": "New."})
    _give(staff, eva, "sms")
    numbers = {v.id: v.number for v in staff.ask(text_versions, purpose)}
    history = staff.ask(consent_history, eva.id)
    assert [(one.channel, numbers[one.text_id]) for one in history] == [("sms", 2), ("mail", 1)]


# -- double opt-in


def test_nothing_is_allowed_until_the_mailed_link_is_followed(staff, eva):
    staff.do("consent.request", "anna", **_named(eva))
    assert not _may(staff, eva)
    staff.do("consent.confirm", PUBLIC, token=_confirmation(staff))
    assert _may(staff, eva)
    last = staff.ask(consent_history, eva.id)[0]
    assert last.source == "double opt-in"
    assert ADDRESS in last.evidence


def test_nobody_who_reads_the_mail_here_can_confirm_in_the_persons_name(staff, eva):
    staff.do("consent.request", "anna", **_named(eva))
    kept = staff.ask(lambda uow: uow.session.scalars(select(Mail)).first().text)
    for token in (kept.split("/confirm/")[1].split()[0], _confirmation(staff, "anna@x.example")):
        with pytest.raises(NotFound):
            staff.do("consent.confirm", PUBLIC, token=token)


def test_a_link_confirms_once_when_it_is_followed_twice(staff, eva):
    staff.do("consent.request", "anna", **_named(eva))
    token = _confirmation(staff)
    staff.do("consent.confirm", PUBLIC, token=token)
    staff.do("consent.confirm", PUBLIC, token=token)
    assert len(staff.ask(consent_history, eva.id)) == 2


def test_a_link_confirms_nothing_after_a_week(staff, eva, clock):
    staff.do("consent.request", "anna", **_named(eva))
    token = _confirmation(staff)
    clock.advance(timedelta(days=7))
    with pytest.raises(NotFound):
        staff.do("consent.confirm", PUBLIC, token=token)


def test_a_link_confirms_nothing_when_the_person_withdrew_meanwhile(staff, eva):
    staff.do("consent.request", "anna", **_named(eva))
    _withdraw(staff, eva)
    with pytest.raises(NotFound):
        staff.do("consent.confirm", PUBLIC, token=_confirmation(staff))


def test_who_said_no_is_not_asked_again(staff, eva):
    _withdraw(staff, eva)
    with pytest.raises(Conflict):
        staff.do("consent.request", "anna", **_named(eva))


@pytest.mark.parametrize("operation", ["consent.confirm", "consent.unsubscribe", "consent.choose"])
def test_a_forged_link_does_nothing(staff, eva, operation):
    _give(staff, eva)
    token = _token(staff, eva)
    with pytest.raises(NotFound):
        staff.do(operation, PUBLIC, token=token[:-3] + "abc")
    assert _may(staff, eva)


# -- unsubscribing


def test_all_records_with_the_address_are_withdrawn_when_one_unsubscribes(staff, eva):
    lead = staff.do("lead.create", "anna", name="Eva", email=ADDRESS)
    _give(staff, eva)
    _give(staff, lead)
    staff.do("consent.unsubscribe", PUBLIC, token=_token(staff, eva))
    assert _states(staff, eva) == _states(staff, lead) == [("mail", "withdrawn")]


def test_unsubscribing_twice_writes_one_entry(staff, eva):
    _give(staff, eva)
    for _ in range(2):
        staff.do("consent.unsubscribe", PUBLIC, token=_token(staff, eva))
    assert len(staff.ask(consent_history, eva.id)) == 2


def test_the_answer_is_the_same_when_the_person_is_gone(staff, eva):
    token = _token(staff, eva)
    known = staff.do("consent.unsubscribe", PUBLIC, token=token)
    gone = Lead(id=eva.id)
    assert staff.do("consent.unsubscribe", PUBLIC, token=_token(staff, gone)) == known


def test_choosing_gives_what_is_wanted_and_withdraws_the_rest(staff, eva):
    _give(staff, eva)
    staff.do("consent.choose", PUBLIC, token=_token(staff, eva), purposes=["inquiry"])
    assert not _may(staff, eva)
    assert _may(staff, eva, purpose="inquiry")


# -- merging and converting


def _merge(staff, kept, dropped):
    made = staff.do("record.merge", "anna", record_type="contact", kept_id=str(kept.id),
                    dropped_id=str(dropped.id))  # fmt: skip
    return made["merge_id"]


def test_the_stricter_answer_wins_when_two_persons_are_merged(staff, eva):
    other = _contact(staff, email="other@example.com")
    _withdraw(staff, eva)
    _give(staff, other)
    merge = _merge(staff, eva, other)
    assert not _may(staff, eva)
    staff.do("record.unmerge", "anna", merge_id=str(merge))
    assert not _may(staff, eva)
    assert _may(staff, other)


def test_both_have_their_own_answer_again_when_a_merge_is_undone(staff, eva):
    other = _contact(staff, email="other@example.com")
    _withdraw(staff, other)
    _give(staff, eva)
    merge = _merge(staff, eva, other)
    assert not _may(staff, eva)
    staff.do("record.unmerge", "anna", merge_id=str(merge))
    assert _may(staff, eva)
    assert _states(staff, other) == [("mail", "withdrawn")]


def test_a_link_of_the_one_given_up_works_when_two_were_merged(staff, eva):
    other = _contact(staff, email="other@example.com")
    _give(staff, other)
    token = _token(staff, other)
    _merge(staff, eva, other)
    staff.do("consent.unsubscribe", PUBLIC, token=token)
    assert _states(staff, eva) == [("mail", "withdrawn")]


def test_a_contact_has_what_the_lead_agreed_to_when_it_is_converted(staff):
    lead = staff.do("lead.create", "anna", name="Eva Lund", email=ADDRESS, company="Nordlys")
    _give(staff, lead)
    made = staff.do("lead.convert", "anna", lead_id=str(lead.id))
    assert _may(staff, Contact(id=made["contact_id"]))


def test_a_contact_has_what_the_lead_agreed_to_when_its_own_address_is_gone(staff, eva):
    _give(staff, eva)
    staff.do("contact.update", "anna", contact_id=eva.id, email="new@nordlys.example")
    lead = staff.do("lead.create", "anna", name="Eva Lund", email="new@nordlys.example",
                    allow_duplicate=True)  # fmt: skip
    _give(staff, lead)
    made = staff.do("lead.convert", "anna", lead_id=str(lead.id))
    assert made["contact_id"] == eva.id
    assert _may(staff, eva)


# -- advertising


def _advertise(staff, eva, **more):
    return staff.do("mail.send", "anna", record_type="contact", record_id=str(eva.id),
                    subject="Sale", body="All must go.", purpose="marketing", **more)  # fmt: skip


def test_advertising_is_refused_when_the_person_has_not_agreed(staff, eva):
    with pytest.raises(Invalid) as caught:
        _advertise(staff, eva)
    assert caught.value.code == "mail_address_refused"


def test_advertising_is_refused_when_consent_is_for_another_address_of_the_person(staff, eva):
    _give(staff, eva)
    _add_address(staff, eva)
    with pytest.raises(Invalid, match="has not agreed"):
        _advertise(staff, eva, to="eva@home.example")


def test_advertising_that_waited_does_not_leave_when_consent_is_for_another_address_now(staff, eva):
    _give(staff, eva)
    key = _advertise(staff, eva)["mail_id"]
    _add_address(staff, eva)
    keys = staff.ask(lambda uow: {one.normalised: one.id for one in points_of(uow, eva)})
    staff.do("contact_point.make_primary", "anna", contact_point_id=keys["eva@home.example"])
    _give(staff, eva)
    deliver_mail(staff.platform, mail_id=str(key))
    mail = staff.ask(lambda uow: uow.session.get(Mail, key))
    assert (mail.state, mail.attempts) == ("failed", 0)


def test_advertising_carries_a_link_that_ends_it(staff, eva):
    _give(staff, eva)
    key = _advertise(staff, eva)["mail_id"]
    token = staff.ask(lambda uow: uow.session.get(Mail, key).unsubscribe_token)
    staff.do("consent.unsubscribe", PUBLIC, token=token)
    assert not _may(staff, eva)


def test_advertising_that_waited_does_not_leave_when_the_person_withdrew(staff, eva):
    _give(staff, eva)
    key = _advertise(staff, eva)["mail_id"]
    _withdraw(staff, eva)
    deliver_mail(staff.platform, mail_id=str(key))
    mail = staff.ask(lambda uow: uow.session.get(Mail, key))
    assert (mail.state, mail.attempts) == ("failed", 0)


def test_advertising_goes_to_one_person_at_a_time(staff, eva):
    _give(staff, eva)
    with pytest.raises(Invalid):
        _advertise(staff, eva, to=f"{ADDRESS}, other@example.com")


def test_the_audit_holds_no_token_when_somebody_answers(staff, eva):
    token = _token(staff, eva)
    staff.do("consent.unsubscribe", PUBLIC, token=token)
    with staff.platform.engine.begin() as connection:
        kept = connection.execute(text("SELECT arguments::text FROM audit_entries")).scalars()
        assert not any(token in one for one in kept)
