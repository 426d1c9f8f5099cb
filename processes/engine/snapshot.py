"""An instance as bytes, and back.

The first line is a JSON object; each further line is a large variable, which stays bytes until it
is read. A token stands as a list, for there may be thousands:
`[id, parent, process, element, state, role, phase, flow, since, notes, variables]`, where `process`
is the place in `processes` and `variables` holds JSON values or `{"$line": n}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from processes.engine.errors import SnapshotMismatch
from processes.engine.host import Host
from processes.engine.instance import Instance
from processes.engine.process_spec import ProcessSpec
from processes.engine.scopes import Scope
from processes.engine.tokens import Token

FORMAT = 1
_LINE = "$line"


def dump(instance: Instance) -> bytes:
    """Return an instance as bytes, without its processes."""
    head, lines = describe(instance)
    return b"\n".join([orjson.dumps(head), *lines])


def describe(instance: Instance) -> tuple[dict[str, Any], list[bytes]]:
    """Return an instance as the object of a snapshot's first line, and the other lines."""
    lines: list[bytes] = []
    processes: dict[ProcessSpec, int] = {instance.spec: 0}
    tokens = [_dump_token(token, processes, lines) for token in instance.tasks.values()]
    head = {
        "format": FORMAT,
        "outcome": instance.outcome,
        "last_id": instance.last_id,
        "processes": [[spec.process_id, spec.version] for spec in processes],
        "tokens": tokens,
    }
    return head, lines


def restore(spec: ProcessSpec, snapshot: bytes, host: Host) -> Instance:
    """Return the instance that a snapshot was made of.

    Raises:
        SnapshotMismatch: It has another format, or belongs to another process, or stands at an
            element that this version does not have.
    """
    first, *lines = snapshot.split(b"\n")
    return rebuild(spec, _read_head(first), lines, host)


def rebuild(spec: ProcessSpec, head: dict[str, Any], lines: list[bytes], host: Host) -> Instance:
    """Return the instance that `describe` told of.

    Raises:
        SnapshotMismatch: See `restore`.
    """
    own, *called = head["processes"]
    if own[0] != spec.process_id:
        raise SnapshotMismatch(f"The snapshot is of the process {own[0]}.")
    specs = [spec, *(_spec_for(spec, host, *names) for names in called)]
    instance = Instance(spec, host)
    instance.last_id = head["last_id"]
    instance.outcome = head["outcome"]
    instance.completed = instance.outcome != "running"
    for row in head["tokens"]:
        _restore_token(instance, specs, row, lines)
    instance.task_tree = next(iter(instance.tasks.values()))
    return instance


def _dump_token(token: Token, processes: dict[ProcessSpec, int], lines: list[bytes]) -> list[Any]:
    element = token.task_spec
    process = processes.setdefault(element.process_spec, len(processes))
    parent = token.parent
    return [
        token.id,
        None if parent is None else parent.id,
        process,
        element.name,
        token.state,
        token.role,
        token.phase,
        token.flow,
        token.last_state_change,
        token.notes,
        None if token.scope is None else _dump_scope(token.scope, lines),
    ]


def _dump_scope(scope: Scope, lines: list[bytes]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in scope.stored().items():
        is_alike = isinstance(value, dict) and _LINE in value
        if isinstance(value, bytes) or is_alike:
            found[name] = {_LINE: len(lines)}
            lines.append(value if isinstance(value, bytes) else orjson.dumps(value))
        else:
            found[name] = value
    return found


def _read_head(first: bytes) -> dict[str, Any]:
    try:
        head: Any = orjson.loads(first)
    except orjson.JSONDecodeError as problem:
        raise SnapshotMismatch("The snapshot can't be read.") from problem
    if not isinstance(head, dict) or head.get("format") != FORMAT:
        raise SnapshotMismatch("The snapshot has a format that is not known here.")
    return head


def _spec_for(own: ProcessSpec, host: Host, process_id: str, version: str) -> ProcessSpec:
    if (process_id, version) == (own.process_id, own.version):
        return own
    return host.spec_for(process_id, version)


def _restore_token(
    instance: Instance, specs: list[ProcessSpec], row: list[Any], lines: list[bytes]
) -> None:
    token_id, parent, process, name, state, role, phase, flow, since, notes, variables = row
    try:
        element = specs[process].element(name)
    except KeyError as problem:
        raise SnapshotMismatch(f"This version has no element {name}.") from problem
    token = Token(instance, element, None if parent is None else instance.tasks[parent], token_id)
    token.restore(state, since, notes)
    token.role, token.phase, token.flow = role, phase, flow
    if variables is not None:
        token.scope = Scope(_restore_scope(variables, lines))
    element.resume(token)


def _restore_scope(variables: Mapping[str, Any], lines: list[bytes]) -> dict[str, Any]:
    return {
        name: lines[value[_LINE]] if isinstance(value, dict) and _LINE in value else value
        for name, value in variables.items()
    }
