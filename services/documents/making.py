"""Documents that take a while: long ones, and PDFs of Word files. A job makes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from marshmallow import validate
from sqlalchemy import func, or_, select
from sqlalchemy.orm import undefer

from services import calls
from services.actors import SYSTEM, Actor, Permission
from services.arguments import Key, Line
from services.audit import record_changes
from services.changes import begin_collecting, take_changes
from services.documents.converting import check_converter, convert_to_pdf
from services.documents.drawing import PDF
from services.documents.files import MakeDocument, get_document, keep_document
from services.documents.fonts import fonts_folder
from services.documents.model import Document, DocumentMaking, MakingStage
from services.documents.templates import (
    Template,
    TemplateFormat,
    TemplateKind,
    get_template,
    language_for,
)
from services.documents.word.package import WORD_TYPE
from services.errors import Conflict, Invalid, LanewiseError, NotAllowed, NotFound
from services.jobs import job
from services.operations import Arguments, operation, run
from services.people.model import User
from services.platform import Platform
from services.records.timeline import add_entry
from services.records.types import get_record
from services.sales.lines import lines_of
from services.sales.model import LINES
from services.unit_of_work import Job, UnitOfWork

LINES_AT_ONCE: Final = 200
"""A paper with so many lines is made in the request; a longer one by a job."""

MAX_UNDERWAY: Final = 10
SHOWN_FOR: Final = timedelta(hours=1)
"""How long a record's page tells of one that failed."""


class StartDocument(MakeDocument):
    """Which template is filled with which record, and what is made of it."""

    output = Line(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(["pdf", "docx", None]),
        metadata={"title": "As", "description": "Of a Word template: docx, or pdf."},
    )


class ConvertDocument(Arguments):
    """Which Word file becomes a PDF."""

    document_id = Key(
        required=True,
        metadata={"title": "Document", "description": "Made from a Word template."},
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """What a job has to do outside of its transactions."""

    content: bytes


@operation("document.start", Permission.DOCUMENT_WRITE, StartDocument)
def start_document(
    uow: UnitOfWork,
    *,
    template: str,
    record_type: str,
    record_id: UUID,
    language: str | None,
    output: str | None,
) -> dict[str, Any]:
    """Make a document from a template; what takes a while is made in the background."""
    record = get_record(uow, record_type, record_id)
    language = language_for(uow, record, language)
    found = get_template(uow, template, TemplateKind.DOCUMENT, language)
    is_word = found.format == TemplateFormat.WORD
    if output == "docx" and not is_word:
        message = "This template makes PDFs."
        raise Invalid(message, {"output": [message]})
    as_pdf = is_word and output == "pdf"
    if as_pdf:
        check_converter(uow.platform.settings.office_program)
    named = {"template": template, "language": language}
    if not as_pdf and not _is_long(uow, record):
        about = {"record_type": record_type, "record_id": record_id}
        made = run(uow, "document.make", {**named, **about})
        return {"making_id": None, "stage": MakingStage.DONE.value, **made}
    making = _begin(uow, record, stage=MakingStage.FILLING, as_pdf=as_pdf, **named)
    return {"making_id": making.id, "stage": making.stage, "document_id": None}


@operation(
    "document.convert",
    Permission.DOCUMENT_WRITE,
    ConvertDocument,
    outside=True,
    in_diagrams=True,
)
def convert_document(uow: UnitOfWork, *, document_id: UUID) -> dict[str, Any]:
    """Make a PDF of a document from a Word template."""
    document = get_document(uow, document_id)
    known = None if uow.call_key is None else _of_call(uow, uow.call_key)
    if known is not None:
        return _called_again(uow, known)
    if document.content_type != WORD_TYPE or document.template is None:
        message = "Only documents that were made from a Word template become PDFs."
        raise Invalid(message, {"document_id": [message]})
    check_converter(uow.platform.settings.office_program)
    record = get_record(uow, document.record_type, document.record_id)
    making = _begin(
        uow,
        record,
        stage=MakingStage.CONVERTING,
        as_pdf=True,
        template=document.template,
        language=document.language,
        document_id=document.id,
        call_key=uow.call_key,
    )
    return {"making_id": making.id, "stage": making.stage, "document_id": document.id}


def makings_of(uow: UnitOfWork, record_type: str, record_id: UUID) -> Sequence[DocumentMaking]:
    """Return what is made of a visible record at the moment, and what failed lately."""
    record = get_record(uow, record_type, record_id)
    underway = [stage.value for stage in MakingStage if stage.is_underway]
    failed_lately = (DocumentMaking.stage == MakingStage.FAILED.value) & (
        DocumentMaking.created_at > uow.now - SHOWN_FOR
    )
    statement = select(DocumentMaking).where(
        DocumentMaking.record_id == record.id,
        or_(DocumentMaking.stage.in_(underway), failed_lately),
    )
    return uow.session.scalars(statement.order_by(DocumentMaking.id.desc())).all()


@job("documents.make")
def make_in_background(platform: Platform, *, making_id: str) -> None:
    """Make a document; each step is a transaction, the office program runs between two."""
    key = UUID(making_id)
    work = platform.transact(SYSTEM, lambda uow: _fill(uow, key), source="document")
    if work is None:
        return
    try:
        settings = platform.settings
        fonts = fonts_folder(settings)
        pdf = convert_to_pdf(settings.office_program, work.content, fonts=fonts)
    except Invalid as error:
        problem = error
        platform.transact(SYSTEM, lambda uow: _fail(uow, key, problem), source="document")
        return
    platform.transact(SYSTEM, lambda uow: _keep(uow, key, pdf), source="document")


def _is_long(uow: UnitOfWork, record: Any) -> bool:
    return record.record_type in LINES and len(lines_of(uow, record)) > LINES_AT_ONCE


def _begin(uow: UnitOfWork, record: Any, *, stage: MakingStage, **values: Any) -> DocumentMaking:
    _check_quota(uow)
    making = uow.add(
        DocumentMaking(
            record_type=record.record_type,
            record_id=record.id,
            stage=stage.value,
            created_at=uow.now,
            created_by=uow.actor.user_id,
            created_by_name=uow.actor.name,
            **values,
        )
    )
    uow.defer(Job("documents.make", {"making_id": str(making.id)}, lock=f"making:{making.id}"))
    return making


def _check_quota(uow: UnitOfWork) -> None:
    if uow.actor.user_id is None:
        return
    underway = [stage.value for stage in MakingStage if stage.is_underway]
    statement = select(func.count()).where(
        DocumentMaking.created_by == uow.actor.user_id, DocumentMaking.stage.in_(underway)
    )
    if (uow.session.scalar(statement) or 0) >= MAX_UNDERWAY:
        raise Conflict("Several documents are being made for you. Please wait a moment.")


def _held(uow: UnitOfWork, key: UUID, stage: MakingStage) -> DocumentMaking | None:
    """Hold what is made if it stands where the job thinks; a second delivery finds nothing."""
    making = uow.session.get(DocumentMaking, key, with_for_update=True)
    return making if making is not None and making.stage == stage.value else None


def _fill(uow: UnitOfWork, key: UUID) -> _Work | None:
    """Fill the template if that is to be done, and return what has to become a PDF."""
    making = _held(uow, key, MakingStage.FILLING)
    if making is not None:
        try:
            with uow.savepoint():
                _make(uow, making)
        except LanewiseError as error:
            _fail(uow, key, error)
            return None
    making = _held(uow, key, MakingStage.CONVERTING)
    if making is None or making.document_id is None:
        return None
    found = uow.session.get_one(
        Document, making.document_id, options=[undefer(Document.content)], populate_existing=True
    )
    return _Work(found.content)


def _make(uow: UnitOfWork, making: DocumentMaking) -> None:
    arguments = {
        "template": making.template,
        "language": making.language,
        "record_type": making.record_type,
        "record_id": making.record_id,
    }
    made = run(_as_asker(uow, making), "document.make", arguments)
    making.document_id = made["document_id"]
    making.stage = MakingStage.CONVERTING.value if making.as_pdf else MakingStage.DONE.value
    making.ended_at = None if making.as_pdf else uow.now
    uow.session.flush()


def _keep(uow: UnitOfWork, key: UUID, pdf: bytes) -> None:
    """Keep a PDF with its record, and tell who waits for it."""
    making = _held(uow, key, MakingStage.CONVERTING)
    if making is None:
        return
    mark = begin_collecting(uow.session)
    try:
        asker = _as_asker(uow, making)
        record = get_record(asker, making.record_type, making.record_id)
    except (NotFound, NotAllowed) as error:
        _fail(uow, key, error)
        return
    document = _keep_pdf(asker, record, making, pdf)
    making.stage, making.document_id = MakingStage.DONE.value, document.id
    making.ended_at = uow.now
    record_changes(
        asker,
        "document.convert",
        (record.record_type, record.id),
        {"making_id": str(making.id)},
        take_changes(uow.session, mark),
    )
    calls.answer(uow, making.call_key, _answer(document))


def _keep_pdf(uow: UnitOfWork, record: Any, making: DocumentMaking, pdf: bytes) -> Document:
    source = uow.session.get_one(Document, making.document_id)
    document = keep_document(
        uow,
        record,
        name=f"{source.name.removesuffix('.docx')}.pdf",
        content_type=PDF,
        content=pdf,
        template=source.template,
        template_version=source.template_version,
        language=source.language,
        number=source.number,
        source_id=source.id,
    )
    details = {"document_id": str(document.id)}
    add_entry(uow, record, "document", f"Made “{document.name}”", details=details)
    field = uow.session.scalar(
        select(Template.record_field).where(Template.name == source.template).limit(1)
    )
    # Whoever asks for the newest offer means what is sent: the PDF.
    if field and getattr(record, field, None) == source.id:
        setattr(record, field, document.id)
    return document


def _fail(uow: UnitOfWork, key: UUID, error: LanewiseError) -> None:
    making = uow.session.get(DocumentMaking, key, with_for_update=True)
    if making is None or not MakingStage(making.stage).is_underway:
        return
    making.stage, making.problem = MakingStage.FAILED.value, error.message
    making.ended_at = uow.now
    calls.fail(uow, making.call_key, error.code, error.message)


def _as_asker(uow: UnitOfWork, making: DocumentMaking) -> UnitOfWork:
    """Return the transaction as seen by who asked for the document: a person, or a process.

    Raises:
        NotAllowed: That person may not make documents any more.
    """
    if making.created_by is None:
        rights = frozenset({Permission.DOCUMENT_WRITE, Permission.RECORD_READ})
        process = Actor(name=making.created_by_name, permissions=rights, scope=SYSTEM.scope)
        return uow.acting_as(process)
    user = uow.session.get(User, making.created_by)
    actor = user.actor() if user is not None and user.active else None
    if actor is None or not actor.may(Permission.DOCUMENT_WRITE):
        raise NotAllowed("Who asked for this may not make documents any more.")
    return uow.acting_as(actor)


def _of_call(uow: UnitOfWork, call_key: str) -> DocumentMaking | None:
    statement = select(DocumentMaking).where(DocumentMaking.call_key == call_key)
    return uow.session.scalars(statement.with_for_update()).one_or_none()


def _called_again(uow: UnitOfWork, making: DocumentMaking) -> dict[str, Any]:
    """Answer a step that was run again: with what was made, or by trying once more."""
    if making.stage == MakingStage.DONE.value:
        document = uow.session.get_one(Document, making.document_id)
        calls.answer(uow, making.call_key, _answer(document))
    elif making.stage == MakingStage.FAILED.value:
        making.stage, making.problem = MakingStage.CONVERTING.value, None
        uow.defer(Job("documents.make", {"making_id": str(making.id)}, lock=f"making:{making.id}"))
    return {"making_id": making.id, "stage": making.stage, "document_id": making.document_id}


def _answer(document: Document) -> dict[str, Any]:
    return {"document_id": str(document.id), "name": document.name}
