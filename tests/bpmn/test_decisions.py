"""What the shipped decision tables decide."""

from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from feel import to_timedelta
from processes.engine.decisions import parse_decisions

FOLDER = Path(__file__).parents[2] / "bpmn"
NOTHING = {"channel": None, "company": None, "phone": None, "wishes": None}


def decide(name, **inputs):
    return parse_decisions((FOLDER / f"{name}.dmn").read_bytes()).evaluate(name, inputs)


@pytest.mark.parametrize(
    ("lead", "score", "grade", "hours"),
    [
        ({}, 10, "C", 48),
        ({"channel": "facebook"}, 20, "C", 48),
        ({"channel": "Web", "phone": "+47"}, 45, "B", 24),
        ({"channel": "partner", "company": "Fjord", "phone": "+47"}, 80, "A", 4),
        ({"channel": "referral", "company": "F", "phone": "+", "wishes": "x" * 40}, 100, "A", 4),
        ({"channel": "unheard of", "wishes": "x" * 39}, 10, "C", 48),
    ],
)
def test_a_lead_is_graded_by_its_points(lead, score, grade, hours):
    found = decide("score-lead", lead={**NOTHING, **lead})
    assert (found["score"], found["grade"]) == (score, grade)
    assert to_timedelta(found["respond_within"]) == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("kind", "priority"),
    list(product(["error", "wish", "question"], ["low", "normal", "high", "urgent"])),
)
def test_every_request_has_a_route(kind, priority):
    found = decide("route-request", request={"type": kind, "priority": priority})
    assert found["group"] == ("Service" if kind == "question" else "Production")
    assert found["priority"] in {"low", "normal", "high", "urgent"}
