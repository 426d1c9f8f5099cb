"""What goes for good along with a record, what stays without it, and what keeps it in the bin.

Whatever refers to a record by a foreign key and is not named here keeps it: an invoice its account,
a payment its invoice. So what law or the books want kept is never touched, and a new table keeps
its records until somebody has decided about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Table, and_, delete, or_, select, update

from services.contracts.model import Contract
from services.database import Base
from services.documents.model import Document
from services.duplicates.finding import one_of
from services.duplicates.model import DuplicatePair
from services.mail.model import Mail, MailLink
from services.records.timeline import TimelineRow
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork

GO_ALONG: Final = frozenset(
    {
        "activity_participants.activity_id",
        "activity_participants.contact_id",
        "activity_participants.lead_id",
        "article_links.article_id",
        "article_links.request_id",
        "article_versions.article_id",
        "article_votes.article_id",
        "campaign_members.campaign_id",
        "campaign_segments.campaign_id",
        "contact_accounts.account_id",
        "contact_accounts.contact_id",
        "contact_points.record_id",
        "customer_values.account_id",
        "deal_contacts.contact_id",
        "deal_contacts.deal_id",
        "deal_positions.deal_id",
        "deal_stage_stays.deal_id",
        "deal_team.deal_id",
        "document_makings.record_id",
        "documents.record_id",
        "loyalty_levels.programme_id",
        "loyalty_prizes.programme_id",
        "loyalty_rules.programme_id",
        "mail_links.record_id",
        "mails.record_id",
        "marketing_fills.campaign_id",
        "mentions.record_id",
        "notifications.record_id",
        "prices.product_id",
        "record_shares.record_id",
        "segment_members.record_id",
        "segment_members.segment_id",
        "tag_links.record_id",
        "territory_changes.record_id",
        "timeline_entries.record_id",
    }
)
"""Rows that are nothing without their record."""

STAY: Final[Mapping[str, str]] = {
    "activities.regarding_id": "An activity is a record of its own.",
    "audit_entries.record_id": "Who did what stays as it was.",
    "campaign_members.bought_id": "What a campaign has brought stays counted.",
    "campaign_members.record_id": "How many a campaign has reached stays counted.",
    "consent_entries.record_id": "What somebody has agreed to must be shown for years.",
    "messages.record_id": "What processes were told is their history.",
    "process_instances.record_id": "What has run is told without its record.",
    "work_items.record_id": "What somebody has done is told without its record.",
}
"""Rows that name a record without a foreign key, and are good for something without it."""

# Rows of rows that go: the table, its column, and the table of which rows go.
_UNDER: Final = (
    ("mentions", "entry_id", "timeline_entries"),
    ("note_versions", "entry_id", "timeline_entries"),
    ("mail_attachments", "mail_id", "mails"),
    ("mail_links", "mail_id", "mails"),
)


def references(record_type: RecordType) -> Iterator[Column[Any]]:
    """Yield the columns with a foreign key to the records of a type."""
    target: Table = record_type.model.__table__
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if any(key.column.table is target for key in column.foreign_keys):
                yield column


def kept_by(record_type: RecordType) -> list[ColumnElement[bool]]:
    """Return the conditions under which something else keeps a record of a type in the bin."""
    model = record_type.model
    kept: list[ColumnElement[bool]] = []
    for column in _keepers(record_type):
        referring = column.table.alias().c[column.name]
        kept.append(select(referring).where(referring == model.id).correlate(model).exists())
    mails = select(MailLink.id).join(Mail, Mail.id == MailLink.mail_id)
    elsewhere = (Mail.record_id == model.id, MailLink.record_id != model.id)
    signed = select(Contract.id).join(Document, Document.id == Contract.signed_document_id)
    of_it = (Document.record_id == model.id, Contract.id != model.id)
    kept.append(mails.where(*elsewhere).correlate(model).exists())
    kept.append(signed.where(*of_it).correlate(model).exists())
    return kept


def delete_with_belongings(
    uow: UnitOfWork, record_type: RecordType, keys: Collection[UUID]
) -> None:
    """Delete records for good, with what goes along; other timelines name them no more.

    Raises:
        IntegrityError: Something keeps one of them that was not asked about.
    """
    run = uow.session.execute
    for table in _owned_tables():
        referring = [
            one_of(column, keys) for column in _go_along(table) if _refers(column, record_type)
        ]
        if referring:
            run(delete(table).where(or_(*referring)))
    if record_type.name == "account":
        entries: Any = TimelineRow.__table__
        run(update(entries).where(one_of(entries.c.account_id, keys)).values(account_id=None))
    pair = or_(one_of(DuplicatePair.first_id, keys), one_of(DuplicatePair.second_id, keys))
    run(delete(DuplicatePair).where(pair).execution_options(synchronize_session=False))
    own: Table = record_type.model.__table__
    run(delete(own).where(one_of(own.c.id, keys)))
    # After the record itself, which may name one of its files.
    for name, column, of in _UNDER:
        above, under = Base.metadata.tables[of], Base.metadata.tables[name]
        gone = select(above.c.id).where(_is_about(above, record_type, keys))
        run(delete(under).where(under.c[column].in_(gone)))
    for table in _owned_tables():
        if "record_id" in {column.name for column in _go_along(table)}:
            run(delete(table).where(_is_about(table, record_type, keys)))


def _owned_tables() -> list[Table]:
    """Return the tables of what goes along, those that refer to others first."""
    return [table for table in reversed(Base.metadata.sorted_tables) if _go_along(table)]


def _go_along(table: Table) -> list[Column[Any]]:
    return [column for column in table.columns if f"{table.name}.{column.name}" in GO_ALONG]


def _keepers(record_type: RecordType) -> Iterator[Column[Any]]:
    for column in references(record_type):
        key = next(iter(column.foreign_keys))
        name = f"{column.table.name}.{column.name}"
        if name not in GO_ALONG and key.ondelete is None and name != "timeline_entries.account_id":
            yield column


def _refers(column: Column[Any], record_type: RecordType) -> bool:
    return any(key.column.table is record_type.model.__table__ for key in column.foreign_keys)


def _is_about(table: Table, record_type: RecordType, keys: Collection[UUID]) -> ColumnElement[bool]:
    return and_(table.c.record_type == record_type.name, one_of(table.c.record_id, keys))
