"""Who sees what: own, team and all, for every record type and every way to a record."""

from __future__ import annotations

import pytest

from services.documents.files import documents_of, get_document
from services.errors import NotFound
from services.mail.threads import threads_of
from services.operations import run
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import get_record

TYPES = {
    "account": {"name": "Secret"},
    "contact": {"last_name": "Secret"},
    "deal": {"name": "Secret"},
    "lead": {"name": "Secret"},
    "request": {"subject": "Secret"},
}
# Boris and Anna are in Sales; Anna sees her own records only, Boris his team's, Maria all.
SEES = {"anna": False, "boris": True, "maria": True, "sven": False}


@pytest.fixture(params=TYPES)
def record(request, staff):
    """A record of the Sales team that belongs to Maria."""
    made = staff.do(f"{request.param}.create", "maria", **TYPES[request.param])
    return staff.do(
        "record.assign",
        record_type=request.param,
        record_id=made.id,
        user="maria@lanewise.example",
        group="Sales",
    )


@pytest.mark.parametrize(("who", "sees"), SEES.items())
def test_a_record_is_found_when_it_is_in_scope(staff, record, who, sees):
    kind = record.record_type
    ways = {
        "list": lambda: staff.ask(list_records, kind, actor=who).items,
        "search": lambda: staff.ask(list_records, kind, search="secret", actor=who).items,
        "count": lambda: staff.ask(list_records, kind, actor=who).total,
    }
    for way, look in ways.items():
        assert bool(look()) is sees, way


def _is_found(use):
    try:
        use()
    except NotFound:
        return False
    return True


@pytest.mark.parametrize(("who", "sees"), SEES.items())
def test_a_record_is_opened_when_it_is_in_scope(staff, record, who, sees):
    kind, key = record.record_type, record.id
    made = staff.do("document.make", template="offer", record_type=kind, record_id=key)
    ways = {
        "get": lambda: staff.ask(get_record, kind, key, actor=who),
        "timeline": lambda: staff.ask(timeline_of, kind, key, actor=who),
        "documents": lambda: staff.ask(documents_of, kind, key, actor=who),
        "document": lambda: staff.ask(get_document, made["document_id"], actor=who),
        "mails": lambda: staff.ask(threads_of, kind, key, actor=who),
        "update": lambda: staff.do(f"{kind}.update", who, **{f"{kind}_id": key}),
        "note": lambda: staff.do("note.add", who, record_type=kind, record_id=key, text="x"),
        "assign": lambda: staff.do(
            "record.assign", who, record_type=kind, record_id=key, user="maria@lanewise.example"
        ),
        "make": lambda: staff.do(
            "document.make", who, template="offer", record_type=kind, record_id=key
        ),
        "mail": lambda: staff.do(
            "mail.send",
            who,
            record_type=kind,
            record_id=key,
            to="a@x.example",
            subject="s",
            body="b",
        ),
    }
    for way, use in ways.items():
        assert _is_found(use) is sees, way


def test_an_owner_sees_its_own_when_the_scope_is_own(staff, record):
    kind = record.record_type
    staff.do("record.assign", record_type=kind, record_id=record.id, user="anna@lanewise.example")
    assert staff.ask(list_records, kind, actor="anna").total == 1


def test_hidden_records_stay_hidden_when_an_account_shows_its_story(staff):
    account = staff.do("account.create", "anna", name="Nordlys")
    staff.do("deal.create", "anna", name="Hers", account_id=account.id)
    hidden = staff.do("deal.create", "maria", name="Hidden", account_id=account.id)
    staff.do("note.add", record_type="deal", record_id=hidden.id, text="psst")
    seen = staff.ask(timeline_of, "account", account.id, actor="anna")
    assert {entry.record_title for entry in seen} == {"Nordlys", "Hers"}
    assert len(staff.ask(timeline_of, "account", account.id, actor="maria")) == 4


def test_a_contact_s_timeline_leaves_out_leads_of_other_teams_when_they_share_the_contact(staff):
    seen = staff.do("lead.create", "boris", name="Eva Lund", email="eva@lund.example")
    contact_id = staff.do("lead.convert", "boris", lead_id=seen.id)["contact_id"]
    other = staff.do("lead.create", "sven", name="Eva Lund", email="eva@lund.example")
    staff.do("lead.convert", lead_id=other.id)
    staff.do("note.add", "sven", record_type="lead", record_id=other.id, text="Not for Sales")
    entries = staff.ask(timeline_of, "contact", contact_id, actor="boris")
    assert {entry.record_id for entry in entries} == {contact_id, seen.id}
    everything = staff.ask(timeline_of, "contact", contact_id)
    assert other.id in {entry.record_id for entry in everything}


def test_a_row_is_asked_for_once_when_only_reading(staff):
    lead = staff.do("lead.create", name="Eva")

    def look(uow):
        uow.only_reads()
        for _ in range(3):
            get_record(uow, "lead", lead.id)

    with staff.counting() as statements:
        staff.ask(look)
    assert sum("FROM leads" in one for one in statements) == 1


def test_a_contact_is_refused_when_its_account_is_not_seen(staff):
    account = staff.do("account.create", "maria", name="Nordlys")
    staff.do("record.assign", record_type="account", record_id=account.id, group="Managers")
    with pytest.raises(NotFound):
        staff.do("contact.create", "sven", last_name="Lund", account_id=account.id)


def test_what_one_may_see_is_asked_again_when_another_person_looks(staff):
    lead = staff.do("lead.create", "maria", name="Eva")

    def look(uow):
        uow.only_reads()
        get_record(uow, "lead", lead.id)
        get_record(uow.acting_as(staff.people["anna"]), "lead", lead.id)

    with pytest.raises(NotFound):
        staff.ask(look, actor="maria")


def test_what_one_may_see_is_asked_again_when_it_was_changed_after_all(staff):
    lead = staff.do("lead.create", "anna", name="Eva")

    def look(uow):
        uow.only_reads()
        get_record(uow, "lead", lead.id)
        whom = {"user": "maria@lanewise.example", "group": "Managers"}
        whole = uow.acting_as(staff.people["maria"])
        run(whole, "record.assign", {"record_type": "lead", "record_id": str(lead.id), **whom})
        get_record(uow, "lead", lead.id)

    with pytest.raises(NotFound):
        staff.ask(look, actor="anna")
