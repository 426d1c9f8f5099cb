"""Documents: made from templates, kept with their record, and handed out."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import undefer

from services.actors import Permission
from services.arguments import Key, Line
from services.documents.drawing import fill_document, warning_of
from services.documents.model import Document
from services.documents.templates import TemplateKind, get_template, language_for
from services.errors import NotFound, not_found_as
from services.operations import Arguments, operation
from services.records.schemas import AnyRecordType
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

MAX_NAME_LENGTH = 150
_CONTENT_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+", re.ASCII)
_UNSAFE_IN_NAMES = re.compile(r"[^\w .()\-]+")


class MakeDocument(Arguments):
    """Which template is filled with which record."""

    template = Line(
        required=True, metadata={"title": "Template", "description": "Such as offer or contract."}
    )
    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    language = Line(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Language",
            "description": "Two letters; the client's if it is empty, else the organisation's.",
        },
    )


@operation("document.make", Permission.DOCUMENT_WRITE, MakeDocument, in_diagrams=True)
def make_document(
    uow: UnitOfWork,
    *,
    template: str,
    record_type: str,
    record_id: UUID,
    language: str | None = None,
) -> dict[str, Any]:
    """Make a document from a template and keep it with the record."""
    record = get_record(uow, record_type, record_id, hold=True)
    language = language_for(uow, record, language)
    found = get_template(uow, template, TemplateKind.DOCUMENT, language)
    drawn = fill_document(uow, found, record)
    document = keep_document(
        uow,
        record,
        name=drawn.name,
        content_type=drawn.content_type,
        content=drawn.content,
        template=found.name,
        template_version=found.number,
        language=found.language,
        number=_next_number(uow, record.id, found.name),
    )
    if found.record_field and hasattr(record, found.record_field):
        setattr(record, found.record_field, document.id)
    warnings = [warning_of(drawn.missing)] if drawn.missing else []
    details = {"document_id": str(document.id)}
    add_entry(uow, record, "document", _told(document), "".join(warnings) or None, details=details)
    made = {"document_id": document.id, "name": document.name, "number": document.number}
    return {**made, "warnings": warnings}


def keep_document(
    uow: UnitOfWork, record: Any, *, name: str, content_type: str, content: bytes, **made_from: Any
) -> Document:
    """Insert a file that belongs to ``record``; what is no content type counts as unknown.

    ``made_from`` are the columns that say what it was made from, if it was made here.
    """
    is_known = _CONTENT_TYPE.fullmatch(content_type) is not None
    return uow.add(
        Document(
            name=safe_name(name),
            content_type=content_type if is_known else "application/octet-stream",
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            record_type=record.record_type,
            record_id=record.id,
            created_at=uow.now,
            created_by=uow.actor.user_id,
            created_by_name=uow.actor.name,
            **made_from,
        )
    )


def get_document(uow: UnitOfWork, document_id: UUID) -> Document:
    """Return a document of a record that the actor may see, with its content.

    Raises:
        NotFound: There is none, it is deleted, or the record is not visible.
    """
    statement = select(Document).where(Document.id == document_id, Document.deleted_at.is_(None))
    found = uow.session.scalars(statement.options(undefer(Document.content))).one_or_none()
    message = "There is no such document."
    if found is None:
        raise NotFound(message)
    with not_found_as(message):
        get_record(uow, found.record_type, found.record_id)
    return found


def documents_of(
    uow: UnitOfWork, record_type: str, record_id: UUID, *, deleted: bool = False
) -> Sequence[Document]:
    """Return the documents of a visible record, newest first, without their content.

    With ``deleted`` those that were deleted, and only those.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    record = get_record(uow, record_type, record_id)
    is_kept = Document.deleted_at.is_(None)
    wanted = (Document.record_id == record.id, ~is_kept if deleted else is_kept)
    statement = select(Document).where(*wanted)
    return uow.session.scalars(statement.order_by(Document.id.desc())).all()


def names_of_documents(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of those documents whose record the actor may see."""
    columns = (Document.id, Document.name, Document.record_type, Document.record_id)
    kept = Document.deleted_at.is_(None)
    found = uow.session.execute(select(*columns).where(Document.id.in_(keys), kept)).all()
    records: defaultdict[str, set[UUID]] = defaultdict(set)
    for row in found:
        records[row.record_type].add(row.record_id)
    visible: set[UUID] = set()
    for record_type, ids in records.items():
        model: Any = get_record_type(record_type).model
        statement = uow.select(model).where(model.id.in_(ids)).with_only_columns(model.id)
        visible.update(uow.session.scalars(statement))
    return {row.id: row.name for row in found if row.record_id in visible}


def safe_name(name: str) -> str:
    """Return ``name`` without what file systems and headers can't take."""
    stem, dot, ending = _UNSAFE_IN_NAMES.sub(" ", name).strip(" .").rpartition(".")
    if not dot:
        stem, ending = ending, ""
    stem = " ".join(stem.split())[: MAX_NAME_LENGTH - len(ending)] or "file"
    return f"{stem}{dot}{ending}"


def _next_number(uow: UnitOfWork, record_id: UUID, template: str) -> int:
    """Return which document of the record this will be of those from the template.

    Two that are made at once come after one another.
    """
    lock = func.hashtextextended(f"document:{record_id}:{template}", 0)
    uow.session.execute(select(func.pg_advisory_xact_lock(lock)))
    made = (Document.record_id == record_id, Document.template == template)
    return (uow.session.scalar(select(func.max(Document.number)).where(*made)) or 0) + 1


def _told(document: Document) -> str:
    again = f" (version {document.number})" if document.number > 1 else ""
    return f"Made “{document.name}”{again}"
