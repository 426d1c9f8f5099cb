"""The roles that ship, as they are until an administrator changes them.

They live here and not in the database, so that a new permission reaches them with the release
that brings it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.actors import ROLE_PERMISSIONS, Permission, Role
from services.rights.reach import EVERY_TYPE, STANDARD, RoleRules, Scope, Verb


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role with all that it says.

    Attributes:
        key: By which people hold it; it never changes.
        is_shipped: It can't be deleted.
        is_changed: An administrator has changed what ships.
    """

    key: str
    name: str
    description: str
    permissions: frozenset[Permission]
    rules: RoleRules
    is_shipped: bool = False
    is_changed: bool = False

    @property
    def is_fixed(self) -> bool:
        """Whether nobody can change it: who could, might lock everybody out."""
        return self.key == Role.ADMINISTRATOR.value


_STANDARD_ROW: Final[Mapping[str, str]] = {
    Verb.CREATE.value: Scope.ALL.value,
    Verb.READ.value: STANDARD,
    Verb.UPDATE.value: STANDARD,
    Verb.DELETE.value: STANDARD,
    Verb.EXPORT.value: STANDARD,
}
_READING_ROW: Final[Mapping[str, str]] = {Verb.READ.value: STANDARD}


def _shipped(role: Role, name: str, description: str, row: Mapping[str, str]) -> RoleDefinition:
    rules = RoleRules({EVERY_TYPE: row})
    return RoleDefinition(
        role.value, name, description, ROLE_PERMISSIONS[role], rules, is_shipped=True
    )


SHIPPED: Final[Mapping[str, RoleDefinition]] = {
    role.key: role
    for role in (
        _shipped(Role.EMPLOYEE, "Employee", "works on tasks and records", _STANDARD_ROW),
        _shipped(Role.ANALYST, "Analyst", "draws and deploys processes", _READING_ROW),
        _shipped(Role.ADMINISTRATOR, "Administrator", "does everything", _STANDARD_ROW),
    )
}
