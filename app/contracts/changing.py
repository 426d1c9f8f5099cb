"""The form that changes how much of what a subscription holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, number_text
from services.contracts.billing import open_adjustments
from services.contracts.subscription_model import Subscription, SubscriptionAdjustment
from services.days import today
from services.errors import Invalid, LanewiseError, NotFound, StaleVersion
from services.operations import run
from services.sales.lines import present_lines, sees_prices
from services.sales.product_model import Product
from services.unit_of_work import UnitOfWork

_PRODUCTS: Final = 500
_LINE: Final = ("product_id", "title", "unit_price")


class _TriedError(Exception):
    """A trial is over."""


def show(
    uow: UnitOfWork,
    error: LanewiseError | None = None,
    tried: Sequence[SubscriptionAdjustment] | None = None,
    *,
    key: UUID,
) -> ResponseReturnValue:
    """Show all lines with their quantities; what was typed stays after an error or a trial."""
    record = uow.get(Subscription, key)
    if not sees_prices(uow, "subscription"):
        raise NotFound("There is no such page.")
    products = uow.select(Product).where(Product.sold).order_by(Product.name).limit(_PRODUCTS)
    options = [(str(one.id), f"{one.name} ({one.code})") for one in uow.session.scalars(products)]
    return render_template(
        "contracts/change.html",
        record=record,
        lines=present_lines(uow, record),
        products=[("", "None"), *options],
        today=today(uow).isoformat(),
        tried=tried,
        error=error,
        conflict=isinstance(error, StaleVersion),
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def save(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change what was typed, or show what that would cost."""
    if request.form.get("try"):
        return show(uow, tried=_try(uow, key), key=key)
    _change(uow, key)
    flash("Saved.", "good")
    return redirect(url_for("subscriptions.show", key=key))


def _try(uow: UnitOfWork, key: UUID) -> list[SubscriptionAdjustment]:
    """Return what the changes would cost; nothing of them stays."""
    known = {one.id for one in open_adjustments(uow, key)}
    found: list[SubscriptionAdjustment] = []
    with suppress(_TriedError), uow.savepoint():
        _change(uow, key, at_once=False)
        found = [one for one in open_adjustments(uow, key) if one.id not in known]
        for one in found:
            uow.session.expunge(one)
        raise _TriedError
    return found


def _change(uow: UnitOfWork, key: UUID, *, at_once: bool | None = None) -> None:
    """Change each quantity that was typed anew, the last line first, and add the new line.

    From the last to the first, because a line that is taken away moves those after it.
    """
    wanted = bool(request.form.get("at_once")) if at_once is None else at_once
    about: dict[str, Any] = {
        "subscription_id": str(key),
        "on": request.form.get("on") or None,
        "version": request.form.get("version"),
    }
    record = uow.get(Subscription, key)
    changes: list[tuple[str, dict[str, Any], dict[str, str]]] = []
    for line in reversed(present_lines(uow, record)):
        name = f"quantity.{line['position']}"
        typed = number_text(request.form.get(name, "").strip())
        if typed and typed != f"{line['quantity'].normalize():f}":
            values = {"position": line["position"], "quantity": typed}
            changes.append(("subscription.change_quantity", values, {"quantity": name}))
    new = {name: value for name, value in form_arguments(_LINE, {"unit_price"}).items() if value}
    if new:
        values = {**new, "quantity": number_text(request.form.get("new_quantity", "")) or "1"}
        changes.insert(0, ("subscription.add_line", values, {"quantity": "new_quantity"}))
    for number, (operation, values, names) in enumerate(changes, start=1):
        with _named(names):
            last = number == len(changes)
            run(uow, operation, {**about, **values, "at_once": wanted and last})
        about["version"] = None


@contextmanager
def _named(names: dict[str, str]) -> Iterator[None]:
    """Say what is wrong beside the control that it was typed into."""
    try:
        yield
    except Invalid as error:
        fields = {names.get(name, name): texts for name, texts in error.fields.items()}
        raise Invalid(error.message, fields, code=error.code) from error
