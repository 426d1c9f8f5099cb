"""What a territory's page shows beyond other records': its rules, and who works in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from services.errors import Invalid
from services.filtering import describe, parse_filter
from services.people.model import User
from services.records.types import get_record_type, related_title
from services.territories.model import PLACED_TYPES, Territory
from services.territories.territories import members_of
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class RuleShown:
    """A rule in words.

    Attributes:
        text: Empty where nothing falls into the territory by itself.
        problem: Why it can't be read any more; empty if it can.
        count: How many records of the type lie there that the actor may see.
    """

    record_type: str
    plural: str
    text: str
    problem: str
    count: int


@dataclass(frozen=True, slots=True)
class TerritoryPage:
    """What the templates of a territory's page show."""

    rules: Sequence[RuleShown]
    members: Sequence[User]
    people: Sequence[tuple[Any, str]]
    parts: Sequence[Territory]


def load_territory(uow: UnitOfWork, territory: Territory) -> TerritoryPage:
    """Return what a territory's page shows beyond other records'."""
    people = select(User.id, User.name).where(User.active).order_by(User.name)
    parts = uow.select(Territory).where(Territory.parent_id == territory.id)
    return TerritoryPage(
        rules=[_shown(uow, territory, name) for name in PLACED_TYPES],
        members=members_of(uow, territory.id),
        people=[(row.id, row.name) for row in uow.session.execute(people)],
        parts=uow.session.scalars(parts.order_by(Territory.priority, Territory.name)).all(),
    )


def rule_in_words(uow: UnitOfWork, territory: Territory, record_type: str) -> tuple[str, str]:
    """Return what a rule takes in plain English, and why it can't be read; one is empty."""
    kind = get_record_type(record_type)
    try:
        where = parse_filter(kind, territory.rules.get(record_type))
    except Invalid as error:
        return "", error.message
    return describe(where, lambda *of: related_title(uow, *of)), ""


def _shown(uow: UnitOfWork, territory: Territory, record_type: str) -> RuleShown:
    kind = get_record_type(record_type)
    text, problem = rule_in_words(uow, territory, record_type)
    lying: Any = uow.select(kind.model).where(kind.model.territory_id == territory.id)
    count = uow.session.scalar(lying.with_only_columns(func.count())) or 0
    return RuleShown(record_type, kind.plural, text, problem, count)
