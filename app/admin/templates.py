"""Templates of documents and mails: written with a preview, in versions and languages."""

from __future__ import annotations

from base64 import b64encode
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.made import language_name
from app.views import View, view
from services.actors import Permission
from services.documents.preview import Draft, compare_texts, preview_draft
from services.documents.shipped import shipped_text
from services.documents.templates import (
    Template,
    TemplateFormat,
    TemplateKind,
    content_of,
    find_version,
    list_templates,
    siblings_of,
    versions_of,
)
from services.documents.trials import told_values
from services.documents.word.package import WORD_TYPE
from services.errors import Conflict, Invalid, LanewiseError, NotFound
from services.mail.text import clean_html
from services.operations import run
from services.records.lists import list_records
from services.records.types import all_record_types, find_record_type, get_record, title_of
from services.unit_of_work import UnitOfWork

_WRITE: Final = Permission.TEMPLATE_WRITE
_KINDS: Final = (("document", "Document"), ("mail", "Mail"))
_FIELDS: Final = ("name", "kind", "title", "body", "language", "label", "record_types", "comment")
_OFFERED_RECORDS: Final = 6


def add_routes(blueprint: Blueprint) -> None:
    """Add the pages of templates."""
    pages: tuple[tuple[str, str, View], ...] = (
        ("/templates", "templates", index),
        ("/templates/new", "new_template", show_new),
        ("/templates/records", "template_records", offer_records),
        ("/templates/<uuid:key>", "template", show),
        ("/templates/<uuid:key>/versions", "template_versions", show_versions),
        ("/templates/<uuid:key>/versions/<int:number>", "template_file", download),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(_WRITE)(function))
    changes: tuple[tuple[str, str, View, View | None], ...] = (
        ("/templates/preview", "preview_template", preview, None),
        ("/templates/new", "create_template", create, show_new),
        ("/templates/<uuid:key>", "update_template", update, show),
        ("/templates/<uuid:key>/restore", "restore_template", restore, _explain),
        ("/templates/<uuid:key>/reset", "reset_template", reset, _explain),
        ("/templates/<uuid:key>/retire", "retire_template", retire, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(_WRITE, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List all templates, each with its languages."""
    grouped: defaultdict[str, list[Template]] = defaultdict(list)
    for template in list_templates(uow):
        grouped[template.name].append(template)
    groups = sorted(grouped.values(), key=lambda group: group[0].shown_name.casefold())
    return render_template(
        "admin/templates.html",
        groups=groups,
        kinds=dict(_KINDS),
        type_labels=_type_labels(),
        language_name=language_name,
        state=_state,
    )


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Ask what the new template is; ``copy`` in the address names one to begin with."""
    copied = request.args.get("copy", type=UUID)
    source = None if copied is None else uow.get(Template, copied)
    values: dict[str, Any] = {"kind": "document", "language": "en", "record_types": []}
    if source is not None:
        names = ("name", "kind", "title", "body", "label", "record_types")
        values |= {name: getattr(source, name) for name in names} | {"language": ""}
        if source.format == TemplateFormat.WORD:
            values["body"] = ""  # it is only the text of the file
    return _editor(uow, None, values | _given(), error, source=source)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a template."""
    template = run(uow, "template.create", _without_empty(_given()) | _sent_file())
    flash("The template is in force.", "good")
    return redirect(url_for("admin.template", key=template.id))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the editor of a template; what was typed stays after an error."""
    template = uow.get(Template, key)
    values: dict[str, Any] = {name: getattr(template, name) for name in _FIELDS[:-1]}
    return _editor(uow, template, values | _given(), error)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change a template."""
    before = uow.get(Template, key).number
    given = {name: value for name, value in _given().items() if name not in {"name", "kind"}}
    if given.get("body") == "":
        given.pop("body")
    about = {"template_id": str(key), "version": request.form.get("version")}
    template = run(uow, "template.update", {**about, **given, **_sent_file()})
    said = "Saved." if template.number == before else f"Version {template.number} is in force."
    flash(said, "good")
    return redirect(url_for("admin.template", key=key))


def preview(uow: UnitOfWork) -> ResponseReturnValue:
    """Show how the template in the editor looks; nothing is kept."""
    shown = preview_draft(uow, _draft(uow), _chosen_record(uow))
    return render_template(
        "admin/template_preview.html",
        preview=shown,
        pictures=[b64encode(page).decode() for page in shown.pages],
        html=clean_html(shown.html),
    )


def offer_records(uow: UnitOfWork) -> ResponseReturnValue:
    """Offer records to preview a template with: the newest ones, or those that match."""
    words = request.args.get("pick") or None
    offers = [
        (f"{name}:{record.id}", f"{label}: {title_of(record)}")
        for name, label in _offered_types(request.args.get("types", ""))
        for record in list_records(uow, name, search=words, limit=_OFFERED_RECORDS).items
    ]
    return render_template("admin/template_records.html", offers=offers[: _OFFERED_RECORDS * 3])


def show_versions(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """List what was in force, and compare one of them with what is, or with what ships."""
    template = uow.get(Template, key)
    versions = versions_of(uow, template)
    asked = request.args.get("with", "")
    chosen = next((one for one in versions if str(one.number) == asked), None)
    other: tuple[str, str] | None = (chosen.title, chosen.body) if chosen else None
    shipped = shipped_text(template)
    if asked == "shipped" and shipped is not None:
        other = (shipped.title, shipped.body)
    return render_template(
        "admin/template_versions.html",
        template=template,
        versions=versions,
        asked=asked,
        chosen=chosen,
        is_shipped=shipped is not None,
        title_changed=other is not None and other[0] != template.title,
        other_title=other[0] if other else "",
        lines=compare_texts(other[1], template.body) if other else None,
    )


def download(uow: UnitOfWork, *, key: UUID, number: int) -> ResponseReturnValue:
    """Send the Word file of a version.

    Raises:
        NotFound: There is no such version, or it is no Word file.
    """
    template = uow.get(Template, key)
    version = find_version(uow, template.id, number)
    if version is None or version.content is None:
        raise NotFound("There is no such file.")
    name = f"{template.name} {template.language} {number}.docx"
    response = Response(version.content, mimetype=WORD_TYPE)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def restore(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Put an earlier version in force again."""
    arguments = {"template_id": str(key), **form_arguments(["number"])}
    template = run(uow, "template.restore", arguments)
    flash(f"The text is in force again, as version {template.number}.", "good")
    return redirect(url_for("admin.template_versions", key=key))


def reset(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Go back to what ships."""
    run(uow, "template.reset", {"template_id": str(key)})
    flash("The template is as it ships again.", "good")
    return redirect(url_for("admin.template", key=key))


def retire(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Use a template no more, or again."""
    is_retired = request.form.get("is_retired") == "1"
    run(uow, "template.retire", {"template_id": str(key), "is_retired": is_retired})
    flash("The template is no longer used." if is_retired else "The template is used.", "good")
    return redirect(url_for("admin.template", key=key))


def _editor(
    uow: UnitOfWork,
    template: Template | None,
    values: dict[str, Any],
    error: LanewiseError | None,
    source: Template | None = None,
) -> ResponseReturnValue:
    types = values["record_types"]
    return render_template(
        "admin/template.html",
        template=template,
        source=source,
        values=values,
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
        kinds=_KINDS,
        types=[(one.name, one.label) for one in all_record_types()],
        siblings=[] if template is None else siblings_of(uow, template),
        vocabulary=told_values(uow, types),
        is_shipped=template is not None and shipped_text(template) is not None,
        state="" if template is None else _state(template),
        is_word=template is not None and template.format == TemplateFormat.WORD,
        language_name=language_name,
        theirs=_theirs(uow, template, values) if isinstance(error, Conflict) else None,
    )


def _theirs(
    uow: UnitOfWork, template: Template | None, values: dict[str, Any]
) -> tuple[str, Sequence[Any]] | None:
    """Return who put in force what is, and how the form's text differs from it."""
    if template is None:
        return None
    version = find_version(uow, template.id, template.number)
    by = "somebody" if version is None else version.made_by_name
    return by, compare_texts(template.body, values["body"])


def _given() -> dict[str, Any]:
    """Return what the form sent; nothing where a page is only opened."""
    given: dict[str, Any] = dict(form_arguments(_FIELDS))
    if "types_asked" in request.form:
        given["record_types"] = request.form.getlist("record_types")
    return given


def _without_empty(given: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value != ""}


def _sent_file() -> dict[str, str]:
    """Return the Word file that the form sent, in place of the HTML."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return {}
    return {"content": b64encode(sent.stream.read()).decode(), "body": None}  # type: ignore[dict-item]


def _draft(uow: UnitOfWork) -> Draft:
    given = _given()
    key = request.form.get("template_id", type=UUID)
    stored = None if key is None else uow.get(Template, key)
    is_word = stored is not None and stored.format == TemplateFormat.WORD
    is_mail = given.get("kind") == TemplateKind.MAIL
    return Draft(
        kind=TemplateKind.MAIL if is_mail else TemplateKind.DOCUMENT,
        title=given.get("title", ""),
        body=given.get("body", ""),
        language=given.get("language") or "en",
        record_types=[name for name in given.get("record_types", []) if find_record_type(name)],
        content=content_of(uow, stored) if stored is not None and is_word else None,
    )


def _chosen_record(uow: UnitOfWork) -> Any | None:
    """Return the record that the preview is asked for; None for stand-ins."""
    name, _, key = request.form.get("about", "").partition(":")
    if find_record_type(name) is None:
        return None
    try:
        return get_record(uow, name, UUID(key))
    except ValueError:
        return None


def _offered_types(text: str) -> Sequence[tuple[str, str]]:
    """Return the record types that the address names, or those that most people work with."""
    asked = [one for name in text.split(",") if (one := find_record_type(name)) is not None]
    named = asked or [
        one
        for name in ("deal", "account", "contact", "lead", "request")
        if (one := find_record_type(name)) is not None
    ]
    return [(one.name, one.label) for one in named]


def _type_labels() -> dict[str, str]:
    return {one.name: one.label for one in all_record_types()}


def _state(template: Template) -> str:
    """Return where a template comes from, and whether it is used."""
    if template.is_retired:
        return "Retired"
    if shipped_text(template) is None:
        return "Own"
    return "Changed" if template.is_changed else "As shipped"


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.template", key=key))
