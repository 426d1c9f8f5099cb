"""Decision tables as they are read."""

from collections.abc import Mapping
from typing import Any

from feel import (
    FeelError,
    Run,
    UnaryTests,
    Value,
    compile_test_list,
    compile_unary_tests,
)
from feel.types import Type
from processes.engine.decisions.boxed import Boxed, Builder, at_place, find_foreign_language, reads
from processes.engine.decisions.elements import (
    children,
    expression_text,
    fail,
    find_child,
    get_name,
)
from processes.engine.decisions.hit_policies import HIT_POLICIES, OutputOrder
from processes.engine.decisions.item_types import AllowedType, fit
from processes.engine.decisions.outlines import ColumnOutline, TableOutline, TextOutline
from processes.engine.decisions.scopes import Names
from processes.engine.decisions.table import Input, Output, Rule, Table, Test
from processes.engine.errors import ModelError
from processes.engine.xml import Element


@reads("decisionTable")
def read_table(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read a decision table."""
    policy = _read_policy(element)
    if policy not in HIT_POLICIES:
        return builder.refuse(fail(element, f"{place}: the hit policy {policy!r} is unknown."))
    reader = _TableReader(builder, names, place)
    try:
        table = Table(
            inputs := reader.read_inputs(element),
            outputs := reader.read_outputs(element),
            reader.read_rules(element, inputs, outputs),
            HIT_POLICIES[policy],
            place,
        )
    except ModelError as problem:
        return builder.refuse(problem)
    has_default = any(output.default for output in outputs)
    outline = reader.outline(element, policy, has_default=has_default)
    if outline:
        builder.tables.append(outline)
    return table.evaluate


def _read_policy(element: Element) -> str:
    policy = (element.get("hitPolicy") or "UNIQUE").upper().replace("_", " ")
    aggregation = element.get("aggregation")
    return f"{policy} {aggregation.upper()}" if aggregation and policy == "COLLECT" else policy


class _TableReader:
    """Reads the parts of one table, and keeps their tests as they were written."""

    def __init__(self, builder: Builder, names: Names, place: str) -> None:
        self.builder = builder
        self.names = names
        self.place = place
        self._tests: dict[Element, UnaryTests] = {}
        self._columns: list[ColumnOutline] = []

    def outline(self, table: Element, policy: str, *, has_default: bool) -> TableOutline | None:
        """Return the table as it was written; None if one of its tests is none."""
        entries = [list(children(rule, "inputEntry")) for rule in children(table, "rule")]
        rows = [[self._tests[cell] for cell in row if cell in self._tests] for row in entries]
        if any(len(row) != len(self._columns) for row in rows):
            return None
        return TableOutline(table, self.place, policy, has_default, self._columns, rows)

    def read_inputs(self, table: Element) -> list[Input]:
        return [
            self._read_input(element, number)
            for number, element in enumerate(children(table, "input"), start=1)
        ]

    def _read_input(self, element: Element, number: int) -> Input:
        expression = find_child(element, "inputExpression")
        text = expression_text(expression)
        label = element.get("label") or text or str(number)
        place = f"{self.place}, input {label!r}"
        if expression is None or not text:
            raise fail(element, f"{place}: there is no expression.")
        value = self.builder.compile_text(text, expression, self.names, place)
        kind = self.builder.find_type(expression, self.names)
        allowed = expression_text(find_child(element, "inputValues"))
        test = self._read_test(allowed, element, place) if allowed else None
        self._columns.append(ColumnOutline(label, text, kind, self._tests.get(element)))
        return Input(
            lambda scope, run: fit(value(scope, run), kind, run, place), test, label, place
        )

    def read_outputs(self, table: Element) -> list[Output]:
        elements = list(children(table, "output"))
        if not elements:
            raise fail(table, f"{self.place}: the table has no output.")
        return [
            self._read_output(element, number, is_only=len(elements) == 1)
            for number, element in enumerate(elements, start=1)
        ]

    def _read_output(self, element: Element, number: int, *, is_only: bool) -> Output:
        name = get_name(element) or f"output {number}"
        place = "output" if is_only else f"output {element.get('label') or name!r}"
        kind = self.builder.find_type(element, self.names)
        default = find_child(element, "defaultOutputEntry")
        boxed = None
        if default is not None and expression_text(default):
            spot = f"{self.place}, default of {place}"
            boxed = self.builder.compile_text(expression_text(default), default, self.names, spot)
        order = self._read_order(element, kind, place)
        return Output(name, kind, boxed, order, place)

    def _read_order(self, element: Element, kind: Type | None, place: str) -> OutputOrder:
        text = expression_text(find_child(element, "outputValues"))
        if not text:
            return kind.order if isinstance(kind, AllowedType) else ()
        try:
            return compile_test_list(text, self.names.visible, keys=self.names.keys)
        except FeelError as problem:
            self.builder.report(self.builder.explain(problem, element, f"{self.place}, {place}"))
            return ()

    def read_rules(self, table: Element, inputs: list[Input], outputs: list[Output]) -> list[Rule]:
        return [
            self._read_rule(element, inputs, outputs, number)
            for number, element in enumerate(children(table, "rule"), start=1)
        ]

    def _read_rule(
        self, element: Element, inputs: list[Input], outputs: list[Output], number: int
    ) -> Rule:
        place = f"{self.place}, rule {number}"
        tests = list(children(element, "inputEntry"))
        cells = list(children(element, "outputEntry"))
        if len(tests) != len(inputs) or len(cells) != len(outputs):
            raise fail(element, f"{place}: the cells are not as many as inputs and outputs.")
        return Rule(
            number,
            tuple(
                self._read_test(expression_text(test), test, f"{place}, input {column.label!r}")
                for test, column in zip(tests, inputs, strict=True)
            ),
            tuple(
                self._read_cell(cell, f"{place}, {output.place}")
                for cell, output in zip(cells, outputs, strict=True)
            ),
            place,
        )

    def _read_cell(self, cell: Element, place: str) -> Boxed:
        text = expression_text(cell)
        if not text or text == "-":
            return lambda _scope, _run: None
        return self.builder.compile_text(text, cell, self.names, place)

    def _read_test(self, text: str, element: Element, place: str) -> Test | None:
        foreign = find_foreign_language(element, place)
        if foreign:
            return _refuse_test(self.builder, foreign)
        try:
            tests = compile_unary_tests(
                text or "-", self.names.visible, keys=self.names.keys, types=self.names.types
            )
        except FeelError as problem:
            return _refuse_test(self.builder, self.builder.explain(problem, element, place))
        self._tests[element] = tests
        self.builder.texts.append(TextOutline(element, place, tests.text, self.names, is_test=True))
        return None if tests.is_any else _place_test(tests, place)


def _place_test(tests: UnaryTests, place: str) -> Test:
    def test(value: Value, scope: Mapping[str, Any], run: Run) -> bool | None:
        if run.warnings is None:
            return tests.run(value, scope, run)
        passed: bool | None = at_place(run, place, tests.run, value, scope, run)
        return passed

    return test


def _refuse_test(builder: Builder, problem: ModelError) -> Test:
    boxed = builder.refuse(problem)
    return lambda _value, scope, run: boxed(scope, run)
