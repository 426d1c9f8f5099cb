"""Whether scenarios together take every way that a shipped diagram has."""

from __future__ import annotations

from processes.engine import parse_model
from tests.scenarios.company import ROOT


def everything_in(process_id: str) -> set[str]:
    """Return the ids of all elements and flows of a shipped process."""
    model = parse_model((ROOT / "bpmn" / f"{process_id}.bpmn").read_bytes())
    process = model.processes[process_id]
    return {*process.nodes, *process.flows}
