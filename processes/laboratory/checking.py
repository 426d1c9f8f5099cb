"""Whether a model can be deployed, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from processes.deploying.definitions import Definitions
from processes.deploying.deployment import deploy
from processes.deploying.findings import Finding, ModelRejected, finding_of
from processes.deploying.unit import Unit, read_unit, xml_bytes
from processes.engine import ModelError, ModelErrors
from processes.engine.decisions import is_decision_model
from processes.engine.decisions.sources import review_of
from processes.laboratory.models import fault, text_of
from processes.laboratory.place import Laboratory
from services.actors import SYSTEM
from services.unit_of_work import UnitOfWork

FILE = "diagram.bpmn"


class _UndoneError(Exception):
    """Ends a deployment that was only tried."""


def check_request(laboratory: Laboratory, request: Mapping[str, Any]) -> dict[str, Any]:
    """Answer ``{"id", "model"}`` with ``{"id", "ok", "errors", "warnings"}``.

    The model is a diagram or a file of decisions. An error or warning is ``{"element", "line",
    "message", "advice"}``. A diagram is deployed, in a transaction that is undone.
    """
    laboratory.forget()
    platform = laboratory.platform
    answer: dict[str, Any] = {"id": request.get("id"), "ok": False, "errors": [], "warnings": []}
    try:
        files = files_of(request)
    except (KeyError, OSError, ValueError) as problem:
        return {**answer, "errors": [fault(f"The model can't be read: {problem}")]}
    if is_decision_model(xml_bytes(files[0]["content"])):
        return {**answer, **_review(request)}
    if (library := _without_processes(platform.part(Definitions), files[0]["content"])) is not None:
        return {**answer, "ok": True, "warnings": shown([finding_of(one) for one in library])}
    try:
        platform.transact(SYSTEM, lambda uow: _try_out(uow, files))
    except ModelRejected as problem:
        return {**answer, "errors": shown(problem.findings)}
    except _UndoneError:
        pass
    unit = read_unit(files, platform.part(Definitions).read_model)
    return {**answer, "ok": True, "warnings": shown(_warnings(unit))}


def _review(request: Mapping[str, Any]) -> dict[str, Any]:
    review = review_of(request)
    return {
        "ok": not review.errors,
        "errors": shown([finding_of(one) for one in review.errors]),
        "warnings": shown([finding_of(one) for one in review.warnings]),
    }


def files_of(request: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return the files of a request as ``process.deploy`` takes them.

    Raises:
        KeyError: It names no model.
        OSError: There is no such file.
        ValueError: The file is not written in the encoding that it names.
    """
    return [{"name": FILE, "content": text_of(request)}]


def shown(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Return what is wrong with the one model of a request as JSON."""
    return [
        {
            "element": finding.element,
            "line": finding.line,
            "message": finding.message,
            "advice": finding.advice,
        }
        for finding in findings
    ]


def _without_processes(definitions: Definitions, content: str) -> Sequence[ModelError] | None:
    """Return the warnings of a sound file that has nothing to run, such as a collaboration."""
    try:
        model = definitions.read_model(xml_bytes(content))
    except ModelErrors:
        return None
    return None if model.processes else model.warnings


def _try_out(uow: UnitOfWork, files: list[dict[str, str]]) -> None:
    deploy(uow, files=files)
    raise _UndoneError


def _warnings(unit: Unit) -> list[Finding]:
    return [finding_of(warning) for model in unit.models.values() for warning in model.warnings]
