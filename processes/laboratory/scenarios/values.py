"""Values of scenarios: what a file says, and what is there, in one form that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from feel import FeelError, evaluate, to_plain


class UnclearError(Exception):
    """A scenario says something that can't be done or looked up."""


@dataclass(frozen=True)
class Difference:
    """Something that is not as expected.

    Attributes:
        place: What it is, such as ``record.stage``.
    """

    place: str
    expected: Any
    actual: Any

    def __str__(self) -> str:
        return f"{self.place}: expected {told(self.expected)}, found {told(self.actual)}"


def told(value: Any) -> str:
    """Return a value as a message shows it."""
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)


def meant(value: Any, names: Mapping[str, Any], now: datetime) -> Any:
    """Return what a value of the file means: a text that begins with ``=`` is FEEL.

    Raises:
        UnclearError: It is no expression, or means nothing.
    """
    if isinstance(value, Mapping):
        return {name: meant(one, names, now) for name, one in value.items()}
    if isinstance(value, list):
        return [meant(one, names, now) for one in value]
    if not isinstance(value, str) or not value.startswith("="):
        return plain(value)
    try:
        found = to_plain(evaluate(value[1:], names, now))
    except FeelError as problem:
        raise UnclearError(f"{value}: {problem}") from problem
    if found is None:
        raise UnclearError(f"{value} means nothing here.")
    return found


def plain(value: Any) -> Any:
    """Return a value of a file or a record as plain JSON; times in UTC."""
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return str(value) if isinstance(value, UUID) else value


def differences(place: str, expected: Any, actual: Any) -> list[Difference]:
    """Return where ``actual`` is not as expected; of a mapping, what is expected alone counts."""
    if isinstance(expected, Mapping):
        if not isinstance(actual, Mapping):
            return [Difference(place, expected, actual)]
        return [
            found
            for name, one in expected.items()
            for found in differences(f"{place}.{name}", one, actual.get(name))
        ]
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(expected) != len(actual):
            return [Difference(place, expected, actual)]
        pairs = enumerate(zip(expected, actual, strict=True))
        return [
            found
            for number, (one, other) in pairs
            for found in differences(f"{place}[{number}]", one, other)
        ]
    return [] if _is_same(expected, actual) else [Difference(place, expected, actual)]


def _is_same(expected: Any, actual: Any) -> bool:
    if expected == actual:
        return type(expected) is type(actual) or not isinstance(expected, bool)
    return (moment := _moment(expected)) is not None and moment == _moment(actual)


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
