"""Building filters, and saving, sharing and deleting views."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.records.filter_form import (
    FilterForm,
    change_form,
    equip,
    field_options,
    form_of,
    read_form,
)
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.list_state import text_of
from app.views import view
from services.actors import Permission
from services.errors import Invalid, LanewiseError, NotFound
from services.filtering import compile_filter, parse_filter, parse_filter_text
from services.filtering.periods import SUGGESTED
from services.operations import run
from services.records.lists import COUNT_CAP
from services.unit_of_work import UnitOfWork
from services.views.views import count_view, get_view

_NO_PLACE: Final = frozenset({"filter", "after", "before"})


def views_blueprint() -> Blueprint:
    """Return the routes of filters and views, for all record types."""
    blueprint = Blueprint("views", __name__, url_prefix="/views")
    read, profile = Permission.RECORD_READ, Permission.PROFILE_WRITE
    for rule, name, function in (
        ("/<record_type>/filter", "build", build),
        ("/<record_type>/list", "apply", apply),
        ("/<uuid:key>/count", "count", count),
    ):
        blueprint.add_url_rule(rule, name, view(read)(function))
    for rule, name, function in (
        ("/<record_type>", "save", save),
        ("/<uuid:key>/share", "share", share),
        ("/<uuid:key>/delete", "delete", delete),
        ("/<record_type>/default", "set_default", set_default),
    ):
        decided = view(profile, again=explain)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    return blueprint


def build(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Show the form of a filter: alone for a script that puts it into the list, else as a page."""
    kind = _kind(record_type)
    if "match" in request.args:
        form = read_form(request.args)
    else:
        where = parse_filter_text(kind.type, request.args.get("filter"))
        form = form_of(where.raw) or FilterForm(text=text_of(where.raw))
    change_form(form, request.args)
    return _render(uow, kind, form)


def apply(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Go to the list with the filter that the form says, or say what is wrong with it."""
    kind = _kind(record_type)
    form = read_form(request.args)
    try:
        if request.args.get("use") == "text":
            where = parse_filter_text(kind.type, request.args.get("text"))
        else:
            where = parse_filter(kind.type, form.raw(kind.type))
        compile_filter(uow, where)
    except Invalid as error:
        if request.args.get("use") == "text":
            form = FilterForm(text=request.args.get("text", ""))
        change_form(form, {})
        return _render(uow, kind, form, str(error))
    return redirect(_list_url(kind, filter=text_of(where.raw)))


def count(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show how many records a view has, for its tab."""
    try:
        found = count_view(uow, get_view(uow, key))
    except Invalid:
        return ""
    return f"{COUNT_CAP:,}+" if found > COUNT_CAP else f"{found:,}"


def save(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Save what the list shows, under a new name or in place of the view that it began from."""
    kind = _kind(record_type)
    shown = dict(parse_qsl(request.form.get("back", "")))
    where = parse_filter_text(kind.type, request.form.get("filter"))
    arguments: dict[str, Any] = {
        "view_id": request.form.get("view_id") or None,
        "record_type": record_type,
        "name": request.form.get("name", ""),
        "filter": where.raw,
        "columns": request.form.getlist("columns"),
        "sort": request.form.get("sort", ""),
        "group_by": request.form.get("group_by", ""),
        "page_size": request.form.get("page_size", "50"),
    }
    saved = run(uow, "view.save", arguments)
    flash(f"The view {saved.name} is saved.", "good")
    kept = {name: value for name, value in shown.items() if name in {"q", "owner", *kind.filters}}
    return redirect(url_for(f"{kind.place}.index", **{**kept, "view": saved.id}))


def share(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Let others use a view."""
    chosen = request.form.get("audience", "")
    audience, _, group = chosen.partition(":")
    arguments = {"view_id": str(key), "audience": audience, "group_id": group or None}
    shared = run(uow, "view.share", arguments)
    flash("The view is yours alone." if audience == "own" else "The view is shared.", "good")
    return redirect(url_for(f"{_kind(shared.record_type).place}.index", view=key))


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete a view and go to the list of everything."""
    kind = _kind(get_view(uow, key).record_type)
    run(uow, "view.delete", {"view_id": str(key)})
    flash("The view is deleted.", "good")
    return redirect(url_for(f"{kind.place}.index", view="all"))


def set_default(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """Choose the view that the list opens with."""
    key = request.form.get("view_id") or None
    run(uow, "view.set_default", {"record_type": record_type, "view_id": key})
    flash("The list opens with this view." if key else "The list opens with everything.", "good")
    return redirect(url_for(f"{_kind(record_type).place}.index", view=key or "all"))


def explain(
    uow: UnitOfWork, error: LanewiseError, *, record_type: str = "", key: UUID | None = None
) -> ResponseReturnValue:
    """Go back to the list and say why nothing was changed."""
    found = get_view(uow, key).record_type if key else record_type
    texts = [text for texts in getattr(error, "fields", {}).values() for text in texts]
    flash(" ".join(dict.fromkeys(texts)) or str(error), "bad")
    return redirect(url_for(f"{_kind(found).place}.index", view=key or "all"))


def _kind(record_type: str) -> RecordKind:
    try:
        return KINDS[record_type]
    except KeyError:
        raise NotFound("There is no such list.") from None


def _list_url(kind: RecordKind, **changes: str) -> str:
    """Return the address of the list that the form came from, with a filter."""
    before: dict[str, Any] = {}
    for name, value in parse_qsl(request.args.get("back", "")):
        if name not in _NO_PLACE and not name.startswith("_"):
            before.setdefault(name, []).append(value)
    before.pop("endpoint", None)
    return url_for(f"{kind.place}.index", **{**before, **changes})


def _render(
    uow: UnitOfWork, kind: RecordKind, form: FilterForm, error: str = ""
) -> ResponseReturnValue:
    equip(uow, kind.type, form)
    alone = request.headers.get("HX-Request") == "true"
    return render_template(
        "records/filter_form.html" if alone else "records/filter_page.html",
        kind=kind,
        form=form,
        options=field_options(uow, kind.type),
        back=request.args.get("back", ""),
        error=error,
        days=SUGGESTED,
    )
