"""The list of one record type: searched, narrowed, sorted, a page at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import render_template, request
from flask.typing import ResponseReturnValue

from app.records.kind import RecordKind
from app.records.titles import Titles
from services.records.deletion import SHOWN, list_deleted
from services.records.lists import RecordPage, list_records
from services.records.types import Field
from services.unit_of_work import UnitOfWork

_WIDE_ONLY = 4


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a list, as the table macro takes it."""

    key: str
    label: str
    field: Field
    sortable: bool
    numeric: bool
    hidden: str


def show_list(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Show the page of records that the address asks for."""
    sort = request.args.get("sort", "-created_at")
    page = list_records(
        uow,
        kind.record_type,
        filters=_filters(kind, uow),
        search=request.args.get("q") or None,
        sort=sort,
        cursor=request.args.get("after") or request.args.get("before"),
    )
    columns = list_columns(kind, uow)
    return render_template(
        "records/list.html",
        kind=kind,
        page=page,
        columns=columns,
        sort=sort,
        shown=count_text(page),
        titles=Titles(uow, [column.field for column in columns], page.items),
        narrowed=any(request.args.get(name) for name in ("q", "owner", *kind.filters)),
    )


def show_bin(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    """Show what was deleted last, to be restored."""
    records = list_deleted(uow, kind.record_type)
    return render_template("records/bin.html", kind=kind, records=records, most=SHOWN)


def list_columns(kind: RecordKind, uow: UnitOfWork) -> list[Column]:
    """Return the title's column and those that the kind names, as far as the actor sees them."""
    names = (kind.type.title_field, *kind.list_columns)
    found = [uow.readable_field(kind.type, name) for name in names]
    return [
        Column(
            key=field.name,
            label=field.label,
            field=field,
            sortable=field.name in kind.type.sorts,
            numeric=field.traits.is_numeric,
            hidden="lg" if position >= _WIDE_ONLY else "",
        )
        for position, field in enumerate(field for field in found if field is not None)
    ]


def count_text(page: RecordPage) -> str:
    """Return how many records there are, as far as they were counted."""
    if page.total_is_capped:
        return f"More than {page.total:,}"
    return f"{page.total:,} in all" if page.total else ""


def _filters(kind: RecordKind, uow: UnitOfWork) -> dict[str, Any]:
    """Return what the address narrows the list to."""
    chosen = {name: request.args[name] for name in kind.filters if request.args.get(name)}
    if request.args.get("owner") == "me":
        chosen["owner_id"] = str(uow.actor.user_id)
    return chosen
