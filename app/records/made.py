"""The documents of a record: made from templates, with their earlier ones, and sent by mail."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any
from uuid import UUID

from babel.core import Locale, UnknownLocaleError
from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.context import settings
from app.forms import form_arguments
from app.records.kind import RecordKind
from services.actors import Permission, Verb
from services.crm.contact_model import Contact
from services.documents.files import documents_of, safe_name
from services.documents.making import makings_of
from services.documents.model import Document, DocumentMaking
from services.documents.templates import (
    Template,
    TemplateFormat,
    TemplateKind,
    offered_templates,
)
from services.documents.word.package import WORD_TYPE
from services.operations import run
from services.records.types import get_record
from services.unit_of_work import UnitOfWork

Options = list[tuple[str, str]]


@dataclass(slots=True)
class Series:
    """What was made of the record from one template, or a single file; newest first."""

    newest: Document
    label: str
    earlier: list[Document] = field(default_factory=list)

    @property
    def subject(self) -> str:
        """What a mail with it is called."""
        return PurePath(self.newest.name).stem


@dataclass(frozen=True, slots=True)
class MadeDocuments:
    """What the card of documents shows.

    Attributes:
        makings: What is made at the moment, and what failed lately.
        offers: Templates to make more from, as options.
        mails: Templates of mails, as options.
        to: The address that mails about the record go to.
        deleted: What can be brought back.
        may_keep: Whether the reader may put files on the record and take them off.
    """

    series: Sequence[Series]
    makings: Sequence[DocumentMaking]
    offers: Options
    mails: Options
    to: str
    deleted: Sequence[Document]
    may_keep: bool

    @property
    def is_underway(self) -> bool:
        """Whether something is being made."""
        return any(making.ended_at is None for making in self.makings)


def made_documents(kind: RecordKind, uow: UnitOfWork, record: Any) -> MadeDocuments:
    """Return the documents of a record with what can be done with them."""
    may_make = uow.actor.may(Permission.DOCUMENT_WRITE)
    may_send = uow.actor.may(Permission.MAIL_SEND)
    kinds = [TemplateKind.DOCUMENT] * may_make + [TemplateKind.MAIL] * may_send
    offered = offered_templates(uow, kinds, kind.record_type) if kinds else ()
    found = [one for one in offered if one.kind == TemplateKind.DOCUMENT]
    mails = [one for one in offered if one.kind == TemplateKind.MAIL]
    may_keep = may_make and uow.may_do(Verb.UPDATE, record)
    gone = documents_of(uow, kind.record_type, record.id, deleted=True) if may_keep else ()
    return MadeDocuments(
        series=_series(documents_of(uow, kind.record_type, record.id)),
        makings=makings_of(uow, kind.record_type, record.id),
        offers=[option for template in found for option in _document_options(template, found)],
        mails=[(f"{one.name}:{one.language}", _label(one, mails)) for one in mails],
        to=_address(kind, uow, record),
        deleted=gone,
        may_keep=may_keep,
    )


def show_documents(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show the card of documents anew, while something is being made."""
    record = get_record(uow, kind.record_type, key)
    made = made_documents(kind, uow, record)
    return render_template("records/documents.html", kind=kind, record=record, made=made)


def make_document(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Make a document from a template; what takes a while comes later."""
    name, _, rest = request.form.get("template", "").partition(":")
    language, _, output = rest.partition(":")
    arguments = {"template": name, "language": language or None, "output": output or None}
    made = run(uow, "document.start", {**_of_record(kind, key), **arguments})
    is_ready = made["making_id"] is None
    for warning in made.get("warnings", ()):
        flash(warning, "warn")
    flash("The document is ready." if is_ready else "The document is being made.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key) + "#documents")


def make_pdf(kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Make a PDF of a Word file."""
    run(uow, "document.convert", {"document_id": str(other)})
    flash("The PDF is being made.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key) + "#documents")


def add_file(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Put files on the record."""
    for sent in request.files.getlist("files"):
        arguments = {
            **_of_record(kind, key),
            "name": safe_name(sent.filename or ""),
            "content_type": sent.mimetype or None,
            "content": b64encode(sent.read()).decode(),
        }
        made = run(uow, "document.add", arguments)
        flash(f"“{made['name']}” is added.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key) + "#documents")


def delete_file(
    kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID
) -> ResponseReturnValue:
    """Take a document off the record."""
    run(uow, "document.delete", {"document_id": str(other)})
    flash("Deleted. It can be restored below the documents.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key) + "#documents")


def restore_file(
    kind: RecordKind, uow: UnitOfWork, *, key: UUID, other: UUID
) -> ResponseReturnValue:
    """Bring a document back to the record."""
    run(uow, "document.restore", {"document_id": str(other)})
    flash("Restored.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key) + "#documents")


def mail_arguments() -> dict[str, Any]:
    """Return what the form of a mail sent, with the template's name and language apart."""
    given: dict[str, Any] = dict(form_arguments(["to", "cc", "subject", "body"]))
    name, _, language = request.form.get("template", "").partition(":")
    return given | {"template": name or None, "language": language or None}


def can_convert(document: Document) -> bool:
    """Tell whether a document may become a PDF here."""
    is_word = document.content_type == WORD_TYPE and document.template is not None
    return is_word and settings().office_program is not None


def language_name(code: str) -> str:
    """Return a language's own name; the code itself if nobody knows it."""
    try:
        name = Locale.parse(code).get_display_name()
    except (ValueError, UnknownLocaleError):
        name = None
    return (name or code).capitalize()


def _series(documents: Sequence[Document]) -> list[Series]:
    """Put together what was made from the same template in the same form."""
    found: dict[tuple[Any, ...], Series] = {}
    for document in documents:
        alone = document.id if document.template is None else None
        place = (document.template, document.language, document.content_type, alone)
        if place in found:
            found[place].earlier.append(document)
        else:
            found[place] = Series(document, _origin(document))
    return list(found.values())


def _origin(document: Document) -> str:
    """Return what a document was made from, in words; empty for what came in."""
    if document.template is None:
        return ""
    version = f", version {document.template_version}" if document.template_version else ""
    return f"{document.template.replace('_', ' ').capitalize()}{version}"


def _document_options(template: Template, found: Sequence[Template]) -> Options:
    value, label = f"{template.name}:{template.language}", _label(template, found)
    if template.format != TemplateFormat.WORD:
        return [(value, label)]
    as_word = (f"{value}:docx", f"{label} (Word)")
    if settings().office_program is None:
        return [as_word]
    return [(f"{value}:pdf", f"{label} (PDF)"), as_word]


def _label(template: Template, found: Sequence[Template]) -> str:
    """Return what people choose a template by; its language where there are several."""
    has_siblings = sum(one.name == template.name for one in found) > 1
    name = template.shown_name
    return f"{name}, {language_name(template.language)}" if has_siblings else name


def _address(kind: RecordKind, uow: UnitOfWork, record: Any) -> str:
    """Return the address that mails about the record go to, as far as the actor may see it."""
    for name in ("email", "requester_email"):
        if uow.readable_field(kind.type, name) is not None and getattr(record, name):
            return str(getattr(record, name))
    contact_field = uow.readable_field(kind.type, "contact_id")
    key = getattr(record, "contact_id", None) if contact_field else None
    if key is None:
        return ""
    contact = uow.find(Contact, key)
    may_see = "email" not in uow.actor.hidden_fields("contact")
    return str(contact.email or "") if contact is not None and may_see else ""


def _of_record(kind: RecordKind, key: UUID) -> dict[str, str]:
    return {"record_type": kind.record_type, "record_id": str(key)}
