"""Parts of papers: which lines of an order are invoiced, which of an invoice are credited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import number_text, reason_of
from app.records.paper_told import named, named_within
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.sales.credit_notes import quantities_to_credit
from services.sales.lines import lines_of
from services.sales.model import Invoice, Order, SalesDocument, SalesLine
from services.sales.orders import quantities_left
from services.unit_of_work import UnitOfWork

SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class PartRow:
    """A line of the form: what is left of it, what is typed, and what is wrong with that."""

    line: SalesLine
    left: Decimal
    typed: str
    wrong: tuple[str, ...]


def show_order(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Ask which lines of an order are invoiced, and how much of each."""
    order = uow.get(Order, key)
    return _form(uow, "sales/invoice_order.html", order, quantities_left(uow, order), error)


def invoice(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Draft an invoice of what was typed, or of all that is left."""
    percent = number_text(request.form.get("percent", "").strip())
    wanted = {"percent": percent} if "share" in request.form else _parts()
    made = run(uow, "order.invoice", {"order_id": str(key), **wanted})
    flash(f"This is a draft for {named_within(uow.get(Order, key))}.", "good")
    return redirect(url_for("invoices.show", key=made.id))


def show_invoice(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Ask which lines of an invoice are taken back, and why."""
    found = uow.get(Invoice, key)
    return _form(uow, "sales/credit_invoice.html", found, quantities_to_credit(uow, found), error)


def credit(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Issue a credit note of what was typed, or of all that is left."""
    given = {"invoice_id": str(key), "reason": request.form.get("reason"), **_parts()}
    note = run(uow, "invoice.credit", given)
    flash(f"{named(note)} is issued for {named_within(uow.get(Invoice, key))}.", "good")
    return redirect(url_for("invoices.show", key=note.id))


def quote(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Draft a quote of a deal and go to it."""
    made = run(uow, "deal.quote", {"deal_id": str(key)})
    flash(f"{named(made)} is drafted.", "good")
    return redirect(url_for("quotes.show", key=made.id))


def explain_on_deal(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the deal's page why there is no quote."""
    flash(reason_of(error), "bad")
    return redirect(url_for("deals.show", key=key))


def _form(
    uow: UnitOfWork,
    template: str,
    document: SalesDocument,
    left: Mapping[int, Decimal],
    error: LanewiseError | None,
) -> ResponseReturnValue:
    open_lines = [line for line in lines_of(uow, document) if left[line.position]]
    return render_template(
        template,
        record=document,
        rows=_rows(open_lines[:SHOWN], left, error),
        hidden=max(0, len(open_lines) - SHOWN),
        reason=request.form.get("reason", ""),
        percent=request.form.get("percent", ""),
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def _rows(
    lines: list[SalesLine], left: Mapping[int, Decimal], error: LanewiseError | None
) -> list[PartRow]:
    """Return the rows of the form, with what was typed and the message of the row it is about."""
    errors = error.fields if isinstance(error, Invalid) else {}
    sent = [part["position"] for part in _typed()]
    rows = []
    for line in lines:
        name, position = f"quantity.{line.position}", str(line.position)
        number = sent.index(position) if position in sent else -1
        typed = request.form.get(name, f"{left[line.position].normalize():f}")
        wrong = errors.get(f"lines.{number}.quantity", ())
        rows.append(PartRow(line, left[line.position], typed, tuple(wrong)))
    return rows


def _parts() -> dict[str, Any]:
    """Return the lines that were typed; nothing for all that is left.

    Raises:
        Invalid: No quantity was typed.
    """
    if "all" in request.form:
        return {}
    typed = _typed()
    if not typed:
        message = "Say how much of at least one line."
        raise Invalid(message, {"lines": [message]})
    return {"lines": typed}


def _typed() -> list[dict[str, str]]:
    """Return position and quantity of the lines that have one; 0 leaves a line out."""
    found = []
    for name, text in request.form.items():
        head, _, position = name.partition(".")
        quantity = number_text(text.strip())
        if head == "quantity" and quantity.strip("0.") and position.isdecimal():
            found.append({"position": position, "quantity": quantity})
    return found
