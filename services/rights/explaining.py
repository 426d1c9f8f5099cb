"""Why somebody may do something with a record: which role, share or part in it gives that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from services.access import record_type_of
from services.actors import Actor, Permission, Scope, Verb
from services.database import Base
from services.days import show_day
from services.people.model import Group, User
from services.records.types import RecordType, all_record_types, get_record_type
from services.rights.book import read_roles
from services.rights.labels import VERBS, label_of
from services.rights.model import RecordShare
from services.rights.sharing import Shared, present_shares
from services.unit_of_work import UnitOfWork

_PERMISSIONS: Mapping[Verb, Permission] = {
    Verb.CREATE: Permission.RECORD_WRITE,
    Verb.READ: Permission.RECORD_READ,
    Verb.UPDATE: Permission.RECORD_WRITE,
    Verb.DELETE: Permission.RECORD_WRITE,
    Verb.EXPORT: Permission.DATA_EXPORT,
}
_WITH_RECORD = (Verb.READ, Verb.UPDATE, Verb.DELETE, Verb.EXPORT)


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether a person may do something with a record, and why.

    Attributes:
        reasons: What gives it; where it is not given, what is missing.
    """

    verb: Verb
    label: str
    is_given: bool
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TypeRights:
    """What a person may do with the records of a type.

    Attributes:
        scopes: By verb; ``none`` also where the permission is missing.
        hidden: Labels of fields that the person does not see.
        locked: Labels of fields that the person sees but can't change.
    """

    record_type: RecordType
    scopes: Mapping[Verb, Scope]
    hidden: tuple[str, ...]
    locked: tuple[str, ...]


def rights_of(user: User) -> list[TypeRights]:
    """Return what a person may do with the records of each type."""
    actor = user.actor()
    return [_type_rights(actor, record_type) for record_type in all_record_types()]


def explain(uow: UnitOfWork, user: User, record: Any) -> list[Answer]:
    """Say for each verb whether ``user`` may do it with ``record``, and what gives that.

    The answer comes from the same SQL that the user's own requests go through.
    """
    actor = user.actor()
    as_user = uow.acting_as(actor)
    answers = []
    for verb in _WITH_RECORD:
        permission = _PERMISSIONS[verb]
        is_given = actor.may(permission) and user.active and as_user.may_do(verb, record)
        reasons = tuple(_reasons(uow, user, actor, record, verb)) if is_given else ()
        if not is_given:
            reasons = (_missing(user, actor, record, verb),)
        answers.append(Answer(verb, VERBS[verb], is_given, reasons))
    return answers


def _type_rights(actor: Actor, record_type: RecordType) -> TypeRights:
    scopes = {verb: _scope(actor, record_type, verb) for verb in Verb}
    hidden = actor.hidden_fields(record_type.name)
    locked = actor.locked_fields(record_type.name) - hidden
    labels = {field.name: field.label for field in record_type.fields}
    return TypeRights(
        record_type,
        scopes,
        tuple(sorted(labels[name] for name in hidden & labels.keys())),
        tuple(sorted(labels[name] for name in locked & labels.keys())),
    )


def _scope(actor: Actor, record_type: RecordType, verb: Verb) -> Scope:
    scope = actor.reach(record_type.name, verb)
    if not actor.may(_PERMISSIONS[verb]):
        return Scope.NONE
    is_open = not getattr(record_type.model, "__scoped__", False)
    return Scope.ALL if is_open and scope is not Scope.NONE else scope


def _reasons(uow: UnitOfWork, user: User, actor: Actor, record: Any, verb: Verb) -> Iterator[str]:
    """Yield what gives ``verb``, each way for itself."""
    yield from _reasons_of_roles(uow, user, actor, record, verb)
    if verb is Verb.DELETE:
        return
    if _takes_part(uow, user, record):
        yield f"{user.name} takes part in it."
    for share in _shares_with(uow, actor, record):
        if share.level == "write" or verb is not Verb.UPDATE:
            yield _told(user, share)


def _reasons_of_roles(
    uow: UnitOfWork, user: User, actor: Actor, record: Any, verb: Verb
) -> Iterator[str]:
    plural = get_record_type(record.record_type).plural.lower()
    team = uow.session.get(Group, record.team_id) if record.team_id else None
    is_open = not getattr(type(record), "__scoped__", False)
    names = {key: role.name for key, role in read_roles(uow.session).items()}
    for key, rules in actor.rights.roles.items() if actor.rights else ():
        scope = rules.scope(record.record_type, verb, actor.scope)
        role = f"The role {names.get(key, key)}"
        if scope is Scope.ALL or (is_open and scope is not Scope.NONE):
            yield f"{role} gives all {plural}."
        elif scope is not Scope.NONE and record.owner_id == user.id:
            yield f"{role} gives one's own {plural}, and {user.name} owns this one."
        elif scope is Scope.TEAM and team is not None and team.id in actor.group_ids:
            yield f"{role} gives those of one's teams, and {user.name} is in {team.name}."
        elif scope is Scope.TEAM and team is not None and team.id in actor.team_ids:
            above = _nearest_above(uow, actor, team)
            yield (
                f"{role} gives those of one's teams, and {team.name} is below {above}, to which "
                f"{user.name} belongs."
            )


def _nearest_above(uow: UnitOfWork, actor: Actor, team: Group) -> str:
    """Return the name of the person's group that a team stands below."""
    group: Group | None = team
    while group is not None and group.id not in actor.group_ids:
        group = None if group.parent_id is None else uow.session.get(Group, group.parent_id)
    return "one of them" if group is None else group.name


def _missing(user: User, actor: Actor, record: Any, verb: Verb) -> str:
    """Say what stands in the way."""
    if not user.active:
        return f"{user.name} is switched off."
    if not actor.may(_PERMISSIONS[verb]):
        return f"No role permits this: {label_of(_PERMISSIONS[verb]).lower()}."
    scope = actor.reach(record.record_type, verb)
    plural = get_record_type(record.record_type).plural.lower()
    if scope is Scope.NONE:
        return f"No role gives this with {plural}."
    whose = "one's own" if scope is Scope.OWN else "those of one's teams"
    if verb is Verb.DELETE:
        return f"The roles give {whose} only, and this one is not; no share lets anybody delete."
    return f"The roles give {whose} only, and this one is neither that nor shared for it."


def _takes_part(uow: UnitOfWork, user: User, record: Any) -> bool:
    named = getattr(type(record), "__participants__", None)
    if named is None:
        return False
    table = Base.metadata.tables[named[0]]
    found = select(table.c[named[1]]).where(
        table.c[named[1]] == record.id, table.c[named[2]] == user.id
    )
    return uow.session.execute(found.limit(1)).first() is not None


def _shares_with(uow: UnitOfWork, actor: Actor, record: Any) -> list[Shared]:
    if record_type_of(type(record)) is None:
        return []
    holders = [*actor.group_ids, actor.user_id]
    statement = select(RecordShare).where(
        RecordShare.record_id == record.id, RecordShare.holder_id.in_(holders)
    )
    held = [
        share
        for share in uow.session.scalars(statement)
        if share.ends_at is None or share.ends_at > uow.now
    ]
    return present_shares(uow, held)


def _told(user: User, share: Shared) -> str:
    until = f" until {show_day(share.last_day)}" if share.last_day else ""
    whom = f"; {user.name} belongs to it" if share.holder_kind == "group" else ""
    return f"{share.shared_by} shared it with {share.holder_name}{until}{whom}."
