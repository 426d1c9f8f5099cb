"""The lines of papers and the positions of deals: a form of rows, added up by the operation.

A paper may have thousands of lines: the form shows ``SHOWN`` of them at once, and what stands on
the others is sent along unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_

from app.forms import number_text, reason_of
from app.records.kind import RecordKind
from app.records.line_rows import COLUMNS, spare_rows, typed_rows
from services.crm.deal_model import Deal
from services.errors import Invalid, LanewiseError, NotFound, StaleVersion
from services.operations import get_operation, run
from services.records.types import get_record, title_of
from services.sales.lines import present_lines, sees_prices
from services.sales.positions import has_positions, positions_of
from services.sales.product_model import TAX_CATEGORIES, Product
from services.sales.trying import try_lines
from services.unit_of_work import UnitOfWork

SHOWN: Final = 100
_SENT: Final = (
    "product_id",
    "title",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount_percent",
    "tax_category",
    "tax_percent",
)
_TYPED: Final = tuple(name for name in _SENT if name in COLUMNS)
_FROM_PRODUCT: Final = ("title", "description", "unit", "unit_price", "tax_category", "tax_percent")
_NUMBERS: Final = frozenset({"quantity", "unit_price", "discount_percent", "tax_percent"})
_TRIED: Final = 500
_OFFERED: Final = 30


@dataclass(frozen=True, slots=True)
class Sheet:
    """The lines of one record as they are kept, and those that the form shows.

    Attributes:
        argument: What the operation calls the lines.
        first: The first line that is shown, from 0.
    """

    operation: str
    argument: str
    lines: Sequence[Mapping[str, Any]]
    first: int

    @property
    def shown(self) -> Sequence[Mapping[str, Any]]:
        """The lines that are on the form."""
        return self.lines[self.first : self.first + SHOWN]

    def with_typed(self, typed: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return all lines as the operation takes them, with those that were typed."""
        before = [_sent(line) for line in self.lines[: self.first]]
        after = [_sent(line) for line in self.lines[self.first + SHOWN :]]
        return [*before, *typed, *after]

    @property
    def can_be_tried(self) -> bool:
        """Whether there are so few lines that they are added up while they are typed."""
        return len(self.lines) <= _TRIED


def show_lines(
    kind: RecordKind, uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form of the lines, with some empty rows; what was typed stays after an error.

    Raises:
        NotFound: Records of this type have no lines.
    """
    record = get_record(uow, kind.record_type, key)
    sheet = _sheet(kind, uow, record)
    is_sent = request.method == "POST"
    rows = typed_rows(sheet.first) if is_sent else _stored_rows(uow, sheet.shown)
    offered = uow.select(Product).where(Product.sold).order_by(Product.name).limit(_OFFERED)
    return render_template(
        "records/lines_form.html",
        kind=kind,
        record=record,
        title=title_of(record),
        sheet=sheet,
        page_size=SHOWN,
        rows=[*rows, *({} for _ in range(spare_rows()))],
        told=len(rows),
        products=uow.session.scalars(offered).all(),
        tax_categories=list(TAX_CATEGORIES.items()),
        error=error,
        errors=_of_rows(sheet, error),
        conflict=isinstance(error, StaleVersion),
    )


def save_lines(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Replace the lines that the form shows and go back to the record.

    Where a button of the form asks for something else, show it again: more rows, or other ones;
    or what the lines that are typed come to.
    """
    if request.form.get("more") or request.form.get("do"):
        return show_lines(kind, uow, key=key)
    record = get_record(uow, kind.record_type, key)
    sheet = _sheet(kind, uow, record)
    if request.args.get("try"):
        return _show_sums(kind, uow, record, sheet)
    run(uow, sheet.operation, _arguments(kind, uow, record, sheet))
    flash("Saved.", "good")
    return redirect(url_for(f"{kind.place}.show", key=key))


def _show_sums(kind: RecordKind, uow: UnitOfWork, record: Any, sheet: Sheet) -> ResponseReturnValue:
    """Show what the lines would come to, or why that can't be told yet."""
    lines: list[dict[str, Any]] = []
    sums, problem = None, ""
    try:
        given = get_operation(sheet.operation).load(_arguments(kind, uow, record, sheet))
        lines, sums = try_lines(uow, record, given[sheet.argument])
    except Invalid as error:
        problem = reason_of(error)
    return render_template(
        "records/lines_sums.html",
        record=record,
        lines=lines[sheet.first :][: len(typed_rows(sheet.first))],
        sums=sums,
        problem=problem,
    )


def _arguments(kind: RecordKind, uow: UnitOfWork, record: Any, sheet: Sheet) -> dict[str, Any]:
    return {
        kind.id_argument: str(record.id),
        sheet.argument: sheet.with_typed(_typed_lines(uow, sheet)),
        "version": request.form.get("version"),
    }


def _sheet(kind: RecordKind, uow: UnitOfWork, record: Any) -> Sheet:
    """Return the lines of a record.

    Raises:
        NotFound: Records of this type have none, or what they cost is hidden from the actor.
    """
    first = max(0, request.values.get("from", default=1, type=int) - 1)
    if isinstance(record, Deal):
        if uow.readable_field(kind.type, "amount") is None:
            raise NotFound("There is no such page.")
        lines = positions_of(uow, record) if has_positions(uow, record) else []
        return Sheet("deal.set_positions", "positions", lines, first)
    if not kind.lines or not sees_prices(uow, kind.record_type):
        raise NotFound("There is no such page.")
    return Sheet(f"{kind.record_type}.update", "lines", present_lines(uow, record), first)


def _typed_lines(uow: UnitOfWork, sheet: Sheet) -> list[dict[str, Any]]:
    """Return what was typed as the operation takes it.

    Where the product of a line is another one, what came from the former does not stay.

    Raises:
        Invalid: There is no such product.
    """
    rows = typed_rows(sheet.first)
    products = _products_by_text(uow, {row["product"] for row in rows} - {""})
    lines = []
    for number, row in enumerate(rows):
        product = row["product"]
        if product and product.casefold() not in products:
            message = f"There is no product {product[:50]}."
            raise Invalid(
                message, {f"{sheet.argument}.{sheet.first + number}.product_id": [message]}
            )
        line: dict[str, Any] = {
            name: number_text(row[name]) if name in _NUMBERS else row[name]
            for name in _TYPED
            if row[name]
        }
        kept = _line_at(sheet, row["at"])
        product_id = products.get(product.casefold())
        if product_id is not None:
            line["product_id"] = str(product_id)
        if product_id is not None and kept is not None and kept["product_id"] != product_id:
            for name in _FROM_PRODUCT:
                if row[name] == _shown(kept[name]):
                    line.pop(name, None)
        lines.append(line)
    return lines


def _products_by_text(uow: UnitOfWork, texts: set[str]) -> dict[str, UUID]:
    """Return the products with these article numbers or names, by the text in small letters."""
    if not texts:
        return {}
    statement = uow.select(Product).where(or_(Product.code.in_(texts), Product.name.in_(texts)))
    found = uow.session.scalars(statement.order_by(Product.created_at)).all()
    by_name = {product.name.casefold(): product.id for product in found}
    return by_name | {product.code.casefold(): product.id for product in found}


def _line_at(sheet: Sheet, position: str) -> Mapping[str, Any] | None:
    """Return the kept line that a row was made of."""
    number = int(position) if position.isdecimal() else len(sheet.lines)
    return sheet.lines[number] if number < len(sheet.lines) else None


def _stored_rows(uow: UnitOfWork, lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    keys = {line["product_id"] for line in lines} - {None}
    statement = uow.select(Product).where(Product.id.in_(keys))
    codes = {product.id: product.code for product in uow.session.scalars(statement)} if keys else {}
    start = max(0, request.values.get("from", default=1, type=int) - 1)
    return [
        {
            **{name: _shown(line[name]) for name in _TYPED},
            "product": codes.get(line["product_id"], ""),
            "at": str(number),
        }
        for number, line in enumerate(lines, start=start)
    ]


def _of_rows(sheet: Sheet, error: LanewiseError | None) -> dict[str, Sequence[str]]:
    """Return the messages of an error by ``<row>.<column>``, rows counted from 0."""
    found: dict[str, Sequence[str]] = {}
    for name, messages in (error.fields if isinstance(error, Invalid) else {}).items():
        _, _, place = name.partition(".")
        number, _, column = place.partition(".")
        if number.isdecimal():
            column = "product" if column == "product_id" else column
            found[f"{int(number) - sheet.first}.{column}"] = messages
    return found


def _sent(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a kept line as the operation takes it."""
    return {name: str(line[name]) for name in _SENT if line[name] is not None}


def _shown(value: Any) -> str:
    """Return a value as its control holds it, a number without needless zeros."""
    text = "" if value is None else str(value).replace("\r\n", "\n").strip()
    return text.rstrip("0").rstrip(".") if "." in text and text[:1].isdigit() else text
