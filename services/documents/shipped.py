"""The templates that ship: files that fill an installation, and to which one can go back.

A file is a few ``key: value`` lines, a line of dashes, and the HTML. Its name is that of the
template, with a language before the ending unless that is English (``offer.de.html``).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from sqlalchemy import select

from services.documents.template_model import Template, TemplateVersion
from services.unit_of_work import UnitOfWork

FOLDER: Final = Path(__file__).parent / "templates"
STANDARD: Final = "en"


@dataclass(frozen=True, slots=True)
class ShippedTemplate:
    """A template as it ships."""

    name: str
    language: str
    kind: str
    title: str
    body: str
    label: str
    record_types: tuple[str, ...]
    record_field: str | None


@cache
def shipped_templates() -> tuple[ShippedTemplate, ...]:
    """Return all that ships, by name."""
    return tuple(_read(path) for path in sorted(FOLDER.glob("*.html")))


def shipped_text(template: Template) -> ShippedTemplate | None:
    """Return what ships under a template's name and language, or None."""
    return next(
        (
            one
            for one in shipped_templates()
            if (one.name, one.language) == (template.name, template.language)
        ),
        None,
    )


def seed_templates(uow: UnitOfWork) -> None:
    """Add the shipped templates that are missing, and renew those that nobody has changed."""
    rows = uow.session.scalars(select(Template))
    known = {(row.name, row.language): row for row in rows}
    for shipped in shipped_templates():
        template = known.get((shipped.name, shipped.language))
        if template is None:
            _add(uow, shipped)
        elif is_as_shipped(template, shipped):
            template.is_changed = False
        elif not template.is_changed:
            put_in_force(uow, template, shipped.title, shipped.body, comment="A new release")
    uow.session.flush()


def is_as_shipped(template: Template, shipped: ShippedTemplate) -> bool:
    """Tell whether the text in force is the one that ships."""
    ours = (template.format, template.title, template.body)
    return ours == ("html", shipped.title, shipped.body)


def put_in_force(  # noqa: PLR0917 - what is put in force, and why
    uow: UnitOfWork,
    template: Template,
    title: str,
    body: str,
    content: bytes | None = None,
    comment: str | None = None,
) -> None:
    """Let a checked text be the template's from now on; what was there stays as a version."""
    is_new = template.id is None
    template.title, template.body = title, body
    template.format = "html" if content is None else "docx"
    template.number = 1 if is_new else template.number + 1
    shipped = shipped_text(template)
    template.is_changed = shipped is None or not is_as_shipped(template, shipped)
    if is_new:
        uow.add(template)
    uow.session.add(
        TemplateVersion(
            template_id=template.id,
            number=template.number,
            format=template.format,
            title=title,
            body=body,
            content=content,
            comment=comment,
            made_at=uow.now,
            made_by=uow.actor.user_id,
            made_by_name=uow.actor.name,
        )
    )
    uow.session.flush()


def _add(uow: UnitOfWork, shipped: ShippedTemplate) -> None:
    template = Template(
        name=shipped.name,
        kind=shipped.kind,
        language=shipped.language,
        label=shipped.label,
        record_types=list(shipped.record_types),
        record_field=shipped.record_field,
    )
    put_in_force(uow, template, shipped.title, shipped.body, comment="As shipped")


def _read(path: Path) -> ShippedTemplate:
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    said = dict(line.split(": ", 1) for line in head.splitlines())
    name, _, language = path.stem.partition(".")
    return ShippedTemplate(
        name=name,
        language=language or STANDARD,
        kind=said["kind"],
        title=said["title"],
        body=body.strip(),
        label=said.get("label", ""),
        record_types=tuple(said.get("types", "").split()),
        record_field=said.get("record_field"),
    )
