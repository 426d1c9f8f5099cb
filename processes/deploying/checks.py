"""Checking a diagram while it is drawn: all that deployment would refuse, and what is doubtful."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from processes.deploying.calendar_checks import warn_of_calendars
from processes.deploying.definition_tables import ResourceKind
from processes.deploying.deployment import forms_in, grantable
from processes.deploying.findings import Finding, finding_of
from processes.deploying.process_checks import Surroundings, check_process, warn_about
from processes.deploying.stock import load_stock
from processes.deploying.unit import Unit, read_unit
from services.calendars.calendars import list_calendars
from services.unit_of_work import UnitOfWork

Findings = dict[str, list[dict[str, Any]]]


def check_model(
    uow: UnitOfWork,
    xml: str,
    forms: Mapping[str, str] | None = None,
    decisions: Mapping[str, str] | None = None,
) -> Findings:
    """Return what is wrong with a diagram; a bad one raises nothing.

    Args:
        uow: Of whoever would deploy it.
        xml: The diagram.
        forms: Contents by name of forms that would be deployed with it.
        decisions: Contents by name of decision files, likewise.

    Returns:
        ``{"errors": […], "warnings": […]}``, each ``{"file", "element", "line", "message",
        "advice"}``; ``file`` is None for the diagram itself.
    """
    given = [{"name": "diagram.bpmn", "content": xml}]
    given += [{"name": f"{name}.form", "content": text} for name, text in (forms or {}).items()]
    given += [{"name": f"{name}.dmn", "content": text} for name, text in (decisions or {}).items()]
    unit = read_unit(given)
    errors = unit.findings or _against_surroundings(uow, unit)
    calendars = {calendar.name for calendar in list_calendars(uow)}
    warnings = [
        *unit.warnings,
        *(finding_of(warning) for model in unit.models.values() for warning in model.warnings),
        *(finding for _, process in unit.processes() for finding in warn_about(process)),
        *(
            finding
            for _, process in unit.processes()
            for finding in warn_of_calendars(process, calendars)
        ),
    ]
    return {"errors": _shown(errors), "warnings": _shown(warnings)}


def _against_surroundings(uow: UnitOfWork, unit: Unit) -> list[Finding]:
    stock = load_stock(uow)
    processes = [process for _, process in unit.processes()]
    forms = forms_in(uow, stock, unit.forms, processes)
    stored = {name for kind, name in stock.by_name if kind == ResourceKind.DECISION}
    return [
        finding
        for process in processes
        for finding in check_process(
            process,
            Surroundings(
                rights=grantable(uow, stock.processes.get(process.id)),
                forms=forms,
                decisions=stored | unit.decision_ids,
                processes={*stock.processes, *unit.process_ids},
            ),
        )
    ]


def _shown(findings: list[Finding]) -> list[dict[str, Any]]:
    shown = (finding.as_dict() for finding in findings)
    return [
        {**one, "file": None if one["file"] == "diagram.bpmn" else one["file"]} for one in shown
    ]
