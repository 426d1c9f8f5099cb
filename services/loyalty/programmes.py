"""What administrators do with loyalty programmes, their rules and their levels."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NoReturn
from uuid import UUID

from marshmallow import validate
from sqlalchemy import exists, select

from services.activities.model import ACTIVITY_KINDS
from services.actors import Permission
from services.arguments import Currency, Key, Line, Money, WholeNumber
from services.errors import Invalid
from services.loyalty.ledger import MAX_POINTS
from services.loyalty.ledger_model import LoyaltyMember
from services.loyalty.model import (
    DEFAULT_LEVEL_MONTHS,
    PROGRAMME,
    SOURCES,
    Holder,
    LoyaltyLevel,
    LoyaltyProgramme,
    LoyaltyRule,
    Source,
)
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, update_schema
from services.unit_of_work import UnitOfWork

MAX_MONTHS = 1_200
_DEFAULTS = {"holder": Holder.CONTACT.value, "level_months": DEFAULT_LEVEL_MONTHS}
_POINTS = validate.Range(1, MAX_POINTS)
_KIND = validate.OneOf(list(ACTIVITY_KINDS), list(ACTIVITY_KINDS.values()))


class AddLoyaltyRule(Arguments):
    """What is earned by what."""

    programme_id = Key(required=True, metadata={"title": "Programme"})
    source = Line(
        required=True,
        validate=validate.OneOf(list(SOURCES), list(SOURCES.values())),
        metadata={"title": "Earned by"},
    )
    points = WholeNumber(required=True, validate=_POINTS, metadata={"title": "Points"})
    per_amount = Money(
        load_default=None,
        allow_none=True,
        metadata={"title": "For each", "description": "Empty: once, whatever the amount."},
    )
    currency = Currency(load_default=None, allow_none=True, metadata={"title": "Currency"})
    activity_kind = Line(
        load_default=None, allow_none=True, validate=_KIND, metadata={"title": "Kind of activity"}
    )


class NameLoyaltyRule(Arguments):
    """Which rule."""

    rule_id = Key(required=True, metadata={"title": "Rule"})


class AddLoyaltyLevel(Arguments):
    """A new level."""

    programme_id = Key(required=True, metadata={"title": "Programme"})
    name = Line(required=True, metadata={"title": "Name"})
    from_points = WholeNumber(
        required=True, validate=validate.Range(0, MAX_POINTS), metadata={"title": "From points"}
    )


class ChangeLoyaltyLevel(Arguments):
    """What becomes of a level."""

    level_id = Key(required=True, metadata={"title": "Level"})
    name = Line(metadata={"title": "Name"})
    from_points = WholeNumber(
        validate=validate.Range(0, MAX_POINTS), metadata={"title": "From points"}
    )


class NameLoyaltyLevel(Arguments):
    """Which level."""

    level_id = Key(required=True, metadata={"title": "Level"})


@operation("loyalty_programme.create", Permission.LOYALTY_MANAGE, create_schema(PROGRAMME))
def create_programme(uow: UnitOfWork, **values: Any) -> LoyaltyProgramme:
    """Begin a loyalty programme."""
    programme = LoyaltyProgramme(**{name: v for name, v in values.items() if v is not None})
    _check(uow, programme, values)
    check_links(uow, programme)
    add_record(uow, programme, title=f"Began the programme “{programme.name}”")
    return programme


@operation("loyalty_programme.update", Permission.LOYALTY_MANAGE, update_schema(PROGRAMME))
def update_programme(
    uow: UnitOfWork, *, loyalty_programme_id: UUID, version: int | None = None, **values: Any
) -> LoyaltyProgramme:
    """Change a loyalty programme; points that are booked keep their expiry."""
    programme = uow.get(LoyaltyProgramme, loyalty_programme_id, lock=True)
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    _check(uow, programme, values)
    if values.get("holder", programme.holder) != programme.holder and _has_members(uow, programme):
        _refuse("holder", "The programme has members already.")
    change_record(uow, programme, values, version=version)
    return programme


@operation("loyalty_rule.add", Permission.LOYALTY_MANAGE, AddLoyaltyRule)
def add_rule(
    uow: UnitOfWork,
    *,
    programme_id: UUID,
    source: str,
    points: int,
    per_amount: Decimal | None = None,
    currency: str | None = None,
    activity_kind: str | None = None,
) -> LoyaltyRule:
    """Let points be earned by something, from now on."""
    programme = uow.get(LoyaltyProgramme, programme_id, lock=True)
    if source == Source.ACTIVITY and per_amount is not None:
        _refuse("per_amount", "An activity has no amount.")
    if source != Source.ACTIVITY and activity_kind is not None:
        _refuse("activity_kind", "Only activities have a kind.")
    if per_amount is not None and per_amount == 0:
        _refuse("per_amount", "Use an amount of more than 0.")
    if per_amount is not None and currency is None:
        _refuse("currency", "Say in which currency.")
    return uow.add(
        LoyaltyRule(
            programme_id=programme.id,
            source=source,
            points=points,
            per_amount=per_amount,
            currency=currency if per_amount is not None else None,
            activity_kind=activity_kind,
        )
    )


@operation("loyalty_rule.end", Permission.LOYALTY_MANAGE, NameLoyaltyRule)
def end_rule(uow: UnitOfWork, *, rule_id: UUID) -> LoyaltyRule:
    """Let nothing more be earned by a rule; what was earned stays."""
    rule = uow.get(LoyaltyRule, rule_id, lock=True)
    rule.active = False
    uow.session.flush()
    return rule


@operation("loyalty_level.add", Permission.LOYALTY_MANAGE, AddLoyaltyLevel)
def add_level(uow: UnitOfWork, *, programme_id: UUID, name: str, from_points: int) -> LoyaltyLevel:
    """Add a level to a programme."""
    programme = uow.get(LoyaltyProgramme, programme_id, lock=True)
    _check_level(uow, programme.id, None, from_points)
    return uow.add(LoyaltyLevel(programme_id=programme.id, name=name, from_points=from_points))


@operation("loyalty_level.update", Permission.LOYALTY_MANAGE, ChangeLoyaltyLevel)
def update_level(uow: UnitOfWork, *, level_id: UUID, **values: Any) -> LoyaltyLevel:
    """Change the name of a level, or from how many points on one has it."""
    level = uow.get(LoyaltyLevel, level_id)
    uow.get(LoyaltyProgramme, level.programme_id, lock=True)
    if "from_points" in values:
        _check_level(uow, level.programme_id, level.id, values["from_points"])
    for name, value in values.items():
        setattr(level, name, value)
    uow.session.flush()
    return level


@operation("loyalty_level.delete", Permission.LOYALTY_MANAGE, NameLoyaltyLevel)
def delete_level(uow: UnitOfWork, *, level_id: UUID) -> dict[str, Any]:
    """Delete a level; who had it has the one below."""
    level = uow.get(LoyaltyLevel, level_id, lock=True)
    uow.session.delete(level)
    uow.session.flush()
    return {"level_id": level_id}


def _check(uow: UnitOfWork, programme: LoyaltyProgramme, values: dict[str, Any]) -> None:
    for field, least in (("expiry_months", 1), ("level_months", 1)):
        value = values.get(field)
        if value is not None and not least <= value <= MAX_MONTHS:
            _refuse(field, f"Use {least} to {MAX_MONTHS:,} months.")
    name = values.get("name")
    taken = exists().where(
        LoyaltyProgramme.name == name, LoyaltyProgramme.id.is_distinct_from(programme.id)
    )
    if name is not None and uow.session.scalar(select(taken)):
        _refuse("name", f"There is a programme “{name}” already, maybe in the bin.")


def _check_level(
    uow: UnitOfWork, programme_id: UUID, level_id: UUID | None, from_points: int
) -> None:
    taken = exists().where(
        LoyaltyLevel.programme_id == programme_id,
        LoyaltyLevel.from_points == from_points,
        LoyaltyLevel.id.is_distinct_from(level_id),
    )
    if uow.session.scalar(select(taken)):
        _refuse("from_points", "Another level begins with as many points.")


def _has_members(uow: UnitOfWork, programme: LoyaltyProgramme) -> bool:
    return bool(
        uow.session.scalar(select(exists().where(LoyaltyMember.programme_id == programme.id)))
    )


def _refuse(field: str, message: str) -> NoReturn:
    raise Invalid(message, {field: [message]})
