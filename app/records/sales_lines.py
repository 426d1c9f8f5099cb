"""The lines of quotes, orders and invoices: a form of rows, added up by the operation."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.records.kind import RecordKind
from services.errors import Invalid, LanewiseError, NotFound
from services.operations import run
from services.records.types import get_record, title_of
from services.sales.lines import present_lines
from services.sales.product_model import Product
from services.unit_of_work import UnitOfWork

COLUMNS: Final = ("product_id", "title", "quantity", "unit_price", "discount_percent")
_ROWS: Final = 3
_MORE_ROWS: Final = 10
_PRODUCTS: Final = 500


def show_lines(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form of all lines, with some empty rows; what was typed stays after an error.

    Raises:
        NotFound: Records of this type have no lines.
    """
    if not kind.lines:
        raise NotFound("There is no such page.")
    record = get_record(uow, kind.record_type, key)
    rows = _typed() if request.method == "POST" else _stored(uow, record)
    spare = _MORE_ROWS if request.form.get("more") else _ROWS
    products = uow.select(Product).where(Product.sold).order_by(Product.name).limit(_PRODUCTS)
    return render_template(
        "records/lines_form.html",
        kind=kind,
        record=record,
        title=title_of(record),
        rows=[*rows, *({} for _ in range(spare))],
        products=uow.session.scalars(products).all(),
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def save_lines(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Replace the lines of a draft and go back to it; or show more rows first."""
    if request.form.get("more"):
        return show_lines(kind, uow, key=key)
    arguments: dict[str, Any] = {
        kind.id_argument: str(key),
        "lines": [{name: value for name, value in row.items() if value} for row in _typed()],
        "version": request.form.get("version"),
    }
    run(uow, f"{kind.record_type}.update", arguments)
    flash("Saved.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key))


def _typed() -> list[dict[str, str]]:
    """Return the rows of the form that say anything besides a quantity."""
    columns = [request.form.getlist(name) for name in COLUMNS]
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*columns, strict=False)]
    return [row for row in rows if row["product_id"] or row["title"].strip() or row["unit_price"]]


def _stored(uow: UnitOfWork, record: Any) -> list[dict[str, Any]]:
    return [
        {name: "" if line[name] is None else _shown(line[name]) for name in COLUMNS}
        for line in present_lines(uow, record)
    ]


def _shown(value: Any) -> str:
    """Return a value as its control holds it, a number without needless zeros."""
    text = str(value)
    return text.rstrip("0").rstrip(".") if "." in text else text
