"""The rules of all territories in the order in which they are asked.

A transaction looks once whether they have changed; what they say is kept in memory as long as
nobody changes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from services.errors import Invalid
from services.filtering import Filter, parse_filter
from services.filtering.further_fields import FurtherField
from services.filtering.model import Condition, Node, Related, Words, nodes_of
from services.records.types import get_record_type
from services.territories.model import PLACED_TYPES, Territory
from services.territories.tree import as_asked, list_territories
from services.unit_of_work import UnitOfWork

_BOOK: Final = "territory_book"
_CHANGED: Final = "territories_changed"


@dataclass(frozen=True, slots=True)
class Rule:
    """What falls into a territory.

    Attributes:
        filter: None where it can't be read any more; ``problem`` says why.
    """

    territory_id: UUID
    name: str
    filter: Filter | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class TerritoryBook:
    """All rules.

    Attributes:
        stamp: Another one after each change of a territory or of the fields that rules read.
        known: The keys of all territories that are not in the bin.
        rules: Record type → its rules, the first that holds counts.
        read: Record type → the fields that its rules read; None where they read a segment, or
            other records that point to it, so that any change may matter.
    """

    stamp: tuple[Any, ...]
    known: frozenset[UUID]
    rules: Mapping[str, Sequence[Rule]]
    read: Mapping[str, frozenset[str] | None]


class TerritoryMemory:
    """The book that was read last; one a platform."""

    def __init__(self) -> None:
        self.book: TerritoryBook | None = None


def territory_book(uow: UnitOfWork) -> TerritoryBook:
    """Return the rules as this transaction sees them; one small statement the first time."""
    info = uow.session.info
    touched = info.get("touched") or {}
    if any(one.record_type == "territory" for one in touched.values()):
        info[_CHANGED] = True
    if _CHANGED in info:  # it may still be rolled back, so nothing of it is kept
        return _read_book(uow, ())
    if _BOOK not in info:
        memory = uow.platform.part(TerritoryMemory)
        stamp = _stamp(uow)
        if memory.book is None or memory.book.stamp != stamp:
            memory.book = _read_book(uow, stamp)
        info[_BOOK] = memory.book
    found: TerritoryBook = info[_BOOK]
    return found


def _stamp(uow: UnitOfWork) -> tuple[Any, ...]:
    versions = func.concat(cast(Territory.id, Text), ":", cast(Territory.version, Text))
    together = func.string_agg(versions, aggregate_order_by(literal(" "), Territory.id))
    statement = select(func.md5(together)).where(Territory.deleted_at.is_(None))
    fields = (get_record_type(name).revision for name in PLACED_TYPES)
    return (uow.session.scalar(statement), *fields)


def _read_book(uow: UnitOfWork, stamp: tuple[Any, ...]) -> TerritoryBook:
    territories = list_territories(uow)
    in_order = [one for one in as_asked(territories) if one.is_active]
    rules = {name: tuple(_rules(in_order, name)) for name in PLACED_TYPES}
    known = frozenset(one.id for one in territories)
    return TerritoryBook(stamp, known, rules, {name: _fields_read(rules[name]) for name in rules})


def _rules(territories: Sequence[Territory], record_type: str) -> list[Rule]:
    found = []
    for one in territories:
        raw = one.rules.get(record_type)
        if not raw:
            continue
        try:
            where = parse_filter(get_record_type(record_type), raw)
        except Invalid as error:
            found.append(Rule(one.id, one.name, None, error.message))
        else:
            found.append(Rule(one.id, one.name, where))
    return found


def _reads_all(node: Node) -> bool:
    """Tell whether any field may matter to a part of a rule; a segment reads what it likes."""
    if isinstance(node, Condition) and isinstance(node.field, FurtherField):
        return node.field.belongs is not None and not node.hops
    return isinstance(node, Related | Words)


def _fields_read(rules: Sequence[Rule]) -> frozenset[str] | None:
    names: set[str] = set()
    for rule in rules:
        if rule.filter is None:
            continue
        if any(_reads_all(node) for node in nodes_of(rule.filter.root)):
            return None
        names |= rule.filter.field_names()
    return frozenset(names)
