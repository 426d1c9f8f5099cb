"""Who did what, when and from where, written in the same transaction as the change.

What was refused is kept as well, in a transaction of its own: the other one is undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import BigInteger, Identity, Index, LargeBinary, false
from sqlalchemy.orm import Mapped, mapped_column

from services.changes import RowChange
from services.database import Base, to_json_text
from services.statements import Statement

if TYPE_CHECKING:
    from services.unit_of_work import UnitOfWork


class AuditEntry(Base):
    """One operation that was carried out or refused; rows are only ever added.

    Attributes:
        changes: The rows it made or changed, each with its fields before and after.
        refused: It was not carried out, since the actor may not do it.
        position: Its place in the chain, from 1; None until it is sealed.
        chain_hash: See ``services.audit_chain``.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index(None, "record_type", "record_id"),
        Index("ix_audit_entries_unsealed", "id", postgresql_where="position IS NULL"),
    )

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
    changes: Mapped[list[Any]]
    refused: Mapped[bool] = mapped_column(default=False, server_default=false())
    position: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    chain_hash: Mapped[bytes | None] = mapped_column(LargeBinary)


_WRITE = Statement(
    """
    INSERT INTO audit_entries (at, actor_id, actor_name, source, address, operation,
      record_type, record_id, arguments, changes, refused)
    SELECT * FROM jsonb_to_recordset(CAST(%(entries)s AS jsonb)) AS e(
      at timestamptz, actor_id uuid, actor_name text, source text, address text, operation text,
      record_type text, record_id uuid, arguments jsonb, changes jsonb, refused boolean)
    """
)


def record_operation(
    uow: UnitOfWork,
    name: str,
    arguments: Mapping[str, Any],
    result: Any,
    changes: Sequence[RowChange],
) -> None:
    """Add the audit entry of an operation that has just been carried out.

    It is about the record that the operation returned, or else the first one that it changed.
    """
    named = getattr(type(result), "record_type", None)  # of what is no record it is a column
    record_type = named if isinstance(named, str) else None
    record_id = getattr(result, "id", None) if record_type else None
    if record_type is None and changes:
        record_type, record_id = changes[0].kind, changes[0].row_id
    _add(uow, name, (record_type, record_id), arguments, changes)


def record_changes(
    uow: UnitOfWork,
    name: str,
    about: tuple[str, UUID],
    arguments: Mapping[str, Any],
    changes: Sequence[RowChange],
) -> None:
    """Add one audit entry for many rows that a job has changed on somebody's behalf."""
    _add(uow, name, about, arguments, changes)


def record_event(uow: UnitOfWork, name: str, record_type: str, record_id: UUID) -> None:
    """Add the audit entry of something that is no operation, such as a sign-in."""
    _add(uow, name, (record_type, record_id), {}, ())


def record_refusal(
    uow: UnitOfWork, name: str, record_type: str | None = None, record_id: UUID | None = None
) -> None:
    """Add the audit entry of what somebody tried and may not do.

    Its arguments are left out: whoever may not do it could fill the log with what they like.
    """
    _add(uow, name, (record_type, record_id), {}, (), refused=True)


def _add(
    uow: UnitOfWork,
    name: str,
    about: tuple[str | None, UUID | None],
    arguments: Mapping[str, Any],
    changes: Sequence[RowChange],
    *,
    refused: bool = False,
) -> None:
    record_type, record_id = about
    uow.audited.append(
        {
            "at": uow.now,
            "actor_id": uow.actor.user_id,
            "actor_name": uow.actor.name,
            "source": uow.source,
            "address": uow.address,
            "operation": name,
            "record_type": record_type,
            "record_id": record_id,
            "arguments": dict(arguments),
            "changes": [_as_json(change) for change in changes],
            "refused": refused,
        }
    )


def write_entries(uow: UnitOfWork) -> None:
    """Write what was added in this transaction, in one statement; called just before the commit."""
    if uow.audited:
        _WRITE.run(uow.session, entries=to_json_text(uow.audited))
        uow.audited.clear()


def _as_json(change: RowChange) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "id": change.row_id,
        "created": change.created,
        "fields": {name: list(pair) for name, pair in change.fields.items()},
    }
