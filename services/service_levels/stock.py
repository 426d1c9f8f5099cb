"""The service levels that every installation begins with."""

from __future__ import annotations

from typing import Final

from sqlalchemy import select

from services.calendars.model import CalendarRow
from services.calendars.stock import AROUND_THE_CLOCK
from services.service_levels.model import SlaPolicy
from services.unit_of_work import UnitOfWork

_HOUR: Final = 3600

# Name, condition, hours until the first response and until the resolution; in their order.
SHIPPED: Final = (
    ("Urgent errors", 'request.type = "error" and request.priority = "urgent"', 1, 8),
    ("Errors", 'request.type = "error"', 4, 48),
    ("Wishes", 'request.type = "wish"', 48, 14 * 24),
    ("Pressing questions", 'request.priority in ("high", "urgent")', 2, 24),
    ("All other requests", None, 4, 48),
)


def seed_policies(uow: UnitOfWork) -> None:
    """Add the shipped policies, which count around the clock."""
    always = uow.session.scalars(
        select(CalendarRow.id).where(CalendarRow.name == AROUND_THE_CLOCK)
    ).one_or_none()
    for position, (name, condition, response, resolution) in enumerate(SHIPPED, 1):
        uow.add(
            SlaPolicy(
                name=name,
                position=position,
                condition=condition,
                calendar_id=always,
                first_response_seconds=response * _HOUR,
                resolution_seconds=resolution * _HOUR,
            )
        )
