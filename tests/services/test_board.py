"""The board: columns, cards, sums, and what they cost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from services.crm.board import load_board, more_cards
from services.crm.board_parts import BoardQuery
from services.crm.deal_model import DEAL
from services.crm.pipelines import all_stages
from services.errors import Invalid, NotFound
from services.filtering import parse_filter
from services.people.model import find_user


def board(desk, actor="maria", cards=20, **query):
    return desk.ask(lambda uow: load_board(uow, BoardQuery(**query), cards=cards), actor=actor)


def column(found, key):
    return next(one for one in found.columns if one.stage.key == key)


def names(cards):
    return [card.deal["name"] for card in cards]


def test_sums_are_told_in_ones_own_currency_when_there_are_rates(staff):
    staff.do("deal.create", "maria", name="a", amount=100)
    staff.do("deal.create", "maria", name="b", amount=200, currency="USD")
    new = column(board(staff), "new")
    assert (new.count, new.sums, new.total) == (2, {"EUR": 100, "USD": 200}, None)
    staff.do("currency.set_rate", currency="USD", valid_from="2026-01-01", rate="0.5")
    new = column(board(staff), "new")
    assert (new.total, new.expected) == (Decimal("200.00"), Decimal("20.00"))


def test_cards_follow_each_other_when_more_are_asked_for(staff, clock):
    elsewhere = staff.do("deal.create", "maria", name="elsewhere")
    staff.do("deal.move_stage", "maria", deal_id=elsewhere.id, stage="offer")
    for number in range(5):
        clock.advance(timedelta(seconds=number % 2))
        staff.do("deal.create", "maria", name=str(number))
    new = column(board(staff, cards=2), "new")
    found, cursor = names(new.cards), new.next_cursor
    while cursor is not None:
        more = staff.ask(
            lambda uow, after=cursor: more_cards(uow, BoardQuery(), _new(uow), after, cards=2)
        )
        found, cursor = found + names(more.cards), more.next_cursor
    assert found == ["4", "3", "2", "1", "0"]


def _new(uow):
    return next(one for one in all_stages(uow) if one.key == "new")


@pytest.mark.parametrize("cursor", ["x", "W10", "bnVsbA", "WzEsMl0"])
def test_a_cursor_is_refused_when_it_is_none(staff, cursor):
    with pytest.raises(Invalid):
        staff.ask(lambda uow: more_cards(uow, BoardQuery(), _new(uow), cursor))


def test_only_ones_own_deals_are_there_when_the_scope_is_own(staff):
    staff.do("deal.create", "anna", name="mine", amount=1)
    staff.do("deal.create", "boris", name="theirs", amount=2)
    new = column(board(staff, "anna"), "new")
    assert (names(new.cards), new.total) == (["mine"], Decimal("1.00"))


def test_a_card_stays_where_it_is_when_it_is_shared_only_to_be_read(staff):
    key = staff.do("deal.create", "boris", name="theirs").id
    shared = {"record_type": "deal", "record_id": key, "user_id": staff.people["anna"].user_id}
    for level in ("read", "write"):
        staff.do("record.share", "boris", **shared, level=level)
        anna = staff.ask(lambda uow: find_user(uow, "anna@lanewise.example").actor())
        [card] = column(board(staff, anna), "new").cards
        assert card.may_move is (level == "write")


def test_deals_are_narrowed_when_the_board_is_filtered(staff, clock):
    staff.do("deal.create", "anna", name="mine", amount=10)
    staff.do("deal.create", "boris", name="theirs", amount=20)
    boris = staff.people["boris"].user_id
    assert names(column(board(staff, owner_id=boris), "new").cards) == ["theirs"]
    where = parse_filter(DEAL, {"field": "amount", "op": "lt", "value": 15})
    assert names(column(board(staff, where=where), "new").cards) == ["mine"]
    assert column(board(staff, rotting=True), "new").cards == []
    staff.do("stage.update", stage_id=staff.ask(_new).id, rotting_days=2)
    clock.advance(timedelta(days=3))
    new = column(board(staff, rotting=True), "new")
    assert (new.count, new.rotting, new.cards[0].is_rotting, new.cards[0].days) == (2, 2, True, 3)


def test_what_was_closed_leaves_the_board_when_a_month_has_passed(staff, clock):
    deal = staff.do("deal.create", "maria", name="a", amount=10)
    staff.do("deal.win", "maria", deal_id=deal.id)
    assert column(board(staff), "won").count == 1
    clock.advance(timedelta(days=31))
    assert (column(board(staff), "won").count, column(board(staff), "won").cards) == (0, [])


def test_an_archived_stage_is_shown_when_deals_are_in_it_still(staff):
    staff.do("deal.create", "maria", name="a", stage="needs")
    for key in ("needs", "offer"):
        found = next(one for one in staff.ask(all_stages) if one.key == key)
        staff.do("stage.archive", stage_id=found.id)
    shown = [one.stage.key for one in board(staff).columns]
    assert "needs" in shown
    assert "offer" not in shown


def test_a_pipeline_is_not_found_when_there_is_none(staff):
    with pytest.raises(NotFound):
        board(staff, pipeline_id=staff.people["maria"].user_id)


def test_it_takes_six_statements_when_the_board_is_full(staff):
    account = staff.do("account.create", "maria", name="Fjord")
    for key in ("new", "needs", "offer"):
        for currency in ("EUR", "USD"):
            staff.do(
                "deal.create",
                "maria",
                name="x",
                stage=key,
                currency=currency,
                account_id=account.id,
            )
    with staff.counting() as statements:
        found = board(staff)
    assert len(statements) == 6, statements
    assert column(found, "new").cards[0].account == "Fjord"
    assert column(found, "new").cards[0].owner == "Maria"
