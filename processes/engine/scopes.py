"""Process variables: kept as JSON values, read as FEEL values.

There is one scope for each process, sub-process and multi-instance iteration, and a local one for
the input mappings of an activity; it belongs to the token that stands for it. A name is read from
the nearest scope around a token that has it, up to its process, and then from the host's live
records. It is written to the nearest scope that has it, else to the nearest one that keeps new
names: a process, an iteration, or a sub-process that declares output mappings (which would be
without effect if everything inside leaked out).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

import orjson

import feel

if TYPE_CHECKING:
    from processes.engine.tokens import Token

LARGE_BYTES = 1024


class Scope:
    """The variables of one place.

    A large value that came from a snapshot stays the bytes it was until somebody reads it, and
    goes back as those bytes unless somebody writes it.
    """

    __slots__ = ("_parsed", "_stored")

    def __init__(self, stored: Mapping[str, Any] | None = None) -> None:
        self._stored: dict[str, Any] = dict(stored or {})
        self._parsed: dict[str, Any] = {}

    def __contains__(self, name: object) -> bool:
        return name in self._stored

    def __iter__(self) -> Iterator[str]:
        return iter(self._stored)

    def get_json(self, name: str) -> Any:
        """Return a variable as a JSON value, not to be changed by the caller.

        Raises:
            KeyError: There is none by this name.
        """
        value = self._stored[name]
        return orjson.loads(value) if isinstance(value, bytes) else value

    def get(self, name: str) -> Any:
        """Return a variable as a FEEL value.

        Raises:
            KeyError: There is none by this name.
        """
        if name not in self._parsed:
            self._parsed[name] = feel.from_json(self.get_json(name))
        return self._parsed[name]

    def put(self, values: Mapping[str, Any]) -> None:
        """Write variables, given as JSON values."""
        for name, value in values.items():
            self._stored[name] = value
            self._parsed.pop(name, None)

    def to_json(self) -> dict[str, Any]:
        """Return all variables as JSON values."""
        return {name: self.get_json(name) for name in self._stored}

    def stored(self) -> Mapping[str, Any]:
        """Return the variables as they are kept: JSON values, large ones as bytes of JSON."""
        for name, value in self._stored.items():
            if isinstance(value, str | list | dict) and len(value) > 0:
                self._freeze(name, value)
        return self._stored

    def _freeze(self, name: str, value: Any) -> None:
        if isinstance(value, str) and len(value) < LARGE_BYTES:
            return
        raw = orjson.dumps(value)
        if len(raw) >= LARGE_BYTES:
            self._stored[name] = raw


class Sight(Mapping[str, Any]):
    """All that an expression at a token can read, by name, as FEEL values or live records."""

    def __init__(self, token: Token, extra: Scope | None = None) -> None:
        self._token = token
        self._scopes = list(visible_scopes(token))
        if extra is not None:
            self._scopes.insert(0, extra)

    @property
    def now(self) -> datetime:
        """The time of this step, in the host's zone."""
        return self._token.workflow.local_now

    @property
    def calendars(self) -> feel.Calendars:
        """The working calendars that expressions find."""
        found: feel.Calendars = self._token.workflow.host.calendars()
        return found

    def __getitem__(self, name: str) -> Any:
        scope = self._scope_of(name)
        return self._records[name] if scope is None else scope.get(name)

    def __contains__(self, name: object) -> bool:
        return self._scope_of(name) is not None or name in self._records

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(name for scope in self._scopes for name in scope)
        names.update(dict.fromkeys(self._records))
        return iter(names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def variable_json(self, name: str) -> Any:
        """Return a variable as a JSON value.

        Raises:
            KeyError: No variable has this name (a record may).
        """
        scope = self._scope_of(name)
        if scope is None:
            raise KeyError(name)
        return scope.get_json(name)

    def record(self, name: str) -> Any:
        """Return a live record.

        Raises:
            KeyError: There is none by this name.
        """
        return self._records[name]

    @property
    def _records(self) -> Mapping[str, Any]:
        records: Mapping[str, Any] = self._token.workflow.records
        return records

    def _scope_of(self, name: object) -> Scope | None:
        for scope in self._scopes:
            if name in scope:
                return scope
        return None


def visible_scopes(token: Token) -> Iterator[Scope]:
    """Yield the scopes around a token, the nearest first, up to its process."""
    for place in _places(token):
        if place.scope is not None:
            yield place.scope


def visible_json(token: Token) -> dict[str, Any]:
    """Return all variables that a token can read, as JSON values."""
    found: dict[str, Any] = {}
    for scope in reversed(list(visible_scopes(token))):
        found.update(scope.to_json())
    return found


def write(token: Token, values: Mapping[str, Any]) -> dict[Token, dict[str, Any]]:
    """Write JSON values from a place inside `token`'s scope outwards.

    Returns:
        What was written, by the token whose scope holds it.
    """
    written: dict[Token, dict[str, Any]] = {}
    for name, value in values.items():
        holder = _holder(token, name)
        if holder.scope is None:
            holder.scope = Scope()
        holder.scope.put({name: value})
        written.setdefault(holder, {})[name] = value
    return written


def set_path(values: dict[str, Any], path: str, value: Any) -> None:
    """Set a value in nested contexts: `offer.price` sets `price` of `offer`, made if need be."""
    *parents, last = path.split(".")
    for name in parents:
        inner = values.get(name)
        # A copy: the context may be that of a scope around.
        values[name] = dict(inner) if isinstance(inner, Mapping) else {}
        values = values[name]
    values[last] = value


def _holder(token: Token, name: str) -> Token:
    keeper: Token | None = None
    for place in _places(token):
        if place.scope is not None and name in place.scope:
            return place
        if name in place.task_spec.node.own_names:
            return place
        if keeper is None and place.task_spec.keeps_new_names:
            keeper = place
    assert keeper is not None  # noqa: S101 - a process keeps names, and every token is in one
    return keeper


def _places(token: Token) -> Iterator[Token]:
    current: Token | None = token
    while current is not None:
        yield current
        if current.task_spec.is_process:
            return
        current = current.parent
