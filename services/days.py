"""The day and the time of day in the installation's zone: one way for all."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.unit_of_work import UnitOfWork


def local_now(uow: UnitOfWork) -> datetime:
    """Return the moment of the transaction as clocks on the installation's walls show it."""
    return uow.now.astimezone(uow.platform.settings.timezone)


def today(uow: UnitOfWork) -> date:
    """Return the day that it is in the installation's zone."""
    return local_now(uow).date()


def show_day(day: date) -> str:
    """Return a day as people read it: ``1 Jan 2026``."""
    return f"{day.day} {day:%b %Y}"
