"""A deal's way: what stages ask, what won, lost and on hold mean, and how long it all took."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date, timedelta
from decimal import Decimal
from threading import Barrier, BrokenBarrierError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.actors import SYSTEM
from services.crm import deal_people
from services.crm.deal_model import Deal
from services.crm.deal_people import members_of
from services.crm.deal_stays import stays_of, times_in_stages
from services.crm.pipelines import all_stages, list_lost_reasons
from services.errors import Conflict, Invalid, LanewiseError, NotFound, StaleVersion
from services.operations import run
from services.records.timeline import timeline_of


def stage(desk, key):
    return desk.ask(lambda uow: next(one for one in all_stages(uow) if one.key == key))


def change(desk, key, **values):
    return desk.do("stage.update", stage_id=stage(desk, key).id, **values)


def reload(desk, deal):
    return desk.ask(lambda uow: uow.get(Deal, deal.id))


@pytest.fixture
def deal(staff):
    return staff.do("deal.create", name="Windows", amount="100")


def test_what_is_missing_is_said_when_a_stage_asks_for_it(staff, deal):
    change(
        staff,
        "offer",
        required_fields=["needs", "expected_close_on"],
        requirements=["The budget is known"],
        condition="deal.amount >= 500",
        condition_message="Small deals get no offer.",
    )
    with pytest.raises(Invalid) as caught:
        staff.do("deal.move_stage", deal_id=deal.id, stage="offer")
    assert caught.value.code == "stage_requirements"
    assert set(caught.value.fields) == {"needs", "expected_close_on", "confirmed", "stage"}
    assert caught.value.fields["stage"] == ["Small deals get no offer."]
    staff.do("deal.update", deal_id=deal.id, amount=500, needs="x", expected_close_on="2026-05-01")
    moved = staff.do(
        "deal.move_stage", deal_id=deal.id, stage="offer", confirmed=["The budget is known"]
    )
    assert moved.stage == "offer"
    [_, last] = staff.ask(stays_of, deal.id)
    assert (last.confirmed, last.amount) == (["The budget is known"], Decimal("500.00"))


def test_an_amount_of_nothing_is_missing_when_a_stage_needs_one(staff):
    change(staff, "won", required_fields=["amount"])
    deal = staff.do("deal.create", name="Windows")
    with pytest.raises(Invalid) as caught:
        staff.do("deal.win", deal_id=deal.id)
    assert set(caught.value.fields) == {"amount"}


def test_fields_are_asked_when_a_deal_is_made_in_a_later_stage(staff):
    change(staff, "offer", required_fields=["needs"], requirements=["Sure?"])
    with pytest.raises(Invalid) as caught:
        staff.do("deal.create", name="Windows", stage="offer")
    assert set(caught.value.fields) == {"needs"}
    assert staff.do("deal.create", name="Windows", stage="offer", needs="x").stage == "offer"


def test_the_day_counts_when_a_deal_was_closed_earlier(staff, deal, clock):
    won = staff.do("deal.win", deal_id=deal.id, closed_on="2026-02-27")
    assert (won.closed_on, won.closed_at, won.probability) == (
        date(2026, 2, 27),
        clock.now(),
        100,
    )


def test_a_closing_day_is_refused_when_it_is_to_come(staff, deal):
    with pytest.raises(Invalid) as caught:
        staff.do("deal.win", deal_id=deal.id, closed_on="2026-03-03")
    assert set(caught.value.fields) == {"closed_on"}


def test_a_listed_reason_is_known_when_it_is_written_otherwise(staff, deal):
    lost = staff.do("deal.lose", deal_id=deal.id, reason="price", competitor="Sol AS")
    assert (lost.lost_reason, lost.competitor) == ("Price", "Sol AS")


def test_details_are_asked_when_a_reason_needs_them(staff, deal):
    [other] = [one for one in staff.ask(list_lost_reasons) if one.name == "Timing"]
    staff.do("lost_reason.update", lost_reason_id=other.id, needs_details=True)
    with pytest.raises(Invalid) as caught:
        staff.do("deal.lose", deal_id=deal.id, reason="Timing")
    assert set(caught.value.fields) == {"details"}
    lost = staff.do("deal.lose", deal_id=deal.id, reason="Timing", details="Next year")
    assert lost.lost_details == "Next year"


def test_what_closed_it_is_cleared_when_a_deal_is_opened_again(staff, deal):
    staff.do("deal.move_stage", deal_id=deal.id, stage="negotiation")
    staff.do("deal.lose", deal_id=deal.id, reason="Price", details="x")
    again = staff.do("deal.reopen", deal_id=deal.id)
    assert (again.stage, again.probability) == ("negotiation", 60)
    cleared = ("lost_at", "closed_at", "closed_on", "lost_reason", "lost_details")
    assert [getattr(again, name) for name in cleared] == [None] * len(cleared)
    assert staff.events()[-1] == "deal.reopened"


def test_it_goes_on_where_it_is_wanted_when_a_deal_is_opened_again(staff, deal):
    staff.do("deal.win", deal_id=deal.id)
    assert staff.do("deal.reopen", deal_id=deal.id, stage="needs").stage == "needs"
    with pytest.raises(Conflict):
        staff.do("deal.reopen", deal_id=deal.id)


def test_a_held_deal_says_until_when_when_it_waits(staff, deal):
    staff.do("deal.update", deal_id=deal.id, probability=33)
    with pytest.raises(Invalid) as caught:
        staff.do("deal.move_stage", deal_id=deal.id, stage="on_hold", hold_until="2026-03-02")
    assert set(caught.value.fields) == {"hold_until", "hold_reason"}
    held = staff.do(
        "deal.hold", deal_id=deal.id, hold_until="2026-04-01", hold_reason="Budget in April"
    )
    assert (held.stage, held.probability, held.hold_until) == ("on_hold", 33, date(2026, 4, 1))
    told = staff.ask(timeline_of, "deal", deal.id)[0].title
    assert told == "On hold until 1 Apr 2026: Budget in April"
    on = staff.do("deal.reopen", deal_id=deal.id)
    assert (on.stage, on.hold_until, on.hold_reason, on.probability) == ("new", None, None, 33)


def test_a_deal_rots_when_it_is_in_its_stage_for_too_long(staff, deal, clock):
    change(staff, "new", rotting_days=3)
    assert reload(staff, deal).rots_at == clock.now() + timedelta(days=3)
    change(staff, "offer", rotting_days=10)
    moved = staff.do("deal.move_stage", deal_id=deal.id, stage="offer")
    assert moved.rots_at == clock.now() + timedelta(days=10)
    held = staff.do("deal.hold", deal_id=deal.id, hold_until="2026-04-01", hold_reason="x")
    assert held.rots_at is None
    change(staff, "new", rotting_days=None)


def test_a_manual_probability_gives_way_when_a_deal_is_closed(staff, deal):
    staff.do("deal.update", deal_id=deal.id, probability=33)
    staff.do("deal.win", deal_id=deal.id)
    with pytest.raises(Invalid):
        staff.do("deal.update", deal_id=deal.id, probability=5)
    assert staff.do("deal.reopen", deal_id=deal.id).probability == 10


@pytest.mark.parametrize(
    ("currency", "typed", "kept", "expected"),
    [
        ("EUR", "10.005", "10.01", "1.00"),
        ("JPY", "1234.5", "1235", "124"),
        ("KWD", "1.2345", "1.235", "0.124"),
    ],
)
def test_amounts_have_their_currencys_digits_when_kept(staff, currency, typed, kept, expected):
    deal = staff.do("deal.create", name="x", amount=typed, currency=currency)
    assert (str(deal.amount), str(deal.expected_revenue)) == (kept, expected)
    stored = staff.ask(lambda uow: uow.session.query(Deal.expected_revenue).scalar())
    assert stored == Decimal(expected)


def test_lines_are_added_up_anew_when_the_currency_changes(staff):
    deal = staff.do("deal.create", name="x")
    lines = [{"title": "a", "quantity": "3", "unit_price": "0.335"}]
    assert str(staff.do("deal.set_positions", deal_id=deal.id, positions=lines).amount) == "1.01"
    changed = staff.do("deal.update", deal_id=deal.id, currency="KWD", convert=False)
    assert str(changed.amount) == "1.005"
    rounded = staff.do("deal.update", deal_id=deal.id, currency="JPY", convert=False)
    assert str(rounded.amount) == "1"


def test_the_stage_that_is_most_alike_is_taken_when_a_deal_changes_its_pipeline(staff, deal):
    service = staff.do("pipeline.create", name="Service")
    gone = staff.do("stage.create", pipeline_id=service.id, name="Contract", probability=80)
    staff.do("stage.archive", stage_id=gone.id)
    staff.do("stage.create", pipeline_id=service.id, name="Offer", probability=55)
    staff.do("stage.create", pipeline_id=service.id, name="Nearly", probability=85)
    staff.do("deal.move_stage", deal_id=deal.id, stage="contract")
    moved = staff.do("deal.move_pipeline", deal_id=deal.id, pipeline_id=service.id)
    assert (moved.pipeline_id, moved.stage, moved.probability) == (service.id, "nearly", 85)
    again = staff.do("deal.move_pipeline", deal_id=deal.id, pipeline_id=service.id)
    assert again.version == moved.version
    staff.do("deal.move_stage", deal_id=deal.id, stage="offer_2")
    default = stage(staff, "new").pipeline_id
    moved = staff.do("deal.move_pipeline", deal_id=deal.id, pipeline_id=default)
    assert moved.stage == "offer"
    with pytest.raises(Invalid):
        staff.do("deal.move_pipeline", deal_id=deal.id, pipeline_id=service.id, stage="won_2")


def test_what_is_missing_is_said_when_a_stage_of_another_pipeline_is_chosen(staff, deal):
    service = staff.do("pipeline.create", name="Service").id
    staff.do("stage.create", pipeline_id=service, name="Visit", required_fields=["needs"])
    to = {"deal_id": deal.id, "pipeline_id": service, "stage": "visit"}
    with pytest.raises(Invalid) as caught:
        staff.do("deal.move_pipeline", **to)
    assert set(caught.value.fields) == {"needs"}
    staff.do("deal.update", deal_id=deal.id, needs="x")
    assert staff.do("deal.move_pipeline", **to).stage == "visit"


def test_a_stage_of_another_pipeline_is_refused_when_a_deal_moves(staff, deal):
    staff.do("pipeline.create", name="Service")
    with pytest.raises(Invalid):
        staff.do("deal.move_stage", deal_id=deal.id, stage="new_2")


def test_one_of_two_wins_when_both_move_what_they_saw(staff, deal):
    seen, start = deal.version, Barrier(2)

    def move(where):
        start.wait()
        try:
            return staff.do("deal.move_stage", deal_id=deal.id, stage=where, version=seen).stage
        except StaleVersion:
            return None

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(move, ["offer", "needs"]))
    assert done.count(None) == 1
    assert reload(staff, deal).stage in done
    assert len(staff.ask(stays_of, deal.id)) == 2


def test_no_deal_is_left_in_a_stage_that_goes_while_it_moves_there(staff, deal):
    offer = next(one for one in staff.ask(all_stages) if one.key == "offer")
    both_are_done = Barrier(2, timeout=0.5)

    def go(operation, raw):
        def work(uow):
            run(uow, operation, raw)
            with suppress(BrokenBarrierError):  # the other one has to wait for this commit
                both_are_done.wait()

        try:
            staff.platform.transact(SYSTEM, work)
        except (Invalid, Conflict):
            return False
        return True

    given = {"deal_id": deal.id, "stage": "offer"}, {"stage_id": offer.id}
    with ThreadPoolExecutor(2) as pool:
        went = list(pool.map(go, ("deal.move_stage", "stage.delete"), given))
    there = {one.key for one in staff.ask(all_stages)}
    assert sorted(went) == [False, True]
    assert reload(staff, deal).stage in there


def test_nobody_more_takes_part_when_a_team_is_full(staff, monkeypatch):
    monkeypatch.setattr(deal_people, "MAX_PEOPLE", 1)
    deal = staff.do("deal.create", "boris", name="Windows")
    sven, anna = (staff.people[name].user_id for name in ("sven", "anna"))
    staff.do("deal.set_member", "boris", deal_id=deal.id, user_id=sven, role="Helper")
    with pytest.raises(Conflict, match="at most 1"):
        staff.do("deal.set_member", "boris", deal_id=deal.id, user_id=anna, role="Helper")


def test_a_member_sees_the_deal_when_the_scope_would_hide_it(staff):
    deal = staff.do("deal.create", "boris", name="Windows")
    with pytest.raises(NotFound):
        staff.ask(lambda uow: uow.get(Deal, deal.id), actor="sven")
    sven = staff.people["sven"].user_id
    staff.do("deal.set_member", "boris", deal_id=deal.id, user_id=sven, role="Technical")
    assert staff.ask(lambda uow: uow.get(Deal, deal.id), actor="sven").name == "Windows"
    staff.do("deal.set_member", "boris", deal_id=deal.id, user_id=sven, role="Helper")
    (member,) = staff.ask(members_of, deal.id)
    assert member.role == "Helper"
    staff.do("deal.move_stage", "sven", deal_id=deal.id, stage="offer")
    staff.do("deal.remove_member", "boris", deal_id=deal.id, user_id=sven)
    with pytest.raises(NotFound):
        staff.ask(lambda uow: uow.get(Deal, deal.id), actor="sven")


def test_there_is_one_primary_contact_when_another_becomes_it(staff, deal):
    eva, ole = (staff.do("contact.create", last_name=name).id for name in ("Eva", "Ole"))
    staff.do("deal.set_contact", deal_id=deal.id, contact_id=eva, role="User", is_primary=True)
    staff.do("deal.set_contact", deal_id=deal.id, contact_id=ole, role="Buyer", is_primary=True)
    assert reload(staff, deal).contact_id == ole
    staff.do("deal.remove_contact", deal_id=deal.id, contact_id=ole)
    assert reload(staff, deal).contact_id is None


_MOVES = st.lists(
    st.tuples(
        st.sampled_from(["new", "offer", "contract", "hold", "win", "lose", "reopen"]),
        st.integers(0, 10**6),
    ),
    max_size=8,
)


@settings(max_examples=15)
@given(_MOVES)
def test_the_stays_add_up_to_the_age_when_moves_are_any(staff, clock, moves):
    deal = staff.do("deal.create", name="Windows", amount="100")
    told = {
        "hold": {"hold_until": "2099-01-01", "hold_reason": "x"},
        "lose": {"reason": "x"},
    }
    for move, seconds in moves:
        clock.advance(timedelta(seconds=seconds))
        known = move in {"hold", "win", "lose", "reopen"}
        name = f"deal.{move}" if known else "deal.move_stage"
        arguments = told.get(move, {}) if known else {"stage": move}
        try:
            staff.do(name, deal_id=deal.id, **arguments)
        except LanewiseError:
            continue
    stays = staff.ask(stays_of, deal.id)
    now = clock.now()
    assert sum(one.seconds(now) for one in stays) == (now - deal.created_at).total_seconds()
    assert [one.left_at for one in stays[:-1]] == [one.entered_at for one in stays[1:]]
    assert [one.from_stage for one in stays[1:]] == [one.stage for one in stays[:-1]]
    held = reload(staff, deal)
    assert (stays[-1].left_at, stays[-1].stage) == (None, held.stage)
    assert (held.closed_at is None) is (held.stage not in {"won", "lost"})
    times = staff.ask(times_in_stages, held)
    assert {one.stage for one in times} == {one.stage for one in stays}
