"""Filters on records at hand: the same answers as SQL, without it where the record is enough."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, literal, select
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
    lowered,
)
from services.filtering.compiling import (
    check_all_readable,
    compare_further,
    compile_filter,
    compile_node,
    rest_of,
    visible_exists,
)
from services.filtering.further_fields import FurtherField
from services.filtering.model import AllOf, AnyOf, Condition, Filter, Node, Not, Related
from services.filtering.parsing import refused
from services.people.model import memberships
from services.records.types import Field, RecordType, get_record_type
from services.search.conditions import is_found
from services.unit_of_work import UnitOfWork


def matches(uow: UnitOfWork, filter_: Filter, record: Any) -> bool:
    """Tell whether a record fulfils a filter; it must have been flushed.

    Only what lies over relations and words are asked of the database.

    Raises:
        Invalid: It reads a field that the actor may not see.
    """
    record_type = get_record_type(filter_.record_type)
    check_all_readable(uow, record_type, filter_.root)
    return _holds(uow, record_type, filter_.root, record)


def matching_keys(uow: UnitOfWork, filter_: Filter, records: Collection[Any]) -> set[UUID]:
    """Return the keys of those records that fulfil a filter; one statement at most, or none.

    Raises:
        Invalid: It reads a field that the actor may not see.
    """
    record_type = get_record_type(filter_.record_type)
    if not records or not filter_.looks_elsewhere:
        check_all_readable(uow, record_type, filter_.root)
        return {record.id for record in records if _holds(uow, record_type, filter_.root, record)}
    model = record_type.model
    keys = [record.id for record in records]
    statement = select(model.id).where(model.id.in_(keys), compile_filter(uow, filter_))
    return set(uow.session.scalars(statement))


def _holds(uow: UnitOfWork, record_type: RecordType, node: Node, record: Any) -> bool:
    if isinstance(node, AllOf):
        return all(_holds(uow, record_type, part, record) for part in node.parts)
    if isinstance(node, AnyOf):
        return any(_holds(uow, record_type, part, record) for part in node.parts)
    if isinstance(node, Not):
        return not _holds(uow, record_type, node.part, record)
    if isinstance(node, Condition):
        if isinstance(node.field, FurtherField) and not node.hops:
            return _further(uow, node, record)
        return _beyond(uow, node, record) if node.hops else _compared(uow, node, record)
    if isinstance(node, Related):
        return _asked(uow, record_type, node, record)
    return is_found(uow, record_type, node.text, record)


def _further(uow: UnitOfWork, condition: Condition, record: Any) -> bool:
    """Tell of a further field of a record, which may not be written yet or have changed since."""
    field: Any = condition.field
    if field.holds is not None:
        of, negated = comparison_of(uow, condition)
        if not isinstance(of, OneOf):
            raise refused(f"{field.label} can't be compared like this.")
        return any(field.holds(uow, key, record) for key in of.values) is not negated
    row = SimpleNamespace(id=literal(record.id, Uuid))
    return bool(uow.session.scalar(select(compare_further(uow, condition, field, row))))


def _asked(uow: UnitOfWork, record_type: RecordType, node: Node, record: Any) -> bool:
    """Ask the database about the record's row."""
    model = aliased(record_type.model)
    found = select(model.id).where(
        model.id == record.id, compile_node(uow, record_type, node, model)
    )
    return uow.session.scalar(found) is not None


def _beyond(uow: UnitOfWork, condition: Condition, record: Any) -> bool:
    hop = condition.hops[0]
    key = getattr(record, hop.field.name)
    if key is None:
        return False
    target = aliased(hop.target.model)
    inner = rest_of(uow, hop, condition, target)
    found = uow.session.scalar(select(visible_exists(uow, target, target.id == key, inner)))
    return bool(found)


def _compared(uow: UnitOfWork, condition: Condition, record: Any) -> bool:
    value = getattr(record, condition.field.name)
    comparison, negated = comparison_of(uow, condition)
    return _test(uow, comparison, condition.field, value) is not negated


def _test(uow: UnitOfWork, comparison: Comparison, field: Field, value: Any) -> bool:
    if isinstance(comparison, Missing):
        return value is None or (value in ("", []) and not _is_plain(field))
    if value is None:
        return False
    if isinstance(comparison, Either):
        return any(_test(uow, one, field, value) for one in comparison.tests)
    if isinstance(comparison, InGroups):
        return _is_member(uow, value, comparison.group_ids)
    if isinstance(comparison, Like):
        return _is_like(comparison, lowered(value))
    if isinstance(comparison, Has):
        ways = all if comparison.every else any
        return ways(wanted in value for wanted in comparison.values)
    if isinstance(comparison, Within):
        return _is_within(comparison, value)
    return (lowered(value) if ignores_case(field) else value) in comparison.values


def _is_plain(field: Field) -> bool:
    return not field.traits.is_several and not field.traits.is_textual


def _is_like(comparison: Like, text: str) -> bool:
    if comparison.where == "starts":
        return text.startswith(comparison.text)
    if comparison.where == "ends":
        return text.endswith(comparison.text)
    return comparison.text in text


def _is_within(comparison: Within, value: Any) -> bool:
    low, high = comparison.low, comparison.high
    if low is not None and (value <= low if comparison.low_open else value < low):
        return False
    return high is None or bool(value < high if comparison.high_open else value <= high)


def _is_member(uow: UnitOfWork, person: UUID, group_ids: Iterable[UUID]) -> bool:
    of_person = select(memberships.c.group_id).where(memberships.c.user_id == person)
    return not set(group_ids).isdisjoint(uow.session.scalars(of_person))
