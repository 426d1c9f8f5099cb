"""What can be done with groups, which are teams and task queues at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select

from services.actors import Permission
from services.arguments import Key, Keys, Line
from services.errors import Conflict, NotFound
from services.joining import MOST_MEMBERS, SEEN, joined
from services.operations import Arguments, operation
from services.people.model import Group, User, find_group, mark_changed, memberships
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.rights.giving import check_groups, check_person
from services.unit_of_work import UnitOfWork

MAX_LEVELS = 10
"""How deep groups may stand below one another."""


class CreateGroup(Arguments):
    """A team and task queue."""

    name = Line(required=True, metadata={"title": "Name"})
    parent_id = Key(load_default=None, allow_none=True, metadata={"title": "Team above"})


class UpdateGroup(Arguments):
    """What changes of a group; what is left out stays."""

    group_id = Key(required=True, metadata={"title": "Group"})
    version = VERSION
    name = Line(metadata={"title": "Name"})
    parent_id = Key(
        allow_none=True,
        metadata={"title": "Team above", "description": "Its members see this one's records."},
    )


class SetMembers(Arguments):
    """Who belongs to a group."""

    group_id = Key(required=True, metadata={"title": "Group"})
    version = VERSION
    user_ids = Keys(required=True, most=MOST_MEMBERS, metadata={"title": "Members"})
    seen_ids = Keys(load_default=None, allow_none=True, most=MOST_MEMBERS, metadata=SEEN)


@operation("group.create", Permission.USER_MANAGE, CreateGroup)
def create_group(uow: UnitOfWork, *, name: str, parent_id: UUID | None) -> Group:
    """Create a group."""
    _check_group_name(uow, name)
    if parent_id is not None:
        _hold_groups(uow)
        _check_above(uow, None, parent_id)
    return uow.add(Group(name=name, parent_id=parent_id))


@operation("group.update", Permission.USER_MANAGE, UpdateGroup)
def update_group(
    uow: UnitOfWork, *, group_id: UUID, version: int | None = None, **values: Any
) -> Group:
    """Rename a group, or put it below another one.

    Raises:
        StaleVersion: Somebody else has changed it, or who belongs to it, since.
        Conflict: The name is taken, or the groups would stand in a circle.
    """
    if "parent_id" in values:
        _hold_groups(uow)
    group = uow.get(Group, group_id, lock=True)
    check_version(uow, group, version)
    if "name" in values and values["name"] != group.name:
        _check_group_name(uow, values["name"])
    if values.get("parent_id") not in {None, group.parent_id}:
        _check_above(uow, group.id, values["parent_id"])
        check_groups(uow, {group.id, values["parent_id"]})  # its members get to see more
    for name, value in values.items():
        setattr(group, name, value)
    uow.session.flush()
    return group


@operation("group.set_members", Permission.USER_MANAGE, SetMembers)
def set_members(
    uow: UnitOfWork,
    *,
    group_id: UUID,
    user_ids: list[UUID],
    seen_ids: list[UUID] | None,
    version: int | None = None,
) -> Group:
    """Set who belongs to a group; with ``seen_ids``, what others have changed since stays.

    Raises:
        StaleVersion: Somebody else has changed it, or who belongs to it, since.
    """
    group = uow.get(Group, group_id, lock=True)
    check_version(uow, group, version)
    held = select(memberships.c.user_id).where(memberships.c.group_id == group.id)
    former = set(uow.session.scalars(held))
    wanted = joined(former, user_ids, seen_ids)
    found = set(uow.session.scalars(select(User.id).where(User.id.in_(wanted))))
    if found != wanted:
        raise NotFound("There is no such user.")
    uow.session.execute(delete(memberships).where(memberships.c.group_id == group.id))
    if wanted:
        rows = [{"group_id": group.id, "user_id": key} for key in sorted(wanted)]
        uow.session.execute(insert(memberships), rows)
    if wanted != former:
        mark_changed(uow, Group, [group.id])
        mark_changed(uow, User, wanted ^ former)
    uow.session.expire_all()
    for key in sorted(wanted - former):
        check_person(uow, uow.get(User, key).actor())
    return group


def list_groups(uow: UnitOfWork) -> Sequence[Group]:
    """Return the groups by name."""
    return uow.session.scalars(select(Group).order_by(Group.name)).all()


def _check_group_name(uow: UnitOfWork, name: str) -> None:
    if find_group(uow, name) is not None:
        raise Conflict(f"There is a group called {name} already.")


def _hold_groups(uow: UnitOfWork) -> None:
    """Hold all groups to the commit: two moves at once could make a circle together."""
    uow.session.execute(select(Group.id).order_by(Group.id).with_for_update())


def _check_above(uow: UnitOfWork, group_id: UUID | None, parent_id: UUID) -> None:
    """Refuse a team above that is not there, is the group itself or stands below it.

    The groups below come along, so their levels count, too. All groups are held already.

    Raises:
        NotFound: There is no such group.
        Conflict: There would be a circle, or too many levels.
    """
    uow.get(Group, parent_id)
    rows = uow.session.execute(select(Group.id, Group.parent_id))
    above: dict[UUID, UUID | None] = {row.id: row.parent_id for row in rows}
    way_up = _way_up(above, parent_id)
    if group_id in way_up:
        raise Conflict("A group can't stand below itself.")
    ways = (_way_up(above, key) for key in above)
    below = max((way.index(group_id) for way in ways if group_id in way), default=0)
    if len(way_up) + 1 + below > MAX_LEVELS:
        raise Conflict(f"Groups stand at most {MAX_LEVELS} levels deep.")


def _way_up(above: Mapping[UUID, UUID | None], key: UUID) -> list[UUID]:
    """Return the group and those above it, nearest first."""
    way, current = [key], above.get(key)
    while current is not None:
        way.append(current)
        current = above.get(current)
    return way
