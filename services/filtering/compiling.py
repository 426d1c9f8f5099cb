"""Filters as SQL: one condition on the filtered model, with ``EXISTS`` for what lies elsewhere.

What the actor may not see does not exist for a filter either: a related record counts only if it
is in the actor's scope, and a field that is hidden from it is refused like one that is not there.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import aliased

from services.filtering.comparisons import (
    Comparison,
    Either,
    Has,
    InGroups,
    Like,
    Missing,
    OneOf,
    Within,
    comparison_of,
    ignores_case,
)
from services.filtering.further_fields import FurtherField
from services.filtering.model import (
    AllOf,
    AnyOf,
    Condition,
    Filter,
    Hop,
    Node,
    Not,
    Related,
    Words,
    nodes_of,
)
from services.filtering.parsing import refused
from services.people.model import memberships
from services.records.types import Field, RecordType, get_record_type
from services.search.conditions import search_condition
from services.unit_of_work import UnitOfWork


def compile_filter(uow: UnitOfWork, filter_: Filter, model: Any = None) -> ColumnElement[bool]:
    """Return the SQL condition of a filter, for the actor and the moment of ``uow``.

    Args:
        uow: Of whoever asks.
        filter_: What to compile.
        model: The model or an alias of it; the record type's own model if None.

    Raises:
        Invalid: It reads a field that the actor may not see.
    """
    record_type = get_record_type(filter_.record_type)
    return compile_node(uow, record_type, filter_.root, model or record_type.model)


def compile_node(
    uow: UnitOfWork, record_type: RecordType, node: Node, model: Any
) -> ColumnElement[bool]:
    """Return the SQL condition of a part of a filter; it may be null, which means no."""
    if isinstance(node, AllOf):
        return and_(true(), *(compile_node(uow, record_type, one, model) for one in node.parts))
    if isinstance(node, AnyOf):
        return or_(false(), *(compile_node(uow, record_type, one, model) for one in node.parts))
    if isinstance(node, Not):
        return compile_node(uow, record_type, node.part, model).is_not(true())
    if isinstance(node, Words):
        return search_condition(uow, record_type, node.text, model)
    if isinstance(node, Related):
        return _related(uow, node, model)
    if node.hops:
        return _beyond(uow, record_type, node, model)
    check_readable(uow, record_type, node.field)
    if isinstance(node.field, FurtherField):
        return compare_further(uow, node, node.field, model)
    return _compared(uow, node, getattr(model, node.field.name))


def check_readable(uow: UnitOfWork, record_type: RecordType, field: Field) -> None:
    """Refuse a field that the actor may not see, as if there were none.

    Raises:
        Invalid: It is hidden.
    """
    if isinstance(field, FurtherField):
        is_open = field.is_open_to(uow)
    else:
        is_open = uow.readable_field(record_type, field.name) is not None
    if not is_open:
        raise refused(f"{record_type.label} has no field “{field.name}” to filter by.")


def check_all_readable(uow: UnitOfWork, record_type: RecordType, node: Node) -> None:
    """Refuse a part of a filter that reads a hidden field, however far away the field lies.

    Raises:
        Invalid: It does.
    """
    for part in nodes_of(node):
        if isinstance(part, Condition):
            source: RecordType | None = record_type
            for field, beyond in (
                *((hop.field, hop.target) for hop in part.hops),
                (part.field, None),
            ):
                if source is not None:
                    check_readable(uow, source, field)
                source = None if beyond is None else beyond.record_type
        elif isinstance(part, Related):
            if part.records.field is not None:
                check_readable(uow, part.records.record_type, part.records.field)
            check_all_readable(uow, part.records.record_type, part.where)


def visible_exists(
    uow: UnitOfWork, model: Any, *conditions: ColumnElement[bool]
) -> ColumnElement[bool]:
    """Return whether the actor sees a row of ``model`` that fulfils the conditions."""
    return uow.select(model).with_only_columns(model.id).where(*conditions).exists()


def _beyond(
    uow: UnitOfWork, record_type: RecordType, condition: Condition, model: Any
) -> ColumnElement[bool]:
    """Return the condition of a field that lies over relations."""
    hop = condition.hops[0]
    check_readable(uow, record_type, hop.field)
    target = aliased(hop.target.model)
    inner = rest_of(uow, hop, condition, target)
    return visible_exists(uow, target, target.id == getattr(model, hop.field.name), inner)


def rest_of(uow: UnitOfWork, hop: Hop, condition: Condition, target: Any) -> ColumnElement[bool]:
    """Return what is left of a condition on the far side of its first hop."""
    rest = Condition(condition.hops[1:], condition.field, condition.op, condition.values)
    if hop.target.record_type is None:
        return _compared(uow, rest, getattr(target, rest.field.name))
    return compile_node(uow, hop.target.record_type, rest, target)


def _related(uow: UnitOfWork, node: Related, model: Any) -> ColumnElement[bool]:
    found = related_exists(uow, node, model)
    return ~found if node.quantifier == "none" else found


def related_exists(uow: UnitOfWork, node: Related, model: Any) -> ColumnElement[bool]:
    """Return whether a record that fulfils the part points to the row of ``model``."""
    records = node.records
    if records.field is not None:
        check_readable(uow, records.record_type, records.field)
    pointing = aliased(records.record_type.model)
    where = compile_node(uow, records.record_type, node.where, pointing)
    return visible_exists(uow, pointing, records.link(pointing, model), where)


def compare_further(
    uow: UnitOfWork, condition: Condition, field: FurtherField, model: Any
) -> ColumnElement[bool]:
    """Return the condition of a field whose value lies in no column of the model."""
    if field.expression is not None:
        return _compared(uow, condition, field.expression(model))
    comparison, negated = comparison_of(uow, condition)
    if field.belongs is None or not isinstance(comparison, OneOf):
        raise refused(f"{field.label} can't be compared like this.")
    found = or_(false(), *(field.belongs(uow, key, model) for key in comparison.values))
    return found.is_not(true()) if negated else found


def _compared(uow: UnitOfWork, condition: Condition, column: Any) -> ColumnElement[bool]:
    comparison, negated = comparison_of(uow, condition)
    found = _sql(comparison, condition.field, column)
    return found.is_not(true()) if negated else found


def _sql(comparison: Comparison, field: Field, column: Any) -> ColumnElement[bool]:
    found: ColumnElement[bool]
    if isinstance(comparison, Missing):
        found = _missing(field, column)
    elif isinstance(comparison, Either):
        found = or_(*(_sql(one, field, column) for one in comparison.tests))
    elif isinstance(comparison, InGroups):
        members = select(memberships.c.user_id)
        found = column.in_(members.where(memberships.c.group_id.in_(comparison.group_ids)))
    elif isinstance(comparison, Like):
        found = _like(comparison, func.lower(column))
    elif isinstance(comparison, Has):
        tests = [column.cast(JSONB).contains([value]) for value in comparison.values]
        found = and_(true(), *tests) if comparison.every else or_(false(), *tests)
    elif isinstance(comparison, Within):
        found = _within(comparison, column)
    else:
        found = _one_of(comparison, func.lower(column) if ignores_case(field) else column)
    return found


def _one_of(comparison: OneOf, column: Any) -> ColumnElement[bool]:
    if len(comparison.values) == 1:
        one: ColumnElement[bool] = column == comparison.values[0]
        return one
    several: ColumnElement[bool] = column.in_(comparison.values)
    return several


def _within(comparison: Within, column: Any) -> ColumnElement[bool]:
    tests = [column.is_not(None)] if comparison.low is comparison.high is None else []
    if comparison.low is not None:
        tests.append(column > comparison.low if comparison.low_open else column >= comparison.low)
    if comparison.high is not None:
        is_open = comparison.high_open
        tests.append(column < comparison.high if is_open else column <= comparison.high)
    return and_(*tests)


def _like(comparison: Like, column: Any) -> ColumnElement[bool]:
    ways = {
        "contains": column.contains,
        "starts": column.startswith,
        "ends": column.endswith,
    }
    found: ColumnElement[bool] = ways[comparison.where](comparison.text, autoescape=True)
    return found


def _missing(field: Field, column: Any) -> ColumnElement[bool]:
    nothing: ColumnElement[bool] = column.is_(None)
    if field.traits.is_several:
        return or_(nothing, column.cast(JSONB) == [])
    return or_(nothing, column == "") if field.traits.is_textual else nothing
