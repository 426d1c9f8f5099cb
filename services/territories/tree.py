"""The tree of territories: its order, and that it stays a tree.

Whoever changes a parent holds one lock to the commit, so that two who move at once can't close a
circle that neither of them sees.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn
from uuid import UUID

from sqlalchemy import func, select

from services.errors import Invalid
from services.territories.model import MAX_TERRITORIES, Territory
from services.unit_of_work import UnitOfWork

MAX_DEPTH: Final = 10
"""How many territories stand below one another at most."""

_LOCK: Final = 7_241_002


@dataclass(frozen=True, slots=True)
class Place:
    """A territory in its tree; ``depth`` is 0 for the topmost."""

    territory: Territory
    depth: int


def list_territories(uow: UnitOfWork) -> list[Territory]:
    """Return all territories that are not in the bin, in no order."""
    statement = select(Territory).where(Territory.deleted_at.is_(None))
    return list(uow.session.scalars(statement))


def from_the_top(territories: Iterable[Territory]) -> list[Place]:
    """Return territories as a page shows them: each followed by its parts."""
    parts = _parts(territories)

    def visit(parent: UUID | None, depth: int) -> Iterator[Place]:
        for one in parts.get(parent, ()):
            yield Place(one, depth)
            yield from visit(one.id, depth + 1)

    return list(visit(None, 0))


def as_asked(territories: Iterable[Territory]) -> list[Territory]:
    """Return territories as their rules are asked: parts before their whole, then by priority.

    So a branch with a lower number goes before all of a branch with a higher one, and within a
    branch the narrowest comes first.
    """
    parts = _parts(territories)

    def visit(parent: UUID | None) -> Iterator[Territory]:
        for one in parts.get(parent, ()):
            yield from visit(one.id)
            yield one

    return list(visit(None))


def path_of(key: UUID, parents: Mapping[UUID, UUID | None]) -> list[UUID]:
    """Return a territory and those above it, the nearest first."""
    path: list[UUID] = []
    step: UUID | None = key
    while step is not None and step not in path:
        path.append(step)
        step = parents.get(step)
    return path


def check_place(uow: UnitOfWork, key: UUID | None, parent_id: UUID | None) -> None:
    """Check that a territory may become a part of another; ``key`` is None for a new one.

    Raises:
        Invalid: It is the territory itself or one below it, or the tree would become too deep.
    """
    hold_tree(uow)
    with uow.session.no_autoflush:
        rows = uow.session.execute(select(Territory.id, Territory.parent_id)).all()
    parents: dict[UUID, UUID | None] = {row.id: row.parent_id for row in rows}
    if key is None and len(parents) >= MAX_TERRITORIES:
        _refuse(f"There are {MAX_TERRITORIES} territories already, and no more are possible.")
    if parent_id is None:
        return
    above = path_of(parent_id, parents)
    if key in above:
        _refuse("A territory can't be a part of itself.")
    if len(above) + _height(key, parents) > MAX_DEPTH:
        _refuse(f"Territories stand at most {MAX_DEPTH} deep.")


def hold_tree(uow: UnitOfWork) -> None:
    """Wait for whoever changes the tree now, and hold it to the commit."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _parts(territories: Iterable[Territory]) -> Mapping[UUID | None, list[Territory]]:
    """Return parent → its parts in their order; what is below none that is here stands on top."""
    known = {one.id: one for one in territories}
    parts: dict[UUID | None, list[Territory]] = defaultdict(list)
    for one in sorted(known.values(), key=lambda it: (it.priority, it.name.casefold(), it.id)):
        parts[one.parent_id if one.parent_id in known else None].append(one)
    return parts


def _height(key: UUID | None, parents: Mapping[UUID, UUID | None]) -> int:
    """Return how many territories stand below one another from this one on, itself included."""
    if key is None:
        return 1
    below = (path_of(other, parents) for other in parents)
    return max((path.index(key) + 1 for path in below if key in path), default=1)


def _refuse(message: str) -> NoReturn:
    raise Invalid(message, {"parent_id": [message]})
