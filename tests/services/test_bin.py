"""Emptying the bin: what goes for good, when, and what never does."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from services.audit import AuditEntry
from services.bin.belongings import GO_ALONG, STAY, references
from services.bin.emptying import empty_bins, list_emptyings
from services.bin.model import BinSettings
from services.contracts.model import Contract
from services.crm.account_model import Account
from services.database import Base
from services.documents.model import Document
from services.errors import Conflict, Invalid, NotFound
from services.records.merging import list_merges
from services.records.timeline import TimelineRow
from services.records.types import all_record_types
from services.sales.model import Invoice

LONG = timedelta(days=91)


def delete(staff, record):
    staff.do("record.delete", "olga", record_type=record.record_type, record_id=str(record.id))


def add_file(staff, record, name="plan.txt"):
    return staff.do(
        "document.add",
        "olga",
        record_type=record.record_type,
        record_id=str(record.id),
        name=name,
        content=base64.b64encode(b"content").decode(),
    )["document_id"]


def there(staff, *records) -> list[bool]:
    with staff.platform.session() as session:
        return [
            session.scalar(select(func.count()).where(type(one).id == one.id)) == 1
            for one in records
        ]


def number(staff, model, *conditions) -> int:
    with staff.platform.session() as session:
        return session.scalar(select(func.count()).select_from(model).where(*conditions))


def later(staff, by=LONG):
    staff.platform.clock.advance(by)
    empty_bins(staff.platform)


def test_a_record_goes_with_all_that_is_its_own_when_it_has_lain_long_enough(staff):
    gone, kept = (staff.do("account.create", name=name) for name in ("Nord", "Sør"))
    for account in (gone, kept):
        staff.do("note.add", record_type="account", record_id=account.id, text="Hello @olga")
        staff.do("record.tag", record_type="account", record_id=account.id, name="VIP")
        add_file(staff, account)
    delete(staff, gone)
    later(staff, timedelta(days=89))
    assert there(staff, gone) == [True]
    later(staff, timedelta(days=2))
    assert there(staff, gone, kept) == [False, True]
    for model in (TimelineRow, Document):
        assert number(staff, model, model.record_id == gone.id) == 0
        assert number(staff, model, model.record_id == kept.id) > 0
    (emptying,) = staff.ask(list_emptyings, actor="olga")
    assert emptying.counts == {"account": 1}
    with staff.platform.session() as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.operation == "bin.empty").order_by(AuditEntry.id)
        ).all()
    assert entries[-1].actor_name == "Lanewise"
    assert any("account" in str(entry.changes) for entry in entries)


def test_nothing_goes_when_it_is_kept_for_ever_or_not_to_be_emptied_yet(staff):
    account = staff.do("account.create", name="Nord")
    delete(staff, account)
    staff.do("bin.set_days", "olga", record_days=None, file_days=None)
    later(staff)
    assert there(staff, account) == [True]
    staff.do("bin.set_days", "olga", record_days=30, file_days=30)
    with staff.platform.engine.begin() as connection:
        day = staff.platform.clock.now().date() + timedelta(days=5)
        connection.execute(update(BinSettings).values(not_before=day))
    later(staff, timedelta(days=1))
    with pytest.raises(Conflict, match="Nothing goes for good before"):
        staff.do("bin.empty", "olga")
    assert there(staff, account) == [True]
    later(staff, timedelta(days=5))
    assert there(staff, account) == [False]
    with pytest.raises(Invalid):
        staff.do("bin.set_days", "olga", record_days=0, file_days=30)


def test_a_record_stays_when_another_still_needs_it(staff):
    account = staff.do("account.create", name="Nord")
    contact = staff.do("contact.create", last_name="Berg", account_id=account.id)
    deal = staff.do("deal.create", name="Windows", contact_id=contact.id)
    for record in (account, contact):
        delete(staff, record)
    later(staff)
    assert there(staff, account, contact, deal) == [True, True, True]
    delete(staff, deal)
    later(staff)
    assert there(staff, account, contact, deal) == [False, False, False]


def test_nothing_of_a_paper_goes_when_it_was_issued_or_signed(staff):
    account = staff.do("account.create", name="Nord")
    line = {"title": "Chair", "quantity": "1", "unit_price": "10"}
    issued, draft = (
        staff.do("invoice.create", "olga", title=title, account_id=account.id, lines=[line])
        for title in ("Issued", "Draft")
    )
    staff.do("invoice.issue", "olga", invoice_id=issued.id)
    contract = staff.do("contract.create", "olga", title="Rent", account_id=account.id)
    files = [add_file(staff, one) for one in (issued, draft, contract, account)]
    for key in files:
        staff.do("document.delete", "olga", document_id=key)
    with staff.platform.engine.begin() as connection:  # as nobody can any more
        connection.execute(
            update(Contract).where(Contract.id == contract.id).values(signed_document_id=files[2])
        )
    for record in (draft, contract):
        delete(staff, record)
    with staff.platform.engine.begin() as connection:
        gone = update(Invoice).where(Invoice.id == issued.id)
        now = staff.platform.clock.now()
        connection.execute(gone.values(deleted_at=now, deleted_by="Olga"))
    later(staff)
    assert there(staff, issued, draft, contract) == [True, False, True]
    left = number(staff, Document, Document.id.in_(files))
    assert left == number(staff, Document, Document.id.in_([files[0], files[2]])) == 2


def test_a_file_goes_when_it_was_deleted_and_no_row_needs_it(staff):
    account = staff.do("account.create", name="Nord")
    gone, source, pdf, kept = (add_file(staff, account, f"{name}.txt") for name in "abcd")
    with staff.platform.engine.begin() as connection:
        connection.execute(update(Document).where(Document.id == pdf).values(source_id=source))
    for key in (gone, source):
        staff.do("document.delete", "olga", document_id=key)
    later(staff)
    with staff.platform.session() as session:
        assert set(session.scalars(select(Document.id))) == {source, pdf, kept}
    with pytest.raises(NotFound):
        staff.do("document.restore", "olga", document_id=gone)


def test_many_go_in_steps_and_what_is_held_after_all_is_passed_over(staff, monkeypatch):
    monkeypatch.setattr("services.bin.emptying.AT_ONCE", 2)
    accounts = [staff.do("account.create", name=f"Nord {place}") for place in range(5)]
    for account in accounts:
        delete(staff, account)
    child = staff.do("account.create", name="Child")
    with staff.platform.engine.begin() as connection:
        connection.execute(
            update(Account).where(Account.id == child.id).values(parent_id=accounts[1].id)
        )
    # As if somebody had named it only after it was looked at.
    monkeypatch.setattr("services.bin.emptying.kept_by", lambda found: [found.model.id.is_(None)])
    later(staff)
    assert there(staff, *accounts) == [False, True, False, False, False]


def test_a_merge_can_not_be_undone_when_the_other_record_is_gone(staff):
    one, two = (staff.do("account.create", name=name) for name in ("Nord", "Nord AS"))
    made = staff.do(
        "record.merge", "olga", record_type="account", kept_id=one.id, dropped_id=two.id
    )
    assert len(staff.ask(list_merges, "account", one.id)) == 1
    later(staff)
    assert there(staff, one, two) == [True, False]
    assert staff.ask(list_merges, "account", one.id) == []
    with pytest.raises(Conflict, match="deleted for good"):
        staff.do("record.unmerge", "olga", merge_id=made["merge_id"])


def test_it_was_decided_what_becomes_of_every_row_that_names_a_record():
    soft = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.sorted_tables
        for column in table.columns
        if "type_column" in column.info
        or (column.name == "record_id" and "record_type" in table.columns)
    }
    hard = {
        f"{column.table.name}.{column.name}"
        for record_type in all_record_types()
        for column in references(record_type)
    }
    assert soft - GO_ALONG == set(STAY)
    assert soft | hard >= GO_ALONG
