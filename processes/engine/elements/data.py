"""What data associations bring into an activity or event, and out of it (BPMN 2.0.2 §10.4.2).

The token of a process notes under `brought` which of its data were written by an association, and
the state that each was left in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from processes.engine.expressions import Expression, compile_text, compile_value
from processes.engine.model import DataLine, Node
from processes.engine.scopes import Scope, Sight, set_path
from processes.engine.values import evaluated

if TYPE_CHECKING:
    from processes.engine.tokens import Token


class DataFlow:
    """The associations of one element, compiled."""

    def __init__(self, node: Node, *, gives: bool) -> None:
        self._takes = [(line, _source_of(line)) for line in node.data_inputs]
        self._gives = [(line, _source_of(line)) for line in node.data_outputs if gives]
        self._sets = node.input_sets
        self._is_event = node.type.endswith("Event")

    @property
    def takes(self) -> bool:
        """Whether it brings anything in."""
        return bool(self._takes)

    def is_available(self, token: Token) -> bool:
        """Whether one of the input sets is there; an element without any waits for nothing."""
        if not self._sets or not self._takes:
            return True
        missing = {line.target for line, _ in self._takes if not _is_there(line, token)}
        return any(missing.isdisjoint(needed) for needed in self._sets)

    def take(self, token: Token, scope: Scope) -> None:
        """Write what is brought in.

        Raises:
            StepFailed: An expression fails.
        """
        values: dict[str, Any] = {}
        for line, source in self._takes:
            _copy(line, source, Sight(token), values)
        scope.put(values)

    def give(self, token: Token, result: Mapping[str, Any]) -> None:
        """Write what is brought out.

        Raises:
            StepFailed: An expression fails.
        """
        if not self._gives:
            return
        seen = {**token.notes.get("known", {}), **result}
        if self._is_event and result:
            # An event's only output is what it caught, if that has no part of the name.
            names = [name for line, _ in self._gives for name in line.sources]
            seen = {**{name: dict(result) for name in names}, **seen}
        sight = Sight(token, extra=Scope(seen))
        values: dict[str, Any] = {}
        outer = Sight(token.parent)
        brought = _process_of(token).notes.setdefault("brought", {})
        for line, source in self._gives:
            root, _, rest = line.target.partition(".")
            if rest and root not in values and root in outer:
                values[root] = evaluated(outer[root])
            _copy(line, source, sight, values)
            brought[root] = line.state
        token.workflow.write(token.parent, values)


def _source_of(line: DataLine) -> Expression | None:
    if line.transformation:
        return compile_value(line.transformation)
    return compile_text(line.source) if line.source else None


def _copy(line: DataLine, source: Expression | None, sight: Sight, values: dict[str, Any]) -> None:
    if source is not None:
        set_path(values, line.target, evaluated(source.evaluate(sight)))
        return
    for name in line.sources:
        if name in sight:
            set_path(values, line.target, evaluated(sight[name]))


def _is_there(line: DataLine, token: Token) -> bool:
    brought, sight = _process_of(token).notes.get("brought", {}), Sight(token)
    for name in line.awaited:
        if name not in brought and name not in sight:
            return False
        if line.state and brought.get(name) != line.state:
            return False
    return True


def _process_of(token: Token) -> Token:
    while not token.task_spec.is_process:
        token = token.parent
    return token
