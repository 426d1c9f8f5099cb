"""The page of one's own company: what papers and mails say of it, and its logo."""

from __future__ import annotations

from base64 import b64encode
from typing import Any, Final

from flask import Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.conflicts import control_texts, editing
from app.forms import form_arguments, reason_of
from services.documents.logo import MAX_LOGO_BYTES
from services.errors import Invalid, LanewiseError, NotFound, StaleVersion
from services.money import CURRENCIES
from services.operations import run
from services.people.organization import Organization, get_organization
from services.sales.price_list_model import PriceList
from services.unit_of_work import UnitOfWork

FIELDS: Final = (
    "name",
    "address",
    "email",
    "phone",
    "website",
    "registration",
    "tax_number",
    "bank",
    "color",
    "currency",
    "language",
    "tax_name",
    "tax_percent",
    "offer_valid_days",
    "payment_days",
    "price_list_id",
    "terms",
)
_MAX_LISTS: Final = 200


def show(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form; what was typed stays after an error."""
    organization = get_organization(uow)
    lists = uow.select(PriceList).order_by(PriceList.name).limit(_MAX_LISTS)
    price_lists = [(str(one.id), one.name) for one in uow.session.scalars(lists)]
    stored = control_texts({name: getattr(organization, name) for name in FIELDS}, FIELDS)
    given = {**stored, **form_arguments(FIELDS)} if request.method == "POST" else None
    edited = editing(organization.version, stored, given, error)
    if "price_list_id" in edited.notes:
        name = dict(price_lists).get(stored["price_list_id"], "nothing")
        edited.notes["price_list_id"] = f"Saved now: {name}"
    return render_template(
        "sales/organization.html",
        organization=organization,
        values=edited.values,
        edited=edited,
        currencies=[(code, code) for code in sorted(CURRENCIES)],
        price_lists=price_lists,
        logo_kilobytes=MAX_LOGO_BYTES >> 10,
        error=error,
        conflict=isinstance(error, StaleVersion),
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def update(uow: UnitOfWork) -> ResponseReturnValue:
    """Change what is said of the company."""
    given: dict[str, Any] = form_arguments(FIELDS)
    run(uow, "organization.update", {**given, "version": request.form.get("version")})
    flash("Saved. Papers that were made stay as they are.", "good")
    return redirect(url_for("sales.organization"))


def set_logo(uow: UnitOfWork) -> ResponseReturnValue:
    """Set the logo, or take it away.

    Raises:
        Invalid: No file was chosen.
    """
    sent = request.files.get("logo")
    content = None
    if "remove" not in request.form:
        raw = b"" if sent is None else sent.read(MAX_LOGO_BYTES + 1)
        if not raw:
            message = "Choose a picture first."
            raise Invalid(message, {"content": [message]})
        content = b64encode(raw).decode()
    run(uow, "organization.set_logo", {"content": content})
    flash("The logo is set." if content else "The logo is taken away.", "good")
    return redirect(url_for("sales.organization"))


def logo(uow: UnitOfWork) -> ResponseReturnValue:
    """Send the logo.

    Raises:
        NotFound: There is none.
    """
    row = uow.session.execute(select(Organization.logo, Organization.logo_type)).one_or_none()
    if row is None or row.logo is None:
        raise NotFound("There is no logo.")
    response = Response(row.logo, mimetype=row.logo_type)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def explain(_uow: UnitOfWork, error: LanewiseError) -> ResponseReturnValue:
    """Say on the page why the logo is not taken."""
    flash(reason_of(error), "bad")
    return redirect(url_for("sales.organization"))
