"""The values of the language and how foreign Python values become such.

None, `bool`, `Decimal`, `str`, the temporal types of this package, `list`, `Mapping`, `Range` and
`Function` are values. Contexts that expressions make are `FeelContext`; any other mapping is
foreign: its entries are normalised when they are read, so a record may load on demand.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from feel.convert import from_python_temporal
from feel.dates import FeelDate, FeelDateTime, FeelTime
from feel.durations import DayTimeDuration, YearMonthDuration
from feel.errors import FeelValueError, NullResult
from feel.numbers import to_number
from feel.run import Run

Value = Any

TEMPORAL_TYPES: tuple[type, ...] = (
    FeelDate,
    FeelTime,
    FeelDateTime,
    DayTimeDuration,
    YearMonthDuration,
)


class FeelContext(dict[str, Value]):
    """A context made by an expression: all its entries are values already.

    Any mapping whose class has a true `yields_values` is taken at its word that it yields values
    of FEEL, which then need not be normalised.
    """

    __slots__ = ()

    yields_values: ClassVar[bool] = True


class Entries(Mapping[str, Value]):
    """The entries of a foreign mapping, normalised as they are read."""

    __slots__ = ("_source",)

    yields_values: ClassVar[bool] = True

    def __init__(self, source: Mapping[str, Any]) -> None:
        self._source = source

    def __getitem__(self, key: str) -> Value:
        return normalise(self._source[key])

    def __contains__(self, key: object) -> bool:
        return key in self._source

    def __iter__(self) -> Iterator[str]:
        return iter(self._source)

    def __len__(self) -> int:
        return len(self._source)


@dataclass(frozen=True, slots=True)
class Range:
    """An interval.

    Attributes:
        start: Its lower end, None if it is open downwards.
        end: Its upper end, None if it is open upwards.
        start_included: Whether the lower end belongs to it.
        end_included: Whether the upper end belongs to it.
    """

    start: Value
    end: Value
    start_included: bool = True
    end_included: bool = True

    kind: ClassVar[str] = "range"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a function.

    Attributes:
        name: Its name, by which an argument may be given.
        check: Turns an argument into what the function takes, or raises `NullResult`; None if
            anything goes.
    """

    name: str
    check: Callable[[Value, Run], Value] | None = None


class Function:
    """A function value.

    Attributes:
        parameters: Its parameters in order.
        body: Called with the run and one value for each parameter; may raise `NullResult`.
        name: What to call it in warnings.
        type: Its FEEL type where one is known (see `feel.types`).
    """

    __slots__ = ("body", "name", "parameters", "type")

    kind: ClassVar[str] = "function"

    def __init__(
        self,
        parameters: tuple[Parameter, ...],
        body: Callable[[Run, list[Value]], Value],
        *,
        name: str = "function",
        type: Any = None,  # noqa: A002 - the FEEL word for it
    ) -> None:
        self.parameters = parameters
        self.body = body
        self.name = name
        self.type = type

    def takes(self, count: int) -> bool:
        """Tell whether it can be called with so many arguments."""
        return count == len(self.parameters)

    def call(self, run: Run, arguments: list[Value]) -> Value:
        """Call it with arguments in the order of its parameters.

        Raises:
            NullResult: The result is null, for a reason that should be told.
            FeelLimitError: The budget of the run is spent.
        """
        if len(arguments) != len(self.parameters):
            raise NullResult(f"{self.name} takes {len(self.parameters)} arguments")
        run.enter()
        try:
            checked = [
                argument if parameter.check is None else parameter.check(argument, run)
                for parameter, argument in zip(self.parameters, arguments, strict=True)
            ]
            return self.body(run, checked)
        finally:
            run.leave()

    def call_named(self, run: Run, arguments: dict[str, Value]) -> Value:
        """Call it with arguments by the names of its parameters; what is missing is null.

        Raises as `call` does.
        """
        names = [parameter.name for parameter in self.parameters]
        if not arguments.keys() <= set(names):
            raise NullResult(f"{self.name} takes the arguments {', '.join(names)}")
        return self.call(run, [arguments.get(name) for name in names])


# Values that are taken as they are; of these, plain dictionaries have entries that may be foreign.
NATIVE: frozenset[type] = frozenset(
    {type(None), bool, Decimal, str, dict, FeelContext, Range, Function, *TEMPORAL_TYPES}
)


def normalise(value: Any, run: Run | None = None) -> Value:
    """Turn a Python value into a FEEL value.

    Numbers become decimals, dates and times the types of this package, a UUID its text, an Enum
    its value, tuples and sets lists. Mappings stay as they are.

    Args:
        value: The value.
        run: The run whose budget pays for going through lists; None for a budget of its own.

    Raises:
        FeelValueError: The value is of no kind that the language knows.
        FeelLimitError: The budget is spent.
    """
    if type(value) in NATIVE:
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return _normalise_items(value, run or Run())
    if isinstance(value, Mapping):
        return value
    return _normalise_other(value)


def _normalise_items(items: Collection[Any], run: Run) -> list[Value]:
    run.enter()
    run.spend(len(items) >> 3)
    try:
        if isinstance(items, list) and all(type(item) in NATIVE for item in items):
            return items
        return [normalise(item, run) for item in items]
    finally:
        run.leave()


def _normalise_other(value: Any) -> Value:
    if isinstance(value, Decimal | int | float):
        return to_number(value)
    if isinstance(value, date | datetime | time | timedelta):
        return from_python_temporal(value)
    if isinstance(value, Enum):
        return normalise(value.value)
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, Function):
        return value
    raise FeelValueError(f"An expression can't use a value of type {type(value).__name__}.")


def read_entry(context: Mapping[str, Any], key: str) -> Value:
    """Return an entry of a context as a value.

    Raises:
        KeyError: The context has no such entry.
    """
    value = context[key]
    if type(value) in NATIVE or yields_values(context):
        return value
    return normalise(value)


def yields_values(context: Mapping[str, Any]) -> bool:
    """Tell whether all entries of a context are values already."""
    return getattr(context, "yields_values", False) is True


def entries_of(context: Mapping[str, Any]) -> Iterator[tuple[str, Value]]:
    """Go through the entries of a context as values."""
    for key in context:
        yield key, read_entry(context, key)


def type_name(value: Value) -> str:
    """Return the FEEL name of the type of a value."""
    if value is None:
        return "null"
    for kind, name in ((bool, "boolean"), (Decimal, "number"), (str, "string"), (list, "list")):
        if isinstance(value, kind):
            return name
    if isinstance(value, Mapping):
        return "context"
    return str(getattr(value, "kind", type(value).__name__))


def invoke(
    function: Value, run: Run, arguments: list[Value] | dict[str, Value], text: str = ""
) -> Value:
    """Call what should be a function, by position or by name; null, with a warning, on failure.

    Args:
        function: The value to call.
        run: The run that the call is a part of.
        arguments: A list by position or a dictionary by name.
        text: The part of the expression concerned, for the warning.

    Raises:
        FeelLimitError: The budget of the run is spent.
    """
    if not isinstance(function, Function):
        return run.null(f"{type_name(function)} is no function", text)
    try:
        if isinstance(arguments, dict):
            return function.call_named(run, arguments)
        return function.call(run, arguments)
    except NullResult as reason:
        return run.null(str(reason), text)
