"""The scenarios that ship: every way of every shipped diagram."""

from __future__ import annotations

import pytest

from config import ROOT
from processes.laboratory.scenarios import read_scenarios, run_scenarios
from tests.laboratory import shared_offices

DIAGRAMS = sorted((ROOT / "bpmn").glob("*.bpmn"))


@pytest.mark.parametrize("diagram", DIAGRAMS, ids=lambda path: path.stem)
def test_every_element_and_flow_is_taken_when_the_scenarios_of_a_diagram_run(diagram):
    file = read_scenarios(diagram.with_suffix(".test.yaml"))
    assert file.process == diagram.stem
    [report] = run_scenarios(shared_offices(), [file])
    assert [(one.name, one.failures) for one in report.scenarios if not one.passed] == []
    assert report.coverage.missing == []
