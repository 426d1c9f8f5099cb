"""The same change of several records at once."""

from __future__ import annotations

import pytest

from services.database import new_id
from services.errors import Invalid
from services.operations import run
from services.records.types import get_record


@pytest.fixture
def deals(desk):
    return [desk.do("deal.create", name=name, amount="100") for name in ("A", "B")]


@pytest.fixture
def change(desk, deals):
    """Change the deals, or others, and return what came of it."""

    def run_many(operation, keys=None, **values):
        ids = keys or [str(one.id) for one in deals]
        given = {"record_type": "deal", "record_ids": ids, "operation": operation}
        return desk.ask(lambda uow: run(uow, "record.change_many", {**given, "values": values}))

    return run_many


def test_all_are_changed_when_none_refuses(desk, deals, change):
    assert change("deal.update", amount="7") == {"changed": 2, "refused": []}
    change("record.tag", name="Fair")
    amounts = desk.ask(lambda uow: [get_record(uow, "deal", one.id).amount for one in deals])
    assert amounts == [7, 7]


def test_one_stays_as_it_is_when_it_refuses(desk, deals, change):
    desk.do("deal.win", deal_id=str(deals[0].id))
    made = change("deal.move_stage", stage="offer")
    assert made["changed"] == 1
    assert made["refused"] == [
        {"record_id": deals[0].id, "message": "This deal is closed as won."},
    ]
    stages = desk.ask(lambda uow: [get_record(uow, "deal", one.id).stage for one in deals])
    assert stages == ["won", "offer"]
    told = change("deal.update", currency="EURO")["refused"][0]["message"]
    assert told.startswith("Currency: ")


def test_what_is_not_seen_is_told_of_as_what_is_not_there(staff):
    theirs = staff.do("deal.create", "boris", name="Theirs")
    given = {"record_type": "deal", "operation": "deal.update", "values": {"name": "Mine"}}
    told = [
        staff.ask(
            lambda uow, key=key: run(uow, "record.change_many", {**given, "record_ids": [key]}),
            actor="anna",
        )
        for key in (str(theirs.id), str(new_id()))
    ]
    messages = [[one["message"] for one in each["refused"]] for each in told]
    assert messages[0] == messages[1] == ["There is no such deal."]


@pytest.mark.parametrize("operation", ["lead.convert", "user.create", "deal.create", "view.save"])
def test_only_what_changes_a_record_of_the_type_is_done(change, operation):
    with pytest.raises(Invalid) as refused:
        change(operation)
    assert set(refused.value.fields) == {"operation"}


def test_no_more_than_a_page_is_changed_at_once(deals, change):
    with pytest.raises(Invalid) as refused:
        change("record.delete", keys=[str(deals[0].id)] * 201)
    assert set(refused.value.fields) == {"record_ids"}
