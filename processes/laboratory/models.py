"""Models of requests: given as XML or as the path of a file, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from processes.deploying.definitions import Definitions
from processes.deploying.unit import decode_file
from processes.engine import Model, parse_model


def text_of(request: Mapping[str, Any]) -> str:
    """Return the diagram of a request: its ``model`` is XML, or else the path of a file.

    Raises:
        KeyError: There is none.
        OSError: There is no such file.
        ValueError: It is no text, or not written in the encoding that it names, or in none.
    """
    given = request["model"]
    if not isinstance(given, str) or not given.strip("\ufeff \t\r\n"):
        raise ValueError("The request has no model: neither XML nor the path of a file.")
    if given.lstrip("\ufeff \t\r\n").startswith("<"):
        given.encode()  # half a surrogate pair is no text
        return given.strip("\ufeff \t\r\n")
    return decode_file(Path(given).read_bytes())


class PlayedDefinitions(Definitions):
    """Reads diagrams for playing; each text once."""

    def read_model(self, xml: bytes) -> Model:
        """Parse a diagram; if no process in it is marked as executable, all are executed.

        Raises:
            ModelErrors: It can't be executed.
        """
        return _read_model(xml)


@lru_cache(maxsize=16)
def _read_model(xml: bytes) -> Model:
    model = parse_model(xml)
    processes = [each for each in model.processes.values() if not each.is_global_task]
    if any(process.is_executable for process in processes):
        return model
    marked = {
        name: replace(process, is_executable=True) for name, process in model.processes.items()
    }
    return replace(model, processes=marked)


def fault(message: str) -> dict[str, Any]:
    """Return a fault that stands at no element as JSON."""
    return {"element": None, "line": None, "message": message, "advice": None}
