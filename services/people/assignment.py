"""Giving records to people: to one by name, or to the least busy member of a group."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Select, func, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.actors import Permission
from services.arguments import Key, Line, Truth
from services.crm.deal_model import Deal
from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.database import Base
from services.errors import Conflict, Invalid, NotAllowed, NotFound
from services.operations import Arguments, check_allowed, operation
from services.people.model import Group, User, find_user, memberships
from services.records.changes import change_record
from services.records.schemas import AnyRecordType
from services.records.types import get_record
from services.territories.model import Territory
from services.territories.people import territory_of, workers_in
from services.unit_of_work import UnitOfWork

RECORD_TYPES = (
    "account",
    "activity",
    "contact",
    "deal",
    "invoice",
    "lead",
    "order",
    "price_list",
    "product",
    "quote",
    "request",
)


class LastAssignment(Base):
    """When a user was last given something; the one who waits longest comes first."""

    __tablename__ = "last_assignments"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    at: Mapped[datetime]


class AssignRecord(Arguments):
    """What is given to whom."""

    record_type = Line(
        required=True,
        validate=AnyRecordType(),
        metadata={"title": "Record type"},
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    group = Line(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Group",
            "description": "A group's name: its least busy member becomes the owner.",
        },
    )
    user = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "User", "description": "A person's e-mail address or key."},
    )
    by_territory = Truth(
        load_default=False,
        metadata={
            "title": "By territory",
            "description": "The least busy of those who work where the record, its account or "
            "its lead lies becomes the owner.",
        },
    )


@operation("record.assign", Permission.RECORD_WRITE, AssignRecord, in_diagrams=True)
def assign_record(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    group: str | None = None,
    user: str | None = None,
    by_territory: bool = False,
) -> Any:
    """Give a record to a person, or to the least busy member of a group or its territory."""
    if not (group or user or by_territory):
        raise Invalid("Name a group or a user.", {"group": ["Name a group or a user."]})
    record = get_record(uow, record_type, record_id, lock=True)
    check_allowed(uow, f"{record_type}.update")
    if uow.actor.locked_fields(record_type) & {"owner_id", "team_id"}:
        raise NotAllowed("Your roles don't let you change who has this record.")
    team = _find_team(uow, group) if group else None
    if user:
        owner = _find_owner(uow, user, team)
    else:
        owner = _least_busy(uow, *_candidates(uow, record, team))
    team_id = team.id if team else _team_of(owner, record.team_id)
    _mark(uow, owner)
    title = f"Assigned to {owner.name}" + (f" ({team.name})" if team else "")
    values = {"owner_id": owner.id, "team_id": team_id}
    change_record(uow, record, values, kind="assigned", title=title)
    return record


def _find_team(uow: UnitOfWork, reference: str) -> Group:
    """Return the group, held to the commit so that two assignments count one after the other."""
    condition: Any = Group.name == reference
    with suppress(ValueError):
        condition = Group.id == UUID(reference)
    statement = select(Group).where(condition).with_for_update(key_share=True)
    team = uow.session.scalars(statement).one_or_none()
    if team is None:
        raise NotFound(f"There is no group called {reference}.")
    return team


def _find_owner(uow: UnitOfWork, reference: str, team: Group | None) -> User:
    owner = find_user(uow, reference)
    if owner is None:
        raise NotFound(f"There is no user {reference}.")
    if team is not None and team not in owner.groups:
        raise Conflict(f"{owner.name} is not a member of {team.name}.")
    return owner


def _team_of(owner: User, team_id: UUID | None) -> UUID | None:
    """Keep the record's team if the new owner is in it, else take the owner's first."""
    teams = sorted(owner.groups, key=lambda group: group.name)
    if any(team.id == team_id for team in teams):
        return team_id
    return teams[0].id if teams else None


def _candidates(uow: UnitOfWork, record: Any, team: Group | None) -> tuple[Any, str]:
    """Return the query of the keys of those who may get the record, and what they are called."""
    if team is not None:
        of_team = memberships.c.group_id == team.id
        return select(memberships.c.user_id).where(of_team), team.name
    territory = territory_of(uow, record)
    if territory is None:
        raise Conflict("This record lies in no territory.", code="no_territory")
    # Two at once wait for each other here, so that not both find the same one least busy.
    uow.session.execute(select(Territory.id).where(Territory.id == territory.id).with_for_update())
    return workers_in(uow, territory), territory.name


def _least_busy(uow: UnitOfWork, candidates: Any, name: str) -> User:
    """Return the active one of ``candidates`` with the fewest open records."""
    load = _open_records().subquery()
    counts = select(load.c.owner_id, func.count().label("records")).group_by(load.c.owner_id)
    busy = counts.subquery()
    statement = (
        select(User)
        .outerjoin(busy, busy.c.owner_id == User.id)
        .outerjoin(LastAssignment, LastAssignment.user_id == User.id)
        .where(User.id.in_(candidates), User.active)
        .order_by(
            func.coalesce(busy.c.records, 0), LastAssignment.at.asc().nulls_first(), User.name
        )
        .limit(1)
    )
    owner = uow.session.scalars(statement).one_or_none()
    if owner is None:
        raise Conflict(f"{name} has no active member.", code="no_member")
    return owner


def _open_records() -> Any:
    """Return a query of the owner of each lead, deal and request that is still open."""
    queries: list[Select[Any]] = [
        select(Lead.owner_id).where(Lead.status.in_(["new", "working"])),
        select(Deal.owner_id).where(Deal.closed_at.is_(None)),
        select(ServiceRequest.owner_id).where(ServiceRequest.status.not_in(["resolved", "closed"])),
    ]
    return union_all(*(query.where(query.selected_columns[0].is_not(None)) for query in queries))


def _mark(uow: UnitOfWork, owner: User) -> None:
    statement = insert(LastAssignment).values(user_id=owner.id, at=uow.now)
    uow.session.execute(
        statement.on_conflict_do_update(index_elements=["user_id"], set_={"at": uow.now})
    )
