"""Who is meant by the names in a diagram: users by e-mail, key or name, groups by name or key."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import String, cast, func, literal, or_, select, union_all

from services.people import Group, User
from services.unit_of_work import UnitOfWork


@dataclass
class Directory:
    """The users and groups that were found, by each way of writing them."""

    users: dict[str, UUID] = field(default_factory=dict)
    groups: dict[str, UUID] = field(default_factory=dict)
    names: dict[UUID, str] = field(default_factory=dict)

    def user(self, reference: str | None) -> UUID | None:
        """Return the active user that is written so, or None."""
        return self.users.get(_folded(reference)) if reference else None

    def group(self, reference: str | None) -> UUID | None:
        """Return the group that is written so, or None."""
        return self.groups.get(_folded(reference)) if reference else None


def find_people(uow: UnitOfWork, references: Iterable[str | None]) -> Directory:
    """Look up all ``references`` in one statement; none if there are none."""
    wanted = {_folded(reference) for reference in references if reference}
    found = Directory()
    if not wanted:
        return found
    keys = list(_keys(wanted))
    users = select(literal("user"), User.id, User.email, User.name).where(
        User.active,
        or_(
            func.lower(User.email).in_(wanted), User.id.in_(keys), func.lower(User.name).in_(wanted)
        ),
    )
    groups = select(literal("group"), Group.id, cast(Group.id, String), Group.name).where(
        or_(func.lower(Group.name).in_(wanted), Group.id.in_(keys))
    )
    for kind, key, address, name in uow.session.execute(union_all(users, groups)):
        book = found.users if kind == "user" else found.groups
        # An address and a key name one person, a name may be shared: the former win.
        book.setdefault(_folded(name), key)
        book.update({_folded(address): key, str(key): key})
        found.names[key] = name
    return found


def _folded(reference: str) -> str:
    return reference.strip().lower()


def _keys(references: Iterable[str]) -> Iterable[UUID]:
    for reference in references:
        with suppress(ValueError):
            yield UUID(reference)
