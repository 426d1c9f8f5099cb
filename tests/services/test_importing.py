"""Importing files: read, mapped, tried, carried out, stopped, resumed, undone."""

from __future__ import annotations

import csv
import io
import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
from sqlalchemy import Uuid, or_, select
from sqlalchemy import text as text_of

from processes.events import delivery
from processes.jobs.draining import drain
from services.activities.model import Activity
from services.actors import Permission
from services.audit import AuditEntry
from services.audit_chain import seal_audit, verify_audit
from services.crm.account_model import Account
from services.crm.contact_model import CONTACT
from services.crm.deal_model import Deal
from services.database import Base
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.importing import deciding, imports, plan, reading, steps, uploads
from services.importing.columns import RowReader
from services.importing.deciding import Decider
from services.importing.guessing import guess_plan
from services.importing.imports import get_import, list_imports
from services.importing.matching import Seen
from services.importing.reports import conflicts_of, write_refused
from services.operations import run

PEOPLE = "First name,Last name,E-mail,Phone\nAnna,Berg,anna@berg.no,+47 22 00 00 01\n"


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


def test_the_rules_of_added_fields_hold_when_rows_are_imported(importing):
    rules = {"record_type": "contact", "label": "Age", "kind": "number", "minimum": "18"}
    importing.desk.do("custom_field.create", **rules)
    one = importing.upload("Name,Mail,Age\nAnna Berg,a@b.no,3\nBoris B,b@b.no,30\n")
    assert importing.check(one).checked == {"create": 1, "error": 1}
    assert importing.go(one).counts == {"create": 1, "error": 1}
    with pytest.raises(Invalid):
        importing.check(importing.upload(PEOPLE), values={"c_age": "3"})


def test_parents_and_children_are_imported_when_they_stand_in_one_file(importing, monkeypatch):
    text = (
        "Name,Based on\nLeaf,twig\nTwig,Branch\nBranch,Tree\nTree,\nSelf,Self\nOdd,Even\nEven,Odd\n"
    )
    text = text.replace("Based on", "Parent") + "Alone,Nobody\n"
    one = importing.upload(text, "account")
    assert [column["field"] for column in one.plan["columns"]] == ["name", "parent_id"]
    one = importing.check(one)
    assert one.checked == {"create": 6, "error": 2}
    one = importing.go(one)
    assert one.counts == {"create": 4, "error": 4}
    names = {account.id: account.name for account in importing.all(Account)}
    above = {account.name: names.get(account.parent_id) for account in importing.all(Account)}
    assert above == {"Tree": None, "Branch": "Tree", "Twig": "Branch", "Leaf": "Twig"}
    monkeypatch.setattr(reading, "CHUNK_ROWS", 2)
    one = importing.upload("Name,Parent\nNew tree,\nX,\nNew leaf,New tree\n", "account")
    assert importing.check(one, policy="all", match=[]).checked == {"create": 3}
    assert importing.go(one).counts == {"create": 3}


def test_an_activity_is_about_the_record_that_its_row_names_when_it_is_imported(importing):
    desk = importing.desk
    account = desk.do("account.create", name="Nordlys")
    deal = desk.do("deal.create", name="Windows", account_id=account.id)
    text = (
        "Subject,Kind,Company,Deal\nCall,call,nordlys,Windows\nMeet,meeting,Nordlys,\nWait,call,,\n"
    )
    one = importing.upload(text, "activity")
    assert [column["field"] for column in one.plan["columns"]] == [
        "subject",
        "kind",
        "about_account",
        "about_deal",
    ]
    assert importing.check(one).checked == {"create": 3}
    assert importing.go(one).counts == {"create": 3}
    with desk.platform.session() as session:
        made = {row.subject: row for row in session.scalars(select(Activity))}
    assert [made[name].regarding_id for name in ("Call", "Meet", "Wait")] == [
        deal.id,
        account.id,
        None,
    ]
    text = f"ID,Subject,Company\n{made['Call'].id},New,Nordlys\n{made['Meet'].id},New,Nordlys\n"
    one = importing.whole(text, "activity", policy="update")
    assert one.counts == {"update": 1, "error": 1}


def test_a_row_says_so_when_its_account_can_not_be_made(importing):
    name = "x" * 400
    one = importing.upload(f"Name,Mail,Company\nAnna Berg,a@b.no,{name}\nBoris B,b@b.no,Nord\n")
    columns = one.plan["columns"]
    columns[2]["create"] = True
    assert importing.check(one, columns=columns).checked == {"create": 1, "error": 1}
    one = importing.go(one)
    assert (one.stage, one.counts) == ("done", {"create": 1, "error": 1, "linked": 1})
    assert [account.name for account in importing.all(Account)] == ["Nord"]


def test_rows_say_so_when_who_imports_may_not_make_accounts(importing):
    desk = importing.desk
    rights = {"*": {"read": "all", "update": "all", "create": "all"}}
    permissions = ["record:read", "record:write", "data:import"]
    role = desk.do("role.create", name="Importer", permissions=permissions, records=rights).key
    desk.people["olga"] = desk.add_person("ivar", roles=(role,), scope="all")
    one = importing.upload("Name,Mail,Company\nAnna Berg,a@b.no,Nordlys\nBoris B,b@b.no,\n")
    columns = one.plan["columns"]
    columns[2]["create"] = True
    assert importing.check(one, columns=columns).checked == {"create": 2}
    desk.do("role.update", role=role, records={**rights, "account": {"read": "all"}})
    one = importing.go(one)
    assert (one.stage, one.counts) == ("done", {"create": 1, "error": 1})
    assert importing.rows(one)[0][3] == {"2": "Your roles don't let you create accounts."}


def test_a_row_says_so_when_its_record_is_deleted_at_the_same_moment(importing, monkeypatch):
    importing.whole(PEOPLE)
    one = importing.upload(PEOPLE.replace("22 00 00 01", "22 00 00 02"))
    importing.check(one)
    monkeypatch.setattr(deciding, "load_records", lambda *_args, **_options: {})
    assert importing.go(one).counts == {"error": 1}
    assert importing.rows(one)[0][3] == {"-1": "Its record was deleted at this moment."}


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


def test_every_row_is_the_same_when_a_record_is_imported_or_typed(importing):
    """Each table that a typed contact leaves a row in has the same of an imported one."""
    desk = importing.desk
    values = {"first_name": "Işıl", "last_name": "Yıldız", "email": "i@y.tr", "phone": "+90555000"}  # noqa: RUF001
    typed = desk.do("contact.create", "olga", **values)
    before = rows_about(desk, typed)
    importing.whole(
        "First name,Last name,E-mail,Phone\nIşıl,Yıldız,i@y.tr,+90555000\nAnna,Berg,a@b.no,\n",  # noqa: RUF001
        policy="all",
    )
    imported = next(one for one in importing.all() if one.email == "i@y.tr" and one.id != typed.id)
    assert rows_about(desk, imported) == before


def rows_about(desk, record) -> dict[str, list[dict[str, Any]]]:
    """Return each table's rows that name the record, without keys, times and positions."""
    found = {}
    with desk.platform.session() as session:
        for table in Base.metadata.sorted_tables:
            if table.name in {"audit_entries", "import_chunks", "submissions"}:
                continue
            keys = [column for column in table.c if isinstance(column.type, Uuid)]
            if not keys:
                continue
            about = or_(*(column == record.id for column in keys))
            rows = [dict(row._mapping) for row in session.execute(select(table).where(about))]
            if rows:
                found[table.name] = [
                    {k: v for k, v in row.items() if v != record.id and k not in {"id", "at"}}
                    for row in rows
                ]
    return found


def test_the_audit_holds_each_imported_record_when_a_chunk_was_written(importing):
    one = importing.whole(PEOPLE)
    (anna,) = importing.all()
    with importing.desk.platform.session() as session:
        entry = session.scalars(
            select(AuditEntry).where(
                AuditEntry.operation == "import.run", AuditEntry.arguments["chunk"].astext == "0"
            )
        ).one()
    assert (entry.actor_name, entry.record_id) == ("Olga", one.id)
    (change,) = [change for change in entry.changes if change["kind"] == "contact"]
    assert change["id"] == str(anna.id)
    assert change["fields"]["email"] == [None, "anna@berg.no"]
    while seal_audit(importing.desk.platform):
        pass
    assert verify_audit(importing.desk.platform).faults == []


def test_each_cell_says_what_is_wrong_when_rows_are_bad(importing):
    text = "Last name,Mail,Account\n,a@b.no,\nBerg,nobody,\nHansen,h@h.no,Nowhere AS\n"
    text += "Lie,l@l.no,,,,more\nHolm,m\x00@h.no,\n"
    one = importing.check(importing.upload(text))
    messages = {row[0]: row[3] for row in importing.rows(one, "checked")}
    assert one.checked == {"error": 5}
    assert messages[2] == {"0": "Last name is missing."}
    assert messages[3] == {"1": "This is not a valid e-mail address."}
    assert "no account “Nowhere AS”" in messages[4]["2"]
    assert "has 6 cells" in messages[5]["-1"]
    assert "can't be kept" in messages[6]["1"]


def test_refused_rows_come_back_as_a_file_when_they_are_asked_for(importing):
    text = "Last name,Mail\nBerg,nobody\nHansen,h@h.no\n=cmd,nobody\n"
    one = importing.whole(text, policy="all", match=[])
    file = io.BytesIO()
    assert importing.desk.ask(write_refused, one, file) == 2
    lines = file.getvalue().decode("utf-8-sig").splitlines()
    assert lines[0] == "Last name,Mail,Reason"
    assert lines[1] == "Berg,nobody,Mail: This is not a valid e-mail address."
    assert lines[2].startswith("'=cmd,")
    # Imported once more they have the mapping of the file that they were in, and one reason each.
    again = importing.upload(file.getvalue())
    assert again.plan == one.plan
    again = importing.check(again)
    file = io.BytesIO()
    importing.desk.ask(write_refused, again, file)
    assert file.getvalue().decode("utf-8-sig").splitlines()[:2] == lines[:2]


def test_doubles_within_the_file_are_found_when_they_stand_chunks_apart(importing, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK_ROWS", 2)
    text = "Last name,Mail\n" + "".join(f"P{n},p{n % 5}@x.no\n" for n in range(10))
    one = importing.check(importing.upload(text), policy="create")
    assert one.checked == {"create": 5, "skip": 5}
    assert importing.go(one).counts == {"create": 5, "skip": 5}
    one = importing.check(importing.upload(text), policy="both", match=["email"])
    assert one.checked == {"update": 5, "unchanged": 5} or sum(one.checked.values()) == 10


def test_records_are_found_by_similar_names_when_the_rules_are_chosen(importing):
    importing.desk.do("account.create", "olga", name="Nordlys Skole AS", city="Oslo")
    text = "Name,City\nNordlys skole,Oslo\nNordlys Skole A/S,Bergen\nFjord,Oslo\nFjord AS,Oslo\n"
    one = importing.upload(text, "account")
    one = importing.check(one, policy="create", match=["similar"])
    outcomes = [row[1] for row in importing.rows(one, "checked")]
    assert outcomes == ["skip", "create", "create", "skip"]


def test_a_deal_begins_in_the_stage_of_its_row_when_it_is_new(importing):
    rows = "Deal,Pipeline,Stage\nRoof,Sales,offer\nDoor,,Negotiation\nGate,,Won\nWall,x,New\n"
    one = importing.whole(rows, "deal", policy="all", match=[])
    assert one.counts == {"create": 2, "error": 2}
    assert {deal.name: deal.stage for deal in importing.all(Deal)} == {
        "Roof": "offer",
        "Door": "negotiation",
    }
    again = "Deal,Stage,Needs\nRoof,Offer,Tiles\nDoor,New,Locks\n"
    one = importing.whole(again, "deal", policy="update", match=["name"])
    assert one.counts == {"update": 1, "error": 1}
    (told,) = [row[3] for row in importing.rows(one) if row[1] == "error"]
    assert told == {"1": "Only a new deal takes it from a file; one that is there is moved."}


def test_only_empty_fields_are_filled_when_so_chosen(importing):
    importing.whole(PEOPLE)
    text = "First name,Last name,E-mail,Phone,Position\nAnnika,Berg,anna@berg.no,+4799,Buyer\n"
    one = importing.whole(text, only_empty=True)
    assert one.counts == {"update": 1}
    (anna,) = importing.all()
    assert (anna.first_name, anna.phone, anna.position) == ("Anna", "+4722000001", "Buyer")


def test_another_s_record_is_neither_found_nor_changed_when_a_file_names_it(importing):
    desk = importing.desk
    theirs = desk.do("contact.create", "sven", last_name="Secret", email="s@s.no")
    account = desk.do("account.create", "sven", name="Hidden AS")
    boris = replace(
        desk.people["boris"],
        permissions=desk.people["boris"].permissions | {Permission.DATA_IMPORT},
    )
    text = f"ID,Last name,Account\n{theirs.id},Changed,\n,New,Hidden AS\n,New,{account.id}\n"

    def decide(uow):
        plan = guess_plan(uow, CONTACT, ["ID", "Last name", "Account"], [])
        reader = RowReader(uow, CONTACT, plan, ["ID", "Last name", "Account"])
        rows = [[n, *row] for n, row in enumerate(csv.reader(text.splitlines()[1:]), 2)]
        seen = Seen(CONTACT, plan)
        return Decider(CONTACT, plan, reader).decide(uow, rows, seen, lock=False)[0]

    decisions = desk.ask(decide, actor=boris)
    assert [decision.outcome for decision in decisions] == ["error"] * 3
    assert "Secret" not in str([decision.row.errors for decision in decisions])


def test_an_import_goes_on_exactly_there_when_the_worker_dies(importing, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK_ROWS", 3)
    text = "Last name,Mail\n" + "".join(f"P{n},p{n}@x.no\n" for n in range(20))
    one = importing.check(importing.upload(text))
    chance = random.Random(5)
    original = steps.carry_out

    def dying(*arguments):
        done = original(*arguments)
        if chance.random() < 0.5:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(steps, "carry_out", dying)
    importing.desk.do("import.run", "olga", import_id=str(one.id))
    arguments = importing.desk.jobs("imports.run")[-1]
    while importing.see(one).stage == "running":
        with suppress(KeyboardInterrupt):
            steps.run_import(importing.desk.platform, **arguments)
    assert importing.see(one).counts == {"create": 20}
    assert len({contact.email for contact in importing.all()}) == len(importing.all()) == 20


def test_the_server_learns_how_a_table_has_grown_when_chunks_follow(importing, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK_ROWS", 2)
    with importing.desk.platform.engine.begin() as connection:
        known = "UPDATE pg_class SET reltuples = 0 WHERE oid = CAST('contacts' AS regclass)"
        connection.execute(text_of(known))
    lines = "Last name\n" + "".join(f"P{n}\n" for n in range(6))
    importing.go(importing.check(importing.upload(lines), policy="all", match=[]))
    with importing.desk.platform.engine.connect() as connection:
        known = "SELECT reltuples FROM pg_class WHERE oid = CAST('contacts' AS regclass)"
        assert connection.scalar(text_of(known)) >= 2


def test_an_import_rests_and_goes_on_when_it_is_paused(importing, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK_ROWS", 2)
    monkeypatch.setattr(steps, "SLICE_SECONDS", 0.0)
    text = "Last name\n" + "".join(f"P{n}\n" for n in range(6))
    one = importing.check(importing.upload(text), policy="all", match=[])
    importing.desk.do("import.run", "olga", import_id=str(one.id))
    arguments = importing.desk.jobs("imports.run")[-1]
    steps.run_import(importing.desk.platform, **arguments)
    one = importing.go(one, "pause")
    assert (one.stage, len(importing.all())) == ("paused", 2)
    one = importing.go(one, "resume")
    assert (one.stage, len(importing.all())) == ("done", 6)


def test_no_more_imports_are_set_to_work_than_one_may_have_at_once(importing, monkeypatch):
    monkeypatch.setattr(imports, "MAX_UNDERWAY", 1)
    first, second = (
        importing.check(importing.upload(f"Last name\n{name}\n"), policy="all", match=[])
        for name in ("Berg", "Lie")
    )
    importing.desk.do("import.run", "olga", import_id=str(first.id))
    for one, verb in ((second, "run"), (second, "check")):
        with pytest.raises(Conflict, match="underway"):
            importing.desk.do(f"import.{verb}", "olga", import_id=str(one.id))
    drain(importing.desk.platform)
    importing.desk.do("import.revert", "olga", import_id=str(first.id))
    with pytest.raises(Conflict, match="underway"):
        importing.desk.do("import.run", "olga", import_id=str(second.id))
    importing.desk.do("import.cancel", "olga", import_id=str(second.id))
    drain(importing.desk.platform)


def test_one_import_begins_when_two_are_started_at_once_and_one_is_allowed(importing, monkeypatch):
    monkeypatch.setattr(imports, "MAX_UNDERWAY", 1)
    desk = importing.desk
    both_have_begun = Barrier(2, timeout=0.5)
    keys = [
        importing.check(importing.upload(f"Last name\n{name}\n"), policy="all", match=[]).id
        for name in ("Berg", "Lie")
    ]

    def begin(key):
        def work(uow):
            run(uow, "import.run", {"import_id": str(key)})
            with suppress(BrokenBarrierError):  # the other one has to wait for this commit
                both_have_begun.wait()

        try:
            desk.platform.transact(desk.people["olga"], work)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(begin, keys)) == [False, True]


@pytest.mark.parametrize("change", [{"active": False}, {"roles": ["employee"]}])
def test_an_import_ends_when_who_began_it_may_not_import_any_more(importing, change):
    one = importing.check(importing.upload("Last name\nBerg\n"), policy="all", match=[])
    importing.desk.do("import.run", "olga", import_id=str(one.id))
    importing.desk.add_person("otto", roles=("administrator",))
    importing.desk.do("user.update", user_id=importing.desk.people["olga"].user_id, **change)
    drain(importing.desk.platform)
    one = importing.see(one)
    assert (one.stage, importing.all()) == ("cancelled", [])
    assert "may not import" in one.error


def test_a_file_is_refused_when_it_is_too_large_or_one_of_too_many(importing, monkeypatch):
    monkeypatch.setattr(uploads, "MAX_BYTES", 20)
    with pytest.raises(Invalid, match="larger"):
        importing.upload("Last name\n" + "Berg\n" * 5)
    monkeypatch.setattr(uploads, "MAX_PER_HOUR", 1)
    importing.upload("Last name\nBerg\n")
    with pytest.raises(Conflict, match="lately"):
        importing.upload("Last name\nLie\n")


def test_what_was_touched_since_stays_when_an_import_is_reverted(importing):
    desk = importing.desk
    importing.whole(PEOPLE)
    text = "First name,Last name,E-mail,Phone,Position\n"
    text += "Anna,Berg,anna@berg.no,+4799,Buyer\nKari,Lie,k@l.no,,\n"
    text += "Ole,Lie,o@l.no,,\nEva,Lie,e@l.no,,\n"
    one = importing.whole(text)
    people = {contact.email: contact for contact in importing.all()}
    desk.do("contact.update", "olga", contact_id=str(people["anna@berg.no"].id), phone="+4711111")
    desk.do("contact.update", "olga", contact_id=str(people["k@l.no"].id), position="Owner")
    desk.do(
        "note.add", "olga", record_type="contact", record_id=str(people["o@l.no"].id), text="Hi"
    )
    one = importing.go(one, "revert")
    assert one.undone == {"removed": 1, "conflict": 3}
    reasons = [conflict[2:] for conflict in desk.ask(conflicts_of, one)]
    assert ["Anna Berg", "Changed since: Phone."] in reasons
    assert ["Kari Lie", "It was changed since."] in reasons
    assert ["Ole Lie", "Something was added to it since."] in reasons
    people = {contact.email: contact for contact in importing.all()}
    assert set(people) == {"anna@berg.no", "k@l.no", "o@l.no"}
    assert (people["anna@berg.no"].phone, people["anna@berg.no"].position) == ("+4711111", None)


def test_no_process_is_told_to_begin_when_an_import_says_so(importing, monkeypatch):
    told = []
    monkeypatch.setattr(delivery, "_tell_all", lambda _uow, parcel: told.append(parcel.starts))
    importing.whole("Name,Mail\nAnna,a@a.no\n", "lead", policy="all", match=[])
    importing.whole(
        "Name,Mail\nBoris,b@b.no\n", "lead", policy="all", match=[], start_processes=False
    )
    assert told == [True, False]


def test_nobody_else_sees_an_import_when_it_is_not_theirs(importing):
    one = importing.upload(PEOPLE)
    importing.desk.add_person("otto", roles=("administrator",), scope="all")
    assert importing.desk.ask(get_import, one.id, actor="otto").id == one.id
    with pytest.raises(NotAllowed):
        importing.desk.do("import.check", "anna", import_id=str(one.id))


def test_a_mapping_is_remembered_when_a_file_like_it_comes(importing):
    one = importing.upload("A,B\nAnna,Berg\n")
    columns = [{"column": 0, "field": "first_name"}, {"column": 1, "field": "last_name"}]
    importing.check(one, columns=columns, policy="all", match=[])
    again = importing.upload("B,A\nHolm,Maria\n")
    assert [(c["column"], c["field"]) for c in again.plan["columns"]] == [
        (1, "first_name"),
        (0, "last_name"),
    ]
    assert again.plan["policy"] == "all"


@pytest.mark.parametrize(
    ("plan", "field"),
    [
        ({"columns": []}, "columns"),
        ({"columns": [{"column": 9, "field": "email"}]}, "columns"),
        ({"columns": [{"column": 0, "field": "version"}]}, "columns"),
        (
            {"columns": [{"column": 0, "field": "email"}, {"column": 1, "field": "email"}]},
            "columns",
        ),
        ({"match": ["position"]}, "match"),
        ({"match": []}, "match"),
        ({"values": {"nothing": 1}}, "values"),
        ({"values": {"owner_id": "nobody"}}, "values.owner_id"),
    ],
)
def test_a_plan_is_refused_when_it_can_not_be_carried_out(importing, plan, field):
    one = importing.upload(PEOPLE)
    with pytest.raises(Invalid) as refused:
        importing.check(one, **plan)
    assert field in refused.value.fields


def test_an_import_ends_when_its_field_is_closed_meanwhile(importing, monkeypatch):
    one = importing.check(importing.upload(PEOPLE))
    closed = {field.name: field for field in CONTACT.fields if field.name != "phone"}
    monkeypatch.setattr(plan, "importable_fields", lambda _uow, _type: closed)
    one = importing.go(one)
    assert (one.stage, importing.all()) == ("cancelled", [])
    assert "phone" in one.error


def test_a_field_is_not_offered_when_it_is_hidden(importing):
    desk = importing.desk
    closed = frozenset({"phone"})
    olga = desk.people["olga"]

    def guess(uow):
        return guess_plan(uow, CONTACT, ["Last name", "Phone"], [])

    assert len(desk.ask(guess, actor=olga).columns) == 2
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr(type(olga), "locked_fields", lambda _self, _type: closed)
        assert len(desk.ask(guess, actor=olga).columns) == 1


def test_added_fields_are_filled_when_a_column_has_their_name(importing):
    desk = importing.desk
    for kind, label in (("decimal", "Shoe size"), ("date", "Born"), ("multi_choice", "Likes")):
        more = {"choices": [{"value": "red", "label": "Red"}, {"value": "blue", "label": "Blue"}]}
        desk.do(
            "custom_field.create",
            "olga",
            record_type="contact",
            key=label.lower().replace(" ", "_"),
            label=label,
            kind=kind,
            **(more if kind == "multi_choice" else {}),
        )
    one = importing.whole(
        "Last name,Shoe size,Born,Likes\nBerg,42.5,31.12.1980,blue; Red\n", policy="all", match=[]
    )
    assert one.counts == {"create": 1}, importing.rows(one)
    (berg,) = importing.all()
    assert (berg.c_shoe_size, berg.c_born) == (Decimal("42.5"), date(1980, 12, 31))
    assert sorted(berg.c_likes) == ["blue", "red"]


@pytest.mark.parametrize(
    ("reads", "hidden", "sees"),
    [("all", {}, True), ("own", {}, False), ("all", {"contact": {"email": "hidden"}}, False)],
)
def test_others_imports_are_shown_to_those_alone_who_see_all_that_is_in_them(
    staff, importing, reads, hidden, sees
):
    one = importing.upload("Last name,E-mail\nLund,eva@x.example\n")
    values = {"permissions": ["record:read", "data:manage"], "records": {"*": {"read": reads}}}
    role = staff.do("role.create", name="Carer", **values, field_rights=hidden)
    staff.add_person("petra", roles=(role.key,))
    assert [found.id for found in staff.ask(list_imports, actor="petra")] == [one.id] * sees
    if not sees:
        with pytest.raises(NotFound):
            staff.ask(get_import, one.id, actor="petra")
