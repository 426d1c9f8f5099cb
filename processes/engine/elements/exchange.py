"""What an element takes from the variables around it and gives to them: mappings, data, scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from processes.engine import scripts
from processes.engine.elements.data import DataFlow
from processes.engine.expressions import (
    Expression,
    compile_text,
    compile_value,
    names_for,
    words_of,
)
from processes.engine.model import Mapped, Node
from processes.engine.scopes import Scope, Sight, set_path
from processes.engine.tokens import Token
from processes.engine.values import evaluated


class Exchange:
    """The mappings, data associations and scripts of one element, compiled."""

    def __init__(self, node: Node, *, is_whole: bool, maps: bool = True) -> None:
        """Compile them.

        Args:
            node: The element.
            is_whole: It is not one run of an activity that runs several times.
            maps: Its mappings and scripts are done here; those of a repeated activity are each
                run's.
        """
        self._data = DataFlow(node, gives=is_whole)
        self._before = _script_of(node.work.pre_script if maps else "")
        self._after = _script_of(node.work.post_script if maps else "")
        self._keeps_result = node.work.keeps_result
        inputs, outputs = (node.inputs, node.outputs) if maps else ((), ())
        self._sources = [(line.target, _source_of(line)) for line in inputs]
        self._results = [(line.target, compile_text(line.source)) for line in outputs]

    def is_available(self, token: Token) -> bool:
        """Whether the data are there that the element waits for."""
        return self._data.is_available(token)

    def take(self, token: Token) -> None:
        """Give a token the variables of its own that its element begins with.

        Raises:
            StepFailed: An expression fails.
            BpmnError: A script throws one.
        """
        if self._before is not None:
            token.workflow.write(token.parent, self._before(token))
        if self._sources or self._data.takes:
            token.scope = Scope()  # a retry begins with a new one
            self._data.take(token, token.scope)
            self._take_inputs(token, token.scope)

    def give(self, token: Token, result: Mapping[str, Any]) -> None:
        """Write an element's result to the variables around it.

        Raises:
            StepFailed: An expression fails.
            BpmnError: A script throws one.
        """
        self._store(token, result)
        self._data.give(token, result)
        if self._after is not None:
            token.workflow.write(token.parent, self._after(token))

    def _take_inputs(self, token: Token, scope: Scope) -> None:
        values: dict[str, Any] = {}
        for target, source in self._sources:
            value = evaluated(source.evaluate(Sight(token)))
            set_path(values, target, value)
            name = target.partition(".")[0]
            scope.put({name: values[name]})

    def _store(self, token: Token, result: Mapping[str, Any]) -> None:
        """Write an element's result: by its output mappings if it has any, else as it is."""
        scope = token.parent
        if not self._results or self._keeps_result:
            token.workflow.write(scope, result)
        if not self._results:
            return
        sight = Sight(token, extra=Scope({**token.notes.get("known", {}), **result}))
        values: dict[str, Any] = {}
        outer = Sight(scope)
        for target, source in self._results:
            value = evaluated(source.evaluate(sight))
            name, _, rest = target.partition(".")
            if rest and name not in values and name in outer:
                values[name] = evaluated(outer[name])
            set_path(values, target, value)
        token.workflow.write(scope, values)


def _source_of(line: Mapped) -> Expression:
    return compile_value(line.source) if line.is_python else compile_text(line.source)


def _script_of(text: str) -> Callable[[Token], dict[str, Any]] | None:
    """Compile a script beside an element's work: it gives the variables that it assigns."""
    if not text:
        return None
    words = words_of(text)

    def run(token: Token) -> dict[str, Any]:
        assigned = scripts.run(text, *names_for(words, Sight(token)))
        return {name: evaluated(value) for name, value in assigned.items()}

    return run
