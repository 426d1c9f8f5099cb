"""A process that begins by a record, tested by a scenario file as analysts write it."""

from __future__ import annotations

from processes.laboratory.scenarios import read_scenarios, report_text, run_scenarios
from tests.laboratory import shared_offices
from tests.processes.test_record_starts import RICH, begins

SCENARIOS = """
process: p
scenarios:
  - name: A deal becomes worth a look
    record: {type: deal, as: anna, with: {name: Windows, amount: 10}}
    steps:
      - expect: {tasks: []}
      - do: deal.update
        as: anna
        with: {deal_id: =deal.id, needs: Glass}
      - expect: {tasks: []}
      - do: deal.update
        as: anna
        with: {deal_id: =deal.id, amount: 6000}
      - expect: {tasks: [{task: ask, groups: [Sales]}]}
      - complete: ask
        as: anna
    expect:
      status: completed
      path: [start, ask, end]
"""


def test_a_scenario_begins_by_a_change_when_the_process_waits_for_one(tmp_path):
    (tmp_path / "p.bpmn").write_bytes(begins(fields="amount", where=RICH).xml())
    path = tmp_path / "p.test.yaml"
    path.write_text(SCENARIOS)
    [report] = run_scenarios(shared_offices(), [read_scenarios(path)])
    assert report.passed, report_text([report])
