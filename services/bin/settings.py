"""For how long deleted records and files can be restored."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from marshmallow import validate
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import WholeNumber
from services.bin.model import USUAL_DAYS, BinSettings
from services.days import today
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

MOST_DAYS: Final = 3_650
_DAYS: Final = validate.Range(1, MOST_DAYS)


class SetBinDays(Arguments):
    """After how many days what is deleted goes for good."""

    record_days = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=_DAYS,
        metadata={"title": "Records: days in the bin", "description": "For ever if empty."},
    )
    file_days = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=_DAYS,
        metadata={"title": "Files: days in the bin", "description": "For ever if empty."},
    )


@operation("bin.set_days", Permission.DATA_MANAGE, SetBinDays)
def set_bin_days(
    uow: UnitOfWork, *, record_days: int | None, file_days: int | None
) -> dict[str, Any]:
    """Say after how many days deleted records and files go for good."""
    settings = find_settings(uow, lock=True)
    settings.record_days, settings.file_days = record_days, file_days
    uow.session.add(settings)
    return {"record_days": record_days, "file_days": file_days}


def find_settings(uow: UnitOfWork, *, lock: bool = False) -> BinSettings:
    """Return the settings; if nobody has said anything, the usual ones, which no table holds.

    ``lock`` holds them to the commit, also while there is no row yet.
    """
    statement = select(BinSettings).limit(1)
    if lock:
        place = func.hashtextextended("bin.settings", 0)
        uow.session.execute(select(func.pg_advisory_xact_lock(place)))
        statement = statement.with_for_update()
    found = uow.session.scalars(statement).one_or_none()
    return found or BinSettings(record_days=USUAL_DAYS, file_days=USUAL_DAYS)


def deadline(uow: UnitOfWork, days: int | None) -> datetime | None:
    """Return the time before which something must have been deleted to go now; None: nothing."""
    return None if days is None else uow.now - timedelta(days=days)


def may_empty(uow: UnitOfWork, settings: BinSettings) -> bool:
    """Tell whether the bin may be emptied by now."""
    return settings.not_before is None or settings.not_before <= today(uow)
