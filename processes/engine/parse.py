"""The one way in which a file becomes a model that can be executed."""

from __future__ import annotations

from dataclasses import replace

from processes.engine.errors import ModelErrors
from processes.engine.parsing.checks import check_process
from processes.engine.parsing.faults import Faults
from processes.engine.parsing.reader import read_file
from processes.engine.parsing.texts import check_texts
from processes.engine.process_model import Model


def parse_model(xml: bytes, *, is_deployed: bool = False) -> Model:
    """Read and check a BPMN 2.0 file.

    Args:
        xml: The file.
        is_deployed: It was found sound when it was deployed: what a later release would refuse is
            a warning, so that its instances go on.

    Raises:
        ModelErrors: With every fault of the file, each with its element, line and advice.
    """
    faults = Faults()
    model = read_file(xml, faults)
    is_any_executable = any(
        process.is_executable and not process.is_global_task for process in model.processes.values()
    )
    for process in model.processes.values():
        before = len(faults.errors)
        faults.is_marked, faults.is_strict = process.is_marked, process.is_executable
        check_process(process, faults)
        check_texts(process, faults)
        if is_any_executable and not process.is_executable:
            faults.demote_since(before)  # a pool that is only drawn beside the one that runs
    if not is_any_executable:
        faults.warn_at(None, None, "No process is marked as executable.", "Mark the one to run.")
    if is_deployed:
        faults.demote_since(0)
    if faults.errors:
        raise ModelErrors(sorted(faults.errors, key=lambda error: error.line or 0))
    return replace(model, warnings=tuple(faults.warnings))
