"""Documents: made from templates, kept with their record, and handed out."""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from services.actors import Permission
from services.arguments import Key, Line
from services.documents.layout import Look, draw_pdf
from services.documents.model import Document
from services.documents.sandbox import render
from services.documents.templates import Template, TemplateKind, get_template
from services.documents.values import values_for
from services.errors import Invalid, NotFound
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.schemas import AnyRecordType
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

PDF = "application/pdf"
MAX_NAME_LENGTH = 150
_UNSAFE_IN_NAMES = re.compile(r"[^\w .()\-]+")


class MakeDocument(Arguments):
    """Which template is filled with which record."""

    template = Line(
        required=True, metadata={"title": "Template", "description": "Such as offer or contract."}
    )
    record_type = Line(required=True, validate=AnyRecordType(), metadata={"title": "Record type"})
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})


@operation("document.make", Permission.DOCUMENT_WRITE, MakeDocument, in_diagrams=True)
def make_document(
    uow: UnitOfWork, *, template: str, record_type: str, record_id: UUID
) -> dict[str, Any]:
    """Make a PDF from a template and keep it with the record."""
    found = get_template(uow, template, TemplateKind.DOCUMENT)
    record = get_record(uow, record_type, record_id)
    title, content = _draw(uow, found, record)
    document = keep_document(
        uow, record, name=f"{title}.pdf", content_type=PDF, content=content, template=found.name
    )
    if found.record_field and hasattr(record, found.record_field):
        setattr(record, found.record_field, document.id)
    details = {"document_id": str(document.id)}
    add_entry(uow, record, "document", f"Made “{document.name}”", details=details)
    return {"document_id": document.id, "name": document.name}


def keep_document(
    uow: UnitOfWork,
    record: Any,
    *,
    name: str,
    content_type: str,
    content: bytes,
    template: str | None = None,
) -> Document:
    """Insert a file that belongs to ``record``."""
    return uow.add(
        Document(
            name=safe_name(name),
            content_type=content_type,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            record_type=record.record_type,
            record_id=record.id,
            template=template,
            created_at=uow.now,
            created_by=uow.actor.user_id,
            created_by_name=uow.actor.name,
        )
    )


def get_document(uow: UnitOfWork, document_id: UUID) -> Document:
    """Return a document of a record that the actor may see, with its content.

    Raises:
        NotFound: There is none, or the record is not visible.
    """
    statement = select(Document).where(Document.id == document_id)
    found = uow.session.scalars(statement.options(undefer(Document.content))).one_or_none()
    if found is None:
        raise NotFound("There is no such document.")
    get_record(uow, found.record_type, found.record_id)
    return found


def documents_of(uow: UnitOfWork, record_type: str, record_id: UUID) -> Sequence[Document]:
    """Return the documents of a visible record, newest first, without their content.

    Raises:
        NotFound: There is no such record, or the actor may not see it.
    """
    record = get_record(uow, record_type, record_id)
    statement = select(Document).where(Document.record_id == record.id)
    return uow.session.scalars(statement.order_by(Document.id.desc())).all()


def names_of_documents(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, str]:
    """Return the names of those documents whose record the actor may see."""
    columns = (Document.id, Document.name, Document.record_type, Document.record_id)
    found = uow.session.execute(select(*columns).where(Document.id.in_(keys))).all()
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


def _draw(uow: UnitOfWork, template: Template, record: Any) -> tuple[str, bytes]:
    organization = get_organization(uow)
    zone = uow.platform.settings.timezone
    values = values_for(uow, record)
    language = template.language
    title = render(template.title, values, language=language, zone=zone, html=False)
    html = render(template.body, values, language=language, zone=zone)
    parts = (organization.name, organization.registration, organization.bank)
    look = Look(
        title=title,
        initial=organization.name[:1].upper(),
        color=organization.color,
        footer=" · ".join(part for part in parts if part),
        language=language,
    )
    if not title:
        raise Invalid("The template's title is empty.")
    return title, draw_pdf(html, look)
