"""Jobs whose effect is had once, and how many statements operations cost."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

import processes.catalogue  # noqa: F401 - processes watch records, with a statement of their own
from services import calls
from services.actors import SYSTEM
from services.jobs import all_jobs, job, once
from services.records.lists import list_records


def test_an_effect_is_had_once_when_its_key_comes_again(staff):
    claimed = [staff.ask(once, "mail:1") for _ in range(3)]
    assert claimed == [True, False, False]


def test_an_effect_is_had_again_when_the_first_try_was_rolled_back(staff):
    def fail(uow):
        assert once(uow, "mail:1")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        staff.platform.transact(SYSTEM, fail)
    assert staff.ask(once, "mail:1")


def test_one_of_two_has_the_effect_when_they_race(staff):
    barrier = Barrier(2)

    def claim(_):
        barrier.wait()
        return staff.ask(once, "mail:1")

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(claim, range(2))) == [False, True]


def test_a_name_is_taken_once_when_handlers_are_registered():
    name = next(handler.name for handler in all_jobs())
    with pytest.raises(ValueError, match="two jobs"):
        job(name)(print)


def test_nobody_is_answered_when_a_person_called(staff):
    staff.ask(calls.answer, None, {})
    staff.ask(calls.fail, None, "code", "message")
    assert staff.jobs() == []


# What each operation costs from its first statement to the commit; a rise is a fault until it
# is explained here. One statement of each is the audit entry; jobs add one. Of leads and accounts
# one asks whether the rules of territories have changed since they were read.
STATEMENTS = {
    "lead.create": 7,
    "lead.update": 6,
    "deal.create": 9,
    "deal.update": 5,
    "deal.move_stage": 9,
    "note.add": 3,
    "record.assign": 12,
    "request.create": 9,
    "request.set_status": 9,
    "mail.send": 9,
    # Three for consents and their addresses, one asks whether loyalty points are given for it.
    "lead.convert": 38,
}


@pytest.mark.parametrize("operation", STATEMENTS)
def test_the_statements_are_as_pinned_when_an_operation_runs(staff, operation):
    lead = staff.do("lead.create", name="Eva", company="N", email="eva@n.example")
    deal = staff.do("deal.create", name="Windows")
    request = staff.do("request.create", subject="S")
    link = {"record_type": "lead", "record_id": str(lead.id)}
    raw = {
        "lead.create": {"name": "Eva"},
        "lead.update": {"lead_id": lead.id, "score": 5},
        "deal.create": {"name": "Doors"},
        "deal.update": {"deal_id": deal.id, "needs": "x"},
        "deal.move_stage": {"deal_id": deal.id, "stage": "offer"},
        "note.add": {**link, "text": "x"},
        "record.assign": {**link, "group": "Sales"},
        "request.create": {"subject": "S"},
        "request.set_status": {"request_id": request.id, "status": "resolved"},
        "mail.send": {**link, "subject": "s", "body": "b"},
        "lead.convert": {"lead_id": lead.id},
    }[operation]
    with staff.counting() as statements:
        staff.do(operation, **raw)
    assert len(statements) == STATEMENTS[operation], statements


def test_a_page_costs_two_statements_when_a_list_is_read(staff):
    for number in range(3):
        staff.do("deal.create", "boris", name=f"D {number}")
    with staff.counting() as statements:
        staff.ask(list_records, "deal", actor="boris")
    assert len(statements) == 2
