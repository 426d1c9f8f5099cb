"""Working calendars: when a place works, kept as administrators write it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Timestamped, Versioned

DAYS: dict[str, str] = {
    "monday": "Monday",
    "tuesday": "Tuesday",
    "wednesday": "Wednesday",
    "thursday": "Thursday",
    "friday": "Friday",
    "saturday": "Saturday",
    "sunday": "Sunday",
}


class CalendarRow(Versioned, Timestamped, Base):
    """A working calendar.

    Attributes:
        name: Diagrams, decisions and agreements call it by this.
        timezone: Its zone in the IANA database.
        week: Hours by the name of the day, such as ``09:00-12:00, 13:00-17:00``; a day that is
            missing is free.
        special_days: ``{"date", "yearly", "name", "hours"}``; without hours it is a holiday.
        is_default: It counts where none is named; there is exactly one.
    """

    __tablename__ = "working_calendars"
    __table_args__ = (
        Index(
            "uq_working_calendars_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
    )
    __audited__ = True

    name: Mapped[str] = mapped_column(unique=True)
    timezone: Mapped[str]
    week: Mapped[dict[str, Any]]
    special_days: Mapped[list[Any]]
    is_default: Mapped[bool] = mapped_column(default=False)
