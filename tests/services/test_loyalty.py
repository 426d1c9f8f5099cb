"""Loyalty: points earned, spent, expired and taken back; levels and prizes."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from processes.jobs.draining import drain
from services.actors import SYSTEM
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.loyalty import ledger
from services.loyalty.earning import settle_source
from services.loyalty.expiring import expire_all
from services.loyalty.figures import entries_of, holdings_of, months_of, standing_of, totals_of
from services.loyalty.ledger_model import (
    EntryKind,
    LoyaltyEntry,
    LoyaltyLot,
)
from services.loyalty.members import members_of
from services.loyalty.model import LoyaltyPrize, LoyaltyProgramme
from services.records.timeline import timeline_of


@pytest.fixture
def contact(desk):
    return desk.do("contact.create", last_name="Berg")


@pytest.fixture
def programme(desk):
    return desk.do("loyalty_programme.create", name="Club", expiry_months=12)


@pytest.fixture
def member(desk, programme, contact):
    return desk.do("loyalty.enrol", programme_id=programme.id, contact_id=contact.id)


def give(desk, member, points):
    return desk.do("loyalty.earn", member_id=member.id, points=points, reason="Gift")["entry_id"]


def balance(desk, member):
    return desk.ask(ledger.balance_of, member.id)


def bookings(desk, member):
    entries = desk.ask(entries_of, member)
    return [(entry.kind, entry.points) for entry in reversed(entries)]


def together(*calls):
    """Do all at once; return the errors."""
    errors = []

    def attempt(call):
        try:
            call()
        except Conflict as error:
            errors.append(error)

    threads = [threading.Thread(target=attempt, args=(call,)) for call in calls]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return errors


def paid_invoice(desk, contact, price="250.00"):
    account = desk.do("account.create", name="Nordlys")
    line = {"title": "Chair", "quantity": "1", "unit_price": price, "tax_percent": "0"}
    whose = {"account_id": account.id, "contact_id": contact.id}
    invoice = desk.do("invoice.create", title="Chairs", lines=[line], **whose)
    desk.do("invoice.issue", invoice_id=invoice.id)
    return desk.do("payment.record", invoice_id=invoice.id, amount=price), invoice


def test_points_are_spent_that_expire_first(desk, clock, member):
    give(desk, member, 100)
    clock.advance(timedelta(days=60))
    give(desk, member, 100)
    desk.do("loyalty.spend", member_id=member.id, points=120, reason="Mug")
    clock.advance(timedelta(days=330))
    assert balance(desk, member) == 80


def test_nobody_spends_more_than_is_there(desk, member):
    give(desk, member, 100)
    with pytest.raises(Conflict, match="Only 100 points") as refused:
        desk.do("loyalty.spend", member_id=member.id, points=101, reason="Mug")
    assert refused.value.code == "not_enough_points"


def test_one_of_two_gets_the_points_when_both_spend_at_once(desk, member):
    give(desk, member, 100)
    spend = [lambda: desk.do("loyalty.spend", member_id=member.id, points=80, reason="x")] * 2
    assert len(together(*spend)) == 1
    assert balance(desk, member) == 20


def test_points_count_on_their_last_day_and_not_after(desk, clock, member):
    give(desk, member, 100)
    clock.advance(timedelta(days=365))
    assert balance(desk, member) == 100
    clock.advance(timedelta(days=1))
    assert balance(desk, member) == 0
    found = desk.ask(lambda uow: uow.get(LoyaltyProgramme, member.programme_id))
    assert desk.ask(totals_of, found).outstanding == 0
    with pytest.raises(Conflict, match="Only 0"):
        desk.do("loyalty.spend", member_id=member.id, points=1, reason="Mug")


def test_expiry_is_booked_once_for_everybody(desk, clock, member):
    give(desk, member, 100)
    clock.advance(timedelta(days=400))
    assert [expire_all(desk.platform), expire_all(desk.platform)] == [1, 0]
    assert bookings(desk, member) == [("earned", 100), ("expired", -100)]
    found = desk.ask(lambda uow: uow.get(LoyaltyProgramme, member.programme_id))
    assert desk.ask(totals_of, found).expired == 100


def test_spent_points_come_back_with_their_expiry_when_that_is_reversed(desk, clock, member):
    give(desk, member, 100)
    spent = desk.do("loyalty.spend", member_id=member.id, points=40, reason="Mug")
    clock.advance(timedelta(days=10))
    told = desk.do("loyalty.reverse", entry_id=spent["entry_id"], reason="Broken")
    assert told["balance"] == 100
    clock.advance(timedelta(days=356))
    assert balance(desk, member) == 0


def test_points_that_come_back_late_can_be_spent_for_a_while(desk, clock, member):
    give(desk, member, 100)
    spent = desk.do("loyalty.spend", member_id=member.id, points=40, reason="Mug")
    clock.advance(timedelta(days=400))
    desk.do("loyalty.reverse", entry_id=spent["entry_id"], reason="Broken")
    assert balance(desk, member) == 40
    clock.advance(timedelta(days=31))
    assert balance(desk, member) == 0


def test_only_what_is_left_is_taken_back_when_points_were_spent(desk, member):
    earned = give(desk, member, 100)
    desk.do("loyalty.spend", member_id=member.id, points=70, reason="Mug")
    told = desk.do("loyalty.reverse", entry_id=earned, reason="Mistake")
    assert (told["short"], told["balance"]) == (70, 0)
    with pytest.raises(Conflict, match="already"):
        desk.do("loyalty.reverse", entry_id=earned, reason="Mistake")


def test_a_booking_can_not_be_changed_in_the_database(desk, member):
    give(desk, member, 100)
    with pytest.raises(DBAPIError, match="never changed"):
        desk.ask(lambda uow: uow.session.execute(text("UPDATE loyalty_entries SET points = 1")))


def test_a_gift_is_booked_once_when_its_key_comes_again(desk, member):
    for _ in range(2):
        desk.do("loyalty.earn", member_id=member.id, points=5, reason="Birthday", key="2026")
    assert balance(desk, member) == 5


def test_employees_neither_adjust_nor_touch_points_of_others_clients(desk, member, programme):
    petra = desk.add_person("petra", scope="own")
    with pytest.raises(NotFound, match="no such member account"):
        desk.do("loyalty.spend", "petra", member_id=member.id, points=1, reason="x")
    mine = desk.do("contact.create", last_name="Lund", owner_id=petra.user_id)
    own = desk.do("loyalty.enrol", "petra", programme_id=programme.id, contact_id=mine.id)
    with pytest.raises(NotAllowed):
        desk.do("loyalty.adjust", "petra", member_id=own.id, points=1, reason="x")


def test_a_contact_is_a_member_once(desk, member, programme, contact):
    with pytest.raises(Conflict, match="already"):
        desk.do("loyalty.enrol", programme_id=programme.id, contact_id=contact.id)
    account = desk.do("account.create", name="Nordlys")
    with pytest.raises(Invalid, match="contacts who collect"):
        desk.do("loyalty.enrol", programme_id=programme.id, account_id=account.id)


def test_nothing_is_lost_when_two_members_are_merged_and_parted_again(desk, member, programme):
    other = desk.do("contact.create", last_name="Berg", first_name="Anna")
    twin = desk.do("loyalty.enrol", programme_id=programme.id, contact_id=other.id)
    give(desk, twin, 7)
    made = desk.do(
        "record.merge", record_type="contact", kept_id=member.contact_id, dropped_id=other.id
    )
    kept = desk.ask(lambda uow: uow.get(type(other), member.contact_id))
    assert {one.id for one in desk.ask(members_of, kept)} == {member.id, twin.id}
    desk.do("record.unmerge", merge_id=made["merge_id"])
    assert [one.id for one in desk.ask(members_of, other)] == [twin.id]


@pytest.fixture
def rule(desk, programme):
    return desk.do(
        "loyalty_rule.add",
        programme_id=programme.id,
        source="invoice",
        points=3,
        per_amount="100",
        currency="EUR",
    )


def test_full_amounts_earn_once_when_an_invoice_is_paid(desk, member, contact, rule):
    _, invoice = paid_invoice(desk, contact)
    drain(desk.platform)
    desk.ask(settle_source, "invoice", invoice.id)
    assert bookings(desk, member) == [("earned", 6)]


def test_one_booking_is_made_when_two_jobs_settle_at_once(desk, member, contact, rule):
    _, invoice = paid_invoice(desk, contact)
    together(*[lambda: desk.ask(settle_source, "invoice", invoice.id)] * 3)
    assert bookings(desk, member) == [("earned", 6)]


def test_points_follow_a_payment_that_is_taken_back_and_made_again(desk, member, contact, rule):
    payment, invoice = paid_invoice(desk, contact)
    drain(desk.platform)
    desk.do("payment.take_back", payment_id=payment["payment_id"])
    drain(desk.platform)
    desk.do("payment.record", invoice_id=invoice.id, amount="250")
    drain(desk.platform)
    assert bookings(desk, member) == [("earned", 6), ("reversed", -6), ("earned", 6)]


def test_points_go_back_with_what_is_returned_of_a_purchase(desk, member, contact, rule):
    _, invoice = paid_invoice(desk, contact)
    drain(desk.platform)
    part = {"position": 1, "quantity": "0.5"}
    desk.do("invoice.credit", invoice_id=invoice.id, lines=[part])
    drain(desk.platform)
    assert balance(desk, member) == 3
    desk.do("invoice.credit", invoice_id=invoice.id)
    drain(desk.platform)
    assert balance(desk, member) == 0


def test_what_a_person_took_back_is_not_earned_again(desk, member, contact, rule):
    _, invoice = paid_invoice(desk, contact)
    drain(desk.platform)
    (entry,) = desk.ask(entries_of, member)
    desk.add_person("anna", roles=("administrator",), scope="all")
    desk.do("loyalty.reverse", "anna", entry_id=entry.id, reason="Staff")
    desk.ask(settle_source, "invoice", invoice.id)
    assert balance(desk, member) == 0


def test_nothing_is_earned_by_a_rule_that_ended_or_by_those_who_are_no_members(
    desk, programme, contact, rule
):
    paid_invoice(desk, contact)
    drain(desk.platform)
    assert desk.ask(members_of, contact) == []
    member = desk.do("loyalty.enrol", programme_id=programme.id, contact_id=contact.id)
    desk.do("loyalty_rule.end", rule_id=rule.id)
    paid_invoice(desk, contact)
    drain(desk.platform)
    assert bookings(desk, member) == []


def test_a_won_deal_makes_a_member_when_the_programme_is_joined_by_itself(desk):
    programme = desk.do(
        "loyalty_programme.create", name="Firms", holder="account", joins_itself=True
    )
    desk.do("loyalty_rule.add", programme_id=programme.id, source="deal", points=50)
    account = desk.do("account.create", name="Nordlys")
    deal = desk.do("deal.create", name="Chairs", account_id=account.id, amount="10")
    desk.do("deal.win", deal_id=deal.id)
    drain(desk.platform)
    (member,) = desk.ask(members_of, account)
    assert bookings(desk, member) == [("earned", 50)]


def test_an_activity_of_the_right_kind_earns_when_it_is_done(desk, member, programme, contact):
    desk.do(
        "loyalty_rule.add",
        programme_id=programme.id,
        source="activity",
        points=10,
        activity_kind="meeting",
    )
    about = {"regarding_type": "contact", "regarding_id": contact.id}
    for kind in ("meeting", "call"):
        desk.do("activity.log", kind=kind, subject="x", result="y", **about)
    drain(desk.platform)
    assert bookings(desk, member) == [("earned", 10)]


def test_no_job_is_left_when_nothing_can_be_earned(desk, contact):
    paid_invoice(desk, contact)
    assert desk.jobs("loyalty.settle") == []


def test_the_level_looks_back_only_so_far(desk, clock, member, programme):
    for name, points in (("Silver", 100), ("Gold", 200)):
        desk.do("loyalty_level.add", programme_id=programme.id, name=name, from_points=points)
    give(desk, member, 150)
    mistake = give(desk, member, 90)
    desk.do("loyalty.reverse", entry_id=mistake, reason="Mistake")
    standing = desk.ask(standing_of, member)
    assert (standing.level.name, standing.following.name, standing.missing) == (
        "Silver",
        "Gold",
        50,
    )
    clock.advance(timedelta(days=370))
    assert desk.ask(standing_of, member).level is None


@pytest.fixture
def prize(desk, programme):
    return desk.do("loyalty_prize.add", programme_id=programme.id, name="Mug", points=50, stock=1)


def test_one_of_two_gets_the_last_piece(desk, programme, member, prize):
    other = desk.do("contact.create", last_name="Lund")
    second = desk.do("loyalty.enrol", programme_id=programme.id, contact_id=other.id)
    for one in (member, second):
        give(desk, one, 50)
    take = [
        lambda one=one: desk.do("loyalty.redeem", member_id=one.id, prize_id=prize.id)
        for one in (member, second)
    ]
    assert [error.code for error in together(*take)] == ["prize_not_available"]
    assert sorted([balance(desk, member), balance(desk, second)]) == [0, 50]
    assert desk.ask(lambda uow: uow.get(LoyaltyPrize, prize.id).stock) == 0


def test_each_piece_costs_and_leaves_the_stock_when_several_are_taken(desk, programme, member):
    give(desk, member, 100)
    mugs = desk.do("loyalty_prize.add", programme_id=programme.id, name="Mug", points=20, stock=5)
    desk.do("loyalty.redeem", member_id=member.id, prize_id=mugs.id, quantity=3)
    left = desk.ask(lambda uow: uow.session.get(LoyaltyPrize, mugs.id).stock)
    assert (balance(desk, member), left) == (40, 2)


def test_points_and_piece_come_back_once_when_a_prize_is_given_back(desk, member, prize):
    give(desk, member, 60)
    taken = desk.do("loyalty.redeem", member_id=member.id, prize_id=prize.id)
    spent = desk.ask(entries_of, member)[0]
    with pytest.raises(Conflict, match="cancel that"):
        desk.do("loyalty.reverse", entry_id=spent.id, reason="x")
    cancel = {"redemption_id": taken["redemption_id"], "reason": "Broken"}
    assert desk.do("loyalty.cancel_redemption", **cancel)["balance"] == 60
    with pytest.raises(Conflict, match="already"):
        desk.do("loyalty.cancel_redemption", **cancel)
    assert desk.ask(lambda uow: uow.get(LoyaltyPrize, prize.id).stock) == 1


def test_a_prize_is_taken_only_while_it_is_valid(desk, clock, member, prize):
    give(desk, member, 60)
    desk.do("loyalty_prize.update", prize_id=prize.id, valid_from="2026-03-03")
    with pytest.raises(Conflict):
        desk.do("loyalty.redeem", member_id=member.id, prize_id=prize.id)
    days = {"valid_from": "2026-03-02", "valid_until": "2026-03-02"}
    desk.do("loyalty_prize.update", prize_id=prize.id, **days)
    taken = desk.do("loyalty.redeem", member_id=member.id, prize_id=prize.id)
    told = desk.ask(timeline_of, "contact", member.contact_id)
    assert told[0].title == "Took Mug for 50 points"
    cancel = {"redemption_id": taken["redemption_id"], "reason": "Broken"}
    desk.do("loyalty.cancel_redemption", **cancel)
    clock.advance(timedelta(days=1))
    with pytest.raises(Conflict, match="any more"):
        desk.do("loyalty.redeem", member_id=member.id, prize_id=prize.id)


def test_figures_tell_of_what_stays_when_something_was_undone(desk, member, programme):
    give(desk, member, 100)
    mistake = give(desk, member, 30)
    desk.do("loyalty.spend", member_id=member.id, points=40, reason="Mug")
    desk.do("loyalty.reverse", entry_id=mistake, reason="Mistake")
    other = desk.do("loyalty_programme.create", name="Other")
    desk.do("loyalty.enrol", programme_id=other.id, contact_id=member.contact_id)
    found = desk.ask(lambda uow: uow.get(LoyaltyProgramme, programme.id))
    totals, month = desk.ask(totals_of, found), desk.ask(months_of, found)[-1]
    assert (totals.members, totals.issued, totals.spent, totals.outstanding) == (1, 100, 40, 60)
    assert (month.begins_on.isoformat(), month.issued, month.spent) == ("2026-03-01", 100, 40)
    assert [one.balance for one in desk.ask(holdings_of, found)] == [60]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["earn", "spend", "less", "reverse", "wait", "expire"]),
        st.integers(1, 120),
    ),
    max_size=14,
)


@settings(max_examples=25)
@given(STEPS)
def test_the_balance_is_that_of_the_open_lots_whatever_happens(desk, member, steps):
    def work(uow):
        held = ledger.hold_member(uow, member.id)
        for step, number in steps:
            try:
                _take_step(uow, held, step, number)
            except Conflict:
                continue
            _check(uow, held)
        uow.session.rollback()

    def _check(uow, held):
        mine = LoyaltyEntry.member_id == held.id
        booked = uow.session.scalar(select(func.sum(LoyaltyEntry.points)).where(mine)) or 0
        left = select(func.sum(LoyaltyLot.left)).where(LoyaltyLot.member_id == held.id)
        assert booked == (uow.session.scalar(left) or 0)
        assert 0 <= ledger.balance_of(uow, held.id) <= booked

    desk.platform.transact(SYSTEM, work)


def _take_step(uow, held, step, number):
    if step == "wait":
        uow.now += timedelta(days=4 * number)
    elif step == "expire":
        ledger.expire_points(uow, held)
        assert ledger.balance_of(uow, held.id) == sum(
            uow.session.scalars(select(LoyaltyLot.left).where(LoyaltyLot.member_id == held.id))
        )
    elif step == "earn":
        ledger.add_points(uow, held, EntryKind.EARNED, number)
    elif step in {"spend", "less"}:
        kind = EntryKind.SPENT if step == "spend" else EntryKind.ADJUSTED
        ledger.take_points(uow, held, kind, number)
    else:
        entries = uow.session.scalars(
            select(LoyaltyEntry).where(LoyaltyEntry.member_id == held.id).order_by(LoyaltyEntry.id)
        ).all()
        if entries:
            ledger.reverse_entry(uow, held, entries[number % len(entries)])
