"""Files that people put on records, take off and bring back."""

from __future__ import annotations

from base64 import b64encode

import pytest

from services.documents.files import documents_of, get_document, names_of_documents
from services.errors import Conflict, Invalid, NotFound


@pytest.fixture
def deal(staff):
    return staff.do("deal.create", "anna", name="Doors")


def add(staff, deal, content=b"scan", who="anna", **more):
    about = {"record_type": "deal", "record_id": deal.id, "name": "Гэрээ 1/2\u202e.pdf", **more}
    return staff.do("document.add", who, **about, content=b64encode(content).decode())


def names(staff, deal, *, deleted=False):
    found = staff.ask(documents_of, "deal", deal.id, deleted=deleted)
    return [one.name for one in found]


def test_a_file_is_kept_under_a_name_that_file_systems_take(staff, deal):
    made = add(staff, deal)
    assert names(staff, deal) == ["Гэрээ 1 2.pdf"]
    assert staff.ask(get_document, made["document_id"]).content == b"scan"


@pytest.mark.parametrize("said", ["text/html\r\nX-Evil: 1", "тест/файл", "x" * 200, None])
def test_a_type_that_no_header_could_carry_counts_as_unknown(staff, deal, said):
    made = add(staff, deal, content_type=said)
    kept = staff.ask(get_document, made["document_id"]).content_type
    assert kept == "application/octet-stream"


def test_a_file_is_refused_when_it_is_empty(staff, deal):
    with pytest.raises(Invalid, match="empty") as refused:
        add(staff, deal, b"")
    assert refused.value.fields == {"content": ["The file is empty."]}


def test_a_deleted_file_is_gone_until_it_is_restored(staff, deal):
    key = add(staff, deal)["document_id"]
    staff.do("document.delete", "anna", document_id=key)
    assert (names(staff, deal), len(names(staff, deal, deleted=True))) == ([], 1)
    assert staff.ask(names_of_documents, [key]) == {}
    with pytest.raises(NotFound):
        staff.ask(get_document, key)
    with pytest.raises(NotFound):
        mail(staff, deal, key)
    staff.do("document.restore", "anna", document_id=key)
    assert len(names(staff, deal)) == 1
    with pytest.raises(NotFound):
        staff.do("document.restore", "anna", document_id=key)


def test_a_file_stays_when_a_mail_went_out_with_it(staff, deal):
    key = add(staff, deal)["document_id"]
    mail(staff, deal, key)
    with pytest.raises(Conflict, match="belongs to a mail"):
        staff.do("document.delete", "anna", document_id=key)


def test_a_file_stays_when_its_record_names_it(staff, deal):
    made = staff.do(
        "document.make", "anna", template="offer", record_type="deal", record_id=deal.id
    )
    with pytest.raises(Conflict, match="names this file"):
        staff.do("document.delete", "anna", document_id=made["document_id"])


def mail(staff, deal, key):
    about = {"record_type": "deal", "record_id": deal.id, "to": "a@x.example", "subject": "Hi"}
    return staff.do("mail.send", "anna", **about, body="Hi", document_ids=[key])
