"""The tree of accounts: no circles, whoever moves at once, and sums within one's rights."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest

from services.crm.account_model import Account
from services.crm.account_tree import MAX_DEPTH, tree_of
from services.errors import Invalid, NotFound
from services.records.merging import list_merges
from services.records.timeline import timeline_of
from services.records.types import get_record

GROUP = "Çalık Ünlü Holding"  # noqa: RUF001 - Turkish


@pytest.fixture
def company(staff):
    """A group with two parts, one of which has a part of its own."""
    top = staff.do("account.create", "boris", name=GROUP)
    parts = {"top": top}
    for name, parent in (("east", "top"), ("west", "top"), ("shop", "east")):
        parts[name] = staff.do(
            "account.create", "boris", name=name.capitalize(), parent_id=parts[parent].id
        )
    return parts


def _move(staff, account, parent):
    key = None if parent is None else parent.id
    return staff.do("account.update", "boris", account_id=account.id, parent_id=key)


def _tree(staff, account, actor="boris"):
    return staff.ask(lambda uow: tree_of(uow, uow.get(Account, account.id)), actor=actor)


def test_the_whole_tree_is_shown_when_any_part_is_asked_for(staff, company):
    shown = [(node.depth, node.name) for node in _tree(staff, company["shop"])]
    assert shown == [(0, GROUP), (1, "East"), (2, "Shop"), (1, "West")]


def test_an_account_alone_is_a_tree_of_one_when_it_has_no_parts(staff):
    account = staff.do("account.create", "anna", name="Nordlys")
    assert [node.name for node in _tree(staff, account, "anna")] == ["Nordlys"]


@pytest.mark.parametrize("below", ["top", "east", "shop"])
def test_a_circle_is_refused_when_an_account_moves_below_itself(staff, company, below):
    with pytest.raises(Invalid, match="part of itself"):
        _move(staff, company["top"], company[below])


def test_no_circle_comes_about_when_two_move_at_once(staff, company):
    def move(pair):
        try:
            _move(staff, *pair)
        except Invalid:
            return False
        return True

    pairs = [
        (company["east"], company["west"]),
        (company["west"], company["east"]),
    ]
    for _ in range(5):
        with ThreadPoolExecutor(2) as pool:
            moved = list(pool.map(move, pairs))
        assert moved.count(True) == 1
        assert len(_tree(staff, company["top"])) == 4
        for part in ("east", "west"):
            _move(staff, company[part], company["top"])


def test_a_tree_has_a_deepest_level_when_parts_are_added(staff):
    last = staff.do("account.create", "anna", name="1")
    for number in range(2, MAX_DEPTH + 1):
        last = staff.do("account.create", "anna", name=str(number), parent_id=last.id)
    with pytest.raises(Invalid, match="at most 10 deep"):
        staff.do("account.create", "anna", name="11", parent_id=last.id)


def test_a_tree_has_a_deepest_level_when_a_branch_is_moved(staff, company):
    last = staff.do("account.create", "boris", name="1")
    for number in range(2, MAX_DEPTH):
        last = staff.do("account.create", "boris", name=str(number), parent_id=last.id)
    with pytest.raises(Invalid, match="at most 10 deep"):
        _move(staff, company["east"], last)
    assert _move(staff, company["shop"], last).parent_id == last.id


def test_an_invisible_parent_is_not_found_when_it_is_chosen(staff, company):
    own = staff.do("account.create", "anna", name="Own")
    with pytest.raises(NotFound):
        staff.do("account.update", "anna", account_id=own.id, parent_id=company["top"].id)


def test_sums_go_up_the_tree_when_parts_have_deals(staff, company):
    for part, amount, currency in (("shop", 100, "EUR"), ("west", 50, "EUR"), ("east", 7, "NOK")):
        account_id = company[part].id
        staff.do("deal.create", "boris", name=part, account_id=account_id, amount=amount,
                 currency=currency)  # fmt: skip
        staff.do("contact.create", "boris", last_name=part, account_id=account_id)
    won = staff.do("deal.create", "boris", name="won", account_id=company["west"].id, amount=9)
    staff.do("deal.win", "boris", deal_id=won.id)
    top = _tree(staff, company["top"])[0]
    assert (top.contacts, top.total_contacts) == (0, 3)
    assert (top.open_deals, top.total_open_deals) == (0, 3)
    assert top.total_amounts == {"EUR": Decimal(150), "NOK": Decimal(7)}


def test_only_what_one_may_see_is_shown_and_counted_when_scopes_differ(staff, company):
    top, shop = company["top"], company["shop"]
    anna = staff.people["anna"].user_id
    for account in (top, shop):
        staff.do("record.assign", record_type="account", record_id=account.id, user=str(anna))
    staff.do("contact.create", "boris", last_name="Hidden", account_id=shop.id)
    nodes = _tree(staff, shop, "anna")
    assert [(node.depth, node.name) for node in nodes] == [(0, top.name), (1, "Shop")]
    assert nodes[0].total_contacts == 0


def test_everything_stays_when_an_account_moves(staff, company):
    shop = company["shop"]
    staff.do("contact.create", "boris", last_name="Eva", account_id=shop.id)
    before = len(staff.ask(timeline_of, "account", shop.id))
    _move(staff, shop, company["west"])
    entries = staff.ask(timeline_of, "account", shop.id)
    assert entries[0].title == "Changed Parent account from East to West"
    assert len(entries) == before + 1


def test_a_group_tells_what_happens_in_its_parts_when_asked_to(staff, company):
    staff.do("note.add", "boris", record_type="account", record_id=company["shop"].id, text="Hi")
    top = company["top"].id
    alone = {entry.record_title for entry in staff.ask(timeline_of, "account", top)}
    everything = staff.ask(timeline_of, "account", top, with_parts=True)
    assert alone == {company["top"].name}
    assert {entry.record_title for entry in everything} == {company[name].name for name in company}
    assert everything[0].body == "Hi"


def test_a_part_leaves_its_parent_when_the_two_are_merged(staff, company):
    east, shop = company["east"], company["shop"]
    staff.do("record.merge", "boris", record_type="account", kept_id=shop.id, dropped_id=east.id)
    kept = staff.ask(get_record, "account", shop.id)
    assert kept.parent_id == company["top"].id
    ((merge, _title),) = staff.ask(lambda uow: list_merges(uow, "account", shop.id))
    staff.do("record.unmerge", "boris", merge_id=merge.id)
    assert staff.ask(get_record, "account", shop.id).parent_id == east.id


def test_a_merge_is_refused_when_it_would_close_a_circle(staff, company):
    last = staff.do("account.create", "boris", name="Last", parent_id=company["shop"].id)
    with pytest.raises(Invalid, match="part of itself"):
        staff.do(
            "record.merge", "boris", record_type="account", kept_id=company["east"].id,
            dropped_id=last.id, take=["parent_id"],
        )  # fmt: skip
