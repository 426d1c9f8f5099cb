"""The same change of all records that match."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from processes.jobs.draining import drain
from services.bulk import changes
from services.bulk.carrying_out import carry_out
from services.bulk.changes import get_change, list_changes, refusals_of
from services.errors import Conflict, Invalid, NotFound
from services.operations import run
from services.people.model import User
from services.records.types import get_record


@pytest.fixture
def slices(monkeypatch):
    """Let two records be a slice, and one too many to be changed at once."""
    monkeypatch.setattr(changes, "AT_ONCE", 0)
    monkeypatch.setattr(changes, "SLICE", 2)


def make_deals(staff, who, *names):
    return [staff.do("deal.create", who, name=name, amount="100") for name in names]


def start(staff, who, operation="deal.update", where=None, **values):
    given = {"record_type": "deal", "operation": operation, "values": values, "where": where}
    return staff.ask(lambda uow: run(uow, "record.change_all", given), actor=who)


def leave(uow, name):
    uow.session.execute(update(User).where(User.name == name).values(active=False))


def amounts(staff, deals):
    return staff.ask(
        lambda uow: [get_record(uow, "deal", one.id).amount for one in deals], actor="olga"
    )


def state(staff, made):
    return staff.ask(lambda uow: get_change(uow, made["change_id"]), actor="olga")


def test_all_that_match_are_changed_when_they_are_few(staff):
    deals = make_deals(staff, "anna", "Oak", "Oak tree", "Birch")
    made = start(staff, "anna", where={"field": "name", "op": "starts", "value": "oak"}, amount="7")
    assert (made["stage"], made["total"], made["changed"], made["refused"]) == ("done", 2, 2, 0)
    assert amounts(staff, deals) == [7, 7, 100]


def test_all_are_changed_in_slices_when_they_are_many(staff, platform, slices):
    deals = make_deals(staff, "anna", "A", "B", "C")
    made = start(staff, "anna", amount="7")
    assert (made["stage"], made["done"]) == ("running", 0)
    late = make_deals(staff, "anna", "Too late")
    staff.do("deal.update", "anna", deal_id=str(deals[0].id), amount="100", name="No match")
    drain(platform)
    assert state(staff, made).stage == "done"
    assert amounts(staff, [*deals, *late]) == [7, 7, 7, 100]


def test_what_refuses_is_told_when_all_are_through(staff, platform, slices):
    deals = make_deals(staff, "anna", "A", "B", "C")
    staff.do("deal.win", "anna", deal_id=str(deals[1].id))
    made = start(staff, "anna", "deal.move_stage", stage="offer")
    drain(platform)
    change = state(staff, made)
    assert (change.changed, change.refused, change.total) == (2, 1, 3)
    told = staff.ask(lambda uow: refusals_of(uow, change))
    assert told == [(deals[1].id, "This deal is closed as won.")]


def test_only_what_one_may_change_is_changed(staff):
    deals = [*make_deals(staff, "boris", "Theirs"), *make_deals(staff, "anna", "Mine")]
    assert start(staff, "anna", amount="7")["total"] == 1
    assert amounts(staff, deals) == [100, 7]


def test_the_rest_stays_when_it_is_cancelled(staff, platform, slices):
    deals = make_deals(staff, "anna", "A", "B", "C")
    made = start(staff, "anna", amount="7")
    carry_out(platform, change_id=str(made["change_id"]))
    staff.do("record.cancel_change", "anna", change_id=str(made["change_id"]))
    drain(platform)
    assert amounts(staff, deals) == [7, 7, 100]
    with pytest.raises(Conflict):
        staff.do("record.cancel_change", "anna", change_id=str(made["change_id"]))


def test_it_ends_when_who_began_it_has_left(staff, platform, slices):
    deals = make_deals(staff, "anna", "A")
    made = start(staff, "anna", amount="7")
    staff.ask(leave, "Anna")
    drain(platform)
    assert state(staff, made).stage == "failed"
    assert amounts(staff, deals) == [100]


def test_a_slice_is_done_once_when_its_job_comes_twice(staff, platform, slices):
    deals = make_deals(staff, "anna", "A", "B", "C")
    made = start(staff, "anna", amount="7")
    for _ in range(4):
        carry_out(platform, change_id=str(made["change_id"]))
    assert state(staff, made).done == 3
    versions = staff.ask(
        lambda uow: [get_record(uow, "deal", one.id).version for one in deals], actor="olga"
    )
    assert versions == [one.version + 1 for one in deals]


@pytest.mark.parametrize(
    ("operation", "values", "message"),
    [
        ("deal.update", {"amount": "much"}, "Please check the marked fields."),
        ("lead.update", {"name": "x"}, "lead.update is nothing that can be done to several"),
        ("deal.create", {"name": "x"}, "deal.create is nothing that can be done to several"),
    ],
)
def test_it_is_refused_at_once_when_it_can_be_done_to_none(staff, operation, values, message):
    make_deals(staff, "anna", "A")
    with pytest.raises(Invalid, match=message):
        start(staff, "anna", operation, **values)


def test_it_is_refused_when_nothing_or_too_much_matches(staff, monkeypatch):
    with pytest.raises(Invalid, match="Nothing matches"):
        start(staff, "anna", amount="7")
    monkeypatch.setattr(changes, "MOST", 1)
    make_deals(staff, "anna", "A", "B")
    with pytest.raises(Invalid, match="More than 1 records match"):
        start(staff, "anna", amount="7")


def test_others_do_not_see_it_when_they_do_not_manage_data(staff):
    make_deals(staff, "anna", "A")
    made = start(staff, "anna", amount="7")
    assert staff.ask(list_changes, actor="boris") == []
    assert [one.id for one in staff.ask(list_changes, actor="anna")] == [made["change_id"]]
    with pytest.raises(NotFound):
        staff.do("record.cancel_change", "boris", change_id=str(made["change_id"]))
    assert staff.ask(list_changes, actor="olga")


def test_its_report_is_deleted_when_its_time_is_over(staff, clock):
    make_deals(staff, "anna", "A")
    start(staff, "anna", amount="7")
    clock.advance(timedelta(days=31))
    assert staff.ask(changes.delete_expired) == 1
