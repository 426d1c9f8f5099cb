"""Pages of sales beyond the records: settings, prices, parts of papers, payments."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.sales import (
    answers,
    balances,
    numbers,
    organization,
    parts,
    payments,
    prices,
    rates,
    receivables,
)
from app.views import Audience, View, view
from services.actors import Permission

_READ, _WRITE = Permission.RECORD_READ, Permission.RECORD_WRITE
_CATALOGUE, _TEMPLATE = Permission.CATALOGUE_WRITE, Permission.TEMPLATE_WRITE


def register(app: Flask) -> None:
    """Add the pages."""
    blueprint = Blueprint("sales", __name__, url_prefix="/sales")
    pages: tuple[tuple[str, str, Permission | Audience, View], ...] = (
        ("/organization", "organization", _TEMPLATE, organization.show),
        ("/organization/logo", "logo", Audience.SIGNED_IN, organization.logo),
        ("/numbers", "numbers", _CATALOGUE, numbers.show),
        ("/numbers/preview", "preview_number", _CATALOGUE, numbers.preview),
        ("/rates", "rates", _READ, rates.show),
        ("/price", "price", _READ, answers.show),
        ("/accounts/<uuid:key>", "account", _READ, balances.show),
        ("/products", "products", _READ, answers.products),
        ("/receivables", "receivables", _READ, receivables.show),
        ("/price-lists/<uuid:key>/prices/<uuid:other>", "price_step", _CATALOGUE, prices.show),
        ("/orders/<uuid:key>/invoice", "invoice_order", _WRITE, parts.show_order),
        ("/invoices/<uuid:key>/credit", "credit_invoice", _WRITE, parts.show_invoice),
    )
    for rule, name, decision, function in pages:
        blueprint.add_url_rule(rule, name, view(decision)(function))
    changes: tuple[tuple[str, str, Permission, View, View], ...] = (
        (
            "/organization",
            "update_organization",
            _TEMPLATE,
            organization.update,
            organization.show,
        ),
        ("/organization/logo", "set_logo", _TEMPLATE, organization.set_logo, organization.explain),
        ("/numbers", "set_pattern", _CATALOGUE, numbers.update, numbers.show),
        ("/rates", "set_rate", _CATALOGUE, rates.create, rates.show),
        ("/rates/import", "import_rates", _CATALOGUE, rates.import_, rates.show),
        ("/rates/<uuid:key>/remove", "remove_rate", _CATALOGUE, rates.remove, rates.explain),
        ("/price-lists/<uuid:key>/prices", "add_price", _CATALOGUE, prices.add, prices.explain),
        (
            "/price-lists/<uuid:key>/prices/<uuid:other>",
            "change_price",
            _CATALOGUE,
            prices.change,
            prices.show,
        ),
        (
            "/price-lists/<uuid:key>/prices/<uuid:other>/end",
            "end_price",
            _CATALOGUE,
            prices.end,
            prices.explain,
        ),
        (
            "/price-lists/<uuid:key>/prices/<uuid:other>/remove",
            "remove_price",
            _CATALOGUE,
            prices.remove,
            prices.explain,
        ),
        ("/orders/<uuid:key>/invoice", "make_invoice", _WRITE, parts.invoice, parts.show_order),
        ("/invoices/<uuid:key>/credit", "make_credit", _WRITE, parts.credit, parts.show_invoice),
        (
            "/invoices/<uuid:key>/payments/<uuid:other>/take-back",
            "take_back_payment",
            _WRITE,
            payments.take_back,
            payments.explain,
        ),
        (
            "/receivables/<uuid:key>/remind",
            "remind",
            Permission.MAIL_SEND,
            receivables.remind,
            receivables.explain,
        ),
        ("/deals/<uuid:key>/quote", "quote_deal", _WRITE, parts.quote, parts.explain_on_deal),
    )
    for rule, name, permission, function, again in changes:
        decided = view(permission, again=again)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)
