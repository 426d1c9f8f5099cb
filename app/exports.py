"""Writing a list to a file: chosen, watched, fetched."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import orjson
from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.kinds import KINDS
from app.views import view
from services.actors import Permission
from services.errors import Invalid, LanewiseError
from services.exporting.exports import get_export, list_exports, pieces_of
from services.exporting.rows import ListRequest, count_rows
from services.exporting.writers import CONTENT_TYPES
from services.operations import run
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_EXPORT: Final = Permission.DATA_EXPORT
_NO_FILTERS: Final = frozenset(
    {"record_type", "q", "sort", "filter", "after", "before", "owner", "kind", "columns", "keys"}
    | {"csrf_token", "submission", "view", "group", "limit"}
)

_NO_PLACE: Final = frozenset({"record_type", "after", "before", "limit"})
"""Arguments of a list that say nothing of which records it holds."""


def register(app: Flask) -> None:
    """Add the pages of exports."""
    blueprint = Blueprint("exports", __name__, url_prefix="/exports")
    for rule, name, function in (
        ("", "index", index),
        ("/new", "new", show_new),
        ("/<uuid:key>/file", "download", download),
    ):
        blueprint.add_url_rule(rule, name, view(_EXPORT)(function))
    changes: tuple[tuple[str, str, Any, Any], ...] = (
        ("/new", "create", create, show_new),
        ("/<uuid:key>/do/<verb>", "change", change, _explain),
    )
    for rule, name, run_form, again in changes:
        decided = view(_EXPORT, again=again)(run_form)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)
    app.jinja_env.globals["export_arguments"] = export_arguments


def export_arguments() -> dict[str, str]:
    """Return those arguments of a list's address that narrow and sort it."""
    return {
        name: text
        for name, text in request.args.items()
        if text and name not in _NO_PLACE and not name.startswith("_")
    }


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the person's exports of the last days."""
    found = list_exports(uow)
    return render_template(
        "exports/index.html",
        exports=found,
        is_underway=any(one.stage == "running" for one in found),
    )


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Ask how the list is to be written."""
    asked = _asked(uow)
    record_type = get_record_type(str(asked["record_type"]))
    kind = KINDS.get(record_type.name)
    fields = uow.readable_fields(record_type)
    shown = [record_type.title_field, *kind.list_columns] if kind else []
    carried = [(name, text) for name, text in request.values.items(multi=True)]
    count = None if error else count_rows(uow, ListRequest(**asked))
    return render_template(
        "exports/new.html",
        type=record_type,
        nav=f"{kind.place}.index" if kind else "exports.index",
        fields=fields,
        shown=set(request.values.getlist("columns") or shown),
        carried=[pair for pair in carried if pair[0] not in _CONTROLS],
        count=count,
        is_narrowed=bool(asked["filters"] or asked["where"] or asked["search"]),
        error=error,
        reason=reason_of(error) if error else "",
        back=url_for(f"{kind.place}.index") if kind else url_for("exports.index"),
    )


_CONTROLS: Final = frozenset({"csrf_token", "submission", "kind", "columns", "keys"})


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Begin the export; a short list is there at once."""
    arguments = {
        **_asked(uow),
        "kind": request.form.get("kind", "csv"),
        "columns": request.form.getlist("columns"),
        "keys": "keys" in request.form,
    }
    one = run(uow, "export.start", arguments)
    if one.stage == "done":
        flash(f"“{one.file_name}” is ready: {one.done:,} rows.", "good")
    return redirect(url_for("exports.index"))


def change(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Cancel or delete an export."""
    name = "delete" if verb == "delete" else "cancel"
    run(uow, f"export.{name}", {"export_id": str(key)})
    return redirect(url_for("exports.index"))


def download(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send the file."""
    one = get_export(uow, key)
    response = Response(
        b"".join(pieces_of(uow, one)), mimetype=CONTENT_TYPES[one.file_kind].partition(";")[0]
    )
    response.headers.set("Content-Disposition", "attachment", filename=one.file_name)
    return response


def _asked(uow: UnitOfWork) -> dict[str, Any]:
    """Return which list the address, or the form that came of it, means.

    Raises:
        Invalid: Its filter can't be read.
    """
    given = request.values
    filters = {name: text for name, text in given.items() if name not in _NO_FILTERS and text}
    if given.get("owner") == "me":
        filters["owner_id"] = str(uow.actor.user_id)
    where = None
    if text := given.get("filter"):
        try:
            where = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Invalid("This filter can't be read.", {"filter": ["Not valid JSON."]}) from error
    return {
        "record_type": given.get("record_type", ""),
        "filters": filters,
        "where": where,
        "search": given.get("q") or None,
        "sort": given.get("sort") or "-created_at",
    }


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("exports.index"))
