"""What the standard refuses and what it allows, rule by rule (see `standard/`)."""

import pytest

from processes.engine import ModelErrors, compile_process, parse_model
from tests.engine.standard import load_rows, xml_of

REFUSED = load_rows("refused")
SOUND = load_rows("sound")


@pytest.mark.parametrize("row", REFUSED, ids=lambda row: f"{row['section']}: {row['rule']}")
def test_model_is_refused_at_its_element_when_it_breaks_the_rule(row):
    with pytest.raises(ModelErrors) as caught:
        parse_model(xml_of(row).encode())
    assert row["element"] in [error.element for error in caught.value.errors]
    assert all(error.line and error.advice for error in caught.value.errors)


@pytest.mark.parametrize("row", SOUND, ids=lambda row: row["rule"])
def test_model_can_be_executed_when_it_is_odd_but_sound(row):
    model = parse_model(xml_of(row).encode())
    for process_id in model.processes:
        assert compile_process(model, process_id)


def test_rules_of_the_tables_are_all_different():
    rules = [row["rule"] for row in (*REFUSED, *SOUND, *load_rows("runs"))]
    assert len(set(rules)) == len(rules)
