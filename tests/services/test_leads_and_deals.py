"""Leads and deals: their rules, their stages, their money."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from services.actors import PUBLIC
from services.arguments import MAX_AMOUNT, Money
from services.crm.deal_model import StageStay
from services.errors import Conflict, Invalid, NotAllowed, NotFound, StaleVersion
from services.records.types import LiveRecord, get_record
from services.sales.positions import line_total, positions_of


def _history(desk, deal):
    rows = desk.ask(
        lambda uow: uow.session.scalars(
            select(StageStay).where(StageStay.deal_id == deal.id).order_by(StageStay.entered_at)
        ).all()
    )
    return [(row.from_stage, row.stage, row.left_at and row.seconds(row.left_at)) for row in rows]


def test_a_reference_is_returned_when_the_public_form_is_sent(staff):
    made = staff.do("lead.submit", PUBLIC, name="Eva", email="eva@x.example", channel="ads")
    assert made["reference"].startswith("L-0")
    [event] = staff.jobs("events.deliver")
    assert event["payload"]["channel"] == "ads"


@pytest.mark.parametrize(
    "raw",
    [
        {"name": "Eva"},
        {"name": "  ", "email": "eva@x.example"},
        {"name": "Eva\x00", "email": "eva@x.example"},
        {"name": "Eva", "email": "nowhere"},
        {"name": "Eva", "phone": "call me"},
        {"name": "Eva", "email": "eva@x.example", "owner_id": "x"},
        {"name": "E" * 301, "email": "eva@x.example"},
    ],
)
def test_the_public_form_is_refused_when_it_is_wrong(staff, raw):
    with pytest.raises(Invalid) as caught:
        staff.do("lead.submit", PUBLIC, **raw)
    assert caught.value.fields


def test_the_public_may_do_nothing_else_when_it_tries(staff):
    with pytest.raises(NotAllowed):
        staff.do("lead.create", PUBLIC, name="Eva")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("+47 22 33 44 55", "+4722334455"),
        ("0047 22334455", "+4722334455"),
        ("+49 (0)30 123-456", "+4930123456"),
        ("030/123.456", "030123456"),
    ],
)
def test_a_phone_number_has_one_spelling_when_kept(staff, typed, kept):
    assert staff.do("lead.create", name="Eva", phone=typed).phone == kept


def test_an_address_has_one_spelling_when_kept(staff):
    lead = staff.do("lead.create", name="Eva", email=" Eva@Bücher.Example ")
    assert lead.email == "eva@xn--bcher-kva.example"


def test_a_status_is_refused_when_it_has_an_operation_of_its_own(staff):
    lead = staff.do("lead.create", name="Eva")
    for status in ("qualified", "worked_out"):
        with pytest.raises(Conflict):
            staff.do("lead.update", lead_id=lead.id, status=status)


def test_a_converted_lead_is_not_worked_out(staff):
    lead = staff.do("lead.create", name="Eva")
    staff.do("lead.convert", lead_id=lead.id)
    with pytest.raises(Conflict, match="converted already"):
        staff.do("lead.work_out", lead_id=lead.id, reason="No budget")


def test_a_lead_is_worked_on_again_when_it_was_worked_out(staff):
    lead = staff.do("lead.create", name="Eva")
    lead = staff.do("lead.work_out", lead_id=lead.id, reason="No budget")
    assert (lead.status, lead.lost_reason) == ("worked_out", "No budget")
    lead = staff.do("lead.update", lead_id=lead.id, status="working")
    assert (lead.status, lead.lost_reason, lead.closed_at) == ("working", None, None)


def test_one_event_goes_out_when_a_lead_is_worked_out_twice(staff):
    lead = staff.do("lead.create", name="Eva")
    for _ in range(2):
        staff.do("lead.work_out", lead_id=lead.id, reason="No budget")
    assert staff.events().count("lead.worked_out") == 1


def test_stage_probability_and_history_follow_when_a_deal_moves(staff, clock):
    deal = staff.do("deal.create", name="Windows", amount="100")
    clock.advance(timedelta(hours=1))
    deal = staff.do("deal.move_stage", deal_id=deal.id, stage="offer")
    assert (deal.stage, deal.probability, deal.stage_since) == ("offer", 40, clock.now())
    assert _history(staff, deal) == [(None, "new", 3600), ("new", "offer", None)]


def test_nothing_is_written_when_a_deal_moves_to_where_it_is(staff):
    deal = staff.do("deal.create", name="Windows")
    staff.do("deal.move_stage", deal_id=deal.id, stage="new")
    assert len(_history(staff, deal)) == 1


def test_a_manual_probability_survives_when_a_deal_moves(staff):
    deal = staff.do("deal.create", name="Windows")
    staff.do("deal.update", deal_id=deal.id, probability=33)
    deal = staff.do("deal.move_stage", deal_id=deal.id, stage="offer")
    assert deal.probability == 33
    deal = staff.do("deal.update", deal_id=deal.id, probability="")
    assert deal.probability == 40
    assert staff.do("deal.win", deal_id=deal.id).probability == 100


def test_a_deal_is_closed_when_it_is_won(staff, clock):
    deal = staff.do("deal.create", name="Windows")
    deal = staff.do("deal.win", deal_id=deal.id)
    assert (deal.stage, deal.won_at, deal.closed_at) == ("won", clock.now(), clock.now())
    staff.do("deal.win", deal_id=deal.id)
    assert staff.events() == ["deal.opened", "deal.won"]
    for operation, values in [
        ("deal.move_stage", {"stage": "offer"}),
        ("deal.lose", {"reason": "x"}),
    ]:
        with pytest.raises(Conflict):
            staff.do(operation, deal_id=deal.id, **values)


def test_the_reason_is_kept_when_a_deal_is_lost(staff):
    deal = staff.do("deal.create", name="Windows")
    with pytest.raises(Invalid):
        staff.do("deal.move_stage", deal_id=deal.id, stage="lost")
    deal = staff.do("deal.lose", deal_id=deal.id, reason="Too dear")
    assert (deal.lost_reason, deal.probability, deal.stage) == ("Too dear", 0, "lost")


@pytest.mark.parametrize(
    "values",
    [
        {"amount": "-1"},
        {"amount": "1e30"},
        {"amount": "NaN"},
        {"amount": True},
        {"currency": "EURO"},
        {"currency": "12A"},
        {"probability": 101},
        {"probability": 1.5},
        {"expected_close_on": "soon"},
        {"stage": "won"},
        {"stage": "nowhere"},
        {"name": ""},
    ],
)
def test_a_deal_is_refused_when_a_value_is_wrong(staff, values):
    with pytest.raises(Invalid) as caught:
        staff.do("deal.create", **{"name": "Windows", **values})
    assert set(caught.value.fields) == set(values)


def test_what_changed_is_said_when_the_version_is_old(staff):
    deal = staff.do("deal.create", "anna", name="Windows")
    seen = deal.version
    staff.do("deal.update", "anna", deal_id=deal.id, version=seen, amount=7)
    with pytest.raises(StaleVersion) as caught:
        staff.do("deal.update", "maria", deal_id=deal.id, version=seen, amount=9)
    [change] = caught.value.changes
    assert caught.value.status == 409
    assert (change["field"], change["new"], change["actor_name"]) == ("amount", "7.00 EUR", "Anna")


def test_the_amount_is_the_sum_when_positions_are_set(staff):
    deal = staff.do("deal.create", name="Windows")
    lines = [
        {"title": "Window", "quantity": "3", "unit_price": "99.99", "discount_percent": "5"},
        {"title": "Mounting", "quantity": "2.5", "unit": "h", "unit_price": "65"},
    ]
    deal = staff.do("deal.set_positions", deal_id=deal.id, positions=lines)
    assert deal.amount == Decimal("284.97") + Decimal("162.50")
    with pytest.raises(Invalid):
        staff.do("deal.update", deal_id=deal.id, amount=1)
    staff.do("deal.update", deal_id=deal.id, amount=str(deal.amount), needs="x")


_CENTS = st.decimals(0, 10**7, places=2)


@pytest.mark.parametrize(("convert", "amount"), [(True, 2000), (False, 20)])
def test_the_amount_follows_when_the_currency_is_another(staff, convert, amount):
    staff.do("currency.set_rate", "olga", currency="JPY", valid_from="2026-01-01", rate="0.01")
    whole = staff.do("deal.create", name="Whole", amount="20.4")
    lines = [{"title": "A", "unit_price": "10.2", "quantity": 2}]
    parted = staff.do("deal.create", name="In parts")
    staff.do("deal.set_positions", deal_id=parted.id, positions=lines)
    for deal in (whole, parted):
        changed = staff.do("deal.update", deal_id=deal.id, currency="JPY", convert=convert)
        assert changed.amount == amount + (40 if convert else 0)


def test_an_amount_stays_when_it_is_given_with_its_currency(staff):
    deal = staff.do("deal.create", name="Whole", amount="20.4")
    assert staff.do("deal.update", deal_id=deal.id, currency="JPY", amount=7).amount == 7


def test_a_deal_is_in_ones_own_currency_when_none_is_given(staff):
    staff.do("organization.update", "olga", currency="NOK")
    deal = staff.do("deal.create", name="Windows", amount=5)
    assert deal.currency == "NOK"
    deal = staff.do("deal.update", deal_id=deal.id, currency="EUR", amount=1)
    assert staff.do("deal.update", deal_id=deal.id, currency=None, amount=2).currency == "NOK"


def test_somebody_is_told_when_the_words_of_a_position_were_changed_meanwhile(staff):
    deal = staff.do("deal.create", name="Windows")
    about = {"deal_id": deal.id, "version": deal.version}
    staff.do("deal.set_positions", positions=[{"title": "A", "unit_price": "0"}], **about)
    with pytest.raises(StaleVersion):
        staff.do("deal.set_positions", positions=[], **about)


@settings(max_examples=20)
@given(st.lists(st.tuples(st.decimals("0.001", 999, places=3), _CENTS), min_size=1, max_size=5))
def test_no_cent_is_lost_when_positions_are_any(staff, lines):
    deal = staff.do("deal.create", name="Windows")
    positions = [{"title": "x", "quantity": str(q), "unit_price": str(p)} for q, p in lines]
    deal = staff.do("deal.set_positions", deal_id=deal.id, positions=positions)
    shown = staff.ask(lambda uow: positions_of(uow, deal))
    assert deal.amount == sum(line["total"] for line in shown)
    assert all(line["total"] == line_total(line, "EUR") for line in shown)


@given(st.decimals(0, MAX_AMOUNT, allow_nan=False) | st.floats(0, 10**9))
def test_money_keeps_the_places_that_a_currency_may_have_when_read(value):
    money = Money().deserialize(value)
    assert -4 <= money.as_tuple().exponent <= -2
    assert abs(money - Decimal(str(value))) <= Decimal("0.00005")


def test_relations_are_read_by_name_when_an_expression_asks(staff):
    account = staff.do("account.create", "anna", name="Nordlys")
    deal = staff.do("deal.create", "anna", name="Windows", account_id=account.id)

    def read(uow):
        live = LiveRecord(uow, get_record(uow, "deal", deal.id))
        return live["account"]["name"], live["owner"]["email"], live["contact"], live["stage"]

    assert staff.ask(read) == ("Nordlys", "anna@lanewise.example", None, "new")


def test_a_link_is_refused_when_its_target_is_not_visible(staff):
    hidden = staff.do("account.create", "sven", name="Hidden")
    own = staff.do("deal.create", "anna", name="Windows")
    with pytest.raises(NotFound):
        staff.do("deal.create", "anna", name="Windows", account_id=hidden.id)
    with pytest.raises(NotFound):
        staff.do("deal.update", "anna", deal_id=own.id, account_id=hidden.id)
    with pytest.raises(NotFound):
        staff.do("lead.create", "anna", name="x", owner_id=str(hidden.id))
