"""A contact's accounts: the primary one in step with the record, whoever writes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.crm.account_model import Account
from services.crm.contact_accounts import places_at_account, places_of_contact
from services.crm.contact_model import Contact
from services.errors import Conflict, Invalid, NotFound
from services.records.types import get_record


@pytest.fixture
def accounts(staff):
    return [staff.do("account.create", "boris", name=name) for name in ("One", "Two", "Three")]


@pytest.fixture
def eva(staff, accounts):
    return staff.do("contact.create", "boris", last_name="Lund", account_id=accounts[0].id)


def _places(staff, eva):
    """Return name, whether it is the primary one, and whether it is over."""
    found = staff.ask(lambda uow: places_of_contact(uow, uow.get(Contact, eva.id)))
    return [(one.account.name, one.is_primary, one.is_over) for one in found]


def _add(staff, eva, account, who="boris", **more):
    return staff.do("contact_account.add", who, contact_id=eva.id, account_id=account.id, **more)


def _fresh(staff, eva):
    return staff.ask(get_record, "contact", eva.id)


def test_the_account_of_a_new_contact_is_its_primary_one(staff, eva):
    assert _places(staff, eva) == [("One", True, False)]


def test_the_former_account_is_over_when_the_record_gets_another(staff, eva, accounts):
    staff.do("contact.update", "boris", contact_id=eva.id, account_id=accounts[1].id)
    assert _places(staff, eva) == [("Two", True, False), ("One", False, True)]


def test_the_former_account_lasts_when_another_is_made_primary(staff, eva, accounts):
    link = _add(staff, eva, accounts[1], role="Adviser")
    staff.do("contact_account.make_primary", "boris", contact_account_id=link.id)
    assert _fresh(staff, eva).account_id == accounts[1].id
    assert _places(staff, eva) == [("Two", True, False), ("One", False, False)]


def test_the_first_account_of_a_contact_is_primary_when_added(staff, accounts):
    alone = staff.do("contact.create", "boris", last_name="Alone")
    _add(staff, alone, accounts[2])
    assert _fresh(staff, alone).account_id == accounts[2].id


def test_the_next_account_is_primary_when_the_first_one_ends(staff, eva, accounts):
    _add(staff, eva, accounts[1])
    [first] = [
        one
        for one in staff.ask(lambda uow: places_of_contact(uow, uow.get(Contact, eva.id)))
        if one.is_primary
    ]
    staff.do("contact_account.end", "boris", contact_account_id=first.link.id)
    assert _places(staff, eva) == [("Two", True, False), ("One", False, True)]


def test_a_place_is_opened_again_when_the_contact_returns(staff, eva, accounts):
    for number in (1, 0):
        staff.do("contact.update", "boris", contact_id=eva.id, account_id=accounts[number].id)
    assert _places(staff, eva) == [("One", True, False), ("Two", False, True)]


def test_a_place_is_opened_again_when_it_is_added_after_it_was_over(staff, eva, accounts):
    staff.do("contact.update", "boris", contact_id=eva.id, account_id=accounts[1].id)
    _add(staff, eva, accounts[0])
    assert _places(staff, eva) == [("Two", True, False), ("One", False, False)]


def test_a_place_is_refused_when_it_is_there_or_ends_before_it_begins(staff, eva, accounts):
    with pytest.raises(Conflict, match="already"):
        _add(staff, eva, accounts[0])
    with pytest.raises(Invalid, match="before the first"):
        _add(staff, eva, accounts[1], since="2026-03-02", until="2026-03-01")


def test_an_ended_place_does_not_become_primary(staff, eva, accounts, clock):
    today = clock.now().date()
    link = _add(staff, eva, accounts[1], since=today - timedelta(9), until=today - timedelta(1))
    with pytest.raises(Conflict, match="left"):
        staff.do("contact_account.make_primary", "boris", contact_account_id=link.id)


def test_both_sides_show_only_what_one_may_see(staff, eva, accounts):
    link = _add(staff, eva, accounts[1])
    ask = lambda uow: places_at_account(uow, uow.get(Account, accounts[1].id))  # noqa: E731
    assert [one.contact.name for one in staff.ask(ask, actor="boris")] == ["Lund"]
    with pytest.raises(NotFound):
        staff.do("contact_account.end", "sven", contact_account_id=link.id)
    staff.do("record.assign", record_type="account", record_id=accounts[1].id,
             user=str(staff.people["anna"].user_id))  # fmt: skip
    assert staff.ask(ask, actor="anna") == []


def test_places_are_as_before_when_a_merge_of_accounts_is_undone(staff, eva, accounts):
    one, two, _ = accounts
    _add(staff, eva, two, role="Adviser")
    other = staff.do("contact.create", "boris", last_name="Berg", account_id=two.id)
    before = (_places(staff, eva), _places(staff, other))
    made = staff.do(
        "record.merge", "boris", record_type="account", kept_id=one.id, dropped_id=two.id
    )
    assert _places(staff, other) == [("One", True, False)]
    assert _places(staff, eva) == [("One", True, False)]
    staff.do("record.unmerge", "boris", merge_id=made["merge_id"])
    assert (_places(staff, eva), _places(staff, other)) == before
