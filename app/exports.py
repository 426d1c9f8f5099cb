"""Writing a list to a file: chosen, watched, fetched."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from os import SEEK_END
from typing import Any, BinaryIO, Final
from uuid import UUID

import orjson
from flask import Blueprint, Flask, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.list_state import ListState
from app.views import view
from app.wire import to_json
from app.zones import reader_zone
from services.actors import Permission
from services.errors import Invalid, LanewiseError, NotFound
from services.exporting.exports import get_export, list_exports, pieces_of
from services.exporting.rows import ListRequest, count_rows
from services.exporting.writers import CONTENT_TYPES
from services.operations import run
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_EXPORT: Final = Permission.DATA_EXPORT
_IN_MEMORY: Final = 4 * 1024 * 1024
_BLOCK: Final = 256 * 1024
_CONTROLS: Final = frozenset({"csrf_token", "submission", "kind", "columns", "keys"})
"""What the form of the page says itself; all else it carries on."""


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


def export_arguments(kind: RecordKind, state: ListState) -> dict[str, Any]:
    """Return the arguments of the export page that mean a list as it is shown."""
    where = state.whole(kind)
    asked: dict[str, Any] = {"sort": state.sort, "columns": list(state.columns)}
    if not where.is_empty:
        asked["filter"] = to_json(where.raw).decode()
    if words := request.args.get("q"):
        asked["q"] = words
    return asked


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
    asked = _asked()
    record_type = get_record_type(str(asked["record_type"]))
    kind = KINDS.get(record_type.name)
    fields = uow.readable_fields(record_type)
    usual = kind.list_columns if kind else ()
    shown = [record_type.title_field, *(request.values.getlist("columns") or usual)]
    carried = [(name, text) for name, text in request.values.items(multi=True)]
    count = None if error else count_rows(uow, ListRequest(**asked))
    return render_template(
        "exports/new.html",
        type=record_type,
        nav=f"{kind.place}.index" if kind else "exports.index",
        fields=fields,
        shown=set(shown),
        carried=[pair for pair in carried if pair[0] not in _CONTROLS],
        count=count,
        is_narrowed=bool(asked["where"] or asked["search"]),
        error=error,
        reason=reason_of(error) if error else "",
        back=url_for(f"{kind.place}.index") if kind else url_for("exports.index"),
    )


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Begin the export; a short list is there at once."""
    kind, _, other = request.form.get("kind", "csv").partition(" ")
    arguments = {
        **_asked(),
        "kind": kind,
        "delimiter": ";" if other else ",",
        "zone": reader_zone().key,
        "columns": request.form.getlist("columns"),
        "keys": "keys" in request.form,
    }
    made = run(uow, "export.start", arguments)
    one = get_export(uow, made["export_id"])
    if one.stage == "done":
        flash(f"“{one.file_name}” is ready: {one.done:,} rows.", "good")
    return redirect(url_for("exports.index"))


def change(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Cancel or delete an export.

    Raises:
        NotFound: There is no such thing to do.
    """
    if verb not in {"cancel", "delete"}:
        raise NotFound("There is no such action.")
    run(uow, f"export.{verb}", {"export_id": str(key)})
    return redirect(url_for("exports.index"))


def download(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send the file."""
    one = get_export(uow, key)

    def write(file: BinaryIO) -> None:
        for piece in pieces_of(uow, one):
            file.write(piece)

    return file_response(write, one.file_kind, one.file_name)


def file_response(write: Callable[[BinaryIO], object], kind: str, name: str) -> Response:
    """Return a table as a file that is saved, not shown.

    ``write`` is called at once, within the transaction; a large file lies on the disk until it is
    sent, a block at a time.
    """
    # Closed when all is read, or the answer was given up.
    spooled: Any = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115
    try:
        write(spooled)
        spooled.seek(0, SEEK_END)
        size = spooled.tell()
        spooled.seek(0)
    except BaseException:
        spooled.close()
        raise
    response = Response(_blocks(spooled), mimetype=CONTENT_TYPES[kind].partition(";")[0])
    response.content_length = size
    response.headers.set("Content-Disposition", "attachment", filename=name)
    response.call_on_close(spooled.close)
    return response


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while block := file.read(_BLOCK):
            yield block


def _asked() -> dict[str, Any]:
    """Return which list the address, or the form that came of it, means.

    Raises:
        Invalid: Its filter can't be read.
    """
    given = request.values
    where = None
    if text := given.get("filter"):
        try:
            where = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise Invalid("This filter can't be read.", {"filter": ["Not valid JSON."]}) from error
        if not isinstance(where, dict | None):
            raise Invalid("This filter can't be read.", {"filter": ["Not a filter."]})
    return {
        "record_type": given.get("record_type", ""),
        "where": where,
        "search": given.get("q") or None,
        "sort": given.get("sort") or "-created_at",
    }


def _explain(_uow: UnitOfWork, error: LanewiseError, **_others: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("exports.index"))
