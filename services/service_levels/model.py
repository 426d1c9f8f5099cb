"""Service levels: what is promised for which requests, and how a request's time runs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned


class Target(StrEnum):
    """What is promised by a time."""

    FIRST_RESPONSE = "first_response"
    RESOLUTION = "resolution"


TARGETS: dict[str, str] = {
    Target.FIRST_RESPONSE.value: "First response",
    Target.RESOLUTION.value: "Resolution",
}


class SlaPolicy(Versioned, Timestamped, Base):
    """What is promised for the requests that it matches.

    Attributes:
        position: The first one that matches counts, the lowest position first.
        active: Whether new requests are matched with it.
        condition: A FEEL expression over ``request``; None matches every request.
        calendar_id: The working calendar that its times count by; None for the default one.
        first_response_seconds: Working time until the first response; None promises none.
        resolution_seconds: Working time until the resolution; None promises none.
        at_risk_percent: The share of a time after which a request is at risk.
    """

    __tablename__ = "sla_policies"
    __audited__ = True

    name: Mapped[str] = mapped_column(unique=True)
    position: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    condition: Mapped[str | None]
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("working_calendars.id"), index=True)
    first_response_seconds: Mapped[int | None]
    resolution_seconds: Mapped[int | None]
    at_risk_percent: Mapped[int] = mapped_column(default=75)

    def seconds_for(self, target: str) -> int | None:
        """Return the working time that it promises for a target; None for no promise."""
        found: int | None = getattr(self, f"{target}_seconds")
        return found


class SlaClock(Keyed, Base):
    """How the time of one target of one request runs.

    Attributes:
        policy_id: What promised it; None when that is gone or the time was set by hand.
        policy_name: What it was called then.
        calendar_id: The calendar that it counts by; None for the default one.
        seconds: Working time that was promised; None for a time that was set by hand.
        at_risk_percent: As the policy had it.
        started_at: From when it counts.
        pauses: ``[from, to]`` as ISO texts, in order; ``to`` is None while it stands.
        due_at: None while it stands, unless it was late before.
        at_risk_at: None where ``due_at`` is, and for a time that was set by hand.
        done_at: When what was promised was done; None before.
        set_by: Who set ``due_at`` by hand; None for a counted one.
    """

    __tablename__ = "sla_clocks"
    __table_args__ = (UniqueConstraint("request_id", "target"),)

    request_id: Mapped[UUID] = mapped_column(ForeignKey("requests.id", ondelete="CASCADE"))
    target: Mapped[str]
    policy_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("sla_policies.id", ondelete="SET NULL"), index=True
    )
    policy_name: Mapped[str | None]
    calendar_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("working_calendars.id", ondelete="SET NULL"), index=True
    )
    seconds: Mapped[int | None]
    at_risk_percent: Mapped[int] = mapped_column(default=75)
    started_at: Mapped[datetime]
    pauses: Mapped[list[Any]] = mapped_column(default=list)
    due_at: Mapped[datetime | None]
    at_risk_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    set_by: Mapped[str | None]

    @property
    def is_open(self) -> bool:
        """Whether what was promised is still to be done."""
        return self.done_at is None

    @property
    def is_paused(self) -> bool:
        """Whether it stands."""
        return bool(self.pauses) and self.pauses[-1][1] is None
