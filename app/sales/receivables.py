"""What clients owe, by how late it is, and the late invoices, of which they are reminded."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.paper_told import told_reminded
from app.records.titles import Titles
from services.days import today
from services.errors import LanewiseError, NotAllowed
from services.operations import run
from services.records.types import get_record_type
from services.sales.lines import sees_prices
from services.sales.model import Invoice
from services.sales.receivables import AGES, days_late, late_invoices, owed_by_age
from services.unit_of_work import UnitOfWork

PAGE: Final = 50


def show(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what is owed, and a page of the late invoices, the latest first.

    Raises:
        NotAllowed: What invoices come to is hidden from the actor.
    """
    if not sees_prices(uow, "invoice"):
        raise NotAllowed("Your roles don't let you see what invoices come to.")
    day = today(uow)
    found = late_invoices(uow, day, limit=PAGE + 1, after=_after())
    rows = found[:PAGE]
    accounts = [field for field in get_record_type("invoice").fields if field.name == "account_id"]
    return render_template(
        "sales/receivables.html",
        owed=owed_by_age(uow, day),
        ages=AGES,
        rows=rows,
        late={row.id: days_late(row, day) for row in rows},
        titles=Titles(uow, accounts, rows),
        day=day,
        after=f"{rows[-1].due_on}.{rows[-1].id}" if len(found) > PAGE else None,
        is_further=_after() is not None,
    )


def remind(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Remind the client of one invoice, and stay on the page."""
    made = run(uow, "invoice.remind", {"invoice_id": str(key)})
    flash(told_reminded(uow.get(Invoice, key), made), "good")
    return _back()


def explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    """Say on the page why nobody was reminded."""
    flash(reason_of(error), "bad")
    return _back()


def _after() -> tuple[date, UUID] | None:
    """Return the place that the page begins after; None for the first page."""
    day, _, key = request.args.get("after", "").partition(".")
    with suppress(ValueError):
        return date.fromisoformat(day), UUID(key)
    return None


def _back() -> ResponseReturnValue:
    return redirect(url_for("sales.receivables", after=request.args.get("after")))
