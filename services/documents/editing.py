"""What administrators do with templates: write, upload, restore, and go back to what ships."""

from __future__ import annotations

import binascii
from base64 import b64decode
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError, fields, validate
from sqlalchemy import select

from services.actors import Permission
from services.arguments import Key, Line, LongText, Truth, WholeNumber
from services.documents.shipped import put_in_force, shipped_text
from services.documents.template_model import Template, TemplateFormat, TemplateKind
from services.documents.templates import content_of, find_version, siblings_of
from services.documents.trials import check_html, check_title, check_word_file
from services.documents.word.filling import text_of_file
from services.documents.word.package import MAX_FILE_BYTES, read_word_file
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.schemas import VERSION, AnyRecordType
from services.unit_of_work import UnitOfWork

_WRITE: Final = Permission.TEMPLATE_WRITE
_FILE: Final = frozenset({"content"})


class WordContent(fields.Field[Any]):
    """A Word file in base64."""

    def _deserialize(self, value: Any, *_args: Any, **_kwargs: Any) -> bytes:
        if len(str(value)) > MAX_FILE_BYTES * 4 // 3 + 4:
            raise ValidationError(f"A Word file has {MAX_FILE_BYTES >> 20} MB at most.")
        try:
            return b64decode(str(value), validate=True)
        except (binascii.Error, ValueError) as error:
            raise ValidationError("Send the file in base64.") from error


class _Types(fields.List[Any]):
    """The record types that a template is for; forms send them with commas between them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Line(validate=AnyRecordType()), **options)

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> list[Any]:
        several = value.split(",") if isinstance(value, str) else value
        given = [one for one in several if one] if isinstance(several, list) else several
        return sorted(set(super()._deserialize(given, *args, **kwargs)))


_LANGUAGE: Final = validate.Regexp(r"[a-z]{2}\Z", error="Use two letters, such as en.")
_ABOUT: Final = {
    "title": {"title": "Title or subject"},
    "body": {"title": "HTML"},
    "content": {"title": "Word file", "description": "In base64; instead of HTML."},
    "label": {"title": "Label", "description": "What people choose it by."},
    "types": {"title": "For", "description": "Record types; none: all."},
    "comment": {"title": "Comment", "description": "What has changed, and why."},
}


class CreateTemplate(Arguments):
    """A template of one's own, or one that is there in another language."""

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
    title = Line(required=True, metadata=_ABOUT["title"])
    body = LongText(load_default=None, allow_none=True, metadata=_ABOUT["body"])
    content = WordContent(load_default=None, allow_none=True, metadata=_ABOUT["content"])
    language = Line(load_default="en", validate=_LANGUAGE, metadata={"title": "Language"})
    label = Line(load_default=None, allow_none=True, metadata=_ABOUT["label"])
    record_types = _Types(load_default=None, allow_none=True, metadata=_ABOUT["types"])
    comment = Line(load_default=None, allow_none=True, metadata=_ABOUT["comment"])


class NameTemplate(Arguments):
    """Which template."""

    template_id = Key(required=True, metadata={"title": "Template"})
    version = VERSION


class UpdateTemplate(NameTemplate):
    """What changes of a template."""

    title = Line(metadata=_ABOUT["title"])
    body = LongText(metadata=_ABOUT["body"])
    content = WordContent(metadata=_ABOUT["content"])
    language = Line(validate=_LANGUAGE, metadata={"title": "Language"})
    label = Line(allow_none=True, metadata=_ABOUT["label"])
    record_types = _Types(metadata=_ABOUT["types"])
    comment = Line(load_default=None, allow_none=True, metadata=_ABOUT["comment"])


class RestoreTemplate(NameTemplate):
    """Which version is put in force again."""

    number = WholeNumber(required=True, metadata={"title": "Version number"})


class RetireTemplate(NameTemplate):
    """Whether a template is used."""

    is_retired = Truth(required=True, metadata={"title": "Retired"})


@operation("template.create", _WRITE, CreateTemplate, secret_fields=_FILE)
def create_template(
    uow: UnitOfWork,
    *,
    title: str,
    body: str | None,
    content: bytes | None,
    comment: str | None,
    **values: Any,
) -> Template:
    """Create a template of a document or a mail, or one that is there in another language."""
    template = _new_template(uow, **values)
    if (body is None) == (content is None):
        message = "Give either HTML or a Word file."
        raise Invalid(message, {"body": [message]})
    _write(uow, template, title, body, content, comment)
    return template


@operation("template.update", _WRITE, UpdateTemplate, secret_fields=_FILE)
def update_template(
    uow: UnitOfWork,
    *,
    template_id: UUID,
    version: int | None = None,
    comment: str | None = None,
    **values: Any,
) -> Template:
    """Change a template; what was made from it before stays as it is."""
    template = _held(uow, template_id, version)
    _change_settings(uow, template, values)
    content = values.get("content")
    title = values.get("title", template.title)
    if content is not None:
        _write(uow, template, title, None, content, comment)
    elif "body" in values:
        _write(uow, template, title, values["body"], None, comment)
    elif title != template.title or "record_types" in values:
        _write(uow, template, title, *_text_in_force(uow, template), comment)
    uow.session.flush()
    return template


@operation("template.restore", _WRITE, RestoreTemplate)
def restore_template(
    uow: UnitOfWork, *, template_id: UUID, number: int, version: int | None = None
) -> Template:
    """Put an earlier text of a template in force again, as a new version."""
    template = _held(uow, template_id, version)
    found = find_version(uow, template.id, number)
    if found is None:
        raise NotFound(f"There is no version {number} of this template.")
    body = None if found.content is not None else found.body
    _write(uow, template, found.title, body, found.content, f"Version {number} again")
    return template


@operation("template.reset", _WRITE, NameTemplate)
def reset_template(uow: UnitOfWork, *, template_id: UUID, version: int | None = None) -> Template:
    """Go back to a template's text as it ships, as a new version."""
    template = _held(uow, template_id, version)
    shipped = shipped_text(template)
    if shipped is None:
        raise Conflict("This template does not ship; it is your own.")
    _write(uow, template, shipped.title, shipped.body, None, "As shipped")
    return template


@operation("template.retire", _WRITE, RetireTemplate)
def retire_template(
    uow: UnitOfWork, *, template_id: UUID, is_retired: bool, version: int | None = None
) -> Template:
    """Use a template no more, or use it again."""
    template = _held(uow, template_id, version)
    if is_retired and shipped_text(template) is not None:
        raise Conflict("The shipped processes use this template; change its text instead.")
    template.is_retired = is_retired
    uow.session.flush()
    return template


def _held(uow: UnitOfWork, template_id: UUID, version: int | None) -> Template:
    template = uow.get(Template, template_id, lock=True)
    check_version(uow, template, version)
    return template


def _new_template(  # noqa: PLR0917 - what a template is, besides its text
    uow: UnitOfWork,
    name: str,
    kind: str,
    language: str,
    label: str | None,
    record_types: list[str] | None,
) -> Template:
    """Return a template that is not stored yet; in another language it is like its siblings."""
    statement = select(Template).where(Template.name == name).order_by(Template.id)
    siblings = uow.session.scalars(statement).all()
    if any(one.language == language for one in siblings):
        message = f"There is a template called {name} already."
        raise Invalid(message, {"name": [message]})
    if not siblings:
        return Template(
            name=name,
            kind=kind,
            language=language,
            label=label or "",
            record_types=record_types or [],
        )
    first = siblings[0]
    if first.kind != kind:
        message = f"The template {name} makes a {first.kind}."
        raise Invalid(message, {"kind": [message]})
    return Template(
        name=name,
        kind=kind,
        language=language,
        label=first.label,
        record_types=first.record_types,
        record_field=first.record_field,
    )


def _change_settings(uow: UnitOfWork, template: Template, values: dict[str, Any]) -> None:
    """Change what all languages of a template share, and which language this one is."""
    siblings = siblings_of(uow, template)
    language = values.get("language", template.language)
    if any(one.language == language for one in siblings if one.id != template.id):
        message = "There is this template in that language already."
        raise Invalid(message, {"language": [message]})
    template.language = language
    for one in siblings:
        if "label" in values:
            one.label = values["label"] or ""
        if "record_types" in values:
            one.record_types = values["record_types"]


def _text_in_force(uow: UnitOfWork, template: Template) -> tuple[str | None, bytes | None]:
    if template.format != TemplateFormat.WORD:
        return template.body, None
    return None, content_of(uow, template)


def _write(  # noqa: PLR0917 - a template's text, whatever it is written in, and why
    uow: UnitOfWork,
    template: Template,
    title: str,
    body: str | None,
    content: bytes | None,
    comment: str | None,
) -> None:
    """Check a text and put it in force; what is in force already makes no version.

    Raises:
        Invalid: It can't be used; ``fields`` says why, with the line or the place.
    """
    types: Sequence[str] = template.record_types
    kind = TemplateKind(template.kind)
    check_title(uow, title, types)
    if content is not None:
        body = _checked_file(uow, template, content)
    else:
        check_html(uow, body or "", types, kind, template.language)
    if not _is_in_force(uow, template, title, body, content):
        put_in_force(uow, template, title, body or "", content, comment)


def _is_in_force(
    uow: UnitOfWork, template: Template, title: str, body: str | None, content: bytes | None
) -> bool:
    if template.id is None or title != template.title:
        return False
    if content is None:
        return template.format == TemplateFormat.HTML and body == template.body
    return template.format == TemplateFormat.WORD and content == content_of(uow, template)


def _checked_file(uow: UnitOfWork, template: Template, content: bytes) -> str:
    """Return the text of a Word file that can be used."""
    if template.kind != TemplateKind.DOCUMENT:
        raise _refused("A mail is written in HTML, not in Word.")
    try:
        file = read_word_file(content)
    except Invalid as error:
        raise _refused(error.message) from error
    check_word_file(uow, file, content, template.record_types, template.language)
    return text_of_file(file)


def _refused(message: str) -> Invalid:
    return Invalid(message, {"content": [message]})
