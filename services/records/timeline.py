"""The story of each record, in readable sentences; an account's holds those of its records.

Operations write it in the transaction of the change; processes add their steps with
``add_entry``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    and_,
    false,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.database import Base, Keyed
from services.errors import Invalid
from services.records.types import get_record, title_of
from services.unit_of_work import UnitOfWork

_ROLLED_UP: Mapping[str, Any] = {"contact": Contact, "deal": Deal, "request": ServiceRequest}


class TimelineRow(Keyed, Base):
    """One entry; rows are only added, and only the text of a note is ever changed.

    Attributes:
        account_id: The account whose timeline shows it too.
        is_copy: Another entry tells the same to the account: one story told on several records.
    """

    __tablename__ = "timeline_entries"
    __table_args__ = (
        Index("ix_timeline_entries_record", "record_id", "at", "id"),
        Index("ix_timeline_entries_account", "account_id", "at", "id"),
    )

    at: Mapped[datetime]
    kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]
    title: Mapped[str]
    body: Mapped[str | None]
    details: Mapped[dict[str, Any]]
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    record_title: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"))
    is_copy: Mapped[bool] = mapped_column(default=False, server_default=false())


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An entry as it is shown.

    Attributes:
        kind: ``created``, ``changed``, ``status``, ``stage``, ``assigned``, ``converted``,
            ``note``, ``mail``, ``document``, or what processes add (``process``, ``task``).
        details: ``changes`` is a list of ``field``, ``label``, ``old`` and ``new``; other
            keys link what the entry is about (``mail_id``, ``document_id``).
    """

    id: UUID
    at: datetime
    kind: str
    actor_name: str
    title: str
    body: str | None
    details: Mapping[str, Any]
    record_type: str
    record_id: UUID
    record_title: str


def add_entry(  # noqa: PLR0917 - what, about what, in which words: the order is that of speech
    uow: UnitOfWork,
    record: Any,
    kind: str,
    title: str,
    body: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Add an entry to the timeline of ``record``, said by the actor of ``uow``."""
    uow.session.add(
        TimelineRow(
            at=uow.now,
            kind=kind,
            actor_id=uow.actor.user_id,
            actor_name=uow.actor.name,
            title=title,
            body=body,
            details=dict(details or {}),
            record_type=record.record_type,
            record_id=record.id,
            record_title=title_of(record),
            account_id=account_of(record),
        )
    )


def account_of(record: Any) -> UUID | None:
    """Return the key of the account whose timeline shows ``record``; None if it has none."""
    return record.id if isinstance(record, Account) else getattr(record, "account_id", None)


def move_entries(uow: UnitOfWork, record: Any) -> None:
    """Show all entries of ``record`` on the account that it belongs to now."""
    uow.session.execute(
        update(TimelineRow)
        .where(TimelineRow.record_id == record.id)
        .values(account_id=account_of(record))
        .execution_options(synchronize_session=False)
    )


def timeline_of(
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    *,
    before: UUID | None = None,
    limit: int = 50,
) -> list[TimelineEntry]:
    """Return what happened to a record, newest first.

    A deal shows the entries of the lead that it comes from, a contact those of its leads, and an
    account those of all its records, each as far as the actor may see them or their deal. With
    ``before``, the key of an entry, only older ones are returned; ``limit`` is 1 to 200.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    record = get_record(uow, record_type, record_id)
    statement = select(TimelineRow).where(_belongs_to(uow, record))
    if before is not None:
        edge = aliased(TimelineRow)
        last = select(edge.at, edge.id).where(edge.id == before).scalar_subquery()
        statement = statement.where(tuple_(TimelineRow.at, TimelineRow.id) < last)
    if not 1 <= limit <= 200:  # noqa: PLR2004
        raise Invalid("A page has 1 to 200 entries.", {"limit": ["Use 1 to 200."]})
    newest_first = statement.order_by(TimelineRow.at.desc(), TimelineRow.id.desc()).limit(limit)
    return [_shown(row) for row in uow.session.scalars(newest_first)]


def _belongs_to(uow: UnitOfWork, record: Any) -> ColumnElement[bool]:
    if isinstance(record, Account):
        return and_(TimelineRow.account_id == record.id, _visible_parts(uow, record))
    keys: list[Any] = [record.id]
    if isinstance(record, Deal) and record.lead_id is not None:
        keys.append(record.lead_id)
    if not isinstance(record, Contact):
        return TimelineRow.record_id.in_(keys)
    # A contact may come from leads of several teams; only those one sees, or whose deal, are told.
    of_leads = uow.select(Lead).with_only_columns(Lead.id).where(Lead.contact_id == record.id)
    of_deals = uow.select(Deal).with_only_columns(Deal.lead_id)
    of_deals = of_deals.where(Deal.contact_id == record.id, Deal.lead_id.is_not(None))
    return or_(
        TimelineRow.record_id == record.id,
        TimelineRow.record_id.in_(of_leads),
        TimelineRow.record_id.in_(of_deals),
    )


def _visible_parts(uow: UnitOfWork, account: Account) -> ColumnElement[bool]:
    """Leave out the entries of an account's records that the actor may not see."""
    visible = [TimelineRow.record_type == "account"]
    for name, model in _ROLLED_UP.items():
        keys: Select[Any] = uow.select(model).with_only_columns(model.id)
        visible.append(
            and_(
                TimelineRow.record_type == name,
                TimelineRow.record_id.in_(keys.where(model.account_id == account.id)),
            )
        )
    leads = uow.select(Lead).with_only_columns(Lead.id).where(Lead.account_id == account.id)
    of_deals = uow.select(Deal).with_only_columns(Deal.lead_id)
    of_deals = of_deals.where(Deal.account_id == account.id, Deal.lead_id.is_not(None))
    visible.append(
        and_(
            TimelineRow.record_type == "lead",
            or_(TimelineRow.record_id.in_(leads), TimelineRow.record_id.in_(of_deals)),
        )
    )
    return or_(*visible)


def _shown(row: TimelineRow) -> TimelineEntry:
    names = TimelineEntry.__dataclass_fields__
    return TimelineEntry(**{name: getattr(row, name) for name in names})
