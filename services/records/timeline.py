"""The story of each record, in readable sentences; an account's holds those of its records.

Operations write it in the transaction of the change; processes add their steps with
``add_entry``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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
from services.crm.account_model import Account
from services.crm.account_tree import below
from services.database import Base, Keyed, is_among
from services.errors import Invalid
from services.records.types import get_record, title_of
from services.records.ways import OF_ACCOUNTS, told_with
from services.rights.telling import can_be_told, retold
from services.unit_of_work import UnitOfWork

GROUPS: Mapping[str, frozenset[str]] = {
    "notes": frozenset({"note"}),
    "mail": frozenset({"mail"}),
    "activities": frozenset({"activity"}),
    "process": frozenset({"process", "task"}),
}
"""What a timeline can be narrowed to; ``changes`` is whatever is in none of them."""

CHANGES = "changes"
_RULES = frozenset({"tells", "plain", "in_title"})
"""What details say of who is told."""


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
    tells: Iterable[str] = (),
    plain: str | None = None,
    in_title: bool = False,
) -> TimelineRow:
    """Add an entry to the timeline of ``record``, said by the actor of ``uow``.

    Args:
        uow: Of whoever did it.
        record: Whose timeline it is.
        kind: See ``TimelineEntry``.
        title: The sentence.
        body: More words.
        details: See ``TimelineEntry``.
        is_copy: The same is told on another record of the same account.
        tells: Fields, such as ``contact.email``, whose values stand in the sentence beside those
            of ``changes``. Those from whom one of them is hidden are not told.
        plain: What they are told instead, if anything.
        in_title: The values stand in the title alone, so that the body is told to everybody.
    """
    known = dict(details or {})
    if told := list(tells):
        known |= {"tells": told} | ({} if plain is None else {"plain": plain})
        known |= {"in_title": True} if in_title else {}
    row = TimelineRow(
        at=uow.now,
        kind=kind,
        actor_id=uow.actor.user_id,
        actor_name=uow.actor.name,
        title=title,
        body=body,
        details=known,
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
    for record_type in OF_ACCOUNTS.values():
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
    sees_tree = "parent_id" not in uow.actor.hidden_fields("account")
    if with_parts and sees_tree and isinstance(record, Account):
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
    """Return the condition of the entries of a record, and of those that are told with it."""
    parts = told_with(uow, type(record), lambda column: column == record.id)
    if not isinstance(record, Account):
        itself: Select[Any] = select(literal(record.id, Uuid()))
        keys = (of_part for _, of_part in parts)
        return is_among(TimelineRow.record_id, union(itself, *keys) if parts else itself)
    return and_(
        TimelineRow.account_id == record.id,
        TimelineRow.is_copy.is_(False),
        or_(TimelineRow.record_type == "account", *_of_parts(parts)),
    )


def _belongs_to_tree(uow: UnitOfWork, account: Account) -> ColumnElement[bool]:
    """Return the condition of the entries of an account and of those below it that are visible."""
    visible = uow.select(Account).with_only_columns(Account.id)
    accounts = visible.where(Account.id.in_(below(account.id)))
    parts = told_with(uow, Account, lambda column: column.in_(accounts))
    return and_(
        TimelineRow.account_id.in_(accounts),
        TimelineRow.is_copy.is_(False),
        or_(TimelineRow.record_type == "account", *_of_parts(parts)),
    )


def _of_parts(parts: Iterable[tuple[str, Select[Any]]]) -> Iterator[ColumnElement[bool]]:
    for record_type, keys in parts:
        yield and_(TimelineRow.record_type == record_type, TimelineRow.record_id.in_(keys))


def _shown(uow: UnitOfWork, row: TimelineRow) -> TimelineEntry:
    names = TimelineEntry.__dataclass_fields__
    entry = {name: getattr(row, name) for name in names}
    entry |= retold(uow.actor, row.record_type, row.details)
    entry["details"] = {name: said for name, said in entry["details"].items() if name not in _RULES}
    return TimelineEntry(**entry)
