"""By which of a rule's conditions records are looked up, so that not each is compared with each.

A pair that a rule calls the same meets conditions worth the needed points. So it is enough to
look pairs up by some of them, the *anchors*, where the others are worth less than that.
"""

from __future__ import annotations

from typing import Any, Final

from services.duplicates.rules import Condition, Method, Rule
from services.points.model import MIRRORED
from services.records.base import Matched
from services.records.reachable import Reachable
from services.records.types import Field, RecordType

MERGEABLE: Final = frozenset({"account", "contact", "lead", "deal", "request", "product"})
"""Shipped types of which two records can become one; added types all can."""

POINT_COLUMNS: Final = {column: kind for kind, column in MIRRORED.items()}
"""Fields of which a record may have more values: the kind of their contact points."""

# Fields for which the table keeps another column in one spelling.
_KEPT: Final = {("account", "website"): "domain"}
_NOT_COMPARED: Final = frozenset({"file", "long_text", "multi_choice", "datetime"})
# So many records share each value that it would find no one.
_TOO_COMMON: Final = frozenset({"boolean", "choice", "currency", "percent"})


def can_be_double(record_type: RecordType) -> bool:
    """Tell whether two records of a type can be the same, so that they are merged."""
    return record_type.name in MERGEABLE or record_type.is_added


def comparable_fields(record_type: RecordType) -> list[Field]:
    """Return the fields that rules can compare."""
    return [
        field
        for field in record_type.fields
        if field.kind not in _NOT_COMPARED and not field.is_computed
    ]


def column_name(record_type: RecordType, field: str) -> str:
    """Return the column by which a field is compared."""
    return _KEPT.get((record_type.name, field), field)


def has_points(record_type: RecordType, field: str) -> bool:
    """Tell whether a field's values are contact points, of which there may be several."""
    return field in POINT_COLUMNS and issubclass(record_type.model, Reachable)


def anchors_of(record_type: RecordType, rule: Rule) -> tuple[Condition, ...]:
    """Return the conditions by which a rule's candidates are looked up; none: it can't work."""
    if any(record_type.field(name) is None for name in rule.fields):
        return ()
    left = sum(one.weight for one in rule.counted)
    found: list[Condition] = []
    ranked = sorted(
        (one for one in rule.counted if _rank(record_type, one) is not None),
        key=lambda one: _rank(record_type, one) or 0,
    )
    for one in ranked:
        if left < rule.needed_points:
            break
        found.append(one)
        left -= one.weight
    return tuple(found) if left < rule.needed_points else ()


def has_index(record_type: RecordType, condition: Condition) -> bool:
    """Tell whether records are looked up by this condition without reading all of them."""
    if condition.method == Method.SIMILAR or has_points(record_type, condition.field):
        return True
    name = column_name(record_type, condition.field)
    table = record_type.model.__table__
    column: Any = table.c.get(name)
    if column is None:  # a field of an administrator's; lists sort by those that have an index
        return name in record_type.sorts
    if is_folded(record_type, condition.field):
        return any(f"lower({name})" in str(index.expressions[0]) for index in table.indexes)
    return bool(column.unique) or any(index.expressions[0] is column for index in table.indexes)


def is_folded(record_type: RecordType, field: str) -> bool:
    """Tell whether a field's column is compared without case; addresses are kept in one."""
    found = record_type.field(field)
    kept = (record_type.name, field) in _KEPT
    return found is not None and not kept and found.kind in {"text", "url"}


def column_of(record_type: RecordType, field: str) -> Any:
    """Return the SQL by which a field is read."""
    return getattr(record_type.model, column_name(record_type, field))


def matches_names(record_type: RecordType, field: str) -> bool:
    """Tell whether similar values of a field are found by a key that is kept for them."""
    return issubclass(record_type.model, Matched) and record_type.model.__match__ == field


def _rank(record_type: RecordType, condition: Condition) -> int | None:
    """Return how soon a condition is used to look records up; None: it can't be."""
    field = record_type.field(condition.field)
    if field is None:
        return None
    if condition.method == Method.SIMILAR:
        return 2 if matches_names(record_type, field.name) else None
    if field.kind in _TOO_COMMON:
        return None
    return 0 if has_points(record_type, field.name) else 1
