"""Personal data: handed out whole, erased without a trace, and the audit's chain stays whole."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import select, text

import processes.catalogue  # noqa: F401 - its tables are among those that point to persons
from services.audit import AuditEntry
from services.audit_chain import seal_audit, verify_audit
from services.bulk.model import BulkChange, BulkRefusal, BulkStage
from services.consents.model import ConsentEntry
from services.crm.contact_model import Contact
from services.documents.files import keep_document
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.mail.model import Mail
from services.privacy import audit_reading, erasing
from services.privacy.audit_reading import read_sealed
from services.privacy.dossiers import get_dossier, prune_dossiers, write_dossier
from services.privacy.erasing import preview_erasure
from services.privacy.extent import conditions_of
from services.privacy.model import Dossier, Erasure
from services.privacy.retention import persons_to_erase
from services.privacy.subject import find_subject
from services.privacy.tables import FATES, LEFT_OUT, TOLD
from services.records.pointers import pointers_to
from services.records.timeline import TimelineRow
from services.records.types import get_record
from services.search.finding import find_records

ADDRESS, PHONE, NAME = "eva.lund@nordlys.example", "+4722000001", "Eva Lund"


@pytest.fixture
def eva(staff):
    """Eva came as a lead, was converted, and left traces everywhere."""
    do = staff.do
    lead = do("lead.create", "olga", name=NAME, email=ADDRESS, phone=PHONE, company="Nordlys",
              wishes="Windows for Eva Lund")  # fmt: skip
    made = do("lead.convert", "olga", lead_id=str(lead.id))
    contact = staff.ask(lambda uow: uow.session.get(Contact, made["contact_id"]))
    about = {"record_type": "contact", "record_id": str(contact.id)}
    deal = {"record_type": "deal", "record_id": str(made["deal_id"])}
    do("note.add", "olga", **about, text="Eva Lund is ill, call @Maria")
    do("note.add", "olga", **deal, text=f"Spoke with Eva Lund ({ADDRESS}) about the frames")
    do("mail.send", "olga", **about, subject="For Eva Lund", body="Dear Eva Lund")
    do("mail.send", "olga", **deal, to=ADDRESS, subject="Offer", body="Dear Eva Lund")
    do("record.tag", "olga", **about, name="difficult")
    do("consent.give", "olga", **about, channel="sms", purpose="marketing", source="phone",
       evidence=f"Eva Lund said so from {PHONE}")  # fmt: skip
    do("activity.create", "olga", subject="Ring Eva Lund", kind="call",
       regarding_type="contact", regarding_id=str(contact.id))  # fmt: skip
    do("request.create", "olga", subject="Eva Lund has a draught", requester_name=NAME,
       requester_email=ADDRESS, description="Cold", contact_id=str(contact.id))  # fmt: skip
    staff.ask(_attach, contact.id, actor="olga")
    staff.ask(_leave_out, contact.id, actor="olga")
    return contact


def _leave_out(uow, key):
    """A change of many records has left this one out."""
    shape = {"record_type": "contact", "operation": "contact.update", "values": {}, "asked": {}}
    when = {"created_at": uow.now, "expires_at": uow.now, "created_by_name": "Olga"}
    change = uow.add(BulkChange(**shape, **when, stage=BulkStage.DONE, total=1))
    uow.session.flush()
    reason = "There is an Eva Lund with this number."
    uow.session.add(BulkRefusal(change_id=change.id, record_id=key, reason=reason))


def _attach(uow, key):
    keep_document(
        uow,
        uow.session.get(Contact, key),
        name="passport of Eva Lund.txt",
        content_type="text/plain",
        content=b"Passport of Eva Lund",
    )


def _erase(staff, person, who="olga", name=NAME, **more):
    given = {"record_type": person.record_type, "record_id": str(person.id), "name": name}
    return staff.do("person.erase", who, **given, reason="Asked for it", **more)


def _traces(staff):
    """Return table and column of all texts in the database in which Eva still stands."""
    found = []
    with staff.platform.engine.begin() as connection:
        columns = connection.execute(
            text(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = 'public' AND table_name NOT LIKE 'procrastinate%'"
                " AND data_type IN ('text', 'character varying', 'jsonb', 'ARRAY', 'tsvector')"
            )
        ).all()
        for table, column in columns:
            statement = text(f'SELECT count(*) FROM "{table}" WHERE "{column}"::text ~* :words')
            words = r"eva.?lund"
            if connection.execute(statement, {"words": words}).scalar():
                found.append(f"{table}.{column}")
    return found


def _dossier(staff, person, who="olga"):
    made = staff.do("person.export", who, record_type="contact", record_id=str(person.id))
    [args] = staff.jobs("privacy.export")
    write_dossier(staff.platform, **args)
    return made["dossier_id"]


# -- erasing


def test_no_text_tells_of_the_person_when_it_is_erased(staff, eva):
    assert "contacts.name" in _traces(staff)
    _erase(staff, eva)
    assert _traces(staff) == []


def test_consents_keep_no_number_when_the_person_is_erased(staff, eva):
    _erase(staff, eva)
    with staff.platform.session() as session:
        kept = session.scalars(select(ConsentEntry.address)).all()
    assert set(kept) == {None}


def test_no_former_note_tells_of_the_person_when_another_record_has_it(staff, eva):
    about = {"record_type": "account", "record_id": str(eva.account_id)}
    staff.do("note.add", "olga", **about, text="Eva Lund is ill")
    entry = select(TimelineRow.id).where(TimelineRow.body == "Eva Lund is ill")
    note = staff.ask(lambda uow: uow.session.scalar(entry))
    staff.do("note.update", "olga", note_id=str(note), text="She is well again")
    _erase(staff, eva)
    assert _traces(staff) == []


def test_the_audit_is_whole_when_a_person_was_erased_from_it(staff, eva):
    seal_audit(staff.platform)
    _erase(staff, eva)
    verdict = verify_audit(staff.platform)
    assert (verdict.faults, verdict.erasures) == ([], 1)
    seal_audit(staff.platform)
    assert verify_audit(staff.platform).faults == []


def test_the_audit_is_whole_when_entries_are_sealed_only_after_they_were_emptied(staff, eva):
    _erase(staff, eva)
    seal_audit(staff.platform)
    assert verify_audit(staff.platform).faults == []


def test_the_audit_is_whole_when_it_is_read_and_emptied_a_slice_at_a_time(staff, eva, monkeypatch):
    monkeypatch.setattr(audit_reading, "READ_AT_ONCE", 3)
    monkeypatch.setattr(audit_reading, "EMPTIED_AT_ONCE", 2)
    seal_audit(staff.platform)
    _erase(staff, eva)
    verdict = verify_audit(staff.platform)
    assert (_traces(staff), verdict.faults, verdict.erasures) == ([], [], 1)


def test_nothing_is_left_when_the_person_changes_while_the_audit_is_read(staff, eva, monkeypatch):
    about = {"record_type": "account", "record_id": str(eva.account_id)}
    staff.do("note.add", "olga", **about, text="Write to eva-lund@new.example")
    seal_audit(staff.platform)

    def read_while_others_work(uow, subject):
        found = read_sealed(uow, subject)
        staff.do("contact.update", "olga", contact_id=eva.id, email="eva-lund@new.example")
        return found

    monkeypatch.setattr(erasing, "read_sealed", read_while_others_work)
    _erase(staff, eva)
    assert _traces(staff) == []
    assert verify_audit(staff.platform).faults == []


def test_an_emptied_entry_is_found_when_it_is_altered_afterwards(staff, eva):
    seal_audit(staff.platform)
    _erase(staff, eva)
    with staff.platform.engine.begin() as connection:
        connection.execute(
            text(
                "UPDATE audit_entries SET actor_name = 'X'"
                " WHERE id IN (SELECT entry_id FROM audit_redactions LIMIT 1)"
            )
        )
    assert len(verify_audit(staff.platform).faults) == 1


def test_an_entry_is_found_that_was_emptied_without_being_attested(staff, eva):
    seal_audit(staff.platform)
    _erase(staff, eva)
    with staff.platform.engine.begin() as connection:
        connection.execute(text("DELETE FROM audit_entries WHERE operation = 'audit.redacted'"))
    faults = verify_audit(staff.platform).faults
    assert len(faults) == 1
    assert "does not attest" in faults[0]


def test_the_erasure_is_proved_without_a_word_of_the_person(staff, eva):
    _erase(staff, eva)
    with staff.platform.session() as session:
        [one] = session.scalars(select(Erasure)).all()
        last = session.scalars(
            select(AuditEntry).where(AuditEntry.operation == "person.erase")
        ).one()
    assert (one.erased_by, one.reason, one.of_id) == ("Olga", "Asked for it", eva.id)
    assert one.counts["contacts"] == one.counts["leads"] == 1
    assert "name" not in last.arguments


def test_nothing_happens_when_the_name_is_not_typed_right(staff, eva):
    with pytest.raises(Invalid):
        _erase(staff, eva, name="Eva Lunde")
    assert "contacts.name" in _traces(staff)


def test_nobody_erases_without_the_permission(staff, eva):
    with pytest.raises(NotAllowed):
        _erase(staff, eva, who="maria")


def test_an_erased_person_is_neither_found_nor_listed(staff, eva):
    _erase(staff, eva)
    assert staff.ask(find_records, "Lund", actor="olga") == []
    with pytest.raises(NotFound):
        staff.ask(get_record, "contact", eva.id, actor="olga")


def test_invoices_are_told_before_and_kept(staff, eva):
    made = staff.do("invoice.create", "olga", account_id=str(eva.account_id),
                    contact_id=str(eva.id), title="Window", lines=[
                        {"title": "Window", "quantity": "1", "unit_price": "10"}])  # fmt: skip
    assert staff.ask(preview_erasure, "contact", eva.id, actor="olga").kept["invoices"] == 1
    _erase(staff, eva)
    kept = staff.ask(get_record, "invoice", made.id, actor="olga")
    assert kept.contact_id == eva.id


def test_looking_at_what_would_happen_changes_nothing(staff, eva):
    before = _traces(staff)
    found = staff.ask(preview_erasure, "contact", eva.id, actor="olga")
    assert found.counts["mails"] == 2
    assert found.counts["service requests"] == 1
    assert _traces(staff) == before


def test_a_person_is_not_erased_while_a_process_runs_on_it(staff, eva):
    with staff.platform.engine.begin() as connection:
        _run_process(connection, eva)
    with pytest.raises(Conflict) as caught:
        _erase(staff, eva)
    assert "welcome" in caught.value.message


def _run_process(connection, eva):
    key = "01890000-0000-7000-8000-000000000001"
    values = f"'{key}', '{key}', 'welcome', 'contact', '{eva.id}', false, 'running', now(), 'x'"
    # The process's version is of no matter here.
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    columns = "id, version_id, process_key, record_type, record_id, exclusive, state, started_at"
    connection.execute(
        text(
            f"INSERT INTO process_instances ({columns}, started_by, snapshot) VALUES ({values}, '')"
        )
    )


def test_rows_of_an_import_are_emptied_when_it_made_the_person(staff, importing):
    one = importing.whole(
        f"Name,E-mail,Phone\nKari Vik,kari@vik.example,\n{NAME},{ADDRESS},{PHONE}\n"
    )
    assert one.stage == "done", one.problem
    person = next(row for row in importing.all() if row.name == NAME)
    _erase(staff, person)
    assert _traces(staff) == []
    left = str(importing.rows(importing.see(one), "rows"))
    assert "Kari" in left
    assert NAME not in left


def test_every_table_that_points_to_a_person_has_its_fate():
    found = {pointer.name for kind in ("contact", "lead") for pointer in pointers_to(kind)}
    assert found == set(FATES)
    by_record_alone = {"audit_entries", "bulk_refusals"}
    assert {name.partition(".")[0] for name in found} | by_record_alone == set(TOLD)
    assert {name.partition(".")[0] for name in found} >= LEFT_OUT


# -- handing out


def test_all_that_is_known_is_handed_out_with_the_files_and_nothing_of_others(staff, eva):
    ole = staff.do("contact.create", "olga", last_name="Vik", email="ole@vik.example")
    about = {"record_type": "contact", "record_id": str(ole.id)}
    staff.do("note.add", "olga", **about, text="Of Ole Vik")
    staff.do("mail.send", "olga", **about, subject="For Ole Vik", body="Dear Ole Vik")
    staff.ask(_attach, ole.id, actor="olga")
    one = staff.ask(get_dossier, _dossier(staff, eva), actor="olga")
    with zipfile.ZipFile(io.BytesIO(one.content)) as archive:
        told = archive.read("person.json").decode()
        content = json.loads(told)
        [file] = [name for name in archive.namelist() if name.startswith("files/")]
        assert archive.read(file) == b"Passport of Eva Lund"
    assert "Vik" not in told
    assert "search_text" not in told
    assert [row["type"] for row in content["records"]] == ["contact", "lead"]
    expected = {"activities", "consent_entries", "contact_points", "deals", "mails", "requests"}
    assert expected <= content.keys()
    assert len(content["mails"]) == 2
    assert any("ill" in (row.get("body") or "") for row in content["timeline_entries"])


def test_an_export_is_for_the_one_who_asked_until_it_expires(staff, eva, clock):
    staff.add_person("otto", roles=("administrator",), scope="all")
    key = _dossier(staff, eva)
    with pytest.raises(NotFound):
        staff.ask(get_dossier, key, actor="otto")
    clock.advance(timedelta(days=7))
    with pytest.raises(NotFound):
        staff.ask(get_dossier, key, actor="olga")
    staff.ask(prune_dossiers)
    with staff.platform.session() as session:
        assert session.scalars(select(Dossier)).all() == []


def test_nobody_hands_out_persons_without_the_permission(staff, eva):
    with pytest.raises(NotAllowed):
        staff.do("person.export", "maria", record_type="contact", record_id=str(eva.id))


def test_mails_to_the_person_are_its_own_whichever_record_has_them(staff, eva):
    def find(uow):
        subject = find_subject(uow, "contact", eva.id)
        assert conditions_of(subject)
        return subject.addresses

    assert staff.ask(find) == [ADDRESS]
    _erase(staff, eva)
    with staff.platform.session() as session:
        assert {mail.text for mail in session.scalars(select(Mail))} == {""}


# -- keeping


def test_only_inactive_persons_are_put_forward(staff, clock):
    noted, rung, dealt, old = (
        staff.do("contact.create", "olga", last_name=name)
        for name in ("Noted", "Rung", "Dealt", "Old")
    )
    deal = staff.do("deal.create", "olga", name="Frames", contact_id=str(dealt.id))
    activity = _plan_call(staff, rung)
    staff.do("retention.set", "olga", record_type="contact", months=24)
    staff.do("retention.set", "olga", record_type="lead", months=240)
    clock.advance(timedelta(days=730))
    staff.do("note.add", "olga", record_type="contact", record_id=str(noted.id), text="Rang")
    assert _put_forward(staff) == []
    clock.advance(timedelta(days=20))
    assert _put_forward(staff) == ["Old"]
    for kind, made in (("deal", deal), ("activity", activity)):
        staff.do("record.delete", "olga", record_type=kind, record_id=str(made.id))
    clock.advance(timedelta(days=750))
    assert _put_forward(staff) == ["Noted", "Rung", "Dealt", "Old"]
    _erase(staff, old, name="Old")
    assert _put_forward(staff) == ["Noted", "Rung", "Dealt"]
    staff.do("retention.set", "olga", record_type="contact", months=None)
    assert _put_forward(staff) == []


def test_a_lead_is_not_put_forward_when_its_deal_is_open(staff, clock):
    lead = staff.do("lead.create", "olga", name=NAME)
    made = staff.do("lead.convert", "olga", lead_id=str(lead.id))
    staff.do("retention.set", "olga", record_type="lead", months=1)
    clock.advance(timedelta(days=40))
    assert _put_forward(staff, "lead") == []
    staff.do("deal.lose", "olga", deal_id=str(made["deal_id"]), reason="price")
    clock.advance(timedelta(days=40))
    assert _put_forward(staff, "lead") == [NAME]


def _put_forward(staff, record_type="contact"):
    return [one.name for one in staff.ask(persons_to_erase, record_type, actor="olga")]


def _plan_call(staff, person):
    about = {"regarding_type": "contact", "regarding_id": str(person.id)}
    return staff.do("activity.create", "olga", subject="Ring", kind="call", **about)
