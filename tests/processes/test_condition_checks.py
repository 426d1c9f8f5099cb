"""Conditions over records: what the modeller doubts, and what an incident says of empty fields."""

from __future__ import annotations

import pytest

from processes.deploying.checks import check_model
from processes.running.instance_tables import Incident
from services.essentials import seed_essentials
from tests.processes.test_uses import asks, moves


@pytest.fixture(autouse=True)
def pipeline(world):
    """Deals need one, and have a budget that may be empty."""
    world.ask(seed_essentials)
    raw = {"record_type": "deal", "label": "Budget", "kind": "number"}
    world.do("custom_field.create", **raw)


def warnings(world, drawing):
    found = world.ask(check_model, drawing.xml().decode())
    assert found["errors"] == []
    return [one["message"] for one in found["warnings"]]


@pytest.mark.parametrize(
    ("condition", "doubts"),
    [
        ("=deal.c_budget > 5", ["deal.c_budget may be empty"]),
        ("=deal.c_budget != null and deal.c_budget > 5", []),
        ("=deal.amount > 5", []),
        ("=deal.expected_close_on > today()", ["deal.expected_close_on may be empty"]),
        ("=deal.c_gone = 5", ["A deal has no field c_gone."]),
        ('=deal.stage = "ofer"', ["Stage of a deal is never 'ofer'."]),
        ('=deal.account.name = "Nordlys" and deal.stage != "offer"', []),
    ],
)
def test_the_modeller_doubts_a_condition(world, condition, doubts):
    told = warnings(world, asks(condition))
    assert len(told) == len(doubts)
    assert all(one.startswith(doubt) for one, doubt in zip(told, doubts, strict=True))


@pytest.mark.parametrize(
    ("stage", "doubts"),
    [
        ("offer", []),
        ("ofer", ["There is no stage called ofer."]),
        ('="ofer"', ["There is no stage called ofer."]),
        ("=deal.stage", []),
    ],
)
def test_the_modeller_doubts_a_stage_that_there_is_not(world, stage, doubts):
    assert warnings(world, moves(stage)) == doubts


def test_an_incident_names_the_empty_field_although_there_is_a_default_flow(world):
    world.deploy(asks("=deal.c_budget > 5"))
    deal = world.do("deal.create", name="Windows")
    instance = world.start("p", deal.id)
    (incident,) = world.rows(Incident)
    assert "Empty: Budget of the deal “Windows” (deal.c_budget)." in incident.message
    assert "Fill it in and try again." in incident.detail
    assert "deal.c_budget != null and …" in incident.detail
    world.do("deal.update", deal_id=deal.id, c_budget=7)
    world.do("incident.retry", "olga", incident_id=incident.id)
    assert (world.state(instance), [task.name for task in world.tasks()]) == ("running", ["Ask"])
