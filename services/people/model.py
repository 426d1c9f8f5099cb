"""Users and groups: who may sign in, and which queues and teams they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, String, Table, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from services.actors import Actor, Role, Scope, permissions_of
from services.database import Base, Keyed, Timestamped, Versioned
from services.records.types import Relation, register_relation
from services.statements import Statement
from services.unit_of_work import UnitOfWork

memberships = Table(
    "memberships",
    Base.metadata,
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Group(Keyed, Base):
    """A team and a task queue at once; diagrams name it as a candidate group."""

    __tablename__ = "groups"
    __audited__ = True

    name: Mapped[str] = mapped_column(unique=True)


class User(Versioned, Timestamped, Base):
    """A person who signs in.

    ``session_epoch`` is part of every session; raising it ends them all.
    """

    __tablename__ = "users"
    __audited__ = True

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password_hash: Mapped[str] = mapped_column(info={"secret": True})
    roles: Mapped[list[str]] = mapped_column(ARRAY(String))
    scope: Mapped[str] = mapped_column(default=Scope.TEAM.value)
    active: Mapped[bool] = mapped_column(default=True)
    session_epoch: Mapped[int] = mapped_column(default=1)
    groups: Mapped[list[Group]] = relationship(secondary=memberships, lazy="selectin")

    def actor(self) -> Actor:
        """Return this person as an actor with the rights of its roles and groups."""
        return _actor(self.id, self.name, self.roles, self.scope, [one.id for one in self.groups])


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person whose session is being looked at.

    Attributes:
        epoch: Of sessions; those begun with an earlier one are over.
    """

    email: str
    epoch: int
    actor: Actor


_FIND_ACTIVE = Statement(
    """
    SELECT email, session_epoch, name, roles, scope,
           ARRAY(SELECT group_id FROM memberships WHERE user_id = id)
    FROM users WHERE id = %(key)s AND active
    """
)


def find_signed_in(session: Session, key: UUID) -> SignedIn | None:
    """Return the active person with this key in one statement: every request asks for it."""
    for email, epoch, name, roles, scope, groups in _FIND_ACTIVE.rows(session, key=key):
        return SignedIn(email, epoch, _actor(key, name, roles, scope, groups))
    return None


def _actor(key: UUID, name: str, roles: Iterable[str], scope: str, groups: Iterable[UUID]) -> Actor:
    held = frozenset(Role(role) for role in roles)
    return Actor(
        name=name,
        user_id=key,
        roles=held,
        group_ids=frozenset(groups),
        permissions=permissions_of(held),
        scope=Scope(scope),
    )


register_relation(Relation("user", User, ("name", "email")))
register_relation(Relation("group", Group, ("name",)))


class ClockOffset(Base):
    """How far the adjustable clock runs ahead of the machine's; at most one row."""

    __tablename__ = "clock_offsets"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset_seconds: Mapped[float] = mapped_column(default=0.0)


def find_group(uow: UnitOfWork, name: str) -> Group | None:
    """Return the group called ``name`` (case counts), or None."""
    return uow.session.scalars(select(Group).where(Group.name == name)).one_or_none()


def find_user(uow: UnitOfWork, reference: str) -> User | None:
    """Return the active user with this e-mail address or key, or None."""
    condition: Any = User.email == reference.strip().lower()
    with suppress(ValueError):
        condition = User.id == UUID(reference)
    return uow.session.scalars(select(User).where(condition, User.active)).one_or_none()
