"""Who acts: a person, a deployed process, or the platform itself.

Roles grant permissions; the record scope says whose records are visible. Both are decided
here and checked in ``operations.run`` (verbs) and ``access`` (rows), nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Permission(StrEnum):
    """What may be done, as ``resource:action``; an operation names exactly one."""

    LEAD_SUBMIT = "lead:submit"
    REQUEST_SUBMIT = "request:submit"
    RECORD_READ = "record:read"
    RECORD_WRITE = "record:write"
    DOCUMENT_WRITE = "document:write"
    MAIL_SEND = "mail:send"
    MAIL_RECEIVE = "mail:receive"
    CATALOGUE_WRITE = "catalogue:write"
    DATA_MANAGE = "data:manage"
    TEMPLATE_WRITE = "template:write"
    CALENDAR_WRITE = "calendar:write"
    SLA_WRITE = "sla:write"
    PROFILE_WRITE = "profile:write"
    TASK_WORK = "task:work"
    TASK_ASSIGN = "task:assign"
    PROCESS_START = "process:start"
    PROCESS_READ = "process:read"
    PROCESS_DRAFT = "process:draft"
    PROCESS_DEPLOY = "process:deploy"
    INSTANCE_OPERATE = "instance:operate"
    USER_MANAGE = "user:manage"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """The three kinds of people; a user may hold several."""

    EMPLOYEE = "employee"
    ANALYST = "analyst"
    ADMINISTRATOR = "administrator"


_EMPLOYEE = frozenset(
    {
        Permission.RECORD_READ,
        Permission.RECORD_WRITE,
        Permission.DOCUMENT_WRITE,
        Permission.MAIL_SEND,
        Permission.TASK_WORK,
        Permission.PROCESS_START,
        Permission.PROFILE_WRITE,
    }
)
_ANALYST = frozenset(
    {
        Permission.RECORD_READ,
        Permission.PROCESS_READ,
        Permission.PROCESS_DRAFT,
        Permission.PROCESS_DEPLOY,
        Permission.PROCESS_START,
        Permission.PROFILE_WRITE,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.EMPLOYEE: _EMPLOYEE,
    Role.ANALYST: _ANALYST,
    Role.ADMINISTRATOR: frozenset(Permission),
}

PUBLIC_PERMISSIONS = frozenset({Permission.LEAD_SUBMIT, Permission.REQUEST_SUBMIT})


class Scope(StrEnum):
    """Whose records an actor sees."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts, with all that is needed to decide its rights.

    Attributes:
        user_id: The person's key; None for the public, a process or the platform.
        name: How history and audit name the actor.
        group_ids: The groups (teams, queues) it is a member of.
        permissions: The verbs it may use.
        scope: Whose records it sees.
    """

    name: str
    user_id: UUID | None = None
    roles: frozenset[Role] = frozenset()
    group_ids: frozenset[UUID] = frozenset()
    permissions: frozenset[Permission] = field(default=frozenset())
    scope: Scope = Scope.OWN

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor holds ``permission``."""
        return permission in self.permissions


PUBLIC = Actor(name="Public", permissions=PUBLIC_PERMISSIONS)
SYSTEM = Actor(name="Lanewise", permissions=frozenset(Permission), scope=Scope.ALL)


def process_actor(name: str, permissions: frozenset[Permission]) -> Actor:
    """Return the actor of a deployed process: the rights granted when it was deployed."""
    return Actor(name=name, permissions=permissions, scope=Scope.ALL)


def permissions_of(roles: frozenset[Role]) -> frozenset[Permission]:
    """Return the union of what ``roles`` grant."""
    granted: frozenset[Permission] = frozenset()
    for role in roles:
        granted |= ROLE_PERMISSIONS[role]
    return granted
