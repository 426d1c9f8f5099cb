"""What can be done with territories: made, changed, given rules and people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import delete, func, select

from services.actors import SYSTEM, Permission
from services.arguments import Keys, Line
from services.errors import Invalid, NotFound
from services.filtering import compile_filter, describe, parse_filter, reads_whoever_asks
from services.joining import MOST_MEMBERS, SEEN, joined
from services.operations import Arguments, operation
from services.people.model import User
from services.records.changes import add_record, change_record, check_links, check_version
from services.records.schemas import VERSION, create_schema, key_argument, update_schema
from services.records.timeline import add_entry
from services.records.types import get_record_type, related_title
from services.territories.model import (
    PLACED_TYPES,
    TERRITORY,
    Territory,
    TerritoryMember,
)
from services.territories.tree import check_place, hold_tree
from services.unit_of_work import UnitOfWork


class SetTerritoryRule(Arguments):
    """Which records of a type fall into a territory."""

    territory_id = key_argument(TERRITORY)
    record_type = Line(
        required=True, validate=validate.OneOf(PLACED_TYPES), metadata={"title": "Record type"}
    )
    filter = fields.Dict(
        load_default=dict,
        metadata={
            "title": "Filter",
            "description": "What records must be like; an empty one takes none.",
        },
    )
    version = VERSION


class SetTerritoryMembers(Arguments):
    """Who works in a territory."""

    territory_id = key_argument(TERRITORY)
    user_ids = Keys(required=True, most=MOST_MEMBERS, metadata={"title": "People"})
    seen_ids = Keys(load_default=None, allow_none=True, most=MOST_MEMBERS, metadata=SEEN)


@operation("territory.create", Permission.TERRITORY_WRITE, create_schema(TERRITORY))
def create_territory(uow: UnitOfWork, **values: Any) -> Territory:
    """Create a territory."""
    check_place(uow, None, values.get("parent_id"))
    _check_name(uow, None, values["name"])
    territory = Territory(**{name: value for name, value in values.items() if value is not None})
    check_links(uow, territory)
    add_record(uow, territory, title=f"Created territory “{territory.name}”")
    return territory


@operation("territory.update", Permission.TERRITORY_WRITE, update_schema(TERRITORY))
def update_territory(
    uow: UnitOfWork, *, territory_id: UUID, version: int | None = None, **values: Any
) -> Territory:
    """Change a territory; records move when the rules are applied to all of them."""
    territory = uow.get(Territory, territory_id)
    values = {k: v for k, v in values.items() if v is not None or k not in {"priority", "name"}}
    if "parent_id" in values:
        check_place(uow, territory.id, values["parent_id"])
    if "name" in values:
        _check_name(uow, territory.id, values["name"])
    change_record(uow, territory, values, version=version)
    return territory


@operation("territory.set_rule", Permission.TERRITORY_WRITE, SetTerritoryRule)
def set_rule(
    uow: UnitOfWork,
    *,
    territory_id: UUID,
    record_type: str,
    filter: Mapping[str, Any],  # noqa: A002 - as lists and views call it
    version: int | None = None,
) -> Territory:
    """Say which records of a type fall into a territory.

    Raises:
        Invalid: It is no filter of this type, or means something else for each person.
    """
    territory = uow.get(Territory, territory_id, lock=True)
    check_version(uow, territory, version)
    kind = get_record_type(record_type)
    where = parse_filter(kind, filter)
    if reads_whoever_asks(where):
        message = "A rule can't say “me” or “my team”: nobody asks when it is applied."
        raise Invalid(message, {"filter": [message]})
    compile_filter(uow.acting_as(SYSTEM), where)
    rules = {name: rule for name, rule in territory.rules.items() if name != record_type}
    plural = kind.plural.lower()
    title = f"No {plural} fall into it by themselves any more"
    if not where.is_empty:
        rules[record_type] = dict(where.raw)
        said = describe(where, lambda *of: related_title(uow, *of))
        title = f"Takes {plural} with {said}"
    if rules != territory.rules:
        change_record(uow, territory, {"rules": rules}, title=title[:300])
    return territory


@operation("territory.set_members", Permission.TERRITORY_WRITE, SetTerritoryMembers)
def set_members(
    uow: UnitOfWork,
    *,
    territory_id: UUID,
    user_ids: Sequence[UUID],
    seen_ids: Sequence[UUID] | None,
) -> Territory:
    """Say who works in a territory, besides its manager.

    With ``seen_ids``, what others have changed since stays.
    """
    territory = uow.get(Territory, territory_id, lock=True)
    of_it = TerritoryMember.territory_id == territory.id
    present = set(uow.session.scalars(select(TerritoryMember.user_id).where(of_it)))
    wanted = joined(present, user_ids, seen_ids)
    found = select(User.id).where(User.id.in_(wanted - present), User.active)
    if wanted - present - set(uow.session.scalars(found)):
        raise NotFound("There is no such user.")
    if gone := present - wanted:
        uow.session.execute(delete(TerritoryMember).where(of_it, TerritoryMember.user_id.in_(gone)))
    for key in sorted(wanted - present):
        uow.session.add(TerritoryMember(territory_id=territory.id, user_id=key))
    uow.session.flush()
    if present != wanted:
        names = ", ".join(one.name for one in members_of(uow, territory.id)) or "nobody"
        add_entry(uow, territory, "changed", f"In it work: {names}"[:300])
    return territory


def members_of(uow: UnitOfWork, territory_id: UUID) -> Sequence[User]:
    """Return who works in a territory, by name; those who were switched off too."""
    joined = select(User).join(TerritoryMember, TerritoryMember.user_id == User.id)
    statement = joined.where(TerritoryMember.territory_id == territory_id).order_by(User.name)
    return uow.session.scalars(statement).all()


def _check_name(uow: UnitOfWork, key: UUID | None, name: str) -> None:
    """Refuse a name that another territory has: people choose by it, and files name it.

    Raises:
        Invalid: There is one.
    """
    hold_tree(uow)
    same = select(Territory.id).where(
        func.lower(Territory.name) == name.lower(),
        Territory.deleted_at.is_(None),
        Territory.id.is_distinct_from(key),
    )
    with uow.session.no_autoflush:
        if uow.session.scalar(same.limit(1)) is not None:
            message = f"There is a territory called {name} already."
            raise Invalid(message, {"name": [message]})
