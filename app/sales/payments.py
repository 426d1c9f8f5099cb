"""Payments that were entered by mistake, taken back from an invoice's page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.layout import amount
from app.records.paper_told import named_within
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.sales.model import Invoice
from services.sales.payments import payments_of
from services.unit_of_work import UnitOfWork


def take_back(uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Take a payment back that was entered by mistake.

    Raises:
        NotFound: The invoice has no such payment.
    """
    invoice = uow.get(Invoice, key)
    payment = next((one for one in payments_of(uow, invoice) if one.id == other), None)
    if payment is None:
        raise NotFound("There is no such payment.")
    run(uow, "payment.take_back", {"payment_id": str(other)})
    sum_ = amount(abs(payment.amount), invoice.currency)
    flash(f"The payment of {sum_} for {named_within(invoice)} is taken back.", "good")
    return _back(key)


def explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: Any
) -> ResponseReturnValue:
    """Say on the invoice's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(key)


def _back(key: UUID) -> ResponseReturnValue:
    return redirect(url_for("invoices.show", key=key))
