"""Which price a client gets for a product, and why; and products by what is typed."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import or_

from app.forms import number_text
from app.records.titles import Titles
from services.arguments import MAX_QUANTITY
from services.crm.account_model import Account
from services.days import today
from services.records.types import Field
from services.sales.customer_prices import Choice, answer_price
from services.sales.product_model import Product
from services.unit_of_work import UnitOfWork

OFFERED: Final = 30
_FIELDS: Final = (
    Field("product_id", "Product", "relation", relation="product"),
    Field("account_id", "Account", "relation", relation="account"),
)


def show(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the question, and once a product is chosen the answer with its reasons."""
    keys = {field.name: _key(request.args.get(field.name)) for field in _FIELDS}
    quantity, day = _quantity(), _day(today(uow))
    product = keys["product_id"] and uow.get(Product, keys["product_id"])
    account = keys["account_id"] and uow.get(Account, keys["account_id"])
    answer = None
    if product and quantity is not None:
        answer = answer_price(uow, product.id, account.id if account else None, quantity, day)
    typed = {name: str(key) for name, key in keys.items() if key}
    return render_template(
        "sales/answer.html",
        fields=_FIELDS,
        typed=typed,
        titles=Titles(uow, _FIELDS, [], typed),
        product=product,
        account=account,
        quantity=request.args.get("quantity", "1"),
        wrong_quantity=quantity is None,
        day=day,
        answer=answer,
        choices=Choice,
        giver=_giver(uow, answer.chosen.account_id if answer else None),
    )


def products(uow: UnitOfWork) -> ResponseReturnValue:
    """Offer the products whose article number or name has what is typed in it."""
    text = request.args.get("product", "").strip()[:100]
    statement = uow.select(Product).where(Product.sold)
    if text:
        found = [one.icontains(text, autoescape=True) for one in (Product.code, Product.name)]
        statement = statement.where(or_(*found))
    offers = uow.session.scalars(statement.order_by(Product.name).limit(OFFERED)).all()
    return render_template("sales/products.html", products=offers)


def _giver(uow: UnitOfWork, key: UUID | None) -> Account | None:
    """Return the account that the list is said for, if the reader may see it."""
    return None if key is None else uow.find(Account, key)


def _key(text: str | None) -> UUID | None:
    with suppress(ValueError):
        return UUID(text) if text else None
    return None


def _quantity() -> Decimal | None:
    """Return how many are bought; None for what is no quantity."""
    try:
        found = Decimal(number_text(request.args.get("quantity", "1").strip()) or "1")
    except InvalidOperation:
        return None
    return found if found.is_finite() and 0 < found <= MAX_QUANTITY else None


def _day(default: date) -> date:
    with suppress(ValueError):
        return date.fromisoformat(request.args.get("on", ""))
    return default
