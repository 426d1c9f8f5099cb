"""The pages behind mailed links, and what employees see and note of consents."""

from __future__ import annotations

from uuid import UUID

import pytest

from app import preferences
from services.actors import SYSTEM
from services.consents.contacting import may_contact
from services.consents.keeping import consent_history
from services.consents.links import Choice, make_choice_link
from services.consents.purposes import find_purpose
from services.crm.lead_model import Lead


@pytest.fixture
def ask(platform):
    return lambda query, *args: platform.transact(SYSTEM, lambda uow: query(uow, *args))


@pytest.fixture
def lead(as_person, lead_of):
    key = lead_of("employee", email="kari@fjord.example")
    consent = {"record_type": "lead", "record_id": key, "channel": "mail"}
    said = {"purpose": "marketing", "source": "at the fair", "evidence": "a card"}
    as_person("employee", "consent.give", consent | said)
    return key


@pytest.fixture
def token(ask, lead):
    def make(uow):
        choice = Choice("lead", UUID(lead), "mail", find_purpose(uow, "marketing").id)
        return make_choice_link(uow.platform.settings, choice)

    return ask(make)


@pytest.fixture
def allowed(ask, lead):
    def find(uow):
        return may_contact(uow, uow.session.get(Lead, UUID(lead)), "mail", "marketing")

    return lambda: ask(find)


def test_looking_at_the_links_changes_nothing(visitor, ask, lead, token):
    for place in ("unsubscribe", "choose"):
        assert visitor.get(f"/consent/{place}/{token}").status_code == 200
        assert visitor.client.head(f"/consent/{place}/{token}").status_code == 200
    assert len(ask(consent_history, UUID(lead))) == 1


def test_a_mail_program_unsubscribes_with_one_click(app, allowed, token):
    stranger = app.test_client(use_cookies=False)
    sent = stranger.post(f"/consent/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert sent.status_code == 200
    assert not allowed()


def test_a_forged_link_is_refused_without_telling_who_is_known(app, allowed, token):
    stranger = app.test_client(use_cookies=False)
    sent = stranger.post(f"/consent/unsubscribe/{token[:-4]}aaaa")
    assert sent.status_code == 422
    assert "kari" not in sent.text
    assert allowed()


def test_the_page_keeps_what_was_chosen(visitor, allowed, token):
    page = visitor.get(f"/consent/choose/{token}")
    assert page.text.count("checked") == 1
    saved = visitor.post(f"/consent/choose/{token}", purposes="inquiry")
    assert "Your choice is saved." in saved.text
    assert not allowed()


def test_an_employee_notes_a_withdrawal_on_the_persons_page(browse, allowed, lead):
    browser = browse("employee")
    assert "News and offers" in browser.get(f"/leads/{lead}").text
    assert "at the fair" in browser.get(f"/consents/lead/{lead}").text
    said = {"purpose": "marketing", "channel": "mail", "source": "on the phone", "evidence": ""}
    assert browser.post(f"/consents/lead/{lead}/withdraw", **said).status_code == 302
    assert not allowed()


def test_an_administrator_changes_the_words_of_a_purpose(browse, ask):
    purpose = ask(find_purpose, "marketing")
    browser = browse("administrator")
    page = browser.get(f"/admin/purposes/{purpose.id}")
    assert "I agree to receive news" in page.text
    given = {"title_en": "News", "title_no": "Nyheter", "text_en": "Send me news."}
    browser.post(f"/admin/purposes/{purpose.id}", **given)
    assert ask(find_purpose, "marketing").titles == {"en": "News", "no": "Nyheter"}
    assert "Version 1" in browser.get(f"/admin/purposes/{purpose.id}").text


def test_the_tick_of_the_public_form_is_kept_with_its_words(visitor, ask):
    visitor.get("/form/lead")
    visitor.post(
        "/form/lead", name="Kari", email="kari@vik.example", phone="+4722334455", consent="1"
    )

    def history(uow):
        (found,) = uow.session.query(Lead).all()
        return consent_history(uow, found.id)

    entries = ask(history)
    assert {(one.channel, one.source) for one in entries} == {
        ("mail", "web form"),
        ("phone", "web form"),
    }
    assert all(one.text_id for one in entries)


@pytest.mark.parametrize(
    ("asked", "language"),
    [("fil-PH,en;q=0.5", "tl"), ("nb-NO", "no"), ("fr, no;q=0", "en"), ("de-AT;q=0.2, *", "de")],
)
def test_a_text_is_in_the_readers_language_when_its_browser_names_it_otherwise(
    app, asked, language
):
    texts = {"en": "News", "tl": "Balita", "no": "Nytt", "de": "Neues"}
    with app.test_request_context(headers={"Accept-Language": asked}):
        assert preferences._language(texts) == language
