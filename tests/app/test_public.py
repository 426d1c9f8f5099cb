"""Web forms, the client's status page, and the mail hook."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.documents.model import Document
from services.mail.parsing import MAX_BYTES


@pytest.fixture
def stored(platform):
    """Return all rows of a model."""

    def rows(model):
        with platform.session() as session:
            return session.scalars(select(model)).all()

    return rows


def test_a_lead_comes_with_the_channel_and_keyword_of_its_address(visitor, stored):
    page = visitor.get("/form/lead?utm_source=google&utm_term=blue+windows")
    action = re.search(r'action="([^"]+)"', page.text)[1].replace("&amp;", "&")
    sent = visitor.post(action, name="Kari", email="kari@fjord.example", consent="1")
    (lead,) = stored(Lead)
    assert sent.headers["Location"] == f"/form/thanks?reference={lead.number}"
    assert (lead.channel, lead.campaign_keyword) == ("google", "blue windows")
    assert lead.consent_at is not None


def test_the_own_names_of_channel_and_keyword_come_first(visitor, stored):
    visitor.get("/form/lead")
    address = "/form/lead?channel=fair&utm_source=google&keyword=oslo&utm_term=bergen"
    visitor.post(address, name="Kari", email="kari@fjord.example")
    (lead,) = stored(Lead)
    assert (lead.channel, lead.campaign_keyword) == ("fair", "oslo")
    assert lead.consent_at is None


def test_the_form_comes_back_with_what_was_typed_when_something_is_missing(visitor, stored):
    visitor.get("/form/lead")
    response = visitor.post("/form/lead?channel=fair", name="Kari", email="")
    assert response.status_code == 422
    assert "Please leave an e-mail address or a phone number." in response.text
    assert 'value="Kari"' in response.text
    assert "channel=fair" in response.text
    assert stored(Lead) == []


def test_a_program_that_fills_everything_in_is_thanked_and_ignored(visitor, stored):
    visitor.get("/form/lead")
    filled = {"name": "Bot", "email": "bot@bot.example", "homepage": "https://spam.example"}
    assert visitor.post("/form/lead", **filled).headers["Location"] == "/form/thanks"
    assert visitor.post("/form/request", **filled, subject="x").status_code == 302
    assert stored(Lead) == []
    assert stored(ServiceRequest) == []


def test_the_thank_you_page_repeats_only_references(visitor):
    assert "L-000001" in visitor.get("/form/thanks?reference=L-000001").text
    assert "evil" not in visitor.get("/form/thanks?reference=evil").text


def test_a_form_may_not_be_sent_without_limit(visitor):
    visitor.get("/form/lead")
    answers = [visitor.post("/form/lead", name="Kari").status_code for _ in range(21)]
    assert answers[-1] == 429
    assert 429 not in answers[:20]


def test_a_client_follows_its_request_behind_a_signed_link(visitor, stored, as_person):
    visitor.get("/form/request")
    sent = visitor.post(
        "/form/request",
        name="Ole Vik",
        email="ole@vik.example",
        type="error",
        subject="The door sticks",
        description="Since Monday",
    )
    page = visitor.get(sent.headers["Location"])
    assert "We have received your request." in page.text
    (request,) = stored(ServiceRequest)
    assert request.number in page.text
    arguments = {"request_id": str(request.id), "answer": "It is mended now."}
    as_person("manager", "request.update", {**arguments})
    assert "It is mended now." not in visitor.get(sent.headers["Location"]).text
    as_person(
        "manager",
        "request.set_status",
        {"request_id": arguments["request_id"], "status": "answered"},
    )
    page = visitor.get(sent.headers["Location"])
    assert "It is mended now." in page.text
    assert re.search(r'aria-current="step">\s*<span[^>]*>Answered', page.text)


def test_the_status_page_shows_nothing_internal(visitor, stored, as_person, people):
    visitor.get("/form/request")
    sent = visitor.post("/form/request", name="Ole", email="ole@vik.example", subject="A door")
    (request,) = stored(ServiceRequest)
    key = str(request.id)
    as_person(
        "manager",
        "record.assign",
        {"record_type": "request", "record_id": key, "group": "Managers"},
    )
    as_person(
        "manager",
        "note.add",
        {"record_type": "request", "record_id": key, "text": "Difficult client"},
    )
    page = visitor.get(sent.headers["Location"]).text
    assert "Maria" not in page
    assert "Difficult" not in page
    assert key not in page


@pytest.mark.parametrize("token", ["nothing", "Im5vdGhpbmci.abc", "a" * 500])
def test_a_link_that_we_did_not_sign_opens_nothing(visitor, token):
    assert visitor.get(f"/status/{token}").status_code == 404


MAIL = (
    b"From: Ole Vik <ole@vik.example>\r\nTo: crm@lanewise.example\r\n"
    b"Subject: The door sticks\r\nMessage-ID: <1@vik.example>\r\n\r\nSince Monday.\r\n"
)


def post_mail(app, token, content=MAIL):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}
    return app.test_client().post("/hooks/mail", data=content, headers=headers)


def test_a_mail_becomes_a_request(app, platform, stored):
    response = post_mail(app, platform.settings.mail_hook_token)
    assert response.status_code == 202
    (request,) = stored(ServiceRequest)
    assert (request.subject, request.channel) == ("The door sticks", "mail")


def test_the_same_mail_twice_is_one_request(app, platform, stored):
    for _ in range(2):
        assert post_mail(app, platform.settings.mail_hook_token).status_code == 202
    assert len(stored(ServiceRequest)) == 1


def test_the_hook_is_closed_without_its_token(app, stored):
    response = post_mail(app, "guess")
    assert response.status_code == 401
    assert response.mimetype == "application/problem+json"
    assert stored(ServiceRequest) == []


@pytest.mark.parametrize("content", [b"", b"\x00\xff" * 100])
def test_a_broken_mail_is_refused_in_words(app, platform, content):
    response = post_mail(app, platform.settings.mail_hook_token, content)
    assert response.status_code in {202, 422}


def test_a_mail_above_the_limit_is_refused(app, platform):
    too_long = MAIL + b"x" * MAX_BYTES
    assert post_mail(app, platform.settings.mail_hook_token, too_long).status_code == 413


def test_a_mail_with_a_large_file_is_taken_in_without_it(app, platform, stored):
    kind = b"\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
    file = b"\r\n--b\r\nContent-Type: application/zip; name=plans.zip\r\n\r\n"
    large = MAIL.replace(b"\r\n\r\n", kind, 1) + file + b"x" * (18 * 1024 * 1024)
    assert post_mail(app, platform.settings.mail_hook_token, large).status_code == 202
    assert len(stored(ServiceRequest)) == 1
    assert stored(Document) == []
