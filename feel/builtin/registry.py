"""How built-in functions are declared, and how they are called.

A function is declared beside its code, with a signature in words:

    @builtin("substring", "string: string, start position: number, length?: number")

`?` after a parameter's name means that it may be left out (its Python default counts then), `?`
after its type that it may be null, `...` after its name that it takes all arguments that are left.
`any` takes everything, null included; types are joined by `|`. A function may be declared several
times with different signatures: the first that fits is called. What fits none is null.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from feel.dates import FeelDate, FeelDateTime, FeelTime
from feel.durations import DayTimeDuration, YearMonthDuration
from feel.errors import NullResult
from feel.numbers import NO_NUMBER
from feel.run import Run, check_list_size, check_string_size
from feel.values import Function, Parameter, Range, Value, type_name

Body = Callable[..., Value]
_Declared = TypeVar("_Declared", bound=Body)
_Check = Callable[[Value], Value]

BUILTINS: dict[str, "Builtin"] = {}

_TYPES: dict[str, tuple[type, ...]] = {
    "number": (Decimal,),
    "string": (str,),
    "boolean": (bool,),
    "date": (FeelDate,),
    "time": (FeelTime,),
    "date and time": (FeelDateTime,),
    "days and time duration": (DayTimeDuration,),
    "years and months duration": (YearMonthDuration,),
    "context": (Mapping,),
    "range": (Range,),
    "function": (Function,),
    "point": (
        Decimal,
        str,
        FeelDate,
        FeelTime,
        FeelDateTime,
        DayTimeDuration,
        YearMonthDuration,
    ),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One parameter of an overload."""

    name: str
    check: _Check
    optional: bool
    takes_rest: bool


class Overload:
    """A function under one signature."""

    __slots__ = ("body", "least", "most", "slots", "wants_run")

    def __init__(self, slots: tuple[Slot, ...], body: Body, *, wants_run: bool) -> None:
        self.slots = slots
        self.body = body
        self.wants_run = wants_run
        self.least = sum(not slot.optional for slot in slots)
        self.most = None if slots and slots[-1].takes_rest else len(slots)

    def takes(self, count: int) -> bool:
        """Tell whether so many arguments by position are possible."""
        return count >= self.least and (self.most is None or count <= self.most)

    def bind(self, arguments: list[Value]) -> list[Value]:
        """Return what the body is called with, or raise `NullResult`."""
        if self.most is not None:
            pairs = zip(self.slots, arguments, strict=False)
            return [slot.check(value) for slot, value in pairs]
        head = len(self.slots) - 1
        rest = self.slots[-1].check
        bound = [
            slot.check(value) for slot, value in zip(self.slots, arguments[:head], strict=False)
        ]
        return [*bound, *(rest(value) for value in arguments[head:])]

    def is_named(self, names: list[str]) -> bool:
        """Tell whether its parameters have just these names, in this order."""
        return names == [slot.name for slot in self.slots]

    def bind_named(self, arguments: dict[str, Value]) -> list[Value] | None:
        """Return the arguments by position; None if their names do not fit."""
        if not arguments.keys() <= {slot.name for slot in self.slots}:
            return None
        values = [arguments.get(slot.name) for slot in self.slots]
        # What is left out at the end has a default of its own; elsewhere it is null.
        for slot in reversed(self.slots):
            if slot.name in arguments or not (slot.optional or slot.takes_rest):
                break
            values.pop()
        return values


class Builtin(Function):
    """A built-in function with all its overloads."""

    __slots__ = ("overloads",)

    def __init__(self, name: str) -> None:
        super().__init__((), _unused, name=name)
        self.overloads: list[Overload] = []

    def add(self, overload: Overload) -> None:
        """Add an overload. The first one tells the parameters of the function as a value."""
        if not self.overloads:
            self.parameters = tuple(Parameter(slot.name) for slot in overload.slots)
        self.overloads.append(overload)

    def takes(self, count: int) -> bool:
        """Tell whether it can be called with so many arguments."""
        return any(overload.takes(count) for overload in self.overloads)

    def call(self, run: Run, arguments: list[Value]) -> Value:
        """Call the first overload that fits. Raises as `Function.call` does."""
        count = len(arguments)
        reason: NullResult | None = None
        for overload in self.overloads:
            if not overload.takes(count):
                continue
            try:
                bound = overload.bind(arguments)
            except NullResult as problem:
                reason = problem
                continue
            return self._run(run, overload, bound)
        if reason is None:
            raise NullResult(f"{self.name} does not take {count} arguments")
        raise NullResult(f"{self.name}: {reason}")

    def call_named(self, run: Run, arguments: dict[str, Value]) -> Value:
        """Call the first overload whose names fit. Raises as `Function.call` does."""
        reason: NullResult | None = None
        names = list(arguments)
        # `before(point, range)` and `before(range, point)` have the same names: the order in which
        # they are given tells which is meant.
        ordered = sorted(self.overloads, key=lambda overload: not overload.is_named(names))
        for overload in ordered:
            values = overload.bind_named(arguments)
            if values is None:
                continue
            try:
                bound = overload.bind(values)
            except NullResult as problem:
                reason = problem
                continue
            return self._run(run, overload, bound)
        detail = str(reason) if reason else f"no arguments are named {', '.join(arguments)}"
        raise NullResult(f"{self.name}: {detail}")

    def _run(self, run: Run, overload: Overload, values: list[Value]) -> Value:
        run.spend(1 + sum(map(_price, values)))
        try:
            head = (run,) if overload.wants_run else ()
            result = overload.body(*head, *values)
        except NO_NUMBER as problem:
            raise NullResult(f"{self.name}: the result is no number") from problem
        except NullResult as problem:
            raise NullResult(f"{self.name}: {problem}") from problem
        if type(result) is str:
            check_string_size(len(result))
            run.allocate(result)
        elif type(result) is list:
            check_list_size(len(result))
            run.allocate(result)
            run.spend(len(result) >> 2)
        return result


def _price(value: Value) -> int:
    """Return the steps that looking at a value may cost."""
    kind = type(value)
    return len(value) >> 4 if kind is str or kind is list else 0


def _unused(run: Run, values: list[Value]) -> Value:
    del run, values


def builtin(
    name: str, signature: str, *, wants_run: bool = False
) -> Callable[[_Declared], _Declared]:
    """Make a Python function a built-in one.

    Args:
        name: Its name in FEEL.
        signature: Its parameters, as the module describes.
        wants_run: Whether the run comes before the arguments.
    """
    slots = tuple(_read_slots(signature))

    def register(body: _Declared) -> _Declared:
        function = BUILTINS.setdefault(name, Builtin(name))
        function.add(Overload(slots, body, wants_run=wants_run))
        return body

    return register


def _read_slots(signature: str) -> Iterator[Slot]:
    for part in filter(None, signature.split(", ")):
        name, _, kinds = part.partition(": ")
        takes_rest = name.endswith("...")
        name = name.removesuffix("...")
        optional = name.endswith("?")
        name = name.removesuffix("?")
        yield Slot(name, _make_check(name, kinds), optional, takes_rest)


def _make_check(name: str, kinds: str) -> _Check:
    nullable = kinds.endswith("?")
    kinds = kinds.removesuffix("?")
    if kinds == "any":
        return _take_any
    if kinds == "list":
        return lambda value: _take_list(name, value)
    classes = tuple(kind for word in kinds.split("|") for kind in _TYPES[word])

    def check(value: Value) -> Value:
        if isinstance(value, classes):
            return value
        if value is None and nullable:
            return None
        if type(value) is list and len(value) == 1 and isinstance(value[0], classes):
            return value[0]
        raise NullResult(f"{name} is {type_name(value)}, not {kinds.replace('|', ' or ')}")

    return check


def _take_any(value: Value) -> Value:
    return value


def _take_list(name: str, value: Value) -> list[Value]:
    if value is None:
        raise NullResult(f"{name} is null, not list")
    return value if isinstance(value, list) else [value]
