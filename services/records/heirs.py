"""Which record goes on for one that was given up in a merge."""

from __future__ import annotations

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
