"""What each role says, kept in memory for as long as no role changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from services.actors import Permission, Role
from services.database import new_id
from services.rights.model import RightsVersion
from services.rights.reach import RecordRights, RoleRules, Scope
from services.rights.shipped import SHIPPED, RoleDefinition
from services.statements import Place, Statement

_MOST_KEPT = 1_000
_READ = Statement("SELECT key, name, description, permissions, records, fields FROM roles")


@dataclass(frozen=True, slots=True)
class Granted:
    """What a person may do: verbs, and whose records."""

    permissions: frozenset[Permission]
    rights: RecordRights


class RightsBook:
    """The rights of every combination of roles; one to a platform.

    A version is never used twice, not even by a transaction that was rolled back, so what was
    read for one can't be taken for another.
    """

    def __init__(self) -> None:
        self._version: UUID | None = None
        self._roles: Mapping[str, RoleDefinition] = SHIPPED
        self._granted: dict[tuple[UUID | None, frozenset[str], Scope], Granted] = {}

    def granted(
        self, place: Place, version: UUID | None, roles: Iterable[str], scope: Scope
    ) -> Granted:
        """Return what ``roles`` grant together; ``version`` is that of the table right now."""
        key = (version, frozenset(roles), scope)
        found = self._granted.get(key)
        if found is None:
            found = _granted(self.roles(place, version), key[1], scope)
            if len(self._granted) >= _MOST_KEPT:
                self._granted.clear()
            self._granted[key] = found
        return found

    def roles(self, place: Place, version: UUID | None) -> Mapping[str, RoleDefinition]:
        """Return all roles by key, read anew if ``version`` is another than the last one."""
        if version is None:
            return SHIPPED
        if self._version != version:
            read = read_roles(place)
            self._roles, self._version = read, version
            return read
        return self._roles


def read_roles(place: Place) -> dict[str, RoleDefinition]:
    """Return all roles by key: the shipped ones, as changed, and then those made here by name."""
    stored = {role.key: role for role in map(_definition, _READ.rows(place))}
    shipped = {key: stored.pop(key, role) for key, role in SHIPPED.items()}
    return shipped | {role.key: role for role in sorted(stored.values(), key=lambda r: r.name)}


def new_version(session: Session) -> None:
    """Let every process read the roles anew, once this transaction is committed."""
    version = new_id()
    statement = insert(RightsVersion).values(id=1, version=version)
    session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"version": version})
    )


def _definition(row: tuple[Any, ...]) -> RoleDefinition:
    key, name, description, permissions, records, fields = row
    known = frozenset(Permission)
    made = RoleDefinition(
        key,
        name,
        description,
        # One that a later release no longer knows grants nothing.
        frozenset(Permission(one) for one in permissions if one in known),
        RoleRules(records, fields),
    )
    return replace(made, is_shipped=True, is_changed=True) if key in SHIPPED else made


def _granted(roles: Mapping[str, RoleDefinition], held: frozenset[str], scope: Scope) -> Granted:
    found = {key: roles[key] for key in sorted(held) if key in roles}
    if Role.ADMINISTRATOR.value in found:
        # Nobody changes it, so what ships is what holds, whatever stands in the table.
        found[Role.ADMINISTRATOR.value] = SHIPPED[Role.ADMINISTRATOR.value]
    permissions = frozenset[Permission]().union(*(role.permissions for role in found.values()))
    rules = {key: role.rules for key, role in found.items()}
    return Granted(permissions, RecordRights(rules, scope))
