"""Decision tables as they are evaluated (DMN 1.5, 8 and 10.3.2.10)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from feel import FeelContext, Run, Value
from feel.types import Type
from processes.engine.decisions.boxed import Boxed
from processes.engine.decisions.hit_policies import HitPolicy, Hits, OutputOrder
from processes.engine.decisions.item_types import fit

# Tells whether a value passes the tests of a cell.
Test = Callable[[Value, Mapping[str, Any], Run], bool | None]


@dataclass(frozen=True)
class Input:
    """An input of a table: what is tested, and the values it may have if they are listed."""

    value: Boxed
    allowed: Test | None
    label: str
    place: str


@dataclass(frozen=True)
class Output:
    """An output of a table."""

    name: str
    kind: Type | None
    default: Boxed | None
    order: OutputOrder
    place: str


@dataclass(frozen=True)
class Rule:
    """A row of a table.

    Attributes:
        number: From 1.
        tests: One for each input; None where any value passes.
        outputs: One for each output.
        place: Where it stands, for people.
    """

    number: int
    tests: tuple[Test | None, ...]
    outputs: tuple[Boxed, ...]
    place: str


@dataclass(frozen=True)
class Table:
    """A decision table."""

    inputs: list[Input]
    outputs: list[Output]
    rules: list[Rule]
    policy: HitPolicy
    place: str

    def evaluate(self, scope: Mapping[str, Any], run: Run) -> Value:
        """Return what the rules that match come to under the table's hit policy."""
        values = [column.value(scope, run) for column in self.inputs]
        for column, value in zip(self.inputs, values, strict=True):
            if column.allowed and column.allowed(value, scope, run) is not True:
                return run.null(f"{column.place}: the value is not among the allowed ones")
        matches = self._match(values, scope, run)
        if not matches:
            return self._default(scope, run)
        hits = Hits(
            rows=[self._row(rule, scope, run) for rule in matches],
            names=[output.name for output in self.outputs],
            orders=[output.order for output in self.outputs],
            rules=[rule.number for rule in matches],
        )
        return self.policy.choose(hits, run, self.place)

    def _match(self, values: list[Value], scope: Mapping[str, Any], run: Run) -> list[Rule]:
        found: list[Rule] = []
        for rule in self.rules:
            run.spend(1)
            for test, value in zip(rule.tests, values, strict=True):
                if test is not None and test(value, scope, run) is not True:
                    break
            else:
                found.append(rule)
                if self.policy.takes_first:
                    break
        return found

    def _row(self, rule: Rule, scope: Mapping[str, Any], run: Run) -> list[Value]:
        return [
            fit(cell(scope, run), output.kind, run, f"{rule.place}, {output.place}")
            for cell, output in zip(rule.outputs, self.outputs, strict=True)
        ]

    def _default(self, scope: Mapping[str, Any], run: Run) -> Value:
        """Return the default outputs; null if no output has one (DMN 1.5, 8.2.11)."""
        if not any(output.default for output in self.outputs):
            return run.null(f"{self.place}: no rule matches")
        values = [
            fit(output.default(scope, run), output.kind, run, output.place)
            if output.default
            else None
            for output in self.outputs
        ]
        if len(values) == 1:
            return values[0]
        names = [output.name for output in self.outputs]
        return FeelContext(zip(names, values, strict=True))
