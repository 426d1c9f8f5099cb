"""Models of requests: given as XML or as the path of a file, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from processes.engine import Model, ModelError, ModelErrors, parse_model


def content_of(request: Mapping[str, Any]) -> bytes:
    """Return the file of a request: its ``model`` is XML, or else the path of a file.

    Raises:
        KeyError: There is none.
        OSError: There is no such file.
    """
    given = str(request["model"])
    if given.lstrip("\ufeff \t\r\n").startswith("<"):
        return given.strip("\ufeff \t\r\n").encode()
    return Path(given).read_bytes()


@lru_cache(maxsize=128)
def read_model(content: bytes) -> Model:
    """Read a BPMN file; one in which no process is marked as executable is executed all the same.

    Raises:
        ModelErrors: It can't be executed.
    """
    model = parse_model(content)
    processes = [each for each in model.processes.values() if not each.is_global_task]
    if any(process.is_executable for process in processes):
        return model
    marked = {
        name: replace(process, is_executable=True) for name, process in model.processes.items()
    }
    return replace(model, processes=marked)


def shown_errors(problem: ModelErrors) -> list[dict[str, Any]]:
    """Return the faults of a model as JSON."""
    return [shown_error(error) for error in problem.errors]


def shown_error(error: ModelError) -> dict[str, Any]:
    """Return a fault or a warning as JSON."""
    return {
        "element": error.element,
        "line": error.line,
        "message": error.message,
        "advice": error.advice,
    }
