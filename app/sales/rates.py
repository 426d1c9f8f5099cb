"""The page of exchange rates: those of today, of one currency over time, and a pasted table."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from services.days import today
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.people.organization import get_organization
from services.sales.rates import LISTED, currencies_without_rate, newest_rates, rates_of
from services.unit_of_work import UnitOfWork

_FIELDS: Final = ("currency", "valid_from", "rate")


def show(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show what each currency is worth today, and the rates of the one that is asked for."""
    day = today(uow)
    currency = request.args.get("currency", "")
    before = None
    with suppress(ValueError):
        before = date.fromisoformat(request.args.get("before", ""))
    past = rates_of(uow, currency, before, LISTED + 1) if currency else []
    return render_template(
        "sales/rates.html",
        day=day,
        own=get_organization(uow).currency,
        newest=newest_rates(uow, day),
        missing=currencies_without_rate(uow, day),
        currency=currency,
        past=past[:LISTED],
        older=past[LISTED - 1].valid_from if len(past) > LISTED else None,
        given=form_arguments((*_FIELDS, "text")),
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Set a rate."""
    made = run(uow, "currency.set_rate", form_arguments(_FIELDS, {"rate"}))
    flash("The rate is set.", "good")
    return redirect(url_for("sales.rates", currency=made.currency))


def import_(uow: UnitOfWork) -> ResponseReturnValue:
    """Take over a pasted table."""
    done = run(uow, "currency.import_rates", {"text": request.form.get("text", "")})
    flash(f"{done['added']} rates are new, {done['changed']} are changed.", "good")
    return redirect(url_for("sales.rates"))


def remove(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Remove a rate."""
    run(uow, "currency.remove_rate", {"rate_id": str(key)})
    flash("The rate is removed.", "good")
    return redirect(url_for("sales.rates", currency=request.form.get("currency")))


def explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    """Say on the page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("sales.rates"))
