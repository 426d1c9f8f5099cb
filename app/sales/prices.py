"""The prices on a price list: added on its page, changed, ended."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from services.errors import Invalid, LanewiseError, NotFound
from services.operations import run
from services.sales.price_list_model import Price, PriceList
from services.sales.product_model import Product
from services.unit_of_work import UnitOfWork

_STEP: Final = ("minimum_quantity", "unit_price", "valid_from", "valid_until")


def add(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Put a price on the list."""
    given = _given()
    product = request.form.get("product", "").strip()
    run(
        uow,
        "price.add",
        {**given, "price_list_id": str(key), "product_id": str(product_by_text(uow, product).id)},
    )
    flash("The price is on the list.", "good")
    return _back(key)


def show(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID, other: UUID
) -> ResponseReturnValue:
    """Show the form of one price."""
    price, price_list, product = _load(uow, key, other)
    values = {name: getattr(price, name) for name in _STEP}
    values["minimum_quantity"] = price.minimum_quantity or None
    return render_template(
        "sales/price.html",
        price=price,
        price_list=price_list,
        product=product,
        values={**values, **form_arguments(_STEP)},
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def change(uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Change a price."""
    _load(uow, key, other)
    run(uow, "price.change", {**_given(), "price_id": str(other)})
    flash("Saved. Papers keep the prices that they have.", "good")
    return _back(key)


def end(uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Let today be a price's last day."""
    _load(uow, key, other)
    run(uow, "price.end", {"price_id": str(other)})
    flash("Today is the last day of this price.", "good")
    return _back(key)


def remove(uow: UnitOfWork, *, key: UUID, other: UUID) -> ResponseReturnValue:
    """Remove a price."""
    _load(uow, key, other)
    run(uow, "price.remove", {"price_id": str(other)})
    flash("The price is removed.", "good")
    return _back(key)


def explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: Any
) -> ResponseReturnValue:
    """Say on the list's page why nothing was done."""
    flash(reason_of(error), "bad")
    return _back(key)


def product_by_text(uow: UnitOfWork, text: str) -> Product:
    """Return the product with this article number, else the only one with this name.

    Raises:
        Invalid: There is none.
    """
    for column in (Product.code, Product.name):
        found = uow.session.scalars(uow.select(Product).where(column == text).limit(2)).all()
        if len(found) == 1:
            return found[0]
    message = f"There is no product with the article number {text[:50]}."
    raise Invalid(message, {"product_id": [message]})


def _load(uow: UnitOfWork, key: UUID, other: UUID) -> tuple[Price, PriceList, Product]:
    price_list = uow.get(PriceList, key)
    price = uow.session.get(Price, other)
    if price is None or price.price_list_id != price_list.id:
        raise NotFound("There is no such price.")
    return price, price_list, uow.session.get_one(Product, price.product_id)


def _given() -> dict[str, str]:
    return form_arguments(_STEP, {"minimum_quantity", "unit_price"})


def _back(key: UUID) -> ResponseReturnValue:
    return redirect(url_for("price-lists.show", key=key))
