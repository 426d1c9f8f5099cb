"""Types, for `instance of`, typed parameters and item definitions (DMN 1.5, 10.3.2.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from feel.dates import FeelDate, FeelDateTime, FeelTime
from feel.durations import DayTimeDuration, YearMonthDuration
from feel.errors import NullResult
from feel.run import Run
from feel.values import Function, Parameter, Range, Value, read_entry, type_name


@dataclass(frozen=True)
class Type:
    """Any type. `accepts` tells whether a value other than null belongs to it."""

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value, not null, is of this type."""
        del value, run
        return True

    def conforms_to(self, other: "Type") -> bool:
        """Tell whether all values of this type are values of another (DMN 1.5, 10.3.2.9.2)."""
        return type(other) is Type or self == other


@dataclass(frozen=True)
class SimpleType(Type):
    """One of the types that need no parameters."""

    name: str

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value, not null, is of this type."""
        del run
        return isinstance(value, _CLASSES[self.name])


@dataclass(frozen=True)
class NullType(Type):
    """The type of null alone."""

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value, not null, is of this type: never."""
        del value, run
        return False

    def conforms_to(self, other: Type) -> bool:
        """Null belongs everywhere."""
        del other
        return True


@dataclass(frozen=True)
class ListType(Type):
    """A list of one type."""

    item: Type

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value is a list whose items are null or of the item type."""
        if not isinstance(value, list):
            return False
        run.spend(len(value))
        return all(item is None or self.item.accepts(item, run) for item in value)

    def conforms_to(self, other: Type) -> bool:
        """Lists conform as their items do."""
        if isinstance(other, ListType):
            return self.item.conforms_to(other.item)
        return super().conforms_to(other)


@dataclass(frozen=True)
class ContextType(Type):
    """A context that has at least some entries."""

    entries: Mapping[str, Type] = field(default_factory=dict)

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value is a context with all the entries, each null or of its type."""
        return isinstance(value, Mapping) and all(
            name in value and _accepts_entry(kind, read_entry(value, name), run)
            for name, kind in self.entries.items()
        )

    def conforms_to(self, other: Type) -> bool:
        """A context conforms to one that asks for fewer or wider entries."""
        if isinstance(other, ContextType):
            return all(
                name in self.entries and self.entries[name].conforms_to(kind)
                for name, kind in other.entries.items()
            )
        return super().conforms_to(other)


@dataclass(frozen=True)
class RangeType(Type):
    """A range over values of one type."""

    item: Type

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value is a range whose ends are of the item type."""
        return isinstance(value, Range) and all(
            end is None or self.item.accepts(end, run) for end in (value.start, value.end)
        )

    def conforms_to(self, other: Type) -> bool:
        """Ranges conform as their ends do."""
        if isinstance(other, RangeType):
            return self.item.conforms_to(other.item)
        return super().conforms_to(other)


@dataclass(frozen=True)
class FunctionType(Type):
    """A function.

    Attributes:
        parameters: The types of its parameters; None for any function at all.
        result: The type of its result; None if unknown, which any is taken for.
    """

    parameters: tuple[Type, ...] | None = None
    result: Type | None = None

    def accepts(self, value: Value, run: Run) -> bool:
        """Tell whether a value is a function that may stand where this type is asked for."""
        del run
        if not isinstance(value, Function):
            return False
        if self.parameters is None:
            return True
        if isinstance(value.type, FunctionType):
            return value.type.conforms_to(self)
        return value.takes(len(self.parameters))

    def conforms_to(self, other: Type) -> bool:
        """Parameters may be wider and the result narrower."""
        if not isinstance(other, FunctionType):
            return super().conforms_to(other)
        if self.parameters is None or other.parameters is None:
            return other.parameters is None
        return (
            len(self.parameters) == len(other.parameters)
            and all(
                theirs.conforms_to(ours)
                for ours, theirs in zip(self.parameters, other.parameters, strict=True)
            )
            and (
                self.result is None or other.result is None or self.result.conforms_to(other.result)
            )
        )


ANY = Type()
NULL = NullType()
NUMBER = SimpleType("number")
STRING = SimpleType("string")
BOOLEAN = SimpleType("boolean")

_CLASSES: dict[str, Any] = {
    "number": Decimal,
    "string": str,
    "boolean": bool,
    "date": FeelDate,
    "time": FeelTime,
    "date and time": FeelDateTime,
    "days and time duration": DayTimeDuration,
    "years and months duration": YearMonthDuration,
}

BUILTIN_TYPES: dict[str, Type] = {
    "Any": ANY,
    "Null": NULL,
    "list": ListType(ANY),
    "context": ContextType(),
    "range": RangeType(ANY),
    "function": FunctionType(),
    # The names that earlier versions of DMN and of tools use.
    "dateTime": SimpleType("date and time"),
    "dayTimeDuration": SimpleType("days and time duration"),
    "yearMonthDuration": SimpleType("years and months duration"),
    **{name: SimpleType(name) for name in _CLASSES},
}


def is_instance(value: Value, kind: Type, run: Run) -> bool:
    """Answer `value instance of kind`; null is an instance of Null alone."""
    if value is None:
        return isinstance(kind, NullType)
    return kind.accepts(value, run)


def _accepts_entry(kind: Type, value: Value, run: Run) -> bool:
    return value is None or kind.accepts(value, run)


def coerce(value: Value, kind: Type, run: Run) -> tuple[bool, Value]:
    """Fit a value to a type by the implicit conversions (DMN 1.5, 10.3.2.9.4).

    A value becomes a list of one where a list is asked for, a list of one its item where none is,
    and a date a date and time at midnight UTC.

    Returns:
        Whether it fits, and the value; null fits anywhere.
    """
    if value is None or kind.accepts(value, run):
        return True, value
    if isinstance(value, list) and len(value) == 1 and kind.accepts(value[0], run):
        return True, value[0]
    if isinstance(kind, ListType) and not isinstance(value, list) and kind.item.accepts(value, run):
        return True, [value]
    if isinstance(value, FeelDate) and kind == _DATE_TIME:
        return True, FeelDateTime(value, FeelTime(0, 0, 0, 0, 0))
    return False, None


_DATE_TIME = SimpleType("date and time")


def make_parameter(name: str, kind: Type | None) -> Parameter:
    """Make a parameter that takes values of one type only."""
    if kind is None or kind == ANY:
        return Parameter(name)

    def check(value: Value, run: Run) -> Value:
        fits, fitted = coerce(value, kind, run)
        if not fits:
            raise NullResult(f"{type_name(value)} is not what parameter {name!r} takes")
        return fitted

    return Parameter(name, check)
