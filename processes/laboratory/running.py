"""A model played step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

from processes.engine import EngineError, Execution, Model, ModelErrors, TokenView
from processes.engine.timers import parse_duration
from processes.engine.values import plain, received
from processes.laboratory.models import content_of, read_model, shown_errors
from processes.laboratory.values import simple_all
from processes.laboratory.world import Parcel, Running, World

Step = Callable[[World, Mapping[str, Any]], None]

_TYPES = {"task": "userTask"}
_WORKING = frozenset({"serviceTask", "sendTask", "businessRuleTask", "scriptTask"})


class StepImpossible(Exception):  # noqa: N818 - says what is the matter
    """A step of the request can't be carried out where the instances stand."""


def run_request(request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Play a model: ``{"id", "model", "process", "variables", "steps"}``.

    Args:
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
        model = read_model(content_of(request))
    except ModelErrors as problem:
        return {**answer, "errors": shown_errors(problem)}
    except (KeyError, OSError) as problem:
        return {**answer, "errors": [_fault(f"The model can't be read: {problem}")]}
    world = World(model, now.astimezone(UTC))
    errors: list[dict[str, Any]] = []
    try:
        _begin(world, model, request)
    except (EngineError, StepImpossible) as problem:
        return {**answer, "errors": [_fault(str(problem))]}
    for number, step in enumerate(request.get("steps") or [], 1):
        try:
            _carry_out(world, step)
        except (EngineError, StepImpossible, ValueError, KeyError, TypeError) as problem:
            errors.append(_fault(f"Step {number} can't be carried out: {problem}"))
    return {**answer, **_outcome(world), "errors": errors}


def _begin(world: World, model: Model, request: Mapping[str, Any]) -> None:
    for step in request.get("steps") or []:
        if isinstance(step, dict) and _is_work(world, step.get("complete")):
            result = {name: received(value) for name, value in (step.get("with") or {}).items()}
            world.given.setdefault(step["complete"], []).append(result)
    world.set_start_timers()
    process_id = request.get("process") or _first_process(world, model)
    if process_id is not None:
        if process_id not in world.specs:
            raise StepImpossible(f"The file has no process {process_id} that can be executed.")
        if _begins_by_hand(world, process_id):
            world.begin(process_id, request.get("variables") or {})
    world.settle()


def _first_process(world: World, model: Model) -> str | None:
    """Return the process to start if none is named: one that no other calls, if there is one."""
    called = {name for one in model.processes.values() for name in one.called_process_ids}
    processes = {name for name, one in model.processes.items() if not one.is_global_task}
    startable = [name for name in world.specs if name in processes and _begins_by_hand(world, name)]
    return next((name for name in startable if name not in called), next(iter(startable), None))


def _begins_by_hand(world: World, process_id: str) -> bool:
    return world.specs[process_id].none_starts != ()


def _carry_out(world: World, step: Mapping[str, Any]) -> None:
    kind = next((name for name in _STEPS if name in step), None)
    if kind is None:
        raise StepImpossible(f"a step is one of {', '.join(_STEPS)}.")
    _STEPS[kind](world, step)
    world.settle()


def _advance(world: World, step: Mapping[str, Any]) -> None:
    world.advance_to(parse_duration(step["advance"]).after(world.time, world.zone()))


def _message(world: World, step: Mapping[str, Any]) -> None:
    given = (step.get("correlation") or {}).values()
    keys = frozenset(_key_text(value) for value in given)
    world.send(Parcel("message", step["message"], step.get("payload") or {}, keys))


def _signal(world: World, step: Mapping[str, Any]) -> None:
    world.send(Parcel("signal", step["signal"], step.get("payload") or {}))


def _start(world: World, step: Mapping[str, Any]) -> None:
    if step["start"] not in world.specs:
        raise StepImpossible(f"there is no process {step['start']}.")
    world.begin(step["start"], step.get("variables") or {})


def _complete(world: World, step: Mapping[str, Any]) -> None:
    element, result = step["complete"], step.get("with") or {}
    for instance in world.instances:
        for token in instance.last.tokens():
            if token.element_id == element and token.waits_for in ("task", "message", "signal"):
                command = "complete" if token.waits_for == "task" else "receive"
                world.do(instance, partial(_command, command, token.token_id, result))
                return
    if not _is_work(world, element):
        raise StepImpossible(f"nothing waits at {element} to be completed.")


def _command(name: str, token_id: str, result: Mapping[str, Any], step: Execution) -> None:
    getattr(step, name)(token_id, result)


_STEPS: dict[str, Step] = {
    "advance": _advance,
    "message": _message,
    "signal": _signal,
    "complete": _complete,
    "start": _start,
}


def _is_work(world: World, element: Any) -> bool:
    """Whether an element is a task that is done by a service, whose result a request may give."""
    nodes = (spec.process.nodes.get(str(element)) for spec in world.specs.values())
    return any(node is not None and node.type in _WORKING for node in nodes)


def _outcome(world: World) -> dict[str, Any]:
    incidents = [
        {"element": one.element_id, "error": one.message}
        for instance in world.instances
        for one in instance.incidents.values()
    ]
    incidents += [{"element": element, "error": why} for element, why in world.failures]
    first = world.instances[0] if world.instances else None
    return {
        "status": _status(world),
        "trace": world.trace,
        "variables": {} if first is None else simple_all(first.last.variables),
        "waiting": [
            _waiting(token)
            for instance in world.instances
            for token in instance.last.tokens()
            if token.waits_for is not None
        ],
        "incidents": incidents,
    }


def _status(world: World) -> str:
    states = [_state(instance) for instance in world.instances]
    if "failed" in states or world.failures:
        return "failed"
    if "running" in states or not states:
        return "running"
    return "terminated" if states[0] == "terminated" else "completed"


def _state(instance: Running) -> str:
    """Return how an instance is; a business error that nothing caught makes it a failed one."""
    if any(one.code is not None for one in instance.incidents.values()):
        return "failed"
    return instance.last.state


def _waiting(token: TokenView) -> dict[str, Any]:
    return {
        "element": token.element_id,
        "type": _TYPES.get(str(token.waits_for), token.waits_for),
        "due": None if token.due_at is None else token.due_at.isoformat(),
    }


def _key_text(value: Any) -> str:
    """Return a correlation value as the engine writes keys."""
    shown = plain(received(value))
    if isinstance(shown, bool):
        return "true" if shown else "false"
    return str(shown)


def _fault(message: str) -> dict[str, Any]:
    return {"element": None, "line": None, "message": message, "advice": None}
