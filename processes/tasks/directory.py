"""Who is meant by the names in a diagram: users by e-mail, key or name, groups by name or key."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from uuid import UUID

from services.statements import Statement
from services.unit_of_work import UnitOfWork

# Lists as results of subqueries can't be estimated by their length: the server keeps its plan.
_FIND = Statement(
    """
    WITH wanted AS (SELECT %(names)s::text[] AS names, %(keys)s::uuid[] AS keys)
    SELECT 'user' AS kind, id, email AS address, name FROM users
    WHERE active AND (lower(email) = ANY ((SELECT names FROM wanted)::text[])
      OR lower(name) = ANY ((SELECT names FROM wanted)::text[])
      OR id = ANY ((SELECT keys FROM wanted)::uuid[]))
    UNION ALL
    SELECT 'group', id, name, name FROM groups
    WHERE lower(name) = ANY ((SELECT names FROM wanted)::text[])
      OR id = ANY ((SELECT keys FROM wanted)::uuid[])
    """
)


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
    rows = _FIND.rows(uow.session, names=list(wanted), keys=list(_keys(wanted)))
    for kind, key, address, name in rows:
        book = found.users if kind == "user" else found.groups
        # An address and a key name one person, a name may be shared: the former win.
        book.setdefault(_folded(name), key)
        book.update({_folded(address): key, str(key): key})
        found.names[key] = name
    return found


def _folded(reference: str) -> str:
    return reference.strip().lower()


def _keys(references: Iterable[str]) -> Iterator[UUID]:
    for reference in references:
        with suppress(ValueError):
            yield UUID(reference)
