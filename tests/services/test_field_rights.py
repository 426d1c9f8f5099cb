"""Fields that a role hides or locks: nowhere seen, nowhere found, nowhere written."""

from __future__ import annotations

import re

import pytest

from processes.running.record_cards import load_cards
from services.crm.board import load_board, more_cards
from services.crm.board_parts import BoardQuery
from services.crm.forecast import forecast_months
from services.crm.pipelines import all_stages
from services.documents.files import get_document
from services.documents.values import values_for
from services.errors import Invalid, NotAllowed, StaleVersion
from services.mail.composing import recipients_of
from services.people.model import User
from services.records.changes import check_version
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import LiveRecord, get_record, get_record_type, present_record

PERMISSIONS = ["record:read", "record:write", "document:write"]
ALL = {"*": dict.fromkeys(("create", "read", "update", "delete", "export"), "all")}
RIGHTS = {
    "deal": {"amount": "hidden", "needs": "read", "account_id": "hidden"},
    "account": {"phone": "hidden"},
    "contact": {"email": "hidden"},
}


@pytest.fixture
def clerk(staff):
    """Petra sees no amounts and no accounts of deals, and may not write what they are about."""
    role = staff.do(
        "role.create", name="Clerk", permissions=PERMISSIONS, records=ALL, field_rights=RIGHTS
    )
    staff.add_person("petra", "Sales", roles=(role.key,))
    return staff


@pytest.fixture
def deal(clerk):
    account = clerk.do("account.create", name="Nordlys", phone="+4722334455")
    return clerk.do(
        "deal.create", name="Fleet", amount="4711", needs="Ten lorries", account_id=account.id
    )


def as_petra(desk, deal, look):
    return desk.ask(lambda uow: look(uow, get_record(uow, "deal", deal.id)), actor="petra")


def test_a_hidden_field_is_absent_when_a_record_is_shown(clerk, deal):
    ways = {
        "json": lambda uow, record: present_record(record, uow),
        "form": lambda uow, record: dict(LiveRecord(uow, record, as_seen=True)),
        "template": lambda uow, record: values_for(uow, record)["deal"],
        "fields": lambda uow, _record: {
            f.name for f in uow.readable_fields(get_record_type("deal"))
        },
    }
    for way, look in ways.items():
        shown = as_petra(clerk, deal, look)
        assert "name" in shown, way
        assert not {"amount", "account_id", "account"} & set(shown), way


def test_the_board_expects_nothing_when_probabilities_are_hidden(staff):
    staff.do("deal.create", name="Fleet", amount="1000", probability=37)
    rights = {"deal": {"probability": "hidden"}}
    role = staff.do(
        "role.create", name="Clerk", permissions=PERMISSIONS, records=ALL, field_rights=rights
    )
    staff.add_person("petra", "Sales", roles=(role.key,))
    columns = staff.ask(load_board, BoardQuery(), actor="petra").columns
    assert [one.total for one in columns if one.count] == [1000]
    assert {one.expected for one in columns} == {None}


def test_the_board_tells_no_amounts_or_accounts_when_they_are_hidden(clerk, deal):
    board = clerk.ask(load_board, BoardQuery(), actor="petra")
    assert "Fleet" in str(board.columns)
    assert not board.shows_amounts
    assert "Nordlys" not in str(board.columns)


def limited_to(staff, right):
    """Let Petra do with the stages of deals what ``right`` says."""
    rights = {"deal": {"stage": right}}
    role = staff.do(
        "role.create", name="Clerk", permissions=PERMISSIONS, records=ALL, field_rights=rights
    )
    staff.add_person("petra", "Sales", roles=(role.key,))


def test_there_is_no_board_when_stages_are_hidden(staff):
    limited_to(staff, "hidden")
    staff.do("deal.create", name="Fleet", amount="1000", expected_close_on="2026-12-01")
    stage = staff.ask(all_stages)[0]
    for look in (
        lambda uow: load_board(uow, BoardQuery()),
        lambda uow: more_cards(uow, BoardQuery(), stage, None),
    ):
        with pytest.raises(NotAllowed):
            staff.ask(look, actor="petra")
    assert staff.ask(forecast_months, BoardQuery(), actor="petra")[0] == []


def test_what_tells_of_a_stage_is_hidden_with_it(staff):
    raw = {"record_type": "deal", "kind": "formula", "formula": "string(probability)"}
    staff.do("custom_field.create", "olga", label="Chance", **raw, result="text")
    limited_to(staff, "hidden")
    hidden = staff.actor("petra").hidden_fields("deal")
    assert hidden >= {"probability", "expected_revenue", "hold_until", "won_at", "c_chance"}
    assert hidden.isdisjoint({"amount", "expected_close_on", "pipeline_id"})


def test_a_deal_is_not_moved_when_its_stage_is_locked(staff):
    limited_to(staff, "read")
    key = staff.do("deal.create", name="Fleet").id
    staff.do("deal.update", "petra", deal_id=key, name="Lorries")
    with pytest.raises(NotAllowed):
        staff.do("deal.win", "petra", deal_id=key)


def test_a_hidden_field_is_absent_when_a_task_shows_its_record(clerk, deal):
    key = ("deal", deal.id)
    card = clerk.ask(lambda uow: load_cards(uow, [key])[key], actor="petra")
    assert (card.title, card.amount, card.customer) == ("Fleet", None, None)
    assert clerk.ask(lambda uow: load_cards(uow, [key])[key]).amount == deal.amount


def test_a_hidden_field_of_a_related_record_is_absent_when_a_form_asks_for_it(clerk):
    account = clerk.do("account.create", name="Nordlys", phone="+4722334455")
    contact = clerk.do("contact.create", last_name="Lund", account_id=account.id)

    def look(uow):
        live = LiveRecord(uow, get_record(uow, "contact", contact.id), as_seen=True)
        return dict(live["account"])

    shown = clerk.ask(look, actor="petra")
    assert shown["name"] == "Nordlys"
    assert "phone" not in shown


@pytest.mark.parametrize("question", [{"sort": "amount"}, {"filters": {"amount__gte": "1"}}])
def test_a_hidden_field_is_unknown_when_a_list_is_asked_by_it(clerk, deal, question):
    with pytest.raises(Invalid) as hidden:
        clerk.ask(list_records, "deal", actor="petra", **question)
    assert "amount" not in str(hidden.value.fields.get("sort", ""))
    assert clerk.ask(list_records, "deal", **question).total == 1


@pytest.mark.parametrize("name", ["amount", "needs"])
@pytest.mark.parametrize("verb", ["create", "update"])
def test_a_locked_field_is_refused_like_an_unknown_one_when_it_is_written(clerk, deal, name, verb):
    key = {"deal_id": deal.id} if verb == "update" else {"name": "Another"}
    messages = []
    for field in (name, "no_such_field"):
        with pytest.raises(Invalid) as caught:
            clerk.do(f"deal.{verb}", "petra", **key, **{field: "1"})
        messages.append((caught.value.message, caught.value.fields[field]))
    assert messages[0] == messages[1]
    clerk.do("deal.update", "petra", deal_id=deal.id, name="Fleet of lorries")


def test_the_owner_stays_when_a_role_locks_it(clerk, deal):
    clerk.do("role.update", role="clerk", field_rights={"deal": {"owner_id": "read"}})
    petra = clerk.people["petra"].user_id
    clerk.people["petra"] = clerk.ask(lambda uow: uow.session.get(User, petra).actor())
    with pytest.raises(NotAllowed):
        clerk.do("record.assign", "petra", record_type="deal", record_id=deal.id, group="Sales")


def test_the_timeline_is_silent_about_a_field_when_it_is_hidden(clerk, deal):
    clerk.do("deal.update", "maria", deal_id=deal.id, amount="99999999")
    clerk.do("deal.update", "maria", deal_id=deal.id, amount="88888888", name="Lorries")
    clerk.do("deal.update", "maria", deal_id=deal.id, name="Ten lorries")
    told = clerk.ask(timeline_of, "deal", deal.id, actor="petra", limit=3)
    assert re.search(r"88,?888,?888|99,?999,?999", str(told)) is None
    assert [entry.title for entry in told][1] == "Changed Name"
    assert len(told) == 3
    labels = [change["label"] for entry in told for change in entry.details.get("changes", [])]
    assert "Amount" not in labels
    everything = clerk.ask(timeline_of, "deal", deal.id, actor="maria")
    assert len(everything) > len(clerk.ask(timeline_of, "deal", deal.id, actor="petra"))


def test_an_account_tells_nothing_of_a_deal_when_the_relation_is_hidden(clerk, deal):
    def told(actor):
        entries = clerk.ask(timeline_of, "account", deal.account_id, actor=actor)
        return {entry.record_type for entry in entries}

    assert told("maria") == {"account", "deal"}
    assert told("petra") == {"account"}


def test_a_conflict_is_silent_about_a_field_when_it_is_hidden(clerk, deal):
    version = deal.version
    clerk.do("deal.update", "maria", deal_id=deal.id, amount="9999")

    def collide(uow, record):
        with pytest.raises(StaleVersion) as caught:
            check_version(uow, record, version)
        return caught.value

    error = as_petra(clerk, deal, collide)
    assert not error.changes
    assert "Amount" not in error.message


def test_a_document_holds_no_hidden_value_when_a_person_makes_it(clerk, deal):
    made = clerk.do(
        "document.make", "petra", template="offer", record_type="deal", record_id=deal.id
    )
    assert clerk.ask(get_document, made["document_id"], actor="petra")
    with pytest.raises(KeyError):
        as_petra(clerk, deal, lambda uow, record: values_for(uow, record)["deal"]["amount"])


def test_a_mail_goes_to_no_address_when_the_sender_may_not_see_it(clerk):
    eva = clerk.do("contact.create", last_name="Lund", email="eva@nordlys.example")
    deal = clerk.do("deal.create", name="Fleet", contact_id=eva.id)
    assert clerk.ask(recipients_of, deal, None) == ["eva@nordlys.example"]
    with pytest.raises(Invalid, match="valid e-mail addresses"):
        clerk.ask(recipients_of, deal, None, actor="petra")


def test_no_paper_is_made_of_a_deal_when_its_amount_is_hidden(clerk, deal):
    for operation in ("deal.quote", "contract.make_from_deal"):
        with pytest.raises(NotAllowed, match="what this deal is worth"):
            clerk.do(operation, "petra", deal_id=deal.id)


def test_hidden_values_are_kept_when_two_records_are_merged(clerk):
    clerk.do("account.create", name="Nordlys")
    kept = clerk.do("account.create", name="Nordlys AS", city="Oslo")
    dropped = clerk.do("account.create", name="Nordlys", phone="+4722334455")
    keys = {"record_type": "account", "kept_id": kept.id, "dropped_id": dropped.id}
    with pytest.raises(Invalid):
        clerk.do("record.merge", "petra", **keys, take=["phone"])
    clerk.do("record.merge", "petra", **keys, take=["name"])
    assert clerk.ask(get_record, "account", kept.id).phone == "+4722334455"


def test_a_formula_is_hidden_when_it_tells_of_a_hidden_field(staff):
    def formula(record_type, label, text):
        raw = {"record_type": record_type, "label": label, "kind": "formula", "formula": text}
        staff.do("custom_field.create", "olga", **raw, result="text")

    formula("deal", "Twice", "string(amount * 2)")
    formula("deal", "Again", "c_twice")
    formula("deal", "Beyond", "account.phone")
    formula("account", "Call", "phone")
    formula("deal", "Further", "account.c_call")
    formula("deal", "Plain", "string(probability)")
    formula("deal", "Town", "account.city")
    rights = {"deal": {"amount": "hidden"}, "account": {"phone": "hidden"}}
    role = staff.do(
        "role.create",
        name="Clerk",
        permissions=["record:read"],
        records={"*": {"read": "all"}},
        field_rights=rights,
    )
    staff.add_person("carl", roles=(role.key,))
    told = staff.ask(
        lambda uow: {field.name for field in uow.readable_fields(get_record_type("deal"))},
        actor="carl",
    )
    assert {name for name in told if name.startswith("c_")} == {"c_plain", "c_town"}
    assert "c_call" in staff.actor("carl").hidden_fields("account")
    assert staff.actor("boris").hidden_fields("deal") == frozenset()


def test_a_place_is_not_changed_when_the_account_of_contacts_is_locked(staff):
    rights = {"contact": {"account_id": "read"}}
    role = staff.do(
        "role.create", name="Clerk", permissions=PERMISSIONS, records=ALL, field_rights=rights
    )
    staff.add_person("petra", roles=(role.key,))
    account, other = (staff.do("account.create", name=name) for name in ("Nordlys", "Fjord"))
    eva = staff.do("contact.create", last_name="Lund", account_id=account.id)
    place = staff.do("contact_account.add", contact_id=eva.id, account_id=other.id)
    for operation, values in (
        ("contact_account.add", {"contact_id": eva.id, "account_id": other.id}),
        ("contact_account.make_primary", {"contact_account_id": place.id}),
    ):
        with pytest.raises(NotAllowed):
            staff.do(operation, "petra", **values)
