"""Giving records to people."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from services.errors import Conflict, Invalid, NotFound


def _assign(desk, record, **to):
    return desk.do("record.assign", record_type=record.record_type, record_id=record.id, **to)


def test_the_least_busy_member_is_chosen_when_a_group_is_named(staff):
    anna, boris, maria = (staff.people[name].user_id for name in ("anna", "boris", "maria"))
    staff.do("deal.create", "anna", name="D")
    staff.do("lead.create", "maria", name="L")
    lead = _assign(staff, staff.do("lead.create", name="New"), group="Sales")
    assert lead.owner_id == boris
    assert lead.team_id is not None
    assert {anna, maria} != {boris}


def test_closed_records_do_not_count_when_load_is_compared(staff):
    deal = staff.do("deal.create", "sven", name="D")
    staff.do("deal.lose", deal_id=deal.id, reason="x")
    staff.do("deal.create", "olga", name="E")
    for number in range(2):
        staff.add_person(f"extra{number}", "Production")
    staff.do("deal.create", "extra0", name="F")
    chosen = _assign(staff, staff.do("lead.create", name="New"), group="Production")
    assert chosen.owner_id == staff.people["extra1"].user_id


def test_they_take_turns_when_all_are_equally_busy(staff, clock):
    owners = []
    for _ in range(6):
        clock.advance(timedelta(minutes=1))
        lead = _assign(staff, staff.do("lead.create", name="New"), group="Sales")
        staff.do("lead.work_out", lead_id=lead.id, reason="x")
        owners.append(lead.owner_id)
    assert len(set(owners[:3])) == 3
    assert owners[:3] == owners[3:]


def test_nobody_gets_two_when_assignments_run_at_once(staff):
    leads = [staff.do("lead.create", name=f"L{number}") for number in range(3)]
    with ThreadPoolExecutor(3) as pool:
        owners = list(pool.map(lambda lead: _assign(staff, lead, group="Sales").owner_id, leads))
    assert len(set(owners)) == 3


def test_inactive_members_are_passed_over_when_a_group_is_named(staff):
    sven = staff.people["sven"].user_id
    staff.do("user.update", user_id=sven, active=False)
    with pytest.raises(Conflict) as caught:
        _assign(staff, staff.do("lead.create", name="New"), group="Service")
    assert caught.value.code == "no_member"


def test_the_team_follows_when_a_person_is_named(staff):
    lead = _assign(staff, staff.do("lead.create", name="New"), user="sven@lanewise.example")
    assert lead.owner_id == staff.people["sven"].user_id
    assert lead.team_id in staff.people["sven"].group_ids


def test_an_assignment_is_refused_when_nobody_fits(staff):
    lead = staff.do("lead.create", name="New")
    with pytest.raises(Invalid):
        _assign(staff, lead)
    with pytest.raises(NotFound):
        _assign(staff, lead, group="Nobody")
    with pytest.raises(NotFound):
        _assign(staff, lead, user="nobody@x.example")
    with pytest.raises(Conflict):
        _assign(staff, lead, group="Sales", user="sven@lanewise.example")
