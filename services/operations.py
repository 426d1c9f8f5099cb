"""The registry of operations: everything that changes state has its name here.

A page, the API, the command line, a service task and a job all enter through ``run``. From the
registry come the REST API, the element templates of the modeller, the audit log and the
permission matrix; none of those lists is written by hand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from marshmallow import RAISE, Schema, ValidationError

from services import audit
from services.actors import Permission
from services.changes import begin_collecting, take_changes
from services.errors import Invalid, NotAllowed, NotFound
from services.keepable import keepable
from services.unit_of_work import UnitOfWork


class Arguments(Schema):
    """The parent of all operations' schemas: what is not declared is refused."""

    class Meta:
        """Refuse unknown names, so that a misspelt argument is never silently dropped."""

        unknown = RAISE

    @classmethod
    def revision(cls) -> int:
        """Return another number once instances made before no longer have the right fields."""
        return 0


@dataclass(frozen=True, slots=True)
class Operation:
    """A named thing that can be done.

    Attributes:
        name: On the wire: ``noun.verb``, such as ``deal.open``.
        summary: One sentence, shown in the modeller, the API and the audit log.
        permission: What the actor must hold.
        schema: The arguments; field metadata carries ``title`` and ``description``.
        handler: Called as ``handler(uow, **arguments)``.
        outside: It has an effect outside the database, so a process waits for its job's
            answer (the event ``<name>.answered`` with the process's call key).
        in_diagrams: Whether an analyst may pick it for a service task.
        secret_fields: Arguments that audit and logs must not hold.
    """

    name: str
    summary: str
    permission: Permission
    schema: type[Arguments]
    handler: Callable[..., Any]
    outside: bool = False
    in_diagrams: bool = False
    secret_fields: frozenset[str] = frozenset()

    def load(self, raw: Mapping[str, Any]) -> dict[str, Any]:
        """Check ``raw`` against the schema; see ``keepable`` for what becomes of odd text.

        Raises:
            Invalid: With a message for each wrong field.
        """
        try:
            loaded: dict[str, Any] = _loader(self.schema, self.schema.revision()).load(dict(raw))
        except ValidationError as error:
            raise Invalid("Please check the marked fields.", _by_field(error.messages)) from error
        return {name: keepable(value) for name, value in loaded.items()}


@lru_cache(maxsize=1_000)
def _loader(schema: type[Arguments], _revision: int) -> Schema:
    """Return the one loader of a schema: it copies all its fields when it is made."""
    return schema()


_REGISTRY: dict[str, Operation] = {}

_WORDS: Final[Mapping[str, str]] = {
    "Missing data for required field.": "Please fill this in.",
    "Field may not be null.": "This must not be empty.",
}
"""What people read instead of the words that schemas have for programmers."""


def operation(
    name: str,
    permission: Permission,
    schema: type[Arguments],
    *,
    outside: bool = False,
    in_diagrams: bool = False,
    secret_fields: frozenset[str] = frozenset(),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the decorated function as the operation ``name``.

    The first sentence of its docstring becomes the summary.
    """

    def register(handler: Callable[..., Any]) -> Callable[..., Any]:
        if name in _REGISTRY:
            raise ValueError(f"two operations are called {name}")
        summary = (handler.__doc__ or name).strip().splitlines()[0].rstrip(".")
        _REGISTRY[name] = Operation(
            name, summary, permission, schema, handler, outside, in_diagrams, secret_fields
        )
        return handler

    return register


def put_operation(made: Operation) -> None:
    """Register an operation that came to be while the program runs; it replaces its namesake."""
    _REGISTRY[made.name] = made


def forget_operation(name: str) -> None:
    """Let there be no operation of this name."""
    _REGISTRY.pop(name, None)


def get_operation(name: str) -> Operation:
    """Return the operation called ``name``.

    Raises:
        NotFound: There is none.
    """
    try:
        return _REGISTRY[name]
    except KeyError:
        raise NotFound(f"There is no operation called {name}.") from None


def all_operations() -> Iterator[Operation]:
    """Yield every operation, by name."""
    yield from [_REGISTRY[name] for name in sorted(_REGISTRY)]


def run(uow: UnitOfWork, name: str, raw: Mapping[str, Any]) -> Any:
    """Do the operation ``name`` with the arguments ``raw``: the one door to any change.

    Returns:
        What the operation's function returns, mostly the record it made or changed.

    Raises:
        NotAllowed: The actor lacks the permission.
        Invalid: An argument is wrong; ``fields`` says which.
    """
    found = get_operation(name)
    mark = begin_collecting(uow.session)
    uow.session.info.pop("only_reads", None)
    try:
        _check_permission(uow, found)
        _check_fields(uow, found, raw)
        result = found.handler(uow, **found.load(raw))
    except NotAllowed as refusal:
        refusal.operation = name
        raise
    shown = {k: keepable(v) for k, v in raw.items() if k not in found.secret_fields}
    audit.record_operation(uow, name, shown, result, take_changes(uow.session, mark))
    return result


def handler_of(uow: UnitOfWork, name: str) -> Callable[..., Any]:
    """Return what an operation does, for arguments that were checked already.

    It is for jobs that do the same many times; they write the audit themselves.

    Raises:
        NotAllowed: The actor lacks the permission.
    """
    found = get_operation(name)
    _check_permission(uow, found)
    return found.handler


def check_allowed(uow: UnitOfWork, name: str) -> None:
    """Check that the actor may do the operation ``name`` at all.

    What is one operation for records of all types, such as deleting, asks by this for the
    permission that the type's own operations ask for.

    Raises:
        NotAllowed: The actor lacks the permission.
    """
    _check_permission(uow, get_operation(name))


def check_arguments(uow: UnitOfWork, name: str, raw: Mapping[str, Any]) -> None:
    """Check that the actor may do the operation ``name`` with such arguments, without doing it.

    Raises:
        NotAllowed: The actor lacks the permission.
        Invalid: An argument is wrong, or a field is closed to the actor.
    """
    found = get_operation(name)
    _check_permission(uow, found)
    _check_fields(uow, found, raw)
    found.load(raw)


def _check_permission(uow: UnitOfWork, operation: Operation) -> None:
    if not uow.actor.may(operation.permission):
        raise NotAllowed(f"You may not do this: {operation.summary.lower()}.")


def _check_fields(uow: UnitOfWork, operation: Operation, raw: Mapping[str, Any]) -> None:
    """Refuse fields that the actor's roles close, in the words for fields that do not exist.

    An operation belongs to the record type that its name begins with.
    """
    closed = uow.actor.locked_fields(operation.name.partition(".")[0]) & raw.keys()
    if closed:
        messages = {name: ["Unknown field."] for name in sorted(closed)}
        raise Invalid("Please check the marked fields.", messages)


def _by_field(messages: Any) -> dict[str, list[str]]:
    """Flatten marshmallow's nested messages to dotted field names."""
    flat: dict[str, list[str]] = {}

    def collect(prefix: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                collect(f"{prefix}.{key}" if prefix else str(key), inner)
        else:
            flat.setdefault(prefix, []).extend(_WORDS.get(str(text), str(text)) for text in value)

    collect("", messages)
    return flat
