"""What administrators' commands leave beside the instances: work that is held back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base


class HeldJob(Base):
    """A job for a suspended instance; it is deferred anew, in this order, when that resumes."""

    __tablename__ = "held_jobs"
    __table_args__ = (Index(None, "instance_id", "id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    instance_id: Mapped[UUID] = mapped_column(ForeignKey("process_instances.id"))
    task: Mapped[str]
    args: Mapped[dict[str, Any]]
    held_at: Mapped[datetime]
