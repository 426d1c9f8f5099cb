"""Decisions evaluated line by line."""

import json

import pytest

from processes.engine.decisions.batch import evaluate_line
from tests.decisions.conftest import decision, definitions, function, input_data, text


@pytest.fixture
def ask(tmp_path):
    path = tmp_path / "model.dmn"
    path.write_bytes(
        definitions(
            input_data("Name", "string"),
            input_data("Due", "date"),
            decision("Greeting", text('"Hello " + Name'), ("Name",)),
            decision("Later", text('Due + @"P1D"'), ("Due",)),
            decision("Third", text("1 / 3")),
            decision("Whole", text("{n: 2.0, l: [true, null]}")),
            decision("Broken", text("1 +")),
            decision("Function", text("abs")),
            function("twice", ["n: number"], text("n * 2")),
        )
    )

    def run(decision, inputs=None, **more):
        request = {"model": str(path), "decision": decision, "inputs": inputs or {}, **more}
        return json.loads(evaluate_line(json.dumps(request)))

    return run


def test_a_line_is_answered_with_a_value_when_the_decision_has_one(ask):
    assert ask("Greeting", {"Name": "Ada"}) == {"value": "Hello Ada"}
    assert ask("Third") == {"value": pytest.approx(1 / 3)}
    assert ask("Whole") == {"value": {"n": 2, "l": [True, None]}}


def test_temporal_values_carry_their_type_when_they_travel(ask):
    due = {"@type": "date", "@value": "2026-12-31"}

    assert ask("Later", {"Due": due}) == {"value": {"@type": "date", "@value": "2027-01-01"}}


def test_a_function_is_called_when_the_request_names_an_invocable(ask):
    assert ask("twice", {"n": 4}, invocable="twice", kind="bkm") == {"value": 8}


@pytest.mark.parametrize("decision", ["Broken", "Missing", "Function"])
def test_an_error_is_answered_when_a_decision_cannot_be_evaluated(ask, decision):
    assert list(ask(decision)) == ["error"]


@pytest.mark.parametrize(
    "line", ["", "no json", "[]", "{}", '{"model": "/no/such/file", "decision": "x"}']
)
def test_an_error_is_answered_when_the_request_is_none(line):
    assert list(json.loads(evaluate_line(line))) == ["error"]
