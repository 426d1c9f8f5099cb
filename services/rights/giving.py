"""Nobody gives more than it has: verbs, whose records, which fields.

Administrators are not held to it for records and fields: somebody must be able to widen what has
become too narrow. Neither is what acts without roles, such as the command line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.actors import Actor, Permission, Role
from services.errors import NotAllowed
from services.records.types import all_record_types
from services.rights.reach import EVERY_TYPE, STANDARD, WIDTHS, RecordRights, RoleRules, Scope, Verb
from services.unit_of_work import UnitOfWork

_DONE: Final[Mapping[Verb, str]] = {
    Verb.CREATE: "make",
    Verb.READ: "see",
    Verb.UPDATE: "change",
    Verb.DELETE: "delete",
    Verb.EXPORT: "export",
}


def check_within(uow: UnitOfWork, permissions: Iterable[Permission]) -> None:
    """Refuse to give, or to change, what the actor itself may not do.

    Raises:
        NotAllowed: The actor lacks one of ``permissions``.
    """
    missing = sorted(set(permissions) - uow.actor.permissions)
    if missing:
        raise NotAllowed(f"Only who may do this oneself can give or change it: {missing[0]}.")


def check_rules(uow: UnitOfWork, rules: RoleRules) -> None:
    """Refuse a role that says more of records than the actor's own roles do.

    Where it leaves a scope to the person, one of the actor's roles must do so too, or give all.

    Raises:
        NotAllowed: It reaches further for a verb of a type, or opens a field.
    """
    own = _limits(uow.actor)
    if own is None:
        return
    said = RecordRights({"": rules}, Scope.ALL)
    for compared in _compared():
        for verb in Verb:
            cell = rules.cell(compared.name, verb)
            if cell == STANDARD:
                cells = {role.cell(compared.name, verb) for role in own.roles.values()}
                is_within = not cells.isdisjoint({STANDARD, Scope.ALL.value})
            else:
                is_within = compared.is_within(Scope(cell), own.scope(compared.name, verb))
            if not is_within:
                raise _too_far(verb, compared)
        _check_fields(own, compared, said)


def check_person(uow: UnitOfWork, person: Actor) -> None:
    """Refuse to make somebody, or to change somebody, who may do more than the actor.

    Raises:
        NotAllowed: The person has another permission, reaches further, sees a field more, or is
            in a group of which the actor is not.
    """
    check_within(uow, person.permissions)
    own = _limits(uow.actor)
    if own is None or person.rights is None:
        return
    for compared in _compared():
        for verb in Verb:
            reach = person.rights.scope(compared.name, verb)
            if not compared.is_within(reach, own.scope(compared.name, verb)):
                raise _too_far(verb, compared)
        _check_fields(own, compared, person.rights)
    check_groups(uow, person.group_ids)


def check_groups(uow: UnitOfWork, group_ids: Iterable[UUID]) -> None:
    """Refuse to let others into groups whose records the actor does not see itself.

    Raises:
        NotAllowed: The actor is neither in one of them or above it, nor does it see all records.
    """
    actor = uow.actor
    own = _limits(actor)
    if own is None or (actor.team_ids | actor.group_ids).issuperset(group_ids):
        return
    scoped = (compared.name for compared in _compared() if compared.is_scoped)
    if any(own.scope(name, Verb.READ) is not Scope.ALL for name in scoped):
        raise NotAllowed("Only who belongs to a group, or sees all records, can let others in.")


@dataclass(frozen=True, slots=True)
class _Compared:
    """A record type, or all that will be made.

    Attributes:
        is_scoped: Whose record it is makes a difference.
    """

    name: str
    plural: str
    is_scoped: bool

    def is_within(self, given: Scope, had: Scope) -> bool:
        """Tell whether who has one scope may give the other."""
        if self.is_scoped:
            return WIDTHS[given] <= WIDTHS[had]
        return given is Scope.NONE or had is not Scope.NONE


def _limits(actor: Actor) -> RecordRights | None:
    """Return what an actor may not give more than; None for no limits."""
    return None if Role.ADMINISTRATOR.value in actor.roles else actor.rights


def _compared() -> Iterator[_Compared]:
    for one in all_record_types():
        is_scoped = bool(getattr(one.model, "__scoped__", False))
        yield _Compared(one.name, one.plural.lower(), is_scoped)
    yield _Compared(EVERY_TYPE, "all other records", is_scoped=True)


def _check_fields(own: RecordRights, compared: _Compared, given: RecordRights) -> None:
    """Refuse to open fields that are closed to who gives; of records that are not given, none."""
    name = compared.name
    if given.scope(name, Verb.READ) is Scope.NONE:
        return
    opened = (own.hidden(name) - given.hidden(name)) | (own.locked(name) - given.locked(name))
    if opened:
        raise NotAllowed(
            f"Only who may use a field oneself can open it to others: {min(opened)} of "
            f"{compared.plural}."
        )


def _too_far(verb: Verb, compared: _Compared) -> NotAllowed:
    return NotAllowed(
        f"Nobody can give more than they have: you may not {_DONE[verb]} so many "
        f"{compared.plural} yourself."
    )
