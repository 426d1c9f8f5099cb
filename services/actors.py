"""Who acts: a person, a deployed process, or the platform itself.

Roles grant permissions, and say whose records and which of their fields. That is checked in
``operations.run`` (verbs and fields) and ``access`` (rows), nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.rights.reach import RecordRights, Scope, Verb

__all__ = [
    "PUBLIC",
    "SYSTEM",
    "Actor",
    "Permission",
    "Role",
    "Scope",
    "Verb",
    "process_actor",
]


class Permission(StrEnum):
    """What may be done, as ``resource:action``; an operation names exactly one."""

    LEAD_SUBMIT = "lead:submit"
    REQUEST_SUBMIT = "request:submit"
    CONSENT_ANSWER = "consent:answer"
    RECORD_READ = "record:read"
    RECORD_WRITE = "record:write"
    DOCUMENT_WRITE = "document:write"
    MAIL_SEND = "mail:send"
    MAIL_RECEIVE = "mail:receive"
    CATALOGUE_WRITE = "catalogue:write"
    GOAL_WRITE = "goal:write"
    TERRITORY_WRITE = "territory:write"
    DATA_MANAGE = "data:manage"
    DATA_IMPORT = "data:import"
    DATA_EXPORT = "data:export"
    PRIVACY_EXPORT = "privacy:export"
    PRIVACY_ERASE = "privacy:erase"
    TEMPLATE_WRITE = "template:write"
    CALENDAR_WRITE = "calendar:write"
    SLA_WRITE = "sla:write"
    PIPELINE_WRITE = "pipeline:write"
    KNOWLEDGE_WRITE = "knowledge:write"
    LOYALTY_MANAGE = "loyalty:manage"
    PROFILE_WRITE = "profile:write"
    TASK_WORK = "task:work"
    TASK_ASSIGN = "task:assign"
    PROCESS_START = "process:start"
    PROCESS_READ = "process:read"
    PROCESS_DRAFT = "process:draft"
    PROCESS_DEPLOY = "process:deploy"
    INSTANCE_OPERATE = "instance:operate"
    LAYOUT_WRITE = "layout:write"
    USER_MANAGE = "user:manage"
    AUDIT_READ = "audit:read"


class Role(StrEnum):
    """The roles that every installation has; administrators make more of their own."""

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

ROLE_PERMISSIONS: Final[dict[Role, frozenset[Permission]]] = {
    Role.EMPLOYEE: _EMPLOYEE,
    Role.ANALYST: _ANALYST,
    Role.ADMINISTRATOR: frozenset(Permission),
}
"""What the shipped roles grant as long as no administrator has changed them."""

PUBLIC_PERMISSIONS = frozenset(
    {Permission.LEAD_SUBMIT, Permission.REQUEST_SUBMIT, Permission.CONSENT_ANSWER}
)

_NOTHING: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that acts, with all that is needed to decide its rights.

    Attributes:
        user_id: The person's key; None for the public, a process or the platform.
        name: How history and audit name the actor.
        roles: The keys of the roles it holds.
        group_ids: The groups (teams, queues) it is a member of.
        team_ids: Those and all groups below them: whose records the scope *team* covers.
        permissions: The verbs it may use.
        scope: Its standard scope; for an actor without roles the scope of all that it does.
        rights: What its roles say of records; None for an actor without roles.
        shared_types: The record types of which something is shared with it.
        is_entitled: A task entitles it to its record, whatever its roles say of rows.
    """

    name: str
    user_id: UUID | None = None
    roles: frozenset[str] = frozenset()
    group_ids: frozenset[UUID] = frozenset()
    permissions: frozenset[Permission] = field(default=frozenset())
    scope: Scope = Scope.OWN
    team_ids: frozenset[UUID] = frozenset()
    rights: RecordRights | None = None
    shared_types: frozenset[str] = frozenset()
    is_entitled: bool = False

    def may(self, permission: Permission) -> bool:
        """Tell whether the actor holds ``permission``."""
        return permission in self.permissions

    def reach(self, record_type: str, verb: Verb = Verb.READ) -> Scope:
        """Return with whose records of this type the actor may do ``verb``."""
        if self.is_entitled:
            return Scope.ALL
        return self.scope if self.rights is None else self.rights.scope(record_type, verb)

    def hidden_fields(self, record_type: str) -> frozenset[str]:
        """Return the names of the fields that the actor may not see."""
        return _NOTHING if self.rights is None else self.rights.hidden(record_type)

    def locked_fields(self, record_type: str) -> frozenset[str]:
        """Return the names of the fields that the actor may not write, the hidden ones too."""
        return _NOTHING if self.rights is None else self.rights.locked(record_type)

    def entitled(self) -> Actor:
        """Return the same actor where something entitles it to any row; fields stay closed."""
        return replace(self, is_entitled=True)

    def unlimited(self) -> Actor:
        """Return the same actor for what the program itself does in its name."""
        return replace(self, scope=Scope.ALL, rights=None, is_entitled=True)


PUBLIC = Actor(name="Public", permissions=PUBLIC_PERMISSIONS)
SYSTEM = Actor(name="Lanewise", permissions=frozenset(Permission), scope=Scope.ALL)


def process_actor(name: str, permissions: frozenset[Permission]) -> Actor:
    """Return the actor of a deployed process: the rights granted when it was deployed."""
    return Actor(name=name, permissions=permissions, scope=Scope.ALL)
