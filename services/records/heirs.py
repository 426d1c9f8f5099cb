"""Which record goes on for one that was given up in a merge."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.records.merging import Merge
from services.unit_of_work import UnitOfWork

_MOST_MERGES = 50


def heir_of(uow: UnitOfWork, record_id: UUID) -> UUID | None:
    """Return the key of the record that a record has become part of, through all later merges.

    None: it was not given up, or that was undone.
    """
    heir = None
    for _ in range(_MOST_MERGES):
        merges = select(Merge.kept_id).where(
            Merge.dropped_id == (heir or record_id), Merge.undone_at.is_(None)
        )
        kept = uow.session.scalars(merges.order_by(Merge.id.desc()).limit(1)).one_or_none()
        if kept is None:
            break
        heir = kept
    return heir


def last_merges_of(uow: UnitOfWork, keys: Collection[UUID]) -> dict[UUID, Merge]:
    """Return the last merge, undone or not, in which each of these records was given up."""
    merges = select(Merge).where(Merge.dropped_id.in_(keys)).order_by(Merge.id)
    return {merge.dropped_id: merge for merge in uow.session.scalars(merges)}


def follow_merges(uow: UnitOfWork, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation's arguments with the heir in the place of each record merged away."""
    found = dict(arguments)
    for name, value in arguments.items():
        key = _key_of(value) if name.endswith("_id") else None
        heir = None if key is None else heir_of(uow, key)
        if heir is not None:
            found[name] = str(heir)
    return found


def _key_of(value: Any) -> UUID | None:
    try:
        return UUID(str(value))
    except ValueError:
        return None
