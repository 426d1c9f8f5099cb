"""Names that stand in what others wrote, such as the diagrams of processes.

A stage, a choice or a field that an administrator takes away may be named there. Whoever keeps
such texts registers a finder; whoever takes a name away asks first, and goes on only if told to.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import fields

from services.errors import Conflict
from services.unit_of_work import UnitOfWork

STILL_USED: Final = "still_used"
"""The code of the refusal to take away what is named somewhere."""

_TOLD: Final = 5


@dataclass(frozen=True, slots=True)
class Named:
    """A field of a record type; with ``value``, one of its choices."""

    record_type: str
    field: str
    value: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """Where a name is used.

    Attributes:
        process_key: The process.
        version: Its number.
        text: Which version that is, whether it is in force or runs, and where in it.
    """

    process_key: str
    version: int
    text: str


Finder = Callable[[UnitOfWork, Sequence[Named]], list[Use]]

_FINDERS: list[Finder] = []


def finds_uses(function: Finder) -> Finder:
    """Have ``function`` asked where names are used."""
    _FINDERS.append(function)
    return function


def even_if_used() -> Any:
    """Return the argument by which one confirms that a name goes although it is used."""
    about = "Take it away although processes name it."
    metadata = {"title": "Even if it is used", "description": about}
    return fields.Boolean(load_default=False, metadata=metadata)


def uses_of(uow: UnitOfWork, names: Collection[Named]) -> list[Use]:
    """Return where any of these names is used."""
    asked = list(names)
    return [use for find in _FINDERS for use in find(uow, asked)] if asked else []


def check_unused(uow: UnitOfWork, names: Collection[Named], *, even_if_used: bool) -> None:
    """Refuse to take names away that are used, unless that was confirmed.

    Raises:
        Conflict: With code ``still_used``; the message says where they are used.
    """
    found = [] if even_if_used else uses_of(uow, names)
    if not found:
        return
    told = [use.text for use in found[:_TOLD]]
    if len(found) > _TOLD:
        told.append(f"{len(found) - _TOLD} more")
    message = (
        f"This is still named by processes: {'; '.join(told)}. They would fail there. Change them "
        "first, or confirm that it goes even so."
    )
    raise Conflict(message, code=STILL_USED)
