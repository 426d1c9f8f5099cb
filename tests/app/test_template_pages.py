"""The editor of templates, and the card of a record's documents."""

from __future__ import annotations

import io
import re

import pytest

from services.actors import SYSTEM
from services.documents.templates import TemplateKind, get_template
from tests.services.word_files import word_file


@pytest.fixture
def olga(browse):
    return browse("administrator")


@pytest.fixture
def offer(platform, as_person):
    """Return the key of the shipped template of offers."""
    return as_person("administrator", "template.update", _label(platform)).id


def _label(platform):
    found = platform.transact(SYSTEM, lambda uow: get_template(uow, "offer", TemplateKind.DOCUMENT))
    return {"template_id": found.id, "label": "Offer"}


@pytest.fixture
def deal(as_person):
    return as_person("employee", "deal.create", {"name": "North wing", "amount": "10"})


def _text(page):
    return re.sub(r"\s+", " ", page.text)


def test_what_was_typed_stays_when_a_template_is_broken(olga, offer):
    page = olga.get(f"/admin/templates/{offer}")
    version = re.search(r'name="version" value="(\d+)"', page.text)[1]
    broken = {"title": "T", "body": "<p>\n{{ deal.nmae }}", "comment": "Try", "version": version}
    refused = olga.post(f"/admin/templates/{offer}", **broken)
    assert refused.status_code == 422
    assert "Line 2: there is no value “deal.nmae”; perhaps “deal.name”." in refused.text
    assert "{{ deal.nmae }}</textarea>" in refused.text
    saved = olga.post(f"/admin/templates/{offer}", **{**broken, "body": "<p>{{ deal.name }}</p>"})
    assert saved.status_code == 302
    versions = _text(olga.get(f"/admin/templates/{offer}/versions?with=1"))
    assert "From version 1 to version 2, which is in force" in versions
    assert "Try" in versions


def test_theirs_stands_beside_mine_when_two_changed_one_template(olga, offer):
    page = olga.get(f"/admin/templates/{offer}")
    seen = {"title": "T", "version": re.search(r'name="version" value="(\d+)"', page.text)[1]}
    olga.post(f"/admin/templates/{offer}", **seen, body="<p>Theirs</p>")
    refused = olga.post(f"/admin/templates/{offer}", **seen, body="<p>Mine</p>", comment="Why")
    assert refused.status_code == 409
    for line in ("<code>&lt;p&gt;Theirs&lt;/p&gt;</code>", "<code>&lt;p&gt;Mine&lt;/p&gt;</code>"):
        assert line in refused.text
    assert 'value="Why"' in refused.text


def test_the_preview_shows_the_chosen_record_when_a_template_is_written(olga, deal):
    draft = {"kind": "mail", "title": "{{ deal.name }}", "language": "en", "types_asked": "1"}
    draft |= {"record_types": "deal", "about": f"deal:{deal.id}"}
    shown = olga.post("/admin/templates/preview", **draft, body="<b>{{ deal.name }}</b><script>x")
    assert "<b>North wing</b>" in shown.text
    assert "<script" not in shown.text
    broken = olga.post("/admin/templates/preview", **draft, body="{% for x in %}")
    assert (broken.status_code, "Line 1:" in broken.text) == (200, True)
    offered = olga.get("/admin/templates/records?types=deal").text
    assert f'value="deal:{deal.id}"' in offered


def test_a_word_file_is_uploaded_downloaded_and_made_into_a_document(olga, browse, deal):
    about = {"name": "proposal", "kind": "document", "title": "For {{ deal.name }}"}
    about |= {"language": "en", "body": "", "types_asked": "1", "record_types": "deal"}
    sent = (io.BytesIO(word_file("{{ deal.nmae }}")), "proposal.docx")
    refused = olga.post("/admin/templates/new", **about, file=sent)
    assert "“{{ deal.nmae }}”: there is no value" in refused.text
    sent = (io.BytesIO(word_file("Dear {{ deal.name }}")), "proposal.docx")
    made = olga.post("/admin/templates/new", **about, file=sent)
    place = made.headers["Location"]
    assert olga.get(f"{place}/versions/1").data.startswith(b"PK")
    anna = browse("employee")
    anna.get("/deals")
    assert 'value="proposal:en:docx"' in anna.get(f"/deals/{deal.id}").text
    anna.post(f"/deals/{deal.id}/documents", template="proposal:en:docx")
    card = _text(anna.get(f"/deals/{deal.id}/documents"))
    assert "For North wing.docx" in card
    assert "From Proposal, version 1" in card


def test_a_document_is_sent_by_mail_from_its_card(browse, deal):
    anna = browse("employee")
    anna.get("/deals")
    for _ in range(2):
        anna.post(f"/deals/{deal.id}/documents", template="offer:en")
    page = anna.get(f"/deals/{deal.id}").text
    assert "1 earlier" in page
    key = re.search(r"document_ids&#34;:\s*&#34;([0-9a-f-]{36})", page)[1]
    mail = {"to": "a@x.example", "subject": "", "template": "document_mail:en", "body": ""}
    anna.post(f"/deals/{deal.id}/mails", **mail, document_ids=key)
    timeline = anna.get(f"/deals/{deal.id}/timeline").text
    assert "Sent “North wing” to a@x.example" in timeline
