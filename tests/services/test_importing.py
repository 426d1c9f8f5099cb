"""Importing files: read, mapped, tried, carried out, stopped, resumed, undone."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from sqlalchemy import select

from processes.jobs.draining import drain
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.importing.imports import get_import
from services.importing.model import Import, ImportChunk, unpack

PEOPLE = "First name,Last name,E-mail,Phone\nAnna,Berg,anna@berg.no,+47 22 00 00 01\n"


@pytest.fixture
def importing(staff):
    """Import texts as Olga, who may."""
    return Importing(staff)


class Importing:
    """Short ways through an import."""

    def __init__(self, desk) -> None:
        self.desk = desk

    def upload(self, content: str | bytes, record_type="contact", name="people.csv") -> Import:
        raw = content.encode() if isinstance(content, str) else content
        made = self.desk.do(
            "import.create",
            "olga",
            record_type=record_type,
            file_name=name,
            content=base64.b64encode(raw).decode(),
        )
        drain(self.desk.platform)
        return self.see(made)

    def see(self, one: Import) -> Import:
        return self.desk.ask(get_import, one.id, actor="olga")

    def check(self, one: Import, **plan: Any) -> Import:
        self.desk.do("import.check", "olga", import_id=str(one.id), **plan)
        drain(self.desk.platform)
        return self.see(one)

    def go(self, one: Import, operation="run") -> Import:
        self.desk.do(f"import.{operation}", "olga", import_id=str(one.id))
        drain(self.desk.platform)
        return self.see(one)

    def whole(self, content: str | bytes, record_type="contact", **plan: Any) -> Import:
        one = self.upload(content, record_type)
        assert one.stage == "mapping", one.problem
        self.check(one, **plan)
        return self.go(one)

    def rows(self, one: Import, kind="done") -> list[Any]:
        with self.desk.platform.session() as session:
            chunks = session.scalars(
                select(ImportChunk)
                .where(ImportChunk.import_id == one.id)
                .order_by(ImportChunk.position)
            )
            return [row for chunk in chunks for row in unpack(getattr(chunk, kind))]

    def all(self, model=Contact) -> list[Any]:
        with self.desk.platform.session() as session:
            return list(
                session.scalars(
                    select(model).where(model.deleted_at.is_(None)).order_by(model.name)
                )
            )


def test_a_file_becomes_contacts_when_it_is_run(importing):
    one = importing.upload(PEOPLE)
    assert [column["field"] for column in one.plan["columns"]] == [
        "first_name",
        "last_name",
        "email",
        "phone",
    ]
    one = importing.check(one)
    assert (one.stage, one.checked) == ("checked", {"create": 1})
    assert importing.all() == []
    one = importing.go(one)
    assert (one.stage, one.counts) == ("done", {"create": 1})
    (anna,) = importing.all()
    assert (anna.name, anna.email, anna.phone) == ("Anna Berg", "anna@berg.no", "+4722000001")


def test_a_record_is_updated_when_its_match_key_agrees(importing):
    importing.whole(PEOPLE)
    one = importing.whole(PEOPLE.replace("22 00 00 01", "22 00 00 02"))
    assert one.counts == {"update": 1}
    assert [contact.phone for contact in importing.all()] == ["+4722000002"]
    assert importing.whole(PEOPLE.replace("22 00 00 01", "22 00 00 02")).counts == {"unchanged": 1}


def test_accounts_are_made_when_asked_for(importing):
    text = "Name,Mail,Company\nAnna Berg,a@b.no,Nordlys AS\nBoris B,b@b.no,nordlys as\n"
    one = importing.upload(text)
    columns = one.plan["columns"]
    assert [column["field"] for column in columns] == ["name", "email", "account_id"]
    assert importing.check(one).checked == {"error": 2}
    columns[2]["create"] = True
    assert importing.check(one, columns=columns).checked == {"create": 2}
    one = importing.go(one)
    assert one.counts == {"create": 2, "linked": 1}
    (account,) = importing.all(Account)
    assert {contact.account_id for contact in importing.all()} == {account.id}


def test_everything_is_as_before_when_an_import_is_reverted(importing):
    importing.whole(PEOPLE)
    one = importing.whole(PEOPLE.replace("01", "02") + "Kari,Nordmann,kari@n.no,\n")
    assert one.counts == {"update": 1, "create": 1}
    one = importing.go(one, "revert")
    assert (one.stage, one.undone) == ("reverted", {"removed": 1, "restored": 1})
    assert [(contact.name, contact.phone) for contact in importing.all()] == [
        ("Anna Berg", "+4722000001")
    ]
