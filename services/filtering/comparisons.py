"""What a condition asks of one value, the same for SQL and for Python.

A condition becomes a test, and perhaps its opposite. The tests know no empty values: nothing is
less than, equal to or like a value that is not there. The opposite of a test holds for exactly the
others, those without a value among them: *is not Oslo* finds who has no city.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from services.filtering.model import Condition, Me, MyTeam, Period
from services.filtering.operators import OPERATORS
from services.filtering.periods import days_of, midnight
from services.records.types import Field
from services.unit_of_work import UnitOfWork

_KEPT_ALIKE: Final = frozenset({"email", "phone"})


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no value, or an empty text or list."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """It is one of these; texts are compared without case."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class InGroups:
    """It is a person who is in one of these groups."""

    group_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """It lies between two bounds; None is no bound, ``open`` leaves the bound itself out."""

    low: Any = None
    high: Any = None
    low_open: bool = False
    high_open: bool = False


@dataclass(frozen=True, slots=True)
class Like:
    """It is a text that ``contains``, ``starts`` or ``ends`` with this piece, whatever the case."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Has:
    """It is a list with any or all of these values."""

    values: tuple[Any, ...]
    every: bool


@dataclass(frozen=True, slots=True)
class Either:
    """One of the tests holds."""

    tests: tuple[Comparison, ...]


Comparison = Missing | OneOf | InGroups | Within | Like | Has | Either


def comparison_of(uow: UnitOfWork, condition: Condition) -> tuple[Comparison, bool]:
    """Return the test of a condition as of now and for this actor, and whether it must fail."""
    operator = OPERATORS[condition.op]
    return _comparison(
        uow, condition, operator.negates or operator.name
    ), operator.negates is not None


def ignores_case(field: Field) -> bool:
    """Tell whether values of ``field`` are texts that are compared without case.

    Numbers of papers, addresses and phone numbers are kept in one spelling, and have an index for
    that.
    """
    is_kept_alike = field.name == "number" or field.kind in _KEPT_ALIKE
    return field.traits.is_textual and not is_kept_alike


def lowered(text: str) -> str:
    """Return ``text`` in lower case letter by letter, as PostgreSQL's ``lower`` does it."""
    return "".join(c.lower()[0] for c in text)


def _comparison(uow: UnitOfWork, condition: Condition, op: str) -> Comparison:
    field, values = condition.field, condition.values
    if op == "empty":
        return Missing()
    if op in {"contains", "starts", "ends"}:
        return Like(lowered(values[0]), op)
    if op in {"any", "all"}:
        return Has(values, every=op == "all")
    if op in {"eq", "in"}:
        return _equal(uow, field, values)
    bounds = [_bounds(uow, field, value) for value in values]
    if op == "between":
        (low, _, _), (_, high, high_open) = bounds
        return Within(low, high, high_open=high_open)
    return _ordered(op, *bounds[0])


def _ordered(op: str, low: Any, high: Any, high_open: bool) -> Comparison:  # noqa: FBT001 - a bound's parts
    """Return the test of a comparison with the span from ``low`` to ``high``, a point or days."""
    if op == "lt":
        return Within(high=low, high_open=True)
    if op == "lte":
        return Within(high=high, high_open=high_open)
    if op == "gt":
        return Within(low=high, low_open=not high_open)
    return Within(low=low)


def _equal(uow: UnitOfWork, field: Field, values: Iterable[Any]) -> Comparison:
    """Return the test of being one of ``values``, of which some are told by words."""
    plain: list[Any] = []
    tests: list[Comparison] = []
    for value in values:
        if isinstance(value, Me):
            plain += [] if uow.actor.user_id is None else [uow.actor.user_id]
        elif isinstance(value, MyTeam):
            groups = tuple(sorted(uow.actor.group_ids))
            if field.relation == "group":
                plain += groups
            else:
                tests.append(InGroups(groups))
        elif _is_span(field, value):
            low, high, high_open = _bounds(uow, field, value)
            tests.append(Within(low, high, high_open=high_open))
        else:
            plain.append(lowered(value) if ignores_case(field) else value)
    if plain or not tests:
        tests.append(OneOf(tuple(plain)))
    return tests[0] if len(tests) == 1 else Either(tuple(tests))


def _is_span(field: Field, value: Any) -> bool:
    is_day = isinstance(value, date) and not isinstance(value, datetime)
    return isinstance(value, Period) or (field.kind == "datetime" and is_day)


def _bounds(uow: UnitOfWork, field: Field, value: Any) -> tuple[Any, Any, bool]:
    """Return the first moment, the end, and whether the end is out, of a point or of days."""
    if not _is_span(field, value):
        return value, value, False
    zone = uow.platform.settings.timezone
    if isinstance(value, Period):
        first, after = days_of(value.text, uow.now.astimezone(zone).date())
    else:
        first, after = value, _day_after(value)
    if field.kind == "date":
        return first, after, True
    low = None if first is None else midnight(first, zone)
    return low, None if after is None else midnight(after, zone), True


def _day_after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)
