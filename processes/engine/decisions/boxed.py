"""Boxed expressions (DMN 1.5, 10.2), compiled to functions of the values in scope."""

from collections.abc import Callable, Mapping
from typing import Any

from feel import FeelError, FeelSyntaxError, Run, Value, compile_expression
from feel.types import BUILTIN_TYPES, Type
from processes.engine.decisions.elements import (
    child_text,
    fail,
    local_name,
    name_of,
)
from processes.engine.decisions.item_types import clean_reference, fit
from processes.engine.decisions.outlines import TableOutline, TextOutline
from processes.engine.decisions.scopes import Names
from processes.engine.errors import ModelError
from processes.engine.xml import Element, line_of

Boxed = Callable[[Mapping[str, Any], Run], Value]
Reader = Callable[["Builder", Element, Names, str], Boxed]

_READERS: dict[str, Reader] = {}
_MAX_DEPTH = 60


def reads(name: str) -> Callable[[Reader], Reader]:
    """Make a function the reader of a kind of boxed expression."""

    def register(reader: Reader) -> Reader:
        _READERS[name] = reader
        return reader

    return register


def is_expression(element: Element) -> bool:
    """Tell whether an element is a boxed expression."""
    return local_name(element) in _READERS


def find_expression(element: Element) -> Element | None:
    """Return the boxed expression in an element; None if there is none."""
    return next(filter(is_expression, element), None)


class Builder:
    """Makes boxed expressions of elements.

    Attributes:
        problems: What was wrong, in the order of the file. An expression that is wrong fails when
            it is evaluated, so that the rest of a model remains usable.
        tables: The decision tables as they were written.
        texts: The FEEL texts with what is visible to them.
    """

    def __init__(self) -> None:
        self.problems: list[ModelError] = []
        self.tables: list[TableOutline] = []
        self.texts: list[TextOutline] = []
        self._depth = 0

    def report(self, problem: ModelError) -> None:
        """Take a problem down."""
        self.problems.append(problem)

    def build(self, element: Element, names: Names, place: str) -> Boxed:
        """Make the boxed expression of an element.

        Args:
            element: The element.
            names: What the expression may refer to.
            place: Where it stands, for people: `decision 'Discount', rule 2`.
        """
        self._depth += 1
        try:
            if self._depth > _MAX_DEPTH:
                return self.refuse(fail(element, "Boxed expressions are nested too deep."))
            boxed = _READERS[local_name(element)](self, element, names, place)
        finally:
            self._depth -= 1
        return with_type(boxed, self.find_type(element, names), place)

    def build_inside(self, element: Element | None, names: Names, place: str) -> Boxed:
        """Make the boxed expression that an element holds; without one the value is null."""
        inner = None if element is None else find_expression(element)
        if element is None or inner is None:
            return lambda _scope, run: run.null(f"{place}: there is no expression")
        kind = self.find_type(element, names)
        return with_type(self.build(inner, names, place), kind, place)

    def find_type(self, element: Element, names: Names) -> Type | None:
        """Return the type that an element says its value has; None if it does not."""
        name = clean_reference(element.get("typeRef") or "")
        kind = names.fitted.get(name) or BUILTIN_TYPES.get(name)
        if name and kind is None:
            self.report(fail(element, f"There is no type {name!r}."))
        return None if name == "Any" else kind

    def refuse(self, problem: ModelError) -> Boxed:
        """Take a problem down, and return an expression that fails with it."""
        self.report(problem)

        def fail_again(scope: Mapping[str, Any], run: Run) -> Value:
            del scope, run
            raise problem

        return fail_again

    def compile_text(self, text: str, element: Element, names: Names, place: str) -> Boxed:
        """Make a function of a FEEL text."""
        foreign = find_foreign_language(element, place)
        if foreign:
            return self.refuse(foreign)
        try:
            expression = compile_expression(text, names.visible, keys=names.keys, types=names.types)
        except FeelError as problem:
            return self.refuse(self.explain(problem, element, place))
        self.texts.append(TextOutline(element, place, text, names))
        return lambda scope, run: at_place(run, place, expression.run, scope, run)

    def explain(self, problem: FeelError, element: Element, place: str) -> ModelError:
        """Return the error that tells where in a model a text is no FEEL."""
        text = child_text(element, "text")
        shown = text if len(text) <= 200 else text[:200] + "…"  # noqa: PLR2004
        message = f"{place}: {problem}" if isinstance(problem, FeelSyntaxError) else str(problem)
        return ModelError(message, name_of(element), line_of(element), f"The text is `{shown}`.")


def find_foreign_language(element: Element, place: str) -> ModelError | None:
    """Return the error that refuses a text in a language other than FEEL; None if it is FEEL."""
    language = element.get("expressionLanguage")
    if not language or "FEEL" in language.upper():
        return None
    return fail(element, f"{place}: the language {language!r} can't be run.", "Use FEEL.")


def at_place(run: Run, place: str, evaluate: Callable[..., Value], *arguments: Any) -> Value:
    """Evaluate a part of a model, and put its place before the warnings that come of it."""
    warnings = run.warnings
    if warnings is None:
        return evaluate(*arguments)
    before = len(warnings)
    value = evaluate(*arguments)
    for index in range(before, len(warnings)):
        if not warnings[index].startswith(("decision ", "function ", "service ")):
            warnings[index] = f"{place}: {warnings[index]}"
    return value


def with_type(boxed: Boxed, kind: Type | None, place: str) -> Boxed:
    """Return an expression whose value is fitted to a type."""
    if kind is None:
        return boxed
    return lambda scope, run: fit(boxed(scope, run), kind, run, place)


@reads("literalExpression")
def read_literal(builder: Builder, element: Element, names: Names, place: str) -> Boxed:
    """Read an expression that is a text."""
    text = child_text(element, "text")
    if not text:
        return lambda _scope, run: run.null(f"{place}: there is no expression")
    return builder.compile_text(text, element, names, place)
