"""Templates of documents and mails: found by name and language, and offered by record type."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import undefer

from services.crm.account_model import Account
from services.documents.template_model import (
    Template,
    TemplateFormat,
    TemplateKind,
    TemplateVersion,
)
from services.errors import NotFound
from services.people.organization import get_organization
from services.unit_of_work import UnitOfWork

__all__ = [
    "Template",
    "TemplateFormat",
    "TemplateKind",
    "content_of",
    "find_version",
    "get_template",
    "language_for",
    "list_templates",
    "offered_templates",
    "siblings_of",
    "versions_of",
]


def get_template(
    uow: UnitOfWork, name: str, kind: TemplateKind, language: str | None = None
) -> Template:
    """Return the template of this kind called ``name``.

    It is the one in ``language``; else the one in the organisation's language; else the one that
    was there first.

    Raises:
        NotFound: There is none.
    """
    condition = (
        Template.name == name,
        Template.kind == kind.value,
        Template.is_retired.is_(False),
    )
    found = uow.session.scalars(select(Template).where(*condition).order_by(Template.id)).all()
    if not found:
        raise NotFound(f"There is no {kind.value} template called {name}.")
    if len(found) == 1:
        return found[0]
    by_language = {template.language: template for template in reversed(found)}
    wanted = by_language.get(language or "") or by_language.get(get_organization(uow).language)
    return wanted or found[0]


def language_for(uow: UnitOfWork, record: Any, chosen: str | None) -> str | None:
    """Return the language of what is made of a record: as chosen, else that of its account."""
    if chosen:
        return chosen
    own = record.record_type == "account"
    key = record.id if own else getattr(record, "account_id", None)
    account = None if key is None else uow.session.get(Account, key)
    return None if account is None else account.language


def list_templates(uow: UnitOfWork) -> Sequence[Template]:
    """Return all templates by name, the first language of each first."""
    return uow.session.scalars(select(Template).order_by(Template.name, Template.id)).all()


def offered_templates(
    uow: UnitOfWork, kinds: Collection[TemplateKind], record_type: str
) -> Sequence[Template]:
    """Return the templates that are meant for records of a type, by what people call them."""
    statement = select(Template).where(
        Template.kind.in_([kind.value for kind in kinds]),
        Template.is_retired.is_(False),
        or_(Template.record_types == [], Template.record_types.contains([record_type])),
    )
    found = uow.session.scalars(statement.order_by(Template.id)).all()
    return sorted(found, key=lambda one: (one.shown_name.casefold(), one.name))


def siblings_of(uow: UnitOfWork, template: Template) -> Sequence[Template]:
    """Return the template in all its languages, the first one first."""
    statement = select(Template).where(Template.name == template.name)
    return uow.session.scalars(statement.order_by(Template.id)).all()


def versions_of(uow: UnitOfWork, template: Template) -> Sequence[TemplateVersion]:
    """Return what was in force, newest first, without the files."""
    statement = select(TemplateVersion).where(TemplateVersion.template_id == template.id)
    return uow.session.scalars(statement.order_by(TemplateVersion.number.desc())).all()


def find_version(uow: UnitOfWork, template_id: UUID, number: int) -> TemplateVersion | None:
    """Return a version with its file, or None."""
    statement = select(TemplateVersion).where(
        TemplateVersion.template_id == template_id, TemplateVersion.number == number
    )
    statement = statement.options(undefer(TemplateVersion.content))
    return uow.session.scalars(statement).one_or_none()


def content_of(uow: UnitOfWork, template: Template) -> bytes:
    """Return the Word file that is in force.

    Raises:
        NotFound: It is no Word template.
    """
    version = find_version(uow, template.id, template.number)
    if version is None or version.content is None:
        raise NotFound("This template is no Word file.")
    return version.content
