"""How people read permissions, verbs and scopes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.actors import Permission
from services.rights.reach import STANDARD, FieldRight, Scope, Verb

PERMISSION_GROUPS: Final[Mapping[str, Mapping[Permission, str]]] = {
    "Records": {
        Permission.RECORD_READ: "See records",
        Permission.RECORD_WRITE: "Make and change records",
        Permission.DOCUMENT_WRITE: "Make documents",
        Permission.MAIL_SEND: "Send mail",
        Permission.DATA_IMPORT: "Import files",
        Permission.DATA_EXPORT: "Export lists",
        Permission.PRIVACY_EXPORT: "Hand out all that is known of a person",
        Permission.PRIVACY_ERASE: "Erase a person for good",
        Permission.DATA_MANAGE: "Look after data: scans for doubles and the like",
        Permission.CATALOGUE_WRITE: "Change products, prices and other master data",
        Permission.GOAL_WRITE: "Set goals",
        Permission.TERRITORY_WRITE: "Change territories, and put all records into them anew",
        Permission.KNOWLEDGE_WRITE: "Publish articles and arrange the knowledge base",
        Permission.LOYALTY_MANAGE: "Look after loyalty programmes and adjust points",
    },
    "Tasks and processes": {
        Permission.TASK_WORK: "Work on tasks",
        Permission.TASK_ASSIGN: "Hand tasks to others",
        Permission.PROCESS_START: "Start processes",
        Permission.PROCESS_READ: "See processes",
        Permission.PROCESS_DRAFT: "Draw processes",
        Permission.PROCESS_DEPLOY: "Deploy processes",
        Permission.INSTANCE_OPERATE: "Operate running processes",
    },
    "Settings": {
        Permission.TEMPLATE_WRITE: "Change templates and the organisation",
        Permission.CALENDAR_WRITE: "Change working calendars",
        Permission.SLA_WRITE: "Change service levels",
        Permission.PIPELINE_WRITE: "Change pipelines and stages",
        Permission.LAYOUT_WRITE: "Add fields and record types",
        Permission.USER_MANAGE: "Look after people, groups and roles",
        Permission.AUDIT_READ: "Read the audit",
        Permission.PROFILE_WRITE: "Change one's own profile and password",
    },
    "From outside": {
        Permission.LEAD_SUBMIT: "Send in a lead by the public form",
        Permission.REQUEST_SUBMIT: "Send in a request by the public form",
        Permission.CONSENT_ANSWER: "Answer by a mailed link what one agrees to",
        Permission.MAIL_RECEIVE: "Take in mail",
    },
}

VERBS: Final[Mapping[Verb, str]] = {
    Verb.CREATE: "Create",
    Verb.READ: "See",
    Verb.UPDATE: "Change",
    Verb.DELETE: "Delete",
    Verb.EXPORT: "Export",
}

CELLS: Final[Mapping[str, str]] = {
    Scope.NONE.value: "None",
    Scope.OWN.value: "Own",
    Scope.TEAM.value: "Team",
    Scope.ALL.value: "All",
    STANDARD: "Standard",
}

FIELD_RIGHTS: Final[Mapping[str, str]] = {
    FieldRight.WRITE.value: "Change",
    FieldRight.READ.value: "See only",
    FieldRight.HIDDEN.value: "Hidden",
}

PERSON_SCOPES: Final[Mapping[str, str]] = {
    Scope.OWN.value: "Own records",
    Scope.TEAM.value: "Own records and those of the groups",
    Scope.ALL.value: "All records",
}


def label_of(permission: Permission) -> str:
    """Return how people read a permission; its own name where nobody has thought of one."""
    for group in PERMISSION_GROUPS.values():
        if permission in group:
            return group[permission]
    return permission.value
