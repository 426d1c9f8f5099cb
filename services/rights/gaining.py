"""Whom a share lets see or change a record that could not do so before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, false, func, or_, select

from services.actors import Permission, Scope, Verb
from services.database import Base
from services.people.model import Group, User, memberships
from services.rights.book import RightsBook
from services.rights.model import RecordShare, RightsVersion
from services.rights.reach import RecordRights
from services.unit_of_work import UnitOfWork

MOST_TOLD: Final = 500
"""Of how many members of a group it is asked, by name: nobody waits while thousands are told."""


@dataclass(frozen=True, slots=True)
class Gains:
    """People by what a share is to them: the record, or that they may change it."""

    seeing: list[UUID]
    changing: list[UUID]


def gains_of(uow: UnitOfWork, record: Any, group: Group, level: str) -> Gains:
    """Return who of a group gets to see, or to change, a record by sharing it with the group.

    It is asked before the record is shared, and in one statement, however many belong to the
    group. The actor is left out, and so is who is switched off.
    """
    found = Gains([], [])
    for row in uow.session.execute(_members(uow, record, group)):
        book = uow.platform.part(RightsBook)
        granted = book.granted(uow.session, row.version, row.roles, Scope(row.scope))
        has = {
            Verb.READ: row.takes_part or row.reads,
            Verb.UPDATE: row.takes_part or row.writes,
        }
        gained = [
            verb
            for verb, permission in _given(level)
            if permission in granted.permissions
            and _reaches(granted.rights, record, verb)
            and not (has[verb] or _has_itself(granted.rights, record, verb, row))
        ]
        if gained:
            (found.seeing if Verb.READ in gained else found.changing).append(row.id)
    return found


def _given(level: str) -> Iterator[tuple[Verb, Permission]]:
    """Yield what a share of this level is for, and what one needs for it besides."""
    yield Verb.READ, Permission.RECORD_READ
    if level == "write":
        yield Verb.UPDATE, Permission.RECORD_WRITE


def _reaches(rights: RecordRights, record: Any, verb: Verb) -> bool:
    """Tell whether roles leave the type open at all: what they close, no share opens."""
    return rights.scope(record.record_type, verb) is not Scope.NONE


def _has_itself(rights: RecordRights, record: Any, verb: Verb, row: Any) -> bool:
    """Tell whether somebody has a record without any share; see ``services.access``."""
    scope = rights.scope(record.record_type, verb)
    return (
        scope is Scope.ALL or row.id == record.owner_id or (scope is Scope.TEAM and row.is_of_team)
    )


def _members(uow: UnitOfWork, record: Any, group: Group) -> Select[*tuple[Any, ...]]:
    """Return the query of a group's people with all that decides what they may do with a record."""
    member_of = select(memberships.c.group_id).where(memberships.c.user_id == User.id)
    shared = (
        exists()
        .where(RecordShare.record_id == record.id)
        .where(or_(RecordShare.ends_at.is_(None), RecordShare.ends_at > uow.now))
        .where(or_(RecordShare.holder_id == User.id, RecordShare.holder_id.in_(member_of)))
    )
    of_group = select(memberships.c.user_id).where(memberships.c.group_id == group.id)
    return (
        select(
            User.id,
            User.roles,
            User.scope,
            select(RightsVersion.version).scalar_subquery().label("version"),
            _is_of_team(record).label("is_of_team"),
            _takes_part(record).label("takes_part"),
            shared.label("reads"),
            shared.where(RecordShare.level == "write").label("writes"),
        )
        .where(User.active, User.id.is_distinct_from(uow.actor.user_id), User.id.in_(of_group))
        .order_by(func.lower(User.name), User.id)
        .limit(MOST_TOLD)
    )


def _is_of_team(record: Any) -> ColumnElement[bool]:
    """Return whether somebody belongs to a record's team, or to one above it."""
    upward = select(Group.id, Group.parent_id).where(Group.id == record.team_id)
    above = upward.cte("above", recursive=True)
    above = above.union(
        select(Group.id, Group.parent_id).join(above, Group.id == above.c.parent_id)
    )
    return exists().where(
        memberships.c.user_id == User.id, memberships.c.group_id.in_(select(above.c.id))
    )


def _takes_part(record: Any) -> ColumnElement[bool]:
    named = getattr(type(record), "__participants__", None)
    if named is None:
        return false()
    table = Base.metadata.tables[named[0]]
    return exists().where(table.c[named[1]] == record.id, table.c[named[2]] == User.id)
