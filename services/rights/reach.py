"""How far rights reach: whose records for which verb, and which of their fields.

Roles are data (see ``roles``); here they are put together for one person. Several roles are a
union, and the most generous one wins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final

STANDARD: Final = "standard"
"""What a role says where the person's own standard scope is to hold."""

EVERY_TYPE: Final = "*"
"""The row of a role that holds for every record type without a row of its own."""


class Scope(StrEnum):
    """Whose records, from the narrowest to the widest."""

    NONE = "none"
    OWN = "own"
    TEAM = "team"
    ALL = "all"


class Verb(StrEnum):
    """What is done with a record."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    EXPORT = "export"


class FieldRight(StrEnum):
    """What may be done with a field, from the least to the most."""

    HIDDEN = "hidden"
    READ = "read"
    WRITE = "write"


PERSON_SCOPES: Final = (Scope.OWN, Scope.TEAM, Scope.ALL)
"""What a person's standard scope may be."""

CELLS: Final = (Scope.NONE.value, Scope.OWN.value, Scope.TEAM.value, Scope.ALL.value, STANDARD)
"""What a role may say for a verb of a record type."""

WIDTHS: Final = {scope: width for width, scope in enumerate(Scope)}
"""How far each scope reaches, for comparing them."""
_STRENGTH: Final = {right: strength for strength, right in enumerate(FieldRight)}
_WITHIN_READ: Final = frozenset({Verb.UPDATE, Verb.DELETE, Verb.EXPORT})


Follow = Callable[[Callable[[str], frozenset[str]]], Mapping[str, frozenset[str]]]
"""From what is hidden of a record type, the fields of each type that tell of it."""

_FOLLOWING: list[tuple[Follow, Callable[[], int]]] = []


def follow_hidden(follow: Follow, revision: Callable[[], int]) -> None:
    """Let fields be hidden with others; ``revision`` differs whenever they may have changed.

    What is hidden by those that were there before is hidden for it already.
    """
    _FOLLOWING.append((follow, revision))


@dataclass(frozen=True, slots=True)
class RoleRules:
    """What one role says of records.

    Attributes:
        records: Record type (or ``EVERY_TYPE``) → verb → one of ``CELLS``; a verb that is left
            out is ``none``.
        fields: Record type → field → a ``FieldRight``; a field that is left out is ``write``.
    """

    records: Mapping[str, Mapping[str, str]]
    fields: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def scope(self, record_type: str, verb: Verb, standard: Scope) -> Scope:
        """Return how far ``verb`` reaches for a person with this standard scope."""
        said = self.cell(record_type, verb)
        return standard if said == STANDARD else Scope(said)

    def cell(self, record_type: str, verb: Verb) -> str:
        """Return what the role says, which is one of ``CELLS``."""
        row = self.records.get(record_type)
        if row is None:
            row = self.records.get(EVERY_TYPE, {})
        return row.get(verb.value, Scope.NONE.value)

    def field_right(self, record_type: str, name: str) -> FieldRight:
        """Return what the role allows with a field of the records that it gives."""
        return FieldRight(self.fields.get(record_type, {}).get(name, FieldRight.WRITE))


@dataclass(frozen=True, slots=True, eq=False)
class RecordRights:
    """What all roles of a person say together.

    Attributes:
        roles: Role key → what it says.
        standard: The person's standard scope.
    """

    roles: Mapping[str, RoleRules]
    standard: Scope
    _scopes: dict[tuple[str, Verb], Scope] = field(default_factory=dict, repr=False)
    _closed: dict[tuple[str, FieldRight], frozenset[str]] = field(default_factory=dict, repr=False)
    _following: dict[int, tuple[int, Mapping[str, frozenset[str]]]] = field(
        default_factory=dict, repr=False
    )

    def scope(self, record_type: str, verb: Verb) -> Scope:
        """Return how far ``verb`` reaches; never further than reading does."""
        known = self._scopes.get((record_type, verb))
        if known is None:
            known = self._widest(record_type, verb)
            if verb in _WITHIN_READ:
                known = min(known, self.scope(record_type, Verb.READ), key=WIDTHS.__getitem__)
            self._scopes[record_type, verb] = known
        return known

    def hidden(self, record_type: str) -> frozenset[str]:
        """Return the fields that the person may not see, and those that tell of them."""
        closed = self._closed_itself(record_type)
        if not any(role.fields for role in self.roles.values()):
            return closed
        return self._hidden_before(len(_FOLLOWING), record_type)

    def locked(self, record_type: str) -> frozenset[str]:
        """Return the fields that the person may not write; the hidden ones are among them."""
        return self._below(record_type, FieldRight.WRITE) | self.hidden(record_type)

    def _hidden_before(self, place: int, record_type: str) -> frozenset[str]:
        """Return what is hidden itself, and with it by what is asked before ``place``."""
        before = (self._followed(earlier)[record_type] for earlier in range(place))
        return self._closed_itself(record_type).union(*before)

    def _closed_itself(self, record_type: str) -> frozenset[str]:
        return self._below(record_type, FieldRight.READ)

    def _followed(self, place: int) -> Mapping[str, frozenset[str]]:
        """Return what is hidden with other fields, by type; kept until it changes."""
        follow, revision = _FOLLOWING[place]
        now = revision()
        known = self._following.get(place)
        if known is None or known[0] != now:
            found = defaultdict(frozenset[str], follow(partial(self._hidden_before, place)))
            known = self._following[place] = (now, found)
        return known[1]

    def _widest(self, record_type: str, verb: Verb) -> Scope:
        scopes = (role.scope(record_type, verb, self.standard) for role in self.roles.values())
        return max(scopes, key=WIDTHS.__getitem__, default=Scope.NONE)

    def _below(self, record_type: str, wanted: FieldRight) -> frozenset[str]:
        """Return the fields with less than ``wanted`` in every role that lets the type be read.

        A role without records of this type says nothing of its fields: it must not open them. If
        no role has any, what one of them closes is closed: papers name fields of linked records.
        """
        known = self._closed.get((record_type, wanted))
        if known is None:
            speaking = [
                role
                for role in self.roles.values()
                if role.scope(record_type, Verb.READ, self.standard) is not Scope.NONE
            ] or [role for role in self.roles.values() if role.fields.get(record_type)]
            named = {name for role in speaking for name in role.fields.get(record_type, ())}
            known = frozenset(
                name
                for name in named
                if all(
                    _STRENGTH[role.field_right(record_type, name)] < _STRENGTH[wanted]
                    for role in speaking
                )
            )
            self._closed[record_type, wanted] = known
        return known
