"""The story of each record, in readable sentences; an account's holds those of its records.

Operations write it in the transaction of the change; processes add their steps with
``add_entry``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    Uuid,
    and_,
    false,
    literal,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.orm import Mapped, aliased, mapped_column

from services.activities.model import Activity
from services.contracts.model import Contract
from services.contracts.subscription_model import Subscription
from services.crm.account_model import Account
from services.crm.account_tree import below
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.lead_model import Lead
from services.crm.request_model import ServiceRequest
from services.database import Base, Keyed, is_among
from services.errors import Invalid
from services.records.types import get_record, title_of
from services.rights.telling import can_be_told, retold
from services.sales.model import Invoice, Order, Quote
from services.unit_of_work import UnitOfWork

GROUPS: Mapping[str, frozenset[str]] = {
    "notes": frozenset({"note"}),
    "mail": frozenset({"mail"}),
    "activities": frozenset({"activity"}),
    "process": frozenset({"process", "task"}),
}
"""What a timeline can be narrowed to; ``changes`` is whatever is in none of them."""

CHANGES = "changes"
_ROLLED_UP: Mapping[str, Any] = {
    "contact": Contact,
    "deal": Deal,
    "request": ServiceRequest,
    "contract": Contract,
    "subscription": Subscription,
    "quote": Quote,
    "order": Order,
    "invoice": Invoice,
}


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


_BELONGS: tuple[tuple[Any, Any], ...] = (
    (TimelineRow, TimelineRow.record_id),
    (Activity, Activity.regarding_id),
)
"""What is shown on the account of the record that it is about."""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An entry as it is shown.

    Attributes:
        kind: ``created``, ``changed``, ``status``, ``stage``, ``assigned``, ``converted``,
            ``note``, ``mail``, ``activity``, ``document``, or what processes add (``process``,
            ``task``).
        details: ``changes`` is a list of ``field``, ``label``, ``old`` and ``new``; other
            keys link what the entry is about (``mail_id``, ``document_id``, ``activity_id``).
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
    actor_id: UUID | None = None


def add_entry(  # noqa: PLR0917 - what, about what, in which words: the order is that of speech
    uow: UnitOfWork,
    record: Any,
    kind: str,
    title: str,
    body: str | None = None,
    details: Mapping[str, Any] | None = None,
    *,
    is_copy: bool = False,
) -> TimelineRow:
    """Add an entry to the timeline of ``record``, said by the actor of ``uow``.

    ``is_copy``: the same is told on another record of the same account.
    """
    row = TimelineRow(
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
        is_copy=is_copy,
    )
    uow.session.add(row)
    return row


def account_of(record: Any) -> UUID | None:
    """Return the key of the account whose timeline shows ``record``; None if it has none.

    An activity is told on the records that it is about; its own changes stay with itself.
    """
    if isinstance(record, Activity):
        return None
    return record.id if isinstance(record, Account) else getattr(record, "account_id", None)


def move_entries(uow: UnitOfWork, record: Any) -> None:
    """Show all entries and activities of ``record`` on the account that it belongs to now."""
    for model, key in _BELONGS:
        uow.session.execute(
            update(model)
            .where(key == record.id)
            .values(account_id=account_of(record))
            .execution_options(synchronize_session=False)
        )


def retell_moved(uow: UnitOfWork, moved: Mapping[str, Iterable[Any]], account_id: UUID) -> None:
    """Show the entries and activities of records that came to an account on that account.

    ``moved`` names them as ``table.account_id`` → keys.
    """
    for record_type in _ROLLED_UP.values():
        keys = [UUID(key) for key in moved.get(f"{record_type.__tablename__}.account_id", ())]
        for model, key in _BELONGS if keys else ():
            uow.session.execute(
                update(model)
                .where(key.in_(keys), model.account_id.is_distinct_from(account_id))
                .values(account_id=account_id)
                .execution_options(synchronize_session=False)
            )


def timeline_of(
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    *,
    before: UUID | None = None,
    limit: int = 50,
    group: str | None = None,
    with_parts: bool = False,
) -> list[TimelineEntry]:
    """Return what happened to a record, newest first.

    A deal shows the entries of the lead that it comes from, a contact those of its leads, and an
    account those of all its records, each as far as the actor may see them or their deal. With
    ``before``, the key of an entry, only older ones are returned; ``limit`` is 1 to 200.
    ``group`` is one of ``GROUPS`` or ``changes``. ``with_parts`` tells an account that of the
    accounts below it too.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
        Invalid: The limit or the group is none.
    """
    record = get_record(uow, record_type, record_id)
    if with_parts and isinstance(record, Account):
        statement = select(TimelineRow).where(_belongs_to_tree(uow, record))
    else:
        statement = select(TimelineRow).where(_belongs_to(uow, record))
    if group is not None:
        statement = statement.where(in_group(group))
    if before is not None:
        edge = aliased(TimelineRow)
        last = select(edge.at, edge.id).where(edge.id == before).scalar_subquery()
        statement = statement.where(tuple_(TimelineRow.at, TimelineRow.id) < last)
    if not 1 <= limit <= 200:  # noqa: PLR2004
        raise Invalid("A page has 1 to 200 entries.", {"limit": ["Use 1 to 200."]})
    told = can_be_told(uow, TimelineRow)
    if told is not None:
        statement = statement.where(told)
    newest_first = statement.order_by(TimelineRow.at.desc(), TimelineRow.id.desc()).limit(limit)
    return [_shown(uow, row) for row in uow.session.scalars(newest_first)]


def in_group(group: str) -> ColumnElement[bool]:
    """Return the SQL condition of the entries of a group.

    Raises:
        Invalid: There is no such group.
    """
    if group == CHANGES:
        return TimelineRow.kind.not_in(sorted(frozenset().union(*GROUPS.values())))
    if group not in GROUPS:
        message = f"Use one of {', '.join(GROUPS)} and {CHANGES}."
        raise Invalid(message, {"group": [message]})
    return TimelineRow.kind.in_(sorted(GROUPS[group]))


def _belongs_to(uow: UnitOfWork, record: Any) -> ColumnElement[bool]:
    if isinstance(record, Account):
        return and_(
            TimelineRow.account_id == record.id,
            TimelineRow.is_copy.is_(False),
            or_(
                TimelineRow.record_type == "account",
                *_visible_parts(uow, lambda column: column == record.id),
            ),
        )
    keys: list[Any] = [record.id]
    if isinstance(record, Deal) and record.lead_id is not None:
        keys.append(record.lead_id)
    if not isinstance(record, Contact):
        return TimelineRow.record_id.in_(keys)
    # A contact may come from leads of several teams; only those one sees, or whose deal, are told.
    of_leads = uow.select(Lead).with_only_columns(Lead.id).where(Lead.contact_id == record.id)
    of_deals = uow.select(Deal).with_only_columns(Deal.lead_id)
    of_deals = of_deals.where(Deal.contact_id == record.id, Deal.lead_id.is_not(None))
    itself = select(literal(record.id, Uuid()))
    return is_among(TimelineRow.record_id, union(itself, of_leads, of_deals))


def _belongs_to_tree(uow: UnitOfWork, account: Account) -> ColumnElement[bool]:
    """Return the condition of the entries of an account and of those below it that are visible."""
    visible = uow.select(Account).with_only_columns(Account.id)
    accounts = visible.where(Account.id.in_(below(account.id)))
    return and_(
        TimelineRow.account_id.in_(accounts),
        TimelineRow.is_copy.is_(False),
        or_(
            TimelineRow.record_type == "account",
            *_visible_parts(uow, lambda column: column.in_(accounts)),
        ),
    )


def _visible_parts(
    uow: UnitOfWork, of_accounts: Callable[[Any], ColumnElement[bool]]
) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions that leave out entries of records which the actor may not see.

    Nor is told what belongs to an account by a relation that is hidden from the actor.
    """
    types = (*_ROLLED_UP, "lead")
    hidden = {name for name in types if "account_id" in uow.actor.hidden_fields(name)}
    for name, model in _ROLLED_UP.items():
        if name in hidden:
            continue
        keys: Select[Any] = uow.select(model).with_only_columns(model.id)
        keys = keys.where(of_accounts(model.account_id))
        yield and_(TimelineRow.record_type == name, TimelineRow.record_id.in_(keys))
    leads = uow.select(Lead).with_only_columns(Lead.id).where(of_accounts(Lead.account_id))
    of_deals = uow.select(Deal).with_only_columns(Deal.lead_id)
    of_deals = of_deals.where(of_accounts(Deal.account_id), Deal.lead_id.is_not(None))
    ways = {"lead": leads, "deal": of_deals}
    known = [TimelineRow.record_id.in_(keys) for name, keys in ways.items() if name not in hidden]
    yield and_(TimelineRow.record_type == "lead", or_(false(), *known))


def _shown(uow: UnitOfWork, row: TimelineRow) -> TimelineEntry:
    names = TimelineEntry.__dataclass_fields__
    entry = {name: getattr(row, name) for name in names}
    return TimelineEntry(**{**entry, **retold(uow.actor, row.record_type, row.details)})
