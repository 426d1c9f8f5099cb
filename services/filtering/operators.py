"""How fields can be compared, by their kind: operators, their names, and what they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from services.filtering.further_fields import FurtherField
from services.records.types import Field

Takes = Literal["nothing", "one", "two", "many", "text"]


@dataclass(frozen=True, slots=True)
class Operator:
    """A way of comparing.

    Attributes:
        words: As in "Amount ≥ 5,000".
        label: As a select offers it.
        takes: How many values: ``nothing``, ``one``, ``two``, ``many`` or a piece of ``text``.
        negates: What it is the opposite of; the opposite also holds where there is no value.
    """

    name: str
    words: str
    label: str
    takes: Takes
    negates: str | None = None


_ALL: Final = (
    Operator("eq", "is", "is", "one"),
    Operator("ne", "is not", "is not", "one", "eq"),
    Operator("in", "is one of", "is one of", "many"),
    Operator("not_in", "is none of", "is none of", "many", "in"),
    Operator("lt", "<", "is less than", "one"),
    Operator("lte", "≤", "is at most", "one"),
    Operator("gt", ">", "is more than", "one"),
    Operator("gte", "≥", "is at least", "one"),
    Operator("between", "is between", "is between", "two"),
    Operator("contains", "contains", "contains", "text"),
    Operator("not_contains", "does not contain", "does not contain", "text", "contains"),
    Operator("starts", "begins with", "begins with", "text"),
    Operator("ends", "ends with", "ends with", "text"),
    Operator("any", "has any of", "has any of", "many"),
    Operator("all", "has all of", "has all of", "many"),
    Operator("not_any", "has none of", "has none of", "many", "any"),
    Operator("empty", "is empty", "is empty", "nothing"),
    Operator("not_empty", "is not empty", "is not empty", "nothing", "empty"),
)
OPERATORS: Final[Mapping[str, Operator]] = {operator.name: operator for operator in _ALL}

_ALWAYS: Final = ("empty", "not_empty")
_EQUAL: Final = ("eq", "ne", "in", "not_in")
_ORDERED: Final = ("lt", "lte", "gt", "gte", "between")
_TEXTUAL: Final = ("contains", "not_contains", "starts", "ends")
_SEVERAL: Final = ("any", "all", "not_any")
TIME_KINDS: Final = frozenset({"date", "datetime"})
_TIME_WORDS: Final = {
    "lt": ("before", "is before"),
    "lte": ("until", "is on or before"),
    "gt": ("after", "is after"),
    "gte": ("since", "is on or after"),
}


def operators_of(field: Field) -> tuple[Operator, ...]:
    """Return the operators that go with ``field``, the usual one first."""
    kind = field.traits
    names: tuple[str, ...]
    if isinstance(field, FurtherField) and field.belongs is not None:
        names = _EQUAL
    elif kind.is_several:
        names = (*_SEVERAL, *_ALWAYS)
    elif field.kind == "boolean":
        names = ("eq", "ne", *_ALWAYS)
    elif kind.is_textual:
        names = ("contains", "not_contains", "starts", "ends", *_EQUAL, *_ALWAYS)
    elif kind.is_ordered:
        names = (*_EQUAL[:2], *_ORDERED, *_EQUAL[2:], *_ALWAYS)
    else:
        names = (*_EQUAL, *_ALWAYS)
    return tuple(_named(OPERATORS[name], field) for name in names)


def operator_of(field: Field, name: str) -> Operator | None:
    """Return the operator called ``name`` if it goes with ``field``."""
    return next((one for one in operators_of(field) if one.name == name), None)


def _named(operator: Operator, field: Field) -> Operator:
    """Return the operator as it is called for fields of this kind: times are before and after."""
    if field.kind not in TIME_KINDS or operator.name not in _TIME_WORDS:
        return operator
    words, label = _TIME_WORDS[operator.name]
    return Operator(operator.name, words, label, operator.takes, operator.negates)
