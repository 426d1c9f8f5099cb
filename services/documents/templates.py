"""Templates of documents and mails: shipped as files, kept in the database, changed by people.

A file is a few ``key: value`` lines, a line of dashes, and the HTML.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services.actors import Permission
from services.arguments import Key, Line, LongText
from services.documents.sandbox import check_template
from services.documents.template_model import Template, TemplateKind
from services.documents.values import VALUE_NAMES
from services.errors import Invalid, NotFound
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.unit_of_work import UnitOfWork

FOLDER = Path(__file__).parent / "templates"


class CreateTemplate(Arguments):
    """A template of one's own."""

    name = Line(
        required=True,
        validate=validate.Regexp(r"[a-z][a-z0-9_]{1,59}\Z", error="Use small letters and _."),
        metadata={"title": "Name", "description": "By which diagrams name it."},
    )
    kind = Line(
        required=True,
        validate=validate.OneOf([kind.value for kind in TemplateKind]),
        metadata={"title": "Kind"},
    )
    title = Line(required=True, metadata={"title": "Title or subject"})
    body = LongText(required=True, metadata={"title": "HTML"})
    language = Line(
        load_default="en", validate=validate.Regexp(r"[a-z]{2}\Z"), metadata={"title": "Language"}
    )


class UpdateTemplate(Arguments):
    """What changes of a template."""

    template_id = Key(required=True, metadata={"title": "Template"})
    version = VERSION
    title = Line(metadata={"title": "Title or subject"})
    body = LongText(metadata={"title": "HTML"})
    language = Line(validate=validate.Regexp(r"[a-z]{2}\Z"), metadata={"title": "Language"})


@operation("template.create", Permission.TEMPLATE_WRITE, CreateTemplate)
def create_template(uow: UnitOfWork, **values: str) -> Template:
    """Create a template of a document or a mail."""
    if uow.session.scalar(select(Template.id).where(Template.name == values["name"])):
        message = f"There is a template called {values['name']} already."
        raise Invalid(message, {"name": [message]})
    template = Template(**values)
    _check(template)
    return uow.add(template)


@operation("template.update", Permission.TEMPLATE_WRITE, UpdateTemplate)
def update_template(
    uow: UnitOfWork, *, template_id: UUID, version: int | None = None, **values: str
) -> Template:
    """Change a template; what was made from it before stays as it is."""
    template = uow.get(Template, template_id)
    check_version(uow, template, version)
    for name, value in values.items():
        setattr(template, name, value)
    _check(template)
    uow.session.flush()
    return template


def get_template(uow: UnitOfWork, name: str, kind: TemplateKind) -> Template:
    """Return the template of this kind called ``name``.

    Raises:
        NotFound: There is none.
    """
    condition = (Template.name == name, Template.kind == kind.value)
    found = uow.session.scalars(select(Template).where(*condition)).one_or_none()
    if found is None:
        raise NotFound(f"There is no {kind.value} template called {name}.")
    return found


def list_templates(uow: UnitOfWork) -> Sequence[Template]:
    """Return all templates by name."""
    return uow.session.scalars(select(Template).order_by(Template.name)).all()


def seed_templates(uow: UnitOfWork) -> None:
    """Add the shipped templates that are missing; changed ones stay as they are."""
    known = set(uow.session.scalars(select(Template.name)))
    for path in sorted(FOLDER.glob("*.html")):
        if path.stem not in known:
            uow.add(_read(path))


def _read(path: Path) -> Template:
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    settings = dict(line.split(": ", 1) for line in head.splitlines())
    return Template(name=path.stem, body=body.strip(), **settings)


def _check(template: Template) -> None:
    """Refuse a template that could not be filled, and say at which field."""
    for name, text in (("title", template.title), ("body", template.body)):
        try:
            check_template(text, VALUE_NAMES)
        except Invalid as error:
            raise Invalid(error.message, {name: [error.message]}) from error
