"""Telling the processes that a date of a record has changed, so that their timers follow."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from services.unit_of_work import Job, UnitOfWork

REFRESH: Final = "timers.refresh"


def tell_timers(uow: UnitOfWork, record_type: str, record_id: UUID) -> None:
    """Have timers that read a date of this record be set anew after this transaction."""
    arguments = {"record_type": record_type, "record_id": str(record_id)}
    uow.defer(Job(REFRESH, arguments, lock=f"record:{record_id}"))
