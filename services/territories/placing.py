"""In which territory a record lies: by the first rule that holds, or because somebody says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Uuid, case, cast, inspect, literal, null

from services.actors import SYSTEM
from services.database import new_id
from services.errors import Invalid
from services.filtering import compile_filter, describe, matches
from services.records.changes import follower
from services.records.types import get_record_type, related_title
from services.territories.book import Rule, territory_book
from services.territories.model import PLACED_TYPES
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Considered:
    """A territory that was asked whether a record falls into it.

    Attributes:
        rule: What it takes, in plain English.
        holds: Whether the record fulfils it; None where the rule can't be read any more.
    """

    territory_id: UUID
    name: str
    rule: str
    holds: bool | None


@dataclass(frozen=True, slots=True)
class Placing:
    """Why a record lies where it lies.

    Attributes:
        considered: The territories in the order in which they were asked, up to the first that
            holds.
        by_rule: Where the rules put it now; None for nowhere.
    """

    territory_id: UUID | None
    is_manual: bool
    considered: tuple[Considered, ...]
    by_rule: UUID | None

    @property
    def is_outdated(self) -> bool:
        """Whether the rules have changed since it was put there."""
        return not self.is_manual and self.territory_id != self.by_rule


@follower(*PLACED_TYPES)
def follow_rules(
    uow: UnitOfWork, record: Any, changes: Mapping[str, tuple[Any, Any]] | None
) -> None:
    """Put a new or changed record into its territory, unless somebody chose one."""
    if changes is None:
        record.territory_is_manual = record.territory_id is not None
        if not record.territory_is_manual and territory_book(uow).rules[record.record_type]:
            _complete(uow, record)
            record.territory_id = find_territory(uow, record)
    elif "territory_id" in changes:
        record.territory_is_manual = record.territory_id is not None
        if not record.territory_is_manual:
            record.territory_id = find_territory(uow, record)
    elif not record.territory_is_manual and _matters(uow, record.record_type, changes):
        record.territory_id = find_territory(uow, record)


def find_territory(uow: UnitOfWork, record: Any) -> UUID | None:
    """Return the territory that a record falls into by the rules; None for nowhere."""
    system = uow.acting_as(SYSTEM)
    for rule in territory_book(uow).rules[record.record_type]:
        if _holds(system, rule, record):
            return rule.territory_id
    return None


def placing_in_sql(uow: UnitOfWork, record_type: str) -> Any:
    """Return the SQL expression of the territory that the rules give to rows of a type.

    A rule that can't be read any more takes none.
    """
    system = uow.acting_as(SYSTEM)
    whens = []
    for rule in territory_book(uow).rules[record_type]:
        if rule.filter is None:
            continue
        try:
            condition = compile_filter(system, rule.filter)
        except Invalid:  # such as one that names a segment which was deleted
            continue
        whens.append((condition, literal(rule.territory_id, Uuid)))
    return case(*whens, else_=None) if whens else cast(null(), Uuid)


def explain_placing(uow: UnitOfWork, record: Any) -> Placing:
    """Tell why a record lies where it lies, and where the rules put it now."""
    system = uow.acting_as(SYSTEM)
    considered = []
    by_rule = None
    for rule in territory_book(uow).rules[record.record_type]:
        holds = _holds(system, rule, record)
        shown = rule.problem or describe(rule.filter, lambda *of: related_title(uow, *of))  # type: ignore[arg-type]
        considered.append(Considered(rule.territory_id, rule.name, shown, holds))
        if holds:
            by_rule = rule.territory_id
            break
    return Placing(record.territory_id, record.territory_is_manual, tuple(considered), by_rule)


def _holds(system: UnitOfWork, rule: Rule, record: Any) -> bool | None:
    """Tell whether a record fulfils a rule; None if the rule can't be read any more."""
    if rule.filter is None:
        return None
    try:
        return matches(system, rule.filter, record)
    except Invalid:  # such as one that names a segment which was deleted
        return None


def _matters(uow: UnitOfWork, record_type: str, changes: Mapping[str, Any]) -> bool:
    """Tell whether a rule reads one of the changed fields."""
    read = territory_book(uow).read[record_type]
    return read is None or not read.isdisjoint(changes)


def _complete(uow: UnitOfWork, record: Any) -> None:
    """Set what a new record gets as it is written: rules read it as it will be."""
    record.id = record.id or new_id()
    for name in ("created_at", "updated_at"):
        if getattr(record, name) is None:
            setattr(record, name, uow.now)
    for attribute in inspect(get_record_type(record.record_type).model).column_attrs:
        column: Any = attribute.columns[0]
        if column.default is None or not column.default.is_scalar:
            continue
        if getattr(record, attribute.key) is None:
            setattr(record, attribute.key, column.default.arg)
