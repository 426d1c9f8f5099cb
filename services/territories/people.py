"""Who works where a record lies."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.people.model import User
from services.records.types import get_record_type
from services.territories.model import Territory, TerritoryMember
from services.territories.tree import path_of
from services.unit_of_work import UnitOfWork

_THROUGH = ("account", "lead")


def territory_of(uow: UnitOfWork, record: Any) -> Territory | None:
    """Return where a record lies, or else its account or its lead; None for nowhere.

    A territory in the bin is nowhere.
    """
    key = getattr(record, "territory_id", None)
    for name in _THROUGH:
        related = getattr(record, f"{name}_id", None)
        if key is None and related is not None:
            model = get_record_type(name).model
            key = uow.session.scalar(select(model.territory_id).where(model.id == related))
    found = None if key is None else uow.session.get(Territory, key)
    return None if found is None or found.deleted_at is not None else found


def workers_in(uow: UnitOfWork, territory: Territory) -> list[UUID]:
    """Return the active members of a territory, or of the next one above that has any.

    Where no one above has any either, the nearest manager is all there is.
    """
    rows = uow.session.execute(
        select(Territory.id, Territory.parent_id, Territory.manager_id).where(
            Territory.deleted_at.is_(None)
        )
    ).all()
    path = path_of(territory.id, {row.id: row.parent_id for row in rows})
    managers = {row.id: row.manager_id for row in rows}
    active = (
        select(TerritoryMember.territory_id, User.id)
        .join(User, User.id == TerritoryMember.user_id)
        .where(TerritoryMember.territory_id.in_(path), User.active)
    )
    found: dict[UUID, list[UUID]] = {}
    for key, person in uow.session.execute(active):
        found.setdefault(key, []).append(person)
    of_members = next((found[key] for key in path if key in found), [])
    if of_members:
        return of_members
    people = [managers[key] for key in path if managers.get(key) is not None]
    switched_on = select(User.id).where(User.id.in_(people), User.active)
    there = set(uow.session.scalars(switched_on))
    return [person for person in people if person in there][:1]
