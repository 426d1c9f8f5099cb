"""The way of a file into the records: uploaded, mapped, tried, carried out, undone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.exports import file_response
from app.forms import reason_of
from app.records.kinds import KINDS
from app.records.titles import record_url
from app.sessions import signed_in_person
from app.views import view
from app.zones import reader_zone
from services.actors import Permission
from services.documents.files import safe_name
from services.duplicates.book import rules_for
from services.duplicates.rules import Use
from services.errors import LanewiseError, NotAuthenticated, NotFound
from services.importing.cells import text_of
from services.importing.csv_files import DELIMITERS
from services.importing.deciding import OUTCOMES, Outcome
from services.importing.encodings import ENCODINGS
from services.importing.first_lines import import_field
from services.importing.guessing import adjust_formats
from services.importing.imports import UNDERWAY, get_import, list_imports
from services.importing.links import can_be_made
from services.importing.model import Import
from services.importing.plan import (
    DATE_ORDERS,
    DECIMALS,
    FULL_NAME,
    KEY_FIELD,
    POLICIES,
    SIMILAR,
    Column,
    Plan,
    importable_fields,
    matchable_fields,
)
from services.importing.reading import MAX_BYTES
from services.importing.reports import conflicts_of, report_rows, write_refused
from services.importing.types import (
    PLACE,
    PLACE_LABEL,
    PRICE,
    import_type,
    importable_types,
    is_record_type,
)
from services.operations import run
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork

_IMPORT: Final = Permission.DATA_IMPORT
_AROUND_FILE: Final = 1024 * 1024
_SAMPLES: Final = 3
_DONE: Final = {
    "run": "The import has begun.",
    "pause": "The import rests.",
    "resume": "The import goes on.",
    "cancel": "The import is stopped.",
    "revert": "The import is being undone.",
    "delete": "The import is forgotten; its records stay.",
}
_READABLE: Final = ("encoding", "delimiter", "sheet", "header_row")


@dataclass(frozen=True, slots=True)
class FileColumn:
    """A column of the file on the mapping page.

    Attributes:
        is_ambiguous: The samples don't tell how its dates or numbers are written.
    """

    place: int
    heading: str
    samples: list[str]
    chosen: Column | None
    formats: Mapping[str, str]
    format_name: str
    is_ambiguous: bool
    can_create: str


def register(app: Flask) -> None:
    """Add the pages of imports."""
    blueprint = Blueprint("imports", __name__, url_prefix="/imports")
    blueprint.url_value_preprocessor(_allow_large_files)
    for rule, name, function in (
        ("", "index", index),
        ("/new", "new", show_new),
        ("/<uuid:key>", "show", show),
        ("/<uuid:key>/refused", "refused", refused),
    ):
        blueprint.add_url_rule(rule, name, view(_IMPORT)(function))
    changes: tuple[tuple[str, str, Any, Any], ...] = (
        ("/new", "create", create, show_new),
        ("/<uuid:key>/read", "read", read, _explain),
        ("/<uuid:key>/check", "check", check, show),
        ("/<uuid:key>/do/<verb>", "change", change, _explain),
    )
    for rule, name, run_form, again in changes:
        decided = view(_IMPORT, again=again)(run_form)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)


def _allow_large_files(endpoint: str | None, _values: Any) -> None:
    """Let those who may import send a larger request than others, before any of it is read."""
    if endpoint != "imports.create":
        return
    try:
        person = signed_in_person()
    except NotAuthenticated:
        return
    if person is not None and person.actor.may(_IMPORT):
        request.max_content_length = MAX_BYTES + _AROUND_FILE


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List imports, newest first."""
    return render_template(
        "imports/index.html",
        imports=list_imports(uow),
        labels={one.name: one.plural for one in importable_types()},
    )


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Ask for the file."""
    del uow
    types = {one.name: one.plural for one in importable_types() if _has_page(one)}
    asked = request.values.get("record_type", "contact")
    chosen = asked if asked in types else ""
    choose = [] if chosen else [("", "Choose …")]
    return render_template(
        "imports/new.html",
        types=[*choose, *sorted(types.items(), key=lambda one: one[1])],
        chosen=chosen,
        nav=_nav(chosen),
        most=MAX_BYTES // 2**20,
        error=error,
        reason=reason_of(error) if error else "",
        unknown="" if chosen or error else asked,
        back=_list_url(chosen),
    )


def _has_page(one: RecordType) -> bool:
    return one.name in KINDS or not is_record_type(one.name)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Take the file."""
    file = request.files.get("file")
    arguments = {
        "record_type": request.form.get("record_type", ""),
        "file_name": Path(file.filename or "file.csv").name if file else "file.csv",
        "content": file.stream if file else "",
    }
    made = run(uow, "import.create", arguments)
    return redirect(url_for("imports.show", key=made["import_id"]))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show where an import stands, and what can be done next."""
    one = get_import(uow, key)
    record_type = import_type(one.record_type)
    is_mapping = one.stage == "mapping" or (one.stage == "checked" and "mapping" in request.args)
    outcome = request.args.get("outcome") or (Outcome.ERROR if one.stage == "checked" else None)
    after = request.args.get("after", 0, type=int)
    has_rows = bool(one.checked or one.counts) and not is_mapping
    rows = report_rows(uow, one, None if outcome == "all" else outcome, after) if has_rows else []
    return render_template(
        "imports/show.html",
        one=one,
        type=record_type,
        nav=_nav(one.record_type),
        is_mapping=is_mapping or error is not None,
        is_underway=one.stage in UNDERWAY or one.stage == "reading",
        rows=rows,
        outcome=outcome or "all",
        outcomes=OUTCOMES,
        record_url=record_url,
        back=_list_url(one.record_type),
        conflicts=conflicts_of(uow, one) if one.undone.get("conflict") else [],
        encodings=list(ENCODINGS.items()),
        delimiters=list(DELIMITERS.items()),
        error=error,
        reason=reason_of(error) if error else "",
        **(_mapping(uow, one, record_type) if is_mapping or error is not None else {}),
    )


def read(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Read the file in another way."""
    given = {name: request.form.get(name) or None for name in _READABLE}
    run(uow, "import.read", {"import_id": str(key), **given})
    return redirect(url_for("imports.show", key=key))


def check(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Take the mapping and begin the dry run."""
    plan = _sent_plan(get_import(uow, key)).as_dict()
    run(uow, "import.check", {"import_id": str(key), **plan})
    return redirect(url_for("imports.show", key=key))


def change(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Run, pause, resume, cancel, revert or delete an import.

    Raises:
        NotFound: There is no such thing to do.
    """
    if verb not in _DONE:
        raise NotFound("There is no such action.")
    run(uow, f"import.{verb}", {"import_id": str(key)})
    flash(_DONE[verb], "good")
    if verb == "delete":
        return redirect(url_for("imports.index"))
    return redirect(url_for("imports.show", key=key))


def refused(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Send the rows with errors as a file, with the reasons beside them."""
    one = get_import(uow, key)
    name = safe_name(f"{Path(one.file_name).stem} refused.{one.file_kind}")
    return file_response(partial(write_refused, uow, one), one.file_kind, name)


def _mapping(uow: UnitOfWork, one: Import, record_type: RecordType) -> dict[str, Any]:
    """Return what the mapping page shows: the plan kept, or the one that is being chosen."""
    sent = any(name.startswith("field-") for name in request.values)
    plan = _sent_plan(one) if sent else Plan.of(one.plan)
    fields = importable_fields(uow, record_type)
    targets = [(KEY_FIELD, "Key (ID)")] + [(name, field.label) for name, field in fields.items()]
    if record_type.name == "contact" and FULL_NAME not in fields:
        targets.append((FULL_NAME, "Whole name, to be split"))
    matchable = matchable_fields(record_type, [column.field for column in plan.columns])
    labels = {PLACE: PLACE_LABEL} | dict(targets)
    matches = [(name, labels.get(name, name)) for name in matchable]
    if rules_for(record_type.name, Use.IMPORT):
        matches.append((SIMILAR, "The rules by which doubles are found"))
    return {
        "plan": plan,
        "columns": list(_file_columns(one, record_type, plan)),
        "targets": targets,
        "matches": matches,
        "policies": list(POLICIES.items()),
        "required": [labels.get(name, name) for name in record_type.required],
    }


def _file_columns(one: Import, record_type: RecordType, plan: Plan) -> Iterator[FileColumn]:
    chosen = {column.column: column for column in plan.columns}
    for place, heading in enumerate(one.header):
        column = chosen.get(place)
        field = import_field(record_type, column.field) if column else None
        cells = [row[place] for row in one.samples if place < len(row)]
        texts = list(dict.fromkeys(text for text in map(text_of, cells) if text))
        formats: Mapping[str, str] = {}
        if field is not None and field.kind in {"date", "datetime"}:
            formats = DATE_ORDERS
        elif field is not None and field.traits.is_numeric and field.kind != "number":
            formats = DECIMALS
        name = "order" if formats is DATE_ORDERS else "decimal"
        relation = field.relation if field else None
        yield FileColumn(
            place=place,
            heading=heading,
            samples=texts[:_SAMPLES],
            chosen=column,
            formats=formats,
            format_name=name,
            is_ambiguous=bool(formats and texts and not getattr(column, name)),
            can_create=relation if relation and can_be_made(relation) else "",
        )


def _sent_plan(one: Import) -> Plan:
    """Return the plan that a form says; formats that were not chosen are found out."""
    columns = []
    for place in range(len(one.header)):
        target = request.values.get(f"field-{place}")
        if target:
            columns.append(
                Column(
                    column=place,
                    field=target,
                    order=request.values.get(f"order-{place}", ""),
                    decimal=request.values.get(f"decimal-{place}", ""),
                    create=f"create-{place}" in request.values,
                    by_key=_is_by_key(one, place, target),
                )
            )
    plan = Plan(
        columns=tuple(columns),
        policy=request.values.get("policy", ""),
        match=tuple(request.values.getlist("match")),
        only_empty="only_empty" in request.values,
        start_processes="start_processes" in request.values,
        values=one.plan.get("values", {}),
        zone=reader_zone().key,
    )
    return adjust_formats(import_type(one.record_type), plan, one.samples)


def _is_by_key(one: Import, place: int, target: str) -> bool:
    """Tell whether the plan that was guessed takes this column for keys of other records."""
    return any(
        column["column"] == place and column["field"] == target and column["by_key"]
        for column in one.plan.get("columns", ())
    )


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_verb: Any) -> Any:
    flash(reason_of(error), "bad")
    return redirect(url_for("imports.show", key=key))


def _list_url(record_type: str) -> str:
    return url_for(_nav(record_type))


def _nav(record_type: str) -> str:
    """Return the endpoint of the list that an import belongs to."""
    kind = KINDS.get("price_list" if record_type == PRICE.name else record_type)
    return f"{kind.place}.index" if kind else "imports.index"
