"""Who did what, when and from where, written in the same transaction as the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base

if TYPE_CHECKING:
    from services.unit_of_work import UnitOfWork


class AuditEntry(Base):
    """One operation that was carried out; rows are only ever added."""

    __tablename__ = "audit_entries"
    __table_args__ = (Index(None, "record_type", "record_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    source: Mapped[str]
    address: Mapped[str | None]
    operation: Mapped[str]
    record_type: Mapped[str | None]
    record_id: Mapped[UUID | None]
    arguments: Mapped[dict[str, Any]]


def record_operation(uow: UnitOfWork, name: str, arguments: Mapping[str, Any], result: Any) -> None:
    """Add the audit entry of an operation that has just been carried out."""
    record_type = getattr(result, "record_type", None)
    uow.session.add(
        AuditEntry(
            at=uow.now,
            actor_id=uow.actor.user_id,
            actor_name=uow.actor.name,
            source=uow.source,
            address=uow.address,
            operation=name,
            record_type=record_type,
            record_id=getattr(result, "id", None) if record_type else None,
            arguments=dict(arguments),
        )
    )
