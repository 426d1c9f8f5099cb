"""What is visible where: names when a model is parsed, values when it is evaluated."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from feel import Value, normalise
from feel.types import Type


class Layer(Mapping[str, Any]):
    """Some values of FEEL over others."""

    __slots__ = ("_below", "_values")

    yields_values: ClassVar[bool] = True

    def __init__(self, values: Mapping[str, Any], below: Mapping[str, Any]) -> None:
        self._values = values
        self._below = below

    def __getitem__(self, name: str) -> Any:
        values = self._values
        return values[name] if name in values else self._below[name]

    def __contains__(self, name: object) -> bool:
        return name in self._values or name in self._below

    def __iter__(self) -> Iterator[str]:
        yield from self._values
        yield from (name for name in self._below if name not in self._values)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Hidden(Mapping[str, Any]):
    """What was handed in, normalised when it is first read, without some of its names."""

    __slots__ = ("_below", "_names", "_read")

    yields_values: ClassVar[bool] = True

    def __init__(self, names: frozenset[str], below: Mapping[str, Any]) -> None:
        self._names = names
        self._below = below
        self._read: dict[str, Value] = {}

    def __getitem__(self, name: str) -> Value:
        if name in self._names:
            raise KeyError(name)
        if name not in self._read:
            self._read[name] = normalise(self._below[name])
        return self._read[name]

    def __contains__(self, name: object) -> bool:
        return name not in self._names and name in self._below

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._below if name not in self._names)

    def __len__(self) -> int:
        return sum(1 for _ in self)


@dataclass(frozen=True)
class Names:
    """What an expression may refer to.

    Attributes:
        visible: The names of variables and functions.
        keys: The names of the entries of contexts anywhere in the model.
        types: The types that FEEL texts may name.
        fitted: The same types with their allowed values, for fitting values to them.
    """

    visible: frozenset[str]
    keys: frozenset[str]
    types: Mapping[str, Type]
    fitted: Mapping[str, Type]

    def adding(self, names: Iterable[str]) -> "Names":
        """Return the same with more names visible."""
        return replace(self, visible=self.visible | set(names))
