"""A model played step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from processes.deploying.definitions import Definitions
from processes.deploying.deployment import deploy
from processes.deploying.findings import ModelRejected
from processes.deploying.unit import xml_bytes
from processes.engine import EngineError, Model
from processes.engine.values import plain, received
from processes.laboratory.budget import Budget
from processes.laboratory.checking import files_of, shown
from processes.laboratory.hosting import PlayedHosts
from processes.laboratory.models import fault
from processes.laboratory.outcome import outcome_of
from processes.laboratory.place import Laboratory
from processes.laboratory.playing import Play, StepImpossible
from services.actors import SYSTEM
from services.errors import LanewiseError

_WORKING = frozenset({"serviceTask", "sendTask", "businessRuleTask", "scriptTask"})


class Game:
    """One request to play a model: its diagram, its steps, and how far it has come."""

    def __init__(self, model: Model, play: Play, hosts: PlayedHosts) -> None:
        self.play = play
        self._hosts = hosts
        self._processes = {
            name: process for name, process in model.processes.items() if process.is_executable
        }

    def begin(self, request: Mapping[str, Any]) -> None:
        """Start the process of the request, if it begins by hand.

        Raises:
            StepImpossible: There is no such process, or it can't begin.
        """
        for step in request["steps"]:
            if isinstance(step, dict) and self._is_work(step.get("complete")):
                result = {name: received(value) for name, value in _named(step, "with").items()}
                self._hosts.given[step["complete"]].append(result)
        name = request["process"] or self._first()
        if name is not None and name not in self._processes:
            raise StepImpossible(f"The file has no process {name} that can be executed.")
        if name is not None and (self._begins_by_hand(name) or self._conditions(name)):
            self._begin(name, request["variables"])
        self.play.settle()

    def carry_out(self, step: Any) -> None:
        """Carry out one step and all that follows from it.

        Raises:
            StepImpossible: It is none, or nothing waits for it.
        """
        kind = _kind_of(step)
        if kind is None:
            raise StepImpossible(f"a step is one of {', '.join(_STEPS)}.")
        _STEPS[kind](self, step)
        self.play.settle()

    def advance(self, step: Mapping[str, Any]) -> None:
        """Let time pass."""
        self.play.advance(str(step["advance"]))

    def message(self, step: Mapping[str, Any]) -> None:
        """Send a message from outside."""
        keys = {name: _key_text(value) for name, value in _named(step, "correlation").items()}
        self.play.send("message", str(step["message"]), _named(step, "payload"), keys)

    def signal(self, step: Mapping[str, Any]) -> None:
        """Send a signal from outside."""
        self.play.send("signal", str(step["signal"]), _named(step, "payload"), {})

    def complete(self, step: Mapping[str, Any]) -> None:
        """Complete what waits at an element; results of services are given beforehand."""
        element = str(step["complete"])
        is_done = self.play.complete(element, _named(step, "with"))
        if not is_done and not self._is_work(element):
            raise StepImpossible(f"nothing waits at {element} to be completed.")

    def start(self, step: Mapping[str, Any]) -> None:
        """Start one more instance."""
        name = str(step["start"])
        if name not in self._processes:
            raise StepImpossible(f"there is no process {name}.")
        self._begin(name, _named(step, "variables"))

    def _begin(self, name: str, variables: Mapping[str, Any]) -> None:
        by_hand = self._begins_by_hand(name)
        self.play.begin(name, variables, () if by_hand else self._conditions(name))

    def _first(self) -> str | None:
        """Return the process to start if none is named: one that no other calls, if there is."""
        called = {name for one in self._processes.values() for name in one.called_process_ids}
        startable = [
            name
            for name, process in self._processes.items()
            if not process.is_global_task and self._begins_by_hand(name)
        ] or [name for name in self._processes if self._conditions(name)]
        return next((name for name in startable if name not in called), next(iter(startable), None))

    def _begins_by_hand(self, process_id: str) -> bool:
        return any(event.kind == "none" for event in self._processes[process_id].start_events)

    def _conditions(self, process_id: str) -> list[str]:
        """Return the start events that wait for a condition alone."""
        events = self._processes[process_id].start_events
        return [event.id for event in events if event.kind == "conditional" and "#" not in event.id]

    def _is_work(self, element: Any) -> bool:
        """Whether an element is a task that is done by a service, whose result may be given."""
        nodes = (process.nodes.get(str(element)) for process in self._processes.values())
        return any(node is not None and node.type in _WORKING for node in nodes)


Step = Callable[[Game, Mapping[str, Any]], None]

_STEPS: dict[str, Step] = {
    "advance": Game.advance,
    "message": Game.message,
    "signal": Game.signal,
    "complete": Game.complete,
    "start": Game.start,
}


def run_request(
    laboratory: Laboratory, request: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """Play a model: ``{"id", "model", "process", "variables", "steps"}``.

    Args:
        laboratory: Where it is played; emptied before.
        request: ``process`` is the id of the one to start; None for the first that can be started
            by hand. A step is ``{"advance": "PT10S"}``, ``{"message": name, "payload": {},
            "correlation": {}}``, ``{"signal": name, "payload": {}}``, ``{"complete": element,
            "with": {}}`` or ``{"start": process, "variables": {}}``. For a task that a service
            does, ``complete`` gives its result.
        now: When it begins, aware.

    Returns:
        ``{"id", "status", "trace", "variables", "waiting", "incidents", "errors"}``; variables are
        those of the first instance.
    """
    answer: dict[str, Any] = {
        "id": request.get("id"),
        "status": "refused",
        "trace": [],
        "variables": {},
        "waiting": [],
        "incidents": [],
        "errors": [],
    }
    try:
        asked = _read(request)
        game = _set_up(laboratory, asked, now)
        game.begin(asked)
    except (*_IMPOSSIBLE, KeyError, OSError) as problem:
        return {**answer, "errors": _refusals(problem)}
    errors = _carry_out_all(game, asked["steps"])
    return {**answer, **outcome_of(laboratory.platform, game.play), "errors": errors}


def _refusals(problem: Exception) -> list[dict[str, Any]]:
    """Return why a model is not played."""
    if isinstance(problem, ModelRejected):
        return shown(problem.findings)
    if isinstance(problem, KeyError | OSError):
        return [fault(f"The model can't be read: {problem}")]
    return [fault(str(problem))]


_IMPOSSIBLE = (
    EngineError,
    StepImpossible,
    LanewiseError,
    ValueError,
    TypeError,
    ArithmeticError,
    RecursionError,
)


def _read(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request with what it leaves out.

    Raises:
        StepImpossible: A part of it is of the wrong kind.
    """
    steps = request.get("steps") or []
    if not isinstance(steps, list):
        raise StepImpossible("The steps are no list.")
    variables = request.get("variables") or {}
    if not isinstance(variables, dict):
        raise StepImpossible("The variables are no object.")
    process = request.get("process")
    if not isinstance(process, str | None):
        raise StepImpossible("The process is no name.")
    return {**request, "process": process, "variables": variables, "steps": steps}


def _set_up(laboratory: Laboratory, request: Mapping[str, Any], now: datetime) -> Game:
    """Deploy the model into an empty laboratory.

    Raises:
        ModelRejected: It can't be executed.
    """
    files = files_of(request)
    hosts = laboratory.start_anew(now)
    platform = laboratory.platform
    platform.transact(SYSTEM, lambda uow: deploy(uow, files=files))
    budget = Budget(laboratory.max_jobs, laboratory.max_seconds)
    model = platform.part(Definitions).read_model(xml_bytes(files[0]["content"]))
    return Game(model, Play(platform, laboratory.clock, budget), hosts)


def _carry_out_all(game: Game, steps: list[Any]) -> list[dict[str, Any]]:
    """Carry out the steps, each whether or not those before could be; return what went wrong."""
    errors = []
    for number, step in enumerate(steps, 1):
        try:
            game.carry_out(step)
        except (*_IMPOSSIBLE, KeyError) as problem:
            errors.append(fault(f"Step {number} can't be carried out: {problem}"))
            if game.play.is_endless:
                break
    return errors


def _kind_of(step: Any) -> str | None:
    named = step if isinstance(step, dict) else {}
    return next((name for name in _STEPS if name in named), None)


def _named(step: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of a step that is an object, or empty."""
    found = step.get(name) or {}
    if not isinstance(found, dict):
        raise StepImpossible(f"{name} is no object.")
    return found


def _key_text(value: Any) -> str:
    """Return a correlation value as the engine writes keys."""
    found = plain(received(value))
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found)
