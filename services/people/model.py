"""Users and groups: who may sign in, and which queues and teams they belong to."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ForeignKey, String, Table, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from services.actors import Actor, Scope
from services.database import Base, Timestamped, Versioned
from services.errors import NotFound
from services.records.types import Relation, all_record_types, register_relation
from services.rights.book import RightsBook
from services.statements import Place, Statement
from services.unit_of_work import UnitOfWork

memberships = Table(
    "memberships",
    Base.metadata,
    Column("group_id", ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("user_id", ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Group(Versioned, Base):
    """A team and a task queue at once; diagrams name it as a candidate group.

    Attributes:
        parent_id: The team above, whose members see this one's records with scope *team*.
    """

    __tablename__ = "groups"
    __audited__ = True

    version: Mapped[int] = mapped_column(default=1, server_default="1")
    name: Mapped[str] = mapped_column(unique=True)
    parent_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("groups.id", ondelete="SET NULL"), index=True
    )


class User(Versioned, Timestamped, Base):
    """A person who signs in.

    Attributes:
        roles: Keys of roles; see ``services.rights``.
        scope: The standard scope: whose records, where a role leaves that to the person.
        session_epoch: Part of every session; raising it ends them all.
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
        """Return this person as an actor with the rights of its roles and groups.

        Raises:
            NotFound: It is not a row of the database (any more).
        """
        session = object_session(self)
        if session is None:
            raise NotFound("There is no such user.")
        session.flush()  # what was just set on it or its groups counts
        found = _load(session, session.info["uow"].platform.part(RightsBook), self.id)
        if found is None:
            raise NotFound("There is no such user.")
        return found[0].actor


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A person whose session is being looked at.

    Attributes:
        epoch: Of sessions; those begun with an earlier one are over.
    """

    email: str
    epoch: int
    actor: Actor


# All that decides a person's rights: its groups and those below them, the types of which
# something is shared with it, and which version of the roles holds.
_FIND = Statement(
    """
    WITH RECURSIVE mine AS (SELECT group_id AS id FROM memberships WHERE user_id = %(key)s),
    teams AS (SELECT id FROM mine
              UNION SELECT g.id FROM groups g JOIN teams t ON g.parent_id = t.id)
    SELECT u.email, u.session_epoch, u.name, u.roles, u.scope, u.active,
           ARRAY(SELECT id FROM mine), ARRAY(SELECT id FROM teams),
           CASE WHEN EXISTS (SELECT FROM record_shares
                             WHERE holder_id = u.id OR holder_id = ANY (ARRAY(SELECT id FROM mine)))
           THEN ARRAY(SELECT t.name FROM unnest(string_to_array(%(types)s, ',')) AS t(name)
                      WHERE EXISTS (
                        SELECT FROM record_shares s
                        WHERE s.record_type = t.name
                          AND (s.holder_id = u.id
                               OR s.holder_id = ANY (ARRAY(SELECT id FROM mine)))))
           ELSE ARRAY[]::text[] END,
           (SELECT version FROM rights_versions)
    FROM users u WHERE u.id = %(key)s
    """
)


def find_signed_in(place: Place, book: RightsBook, key: UUID) -> SignedIn | None:
    """Return the active person with this key in one statement: every request asks for it.

    After a change of roles the first request reads them in one more.
    """
    found = _load(place, book, key)
    return found[0] if found is not None and found[1] else None


def _load(place: Place, book: RightsBook, key: UUID) -> tuple[SignedIn, bool] | None:
    """Return a person and whether it is active."""
    types = ",".join(record_type.name for record_type in all_record_types())
    for row in _FIND.rows(place, key=key, types=types):
        email, epoch, name, roles, scope, active, groups, teams, shared, version = row
        granted = book.granted(place, version, roles, Scope(scope))
        actor = Actor(
            name=name,
            user_id=key,
            roles=frozenset(roles),
            group_ids=frozenset(groups),
            permissions=granted.permissions,
            scope=Scope(scope),
            team_ids=frozenset(teams),
            rights=granted.rights,
            shared_types=frozenset(shared),
        )
        return SignedIn(email, epoch, actor), active
    return None


register_relation(Relation("user", User, ("name", "email")))
register_relation(Relation("group", Group, ("name",)))


class ClockOffset(Base):
    """How far the adjustable clock runs ahead of the machine's; at most one row."""

    __tablename__ = "clock_offsets"

    id: Mapped[int] = mapped_column(primary_key=True)
    offset_seconds: Mapped[float] = mapped_column(default=0.0)


def mark_changed(uow: UnitOfWork, model: type[Group | User], keys: Iterable[UUID]) -> None:
    """Count up the version of people or groups of whom others stand in a table of its own.

    Who belongs to what is shown and sent with both, so that either may have been seen before.
    """
    uow.session.flush()
    statement = update(model).where(model.id.in_(set(keys)))
    uow.session.execute(statement.values(version=model.version + 1))


def find_group(uow: UnitOfWork, name: str) -> Group | None:
    """Return the group called ``name`` (case counts), or None."""
    return uow.session.scalars(select(Group).where(Group.name == name)).one_or_none()


def find_user(uow: UnitOfWork, reference: str) -> User | None:
    """Return the active user with this e-mail address or key, or None."""
    condition: Any = User.email == reference.strip().lower()
    with suppress(ValueError):
        condition = User.id == UUID(reference)
    return uow.session.scalars(select(User).where(condition, User.active)).one_or_none()
