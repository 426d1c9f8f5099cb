"""A document of a record: a template filled and drawn, as a PDF or a Word file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from services.documents.fonts import fonts_folder, missing_letters
from services.documents.layout import Look, draw_pdf, text_of
from services.documents.sandbox import render, render_document
from services.documents.template_model import Template, TemplateFormat
from services.documents.templates import content_of
from services.documents.values import values_for
from services.documents.word.filling import fill_word_file
from services.documents.word.package import WORD_TYPE
from services.errors import Invalid
from services.people.organization import get_organization
from services.unit_of_work import UnitOfWork

PDF: Final = "application/pdf"
_SHOWN_LETTERS: Final = 12


@dataclass(frozen=True, slots=True)
class Drawn:
    """A file that is not kept yet.

    Attributes:
        missing: Letters that no font has, so that boxes stand in their place.
    """

    name: str
    content_type: str
    content: bytes
    missing: str = ""


def fill_document(uow: UnitOfWork, template: Template, record: Any) -> Drawn:
    """Return the document that ``template`` makes of ``record``, with what the actor may see.

    Raises:
        Invalid: The template is broken, or the document too long.
    """
    values = values_for(uow, record)
    title = title_of_document(uow, template, values)
    zone, language = uow.platform.settings.timezone, template.language
    if template.format == TemplateFormat.WORD:
        content = content_of(uow, template)
        filled = fill_word_file(content, values, language=language, zone=zone)
        return Drawn(f"{title}.docx", WORD_TYPE, filled)
    html = render_document(template.body, values, language=language, zone=zone)
    look = look_of(uow, title, language)
    return Drawn(f"{title}.pdf", PDF, draw_pdf(html, look), missing_in(html, look))


def missing_in(html: str, look: Look) -> str:
    """Return the letters of a document that no font has."""
    return missing_letters(f"{text_of(html)}{look.initial}{look.footer}", look.fonts)


def warning_of(missing: str) -> str:
    """Return what to say of letters that no font has."""
    shown = " ".join(missing[:_SHOWN_LETTERS]) + (" …" if len(missing) > _SHOWN_LETTERS else "")
    return f"No font has {shown}: boxes are printed instead. An administrator can add a font."


def title_of_document(uow: UnitOfWork, template: Template, values: dict[str, Any]) -> str:
    """Return a document's title, which is its file's name too.

    Raises:
        Invalid: It is empty.
    """
    zone = uow.platform.settings.timezone
    title = render(template.title, values, language=template.language, zone=zone, html=False)
    if not title:
        raise Invalid("The template's title is empty.")
    return title


def look_of(uow: UnitOfWork, title: str, language: str) -> Look:
    """Return what is the same on all pages of all documents: the organisation's look."""
    organization = get_organization(uow)
    parts = (
        organization.name,
        organization.registration,
        organization.tax_number,
        organization.bank,
    )
    return Look(
        title=title,
        initial=organization.name[:1].upper(),
        color=organization.color,
        footer=" · ".join(part for part in parts if part),
        language=language,
        logo=organization.logo,
        fonts=fonts_folder(uow.platform.settings),
    )
