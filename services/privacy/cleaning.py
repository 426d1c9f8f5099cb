"""Emptying rows of a person, and taking its words out of the texts of others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import String, Table, Text, cast, delete, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB

from services.activities.model import Activity
from services.crm.deal_model import Deal
from services.crm.request_model import ServiceRequest
from services.database import Base
from services.documents.model import Document
from services.importing.model import Import, ImportChunk, ImportPiece, pack, unpack
from services.mail.model import Mail, MailAttachment, MailState
from services.privacy.subject import ERASED, Subject
from services.records.note_model import Mention, NoteVersion
from services.records.timeline import TimelineRow
from services.unit_of_work import UnitOfWork

PERSON: Final = "Erased person"

_NOTHING: Final = hashlib.sha256(b"").hexdigest()


def empty_records(subject: Subject, uow: UnitOfWork) -> None:
    """Leave nothing of the person in its contacts and leads, and put them into the bin."""
    for record in subject.records:
        if record.record_type == "contact":
            record.first_name, record.last_name = None, PERSON
            record.position = record.description = None
        else:
            record.name, record.company, record.wishes = PERSON, None, None
            record.lost_reason = record.campaign_keyword = None
            record.postal_code = record.city = None
        record.email = record.phone = record.other_points = None
        record.custom = {}
        if record.deleted_at is None:
            record.deleted_at, record.deleted_by = uow.now, uow.actor.name
    uow.session.flush()


def empty_activities(uow: UnitOfWork, keys: Sequence[UUID]) -> None:
    """Leave of activities that they were, and when."""
    for row in uow.session.scalars(select(Activity).where(Activity.id.in_(keys))):
        row.subject = ERASED
        row.location = row.description = row.result = None
        row.custom = {}


def empty_requests(uow: UnitOfWork, keys: Sequence[UUID]) -> None:
    """Leave of service requests their numbers, types and times."""
    for row in uow.session.scalars(select(ServiceRequest).where(ServiceRequest.id.in_(keys))):
        row.subject = ERASED
        row.requester_name = row.requester_email = None
        row.description = row.answer = None
        row.custom = {}


def empty_timeline(uow: UnitOfWork, keys: Sequence[UUID]) -> int:
    """Leave of timelines what kind of thing happened when, and by whom."""
    entries = select(TimelineRow.id).where(TimelineRow.record_id.in_(keys))
    uow.session.execute(delete(NoteVersion).where(NoteVersion.entry_id.in_(entries)))
    uow.session.execute(delete(Mention).where(Mention.entry_id.in_(entries)))
    return _change(
        uow,
        update(TimelineRow)
        .where(TimelineRow.record_id.in_(keys))
        .values(title=ERASED, body=None, details={}, record_title=PERSON),
    )


def empty_mails(uow: UnitOfWork, keys: Sequence[UUID]) -> int:
    """Leave of mails that they came or went; what came attached to them is emptied too."""
    came = select(MailAttachment.document_id).join(Mail, Mail.id == MailAttachment.mail_id)
    came = came.where(Mail.id.in_(keys), Mail.state == MailState.RECEIVED.value)
    empty_documents(uow, list(uow.session.scalars(came)))
    return _change(
        uow,
        update(Mail)
        .where(Mail.id.in_(keys))
        .values(
            subject=ERASED,
            text="",
            html=None,
            from_address=ERASED,
            to_addresses=ERASED,
            cc_addresses=None,
            reply_to=None,
            last_error=None,
            authentication_results=None,
            unsubscribe_token=None,
        ),
    )


def empty_documents(uow: UnitOfWork, keys: Sequence[UUID]) -> int:
    """Leave of files that they were there."""
    values = {"name": ERASED, "content": b"", "size_bytes": 0, "sha256": _NOTHING}
    return _change(uow, update(Document).where(Document.id.in_(keys)).values(**values))


def clean_deals(uow: UnitOfWork, subject: Subject, keys: Sequence[UUID]) -> None:
    """Take the person's words out of deals, which are business of their accounts."""
    for row in uow.session.scalars(select(Deal).where(Deal.id.in_(keys))):
        row.name = subject.without(row.name) or ERASED
        for name in ("needs", "lost_details", "hold_reason"):
            setattr(row, name, subject.without(getattr(row, name)))


def clean_rows(uow: UnitOfWork, subject: Subject, table: Table, condition: Any) -> int:
    """Take the person's words out of all texts of some rows; return how many rows had any."""
    (key,) = table.primary_key.columns
    columns = [column for column in table.columns if _holds_text(column)]
    if not subject.words or not columns:
        return 0
    has_words = or_(
        *(
            cast(column, Text).icontains(word, autoescape=True)
            for column in columns
            for word in subject.words
        )
    )
    rows = uow.session.execute(select(key, *columns).where(condition, has_words)).mappings().all()
    count = 0
    for row in rows:
        changed = {
            column: after
            for column in columns
            if (after := cleaned(subject, row[column])) != row[column]
        }
        if changed:
            uow.session.execute(
                update(table).where(key == row[key]).values({c.name: v for c, v in changed.items()})
            )
            count += 1
    return count


def clean_imports(uow: UnitOfWork, subject: Subject) -> int:
    """Empty the rows of imports that made or changed the person's records; return how many."""
    wanted = {str(key) for key in subject.ids()}
    count = 0
    # All imports there are: too much to have in memory at once.
    for chunk in uow.session.scalars(select(ImportChunk).execution_options(yield_per=10)):
        undo = unpack(chunk.undo)
        kept = [one for one in undo if not wanted & _texts(one)]
        done = unpack(chunk.done)
        rows = unpack(chunk.rows)
        hits = [place for place, one in enumerate(done) if wanted & _texts(one)]
        if not hits and len(kept) == len(undo):
            continue
        for place in hits:
            number, *cells = rows[place]
            rows[place] = [number, *[None for _ in cells]]
        chunk.rows, chunk.undo = pack(rows), pack(kept)
        one = uow.session.get_one(Import, chunk.import_id)
        one.samples = []
        uow.session.execute(delete(ImportPiece).where(ImportPiece.import_id == chunk.import_id))
        count += max(len(hits), 1)
        uow.session.flush()
    return count


def cleaned(subject: Subject, value: Any) -> Any:
    """Return a value of JSON without the person's words."""
    if isinstance(value, str):
        return subject.without(value)
    if isinstance(value, list):
        return [cleaned(subject, one) for one in value]
    if isinstance(value, dict):
        return {name: cleaned(subject, one) for name, one in value.items()}
    return value


def table_of(name: str) -> Table | None:
    """Return a table by its name, if the part of the program is there that declares it."""
    return Base.metadata.tables.get(name)


def _holds_text(column: Any) -> bool:
    is_text = isinstance(column.type, String | JSONB)
    return is_text and not column.primary_key and not column.foreign_keys


def _texts(value: Any) -> set[str]:
    """Return the texts in a list, as deep as its lists go."""
    if isinstance(value, list):
        return set().union(*(_texts(one) for one in value))
    return {value} if isinstance(value, str) else set()


def _change(uow: UnitOfWork, statement: Any) -> int:
    result: Any = uow.session.execute(statement.execution_options(synchronize_session=False))
    return int(result.rowcount)


def delete_rows(uow: UnitOfWork, table: Table, condition: Any) -> int:
    """Delete rows and return how many those were."""
    return _change(uow, delete(table).where(condition))
