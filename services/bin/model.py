"""The tables of how long what is deleted can be restored, and of what went for good."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Timestamped, Versioned

USUAL_DAYS: Final = 90


class BinSettings(Versioned, Timestamped, Base):
    """For how long the bin keeps what lies in it; there is one row at most.

    Attributes:
        record_days: Of records; None: for ever. So is ``file_days`` of files.
        not_before: Nothing goes before this day, so that an update deletes nothing unasked.
    """

    __tablename__ = "bin_settings"
    __audited__ = True

    record_days: Mapped[int | None]
    file_days: Mapped[int | None]
    not_before: Mapped[date | None]


class BinEmptying(Versioned, Timestamped, Base):
    """What went for good on one day.

    Attributes:
        counts: Record type, or ``document`` → how many.
        is_done: Nothing more was due when it was looked at last.
    """

    __tablename__ = "bin_emptyings"
    __audited__ = True

    day: Mapped[date] = mapped_column(unique=True)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_done: Mapped[bool] = mapped_column(default=False)
