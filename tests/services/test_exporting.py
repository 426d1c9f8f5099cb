"""Exporting lists: rights, formulas, large lists by a job, and back again by an import."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from python_calamine import CalamineWorkbook

from processes.jobs.draining import drain
from services.errors import Conflict, Invalid, NotFound
from services.exporting import exports
from services.exporting.exports import delete_expired, get_export, list_exports, pieces_of
from services.exporting.writers import open_writer
from services.importing.cells import neutral, text_of


def fetch(desk, one, actor="olga"):
    return desk.ask(lambda uow: b"".join(pieces_of(uow, get_export(uow, one.id))), actor=actor)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def export(desk, actor="olga", **asked):
    made = desk.do("export.start", actor, **{"record_type": "account", **asked})
    return desk.ask(get_export, made["export_id"], actor=actor)


def test_a_list_is_written_when_it_is_asked_for(staff):
    staff.do("account.create", name="Nordlys AS", city="Oslo")
    staff.do("account.create", name="Berg & Co", city="Bergen")
    one = export(staff, columns=["name", "city"], sort="name", filters={"city": "Oslo"})
    assert (one.stage, one.total) == ("done", 1)
    assert rows_of(fetch(staff, one)) == [["Name", "City"], ["Nordlys AS", "Oslo"]]


def test_a_sheet_holds_texts_when_they_look_like_formulas(staff):
    staff.do("account.create", name='=HYPERLINK("http://x","y")', phone="+4722000001")
    content = fetch(staff, export(staff, kind="xlsx", columns=["name", "phone"]))
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()
    assert sheet == [["Name", "Phone"], ['=HYPERLINK("http://x","y")', "+4722000001"]]
    assert b"<f>" not in content


@pytest.mark.parametrize("text", ["=1+1", "+47", "-5", "@x", "'=1", "''@", "\tx", "\r=1", "it's"])
def test_a_text_is_the_same_when_it_was_neutralised(text):
    assert neutral(text)[0] not in "=+-@\t\r"
    assert text_of(neutral(text)) == text.strip()


def test_only_who_may_export_does_when_a_list_is_asked_for(staff):
    with pytest.raises(Exception, match="may not"):
        export(staff, "anna")


def test_times_and_numbers_are_as_their_reader_writes_them(importing):
    staff = importing.desk
    deal = staff.do("deal.create", name="Roof", amount="1234.50")
    staff.do("activity.create", subject="Call", kind="call", starts_at="2026-11-24T09:30:15.25Z")
    asked = {"record_type": "activity", "columns": ["starts_at"], "zone": "Asia/Ulaanbaatar"}
    assert rows_of(fetch(staff, export(staff, **asked)))[1] == ["2026-11-24 17:30:15"]
    exact = rows_of(fetch(staff, export(staff, keys=True, **asked)))[1][1]
    assert exact == "2026-11-24T17:30:15.250000+08:00"
    sheet = fetch(staff, export(staff, kind="xlsx", **asked))
    book = CalamineWorkbook.from_filelike(io.BytesIO(sheet)).get_sheet_by_index(0)
    assert book.to_python()[1] == [datetime(2026, 11, 24, 17, 30, 15)]  # noqa: DTZ001
    asked = {"record_type": "deal", "columns": ["name", "amount"], "delimiter": ";"}
    lines = fetch(staff, export(staff, **asked)).decode("utf-8-sig").splitlines()
    assert lines == ["Name;Amount", f"{deal.name};1234,50"]
    with pytest.raises(Invalid):
        export(staff, zone="Nowhere/Land")
    again = "Subject,Start\nCall,2026-11-24 17:30:15\nCall,2026-11-24 17:45\n"
    plan = {"policy": "update", "match": ["subject"], "zone": "Asia/Ulaanbaatar"}
    one = importing.check(importing.upload(again, "activity"), **plan)
    assert [row[1] for row in importing.rows(one, "checked")] == ["unchanged", "update"]


def test_a_file_is_its_owner_s_alone_when_somebody_else_asks(staff):
    staff.add_person("otto", roles=("administrator",), scope="all")
    one = export(staff)
    with pytest.raises(NotFound):
        fetch(staff, one, "otto")


def test_a_large_list_is_written_by_a_job_when_it_has_many_rows(staff, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", 2)
    for number in range(5):
        staff.do("account.create", name=f"Company {number}")
    one = export(staff, columns=["name"])
    assert one.stage == "running"
    with pytest.raises(Conflict):
        fetch(staff, one)
    drain(staff.platform)
    assert len(rows_of(fetch(staff, one))) == 6


def test_nothing_is_kept_when_an_export_is_cancelled(staff, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", 0)
    monkeypatch.setattr(exports, "_TELL_EVERY", 1)
    staff.do("account.create", name="Company")
    one = export(staff)
    staff.do("export.cancel", "olga", export_id=str(one.id))
    drain(staff.platform)
    with pytest.raises(Conflict):
        fetch(staff, one)


def test_an_export_stays_cancelled_when_its_last_rows_are_being_written(staff, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", -1)
    one = export(staff)

    def rows(_uow, _request):
        staff.do("export.cancel", "olga", export_id=str(one.id))
        yield ["Company"]

    monkeypatch.setattr(exports, "iterate_rows", rows)
    drain(staff.platform)
    assert staff.ask(get_export, one.id, actor="olga").stage == "cancelled"


def test_a_file_is_gone_when_its_week_is_over(staff, clock):
    one = export(staff)
    clock.advance(timedelta(days=8))
    assert staff.ask(list_exports, actor="olga") == []
    with pytest.raises(NotFound):
        fetch(staff, one)
    assert staff.ask(delete_expired) == 1


def test_an_unknown_column_is_refused_when_it_is_asked_for(staff):
    with pytest.raises(Invalid):
        export(staff, columns=["password_hash"])
    with pytest.raises(Invalid):
        export(staff, sort="password_hash")


def test_exports_are_limited_when_somebody_asks_all_the_time(staff, monkeypatch):
    monkeypatch.setattr(exports, "MAX_PER_HOUR", 2)
    export(staff)
    export(staff)
    with pytest.raises(Conflict, match="lately"):
        export(staff)


def test_exports_are_limited_when_several_are_still_being_written(staff, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", -1)
    monkeypatch.setattr(exports, "MAX_UNDERWAY", 1)
    export(staff)
    with pytest.raises(Conflict, match="lately"):
        export(staff)


def test_nothing_is_written_when_who_asked_may_not_export_any_more(staff, monkeypatch):
    monkeypatch.setattr(exports, "AT_ONCE", -1)
    one = export(staff)
    staff.add_person("otto", roles=("administrator",))
    staff.do("user.update", user_id=staff.people["olga"].user_id, roles=["employee"])
    drain(staff.platform)
    ended = staff.ask(get_export, one.id, actor="olga")
    assert (ended.stage, ended.problem) == ("failed", "Who asked for this may not export any more.")


def test_only_records_are_written_that_one_may_export_when_one_may_see_more(staff):
    may = ["record:read", "record:write", "data:export"]
    records = {"account": {"create": "all", "read": "all", "update": "all", "export": "own"}}
    role = staff.do("role.create", name="Exporter", permissions=may, records=records).key
    staff.add_person("elsa", "Sales", roles=(role,), scope="all")
    staff.do("account.create", "anna", name="Anna's")
    staff.do("account.create", "elsa", name="Elsa's")
    one = export(staff, "elsa", columns=["name"])
    assert rows_of(fetch(staff, one, "elsa")) == [["Name"], ["Elsa's"]]


def test_a_link_has_no_title_when_its_record_may_not_be_seen(staff):
    may = ["record:read", "record:write", "data:export"]
    every = dict.fromkeys(("create", "read", "update", "export"), "all")
    records = {"contact": every, "account": {**every, "read": "own"}}
    role = staff.do("role.create", name="Exporter", permissions=may, records=records).key
    staff.add_person("elsa", "Sales", roles=(role,), scope="all")
    account = staff.do("account.create", "sven", name="Secret AS")
    staff.do("contact.create", "sven", last_name="Berg", account_id=account.id)
    one = export(staff, "elsa", record_type="contact", columns=["last_name", "account_id"])
    assert rows_of(fetch(staff, one, "elsa")) == [["Last name", "Account"], ["Berg", ""]]


def test_digits_are_kept_when_a_number_is_long():
    file = io.BytesIO()
    writer = open_writer("xlsx", file)
    writer.write(["x"])
    writer.write([2**62, "0047", None, True])
    writer.close()
    file.seek(0)
    rows = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    assert rows[1] == [str(2**62), "0047", "", "yes"]
