"""Item definitions as types of FEEL (DMN 1.5, 7.3.2 and 10.3.2.9)."""

from collections.abc import Callable
from dataclasses import dataclass, field

from feel import FeelSyntaxError, Run, UnaryTests, Value, compile_test_list, compile_unary_tests
from feel.types import (
    ANY,
    BUILTIN_TYPES,
    ContextType,
    FunctionType,
    ListType,
    Type,
    coerce,
)
from processes.engine.decisions.elements import (
    child_text,
    children,
    expression_text,
    fail,
    find_child,
    get_name,
)
from processes.engine.errors import ModelError
from processes.engine.xml import Element

_MAX_DEPTH = 50


@dataclass(frozen=True)
class AllowedType(Type):
    """A type of which only some values are allowed."""

    base: Type
    tests: UnaryTests = field(compare=False)
    order: tuple[UnaryTests, ...] = field(compare=False)

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value, not null, is of the type and among the allowed ones."""
        return self.base.accepts(value, run) and self.tests.run(value, {}, run) is True

    def conforms_to(self, other: Type) -> bool:
        """Tell whether all values of this type are values of another."""
        return self == other or self.base.conforms_to(other)


class TypeTable:
    """The types of a model, by name.

    Args:
        definitions: The root element.
        imported: The types of imported models under their prefixed names.
        report: Takes each problem that is found.
    """

    def __init__(
        self,
        definitions: Element,
        imported: dict[str, tuple[Type, Type]],
        report: Callable[[ModelError], None],
    ) -> None:
        self._report = report
        self._elements = {get_name(item): item for item in children(definitions, "itemDefinition")}
        self._types: dict[str, tuple[Type, Type]] = dict(imported)
        self._open: list[str] = []
        for name in self._elements:
            self._find(name)

    @property
    def plain(self) -> dict[str, Type]:
        """The types without their allowed values: what `instance of` asks about."""
        return {name: plain for name, (plain, _) in self._types.items()}

    @property
    def fitted(self) -> dict[str, Type]:
        """The types with their allowed values: what values are fitted to."""
        return {name: fitted for name, (_, fitted) in self._types.items()}

    @property
    def own(self) -> dict[str, tuple[Type, Type]]:
        """The types that this model itself defines, plain and fitted."""
        return {name: self._types[name] for name in self._elements}

    def _find(self, name: str) -> tuple[Type, Type]:
        if name in self._types:
            return self._types[name]
        element = self._elements[name]
        if name in self._open or len(self._open) > _MAX_DEPTH:
            self._report(fail(element, f"The type {name!r} contains itself."))
            return ANY, ANY
        self._open.append(name)
        self._types[name] = self._read(element)
        self._open.pop()
        return self._types[name]

    def _read(self, element: Element) -> tuple[Type, Type]:
        plain, fitted = self._read_base(element)
        fitted = self._with_tests(element, "allowedValues", plain, fitted)
        if element.get("isCollection") in {"true", "1"}:
            plain, fitted = ListType(plain), ListType(fitted)
        return plain, self._with_tests(element, "typeConstraint", plain, fitted)

    def _with_tests(self, element: Element, name: str, plain: Type, fitted: Type) -> Type:
        text = expression_text(find_child(element, name))
        if not text:
            return fitted
        try:
            return AllowedType(fitted, compile_unary_tests(text), tuple(compile_test_list(text)))
        except FeelSyntaxError as problem:
            self._report(fail(element, f"The allowed values can't be read: {problem}"))
            return plain

    def _read_base(self, element: Element) -> tuple[Type, Type]:
        components = list(children(element, "itemComponent"))
        if components:
            pairs = {get_name(component): self._read(component) for component in components}
            return (
                ContextType({name: pair[0] for name, pair in pairs.items()}),
                ContextType({name: pair[1] for name, pair in pairs.items()}),
            )
        function = find_child(element, "functionItem")
        if function is not None:
            kind = self._read_function(function)
            return kind, kind
        return self._resolve(element, child_text(element, "typeRef"))

    def _read_function(self, element: Element) -> Type:
        parameters = tuple(
            self._resolve(parameter, parameter.get("typeRef", ""))[0]
            for parameter in children(element, "parameters")
        )
        return FunctionType(parameters, self._resolve(element, element.get("outputTypeRef", ""))[0])

    def _resolve(self, element: Element, reference: str) -> tuple[Type, Type]:
        name = clean_reference(reference)
        if not name:
            return ANY, ANY
        if name in self._types or name in self._elements:
            return self._find(name)
        kind = BUILTIN_TYPES.get(name)
        if kind is None:
            self._report(fail(element, f"There is no type {name!r}."))
            return ANY, ANY
        return kind, kind


# What editors of DMN 1.1 call numbers.
_NUMBERS = frozenset({"integer", "long", "double"})


def clean_reference(reference: str) -> str:
    """Return the name of a type as this version of DMN writes it.

    DMN 1.1 has prefixes (`feel:string`), and its editors have several kinds of numbers.
    """
    name = " ".join(reference.split()).rpartition(":")[2]
    return "number" if name in _NUMBERS else name


def fit(value: Value, kind: Type | None, run: Run, place: str) -> Value:
    """Fit a value to a type; one that does not fit becomes null, with a warning.

    Args:
        value: The value.
        kind: The type; None if any is welcome.
        run: The evaluation.
        place: What the value is, for the warning.
    """
    if kind is None or value is None:
        return value
    fits, fitted = coerce(value, kind, run)
    return fitted if fits else run.null(f"{place}: the value is not of its type or not allowed")
