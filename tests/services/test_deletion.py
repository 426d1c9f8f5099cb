"""The bin: nothing finds what is deleted, and nothing of it is lost."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.database import new_id
from services.errors import Conflict, NotAllowed, NotFound
from services.records.deletion import list_deleted
from services.records.lists import list_records
from services.records.timeline import timeline_of
from services.records.types import all_record_types, get_record, get_record_type, related_title


def _delete(staff, record, who="anna"):
    return staff.do("record.delete", who, record_type=record.record_type, record_id=record.id)


def _restore(staff, record, who="anna"):
    return staff.do("record.restore", who, record_type=record.record_type, record_id=record.id)


@pytest.fixture
def account(staff):
    return staff.do("account.create", "anna", name="Nordlys")


def test_a_record_is_found_nowhere_when_it_is_deleted(staff, account):
    _delete(staff, account)
    with pytest.raises(NotFound):
        staff.ask(get_record, "account", account.id)
    assert list(staff.ask(list_records, "account").items) == []
    with pytest.raises(NotFound):
        staff.do("account.update", account_id=account.id, name="B")
    with pytest.raises(NotFound):
        staff.do("contact.create", "anna", last_name="Eva", account_id=account.id)
    with pytest.raises(NotFound):
        _delete(staff, account)


def test_what_points_to_it_still_names_it_when_it_is_deleted(staff, account):
    deal = staff.do("deal.create", "anna", name="Windows", account_id=account.id)
    _delete(staff, account)
    assert staff.ask(related_title, "account", deal.account_id) == "Nordlys"
    staff.do("deal.update", "anna", deal_id=deal.id, name="Doors")


def test_everything_is_as_before_when_it_is_restored(staff, account):
    _delete(staff, account)
    restored = _restore(staff, account)
    assert staff.ask(get_record, "account", account.id).name == "Nordlys"
    assert (restored.deleted_at, restored.deleted_by) == (None, None)
    titles = [entry.title for entry in staff.ask(timeline_of, "account", account.id)]
    assert titles == ["Restored this account", "Deleted this account", "Created account “Nordlys”"]
    assert staff.events()[-2:] == ["account.deleted", "account.restored"]
    with pytest.raises(NotFound):
        _restore(staff, account)


def test_the_bin_shows_the_newest_first_and_only_what_one_may_see(staff, account, clock):
    other = staff.do("account.create", "sven", name="Sol")
    _delete(staff, account)
    clock.advance(timedelta(minutes=1))
    _delete(staff, other, "sven")
    assert [one.name for one in staff.ask(list_deleted, "account")] == ["Sol", "Nordlys"]
    assert [one.name for one in staff.ask(list_deleted, "account", actor="anna")] == ["Nordlys"]
    with pytest.raises(NotFound):
        _restore(staff, other, "anna")


def test_deleting_needs_the_right_to_write(staff, account):
    staff.add_person("ada", roles=("analyst",), scope="all")
    with pytest.raises(NotAllowed):
        _delete(staff, account, "ada")


def test_only_a_draft_is_deleted_when_it_is_a_paper_of_a_sale(staff, account):
    quote = staff.do("quote.create", "anna", title="Windows", account_id=account.id)
    staff.do("quote.send", "anna", quote_id=quote.id)
    with pytest.raises(Conflict):
        _delete(staff, quote)


@pytest.mark.parametrize("name", sorted(found.name for found in all_record_types()))
def test_every_record_type_has_a_bin(staff, name):
    assert list(staff.ask(list_deleted, name)) == []
    assert hasattr(get_record_type(name).model, "deleted_at")


@pytest.mark.parametrize(
    ("operation", "argument", "name"),
    [("request.update", "request_id", "service request"), ("deal.update", "deal_id", "deal")],
)
def test_what_is_not_there_is_named_in_words(staff, operation, argument, name):
    with pytest.raises(NotFound, match=f"^There is no such {name}.$"):
        staff.do(operation, "anna", **{argument: new_id()})
