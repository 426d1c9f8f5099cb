"""How the catalogue and the papers of a sale are shown."""

from __future__ import annotations

from typing import Final

from app.records.kind import Action, OwnPage, RecordKind, Related, reason
from app.records.paper_pages import load_invoice, load_order, load_quote
from app.records.paper_told import (
    about,
    told_copied,
    told_paid,
    told_paid_back,
    told_reminded,
    told_set_off,
)
from app.records.price_pages import load_prices, load_product
from services.actors import Permission
from services.records.types import Field

_NONE: Final = "sales/nothing.html"

_PRODUCT: Final = RecordKind(
    record_type="product",
    place="products",
    icon="package",
    columns=("code", "kind", "category", "unit", "sold"),
    subtitle=("code", "category"),
    create_fields=("name", "code", "kind", "category", "unit", "tax_category", "tax_percent"),
    filters=("kind",),
    write=Permission.CATALOGUE_WRITE,
    own=OwnPage(load_product, _NONE, _NONE, _NONE, _NONE, main="sales/product_prices.html"),
)

_PRICE_LIST: Final = RecordKind(
    record_type="price_list",
    place="price-lists",
    icon="tag",
    columns=("currency", "parent_id", "percent", "valid_from", "valid_until"),
    subtitle=("currency", "parent_id"),
    create_fields=("name", "currency", "parent_id", "percent", "valid_from", "valid_until"),
    write=Permission.CATALOGUE_WRITE,
    own=OwnPage(load_prices, _NONE, _NONE, _NONE, _NONE, main="sales/list_prices.html"),
    related=(
        Related("price_list", "parent_id", "Lists based on it"),
        Related("account", "price_list_id", "Accounts that pay by it"),
    ),
)

_QUOTE: Final = RecordKind(
    record_type="quote",
    place="quotes",
    icon="file-text",
    columns=("number", "account_id", "gross", "status", "valid_until", "owner_id"),
    subtitle=("number", "account_id", "gross"),
    create_fields=("title", "account_id", "contact_id", "price_list_id", "currency", "valid_until"),
    filters=("status",),
    step_field="status",
    ends=("accepted", "declined"),
    bad_ends=("declined",),
    actions=(
        Action(
            "send",
            "quote.send",
            "Mark as sent",
            "send",
            about("is marked as sent; it can't be changed any more."),
            unless=frozenset({"sent", "accepted", "declined"}),
        ),
        Action(
            "accept",
            "quote.accept",
            "Accepted",
            "check",
            about("is accepted; its order is below."),
            unless=frozenset({"accepted", "declined"}),
            tone="primary",
        ),
        Action(
            "decline",
            "quote.decline",
            "Declined",
            "circle-x",
            about("is declined."),
            fields=(reason("Why does the client not want it?"),),
            unless=frozenset({"accepted", "declined"}),
        ),
        Action(
            "copy",
            "quote.copy",
            "Copy",
            "copy",
            told_copied,
            goes_on=True,
        ),
    ),
    related=(Related("order", "quote_id", "Order"),),
    lines=True,
    own=OwnPage(load_quote, _NONE, _NONE, "sales/bar.html", _NONE),
)

_ORDER: Final = RecordKind(
    record_type="order",
    place="orders",
    icon="clipboard-list",
    columns=("number", "account_id", "gross", "status", "ordered_on", "owner_id"),
    subtitle=("number", "account_id", "gross"),
    create_fields=("title", "account_id", "contact_id", "price_list_id", "currency", "ordered_on"),
    filters=("status",),
    step_field="status",
    ends=("invoiced", "cancelled"),
    bad_ends=("cancelled",),
    actions=(
        Action(
            "confirm",
            "order.confirm",
            "Confirm",
            "check",
            about("is confirmed."),
            unless=frozenset({"confirmed", "invoiced", "cancelled"}),
            tone="primary",
        ),
        Action(
            "invoice",
            "order.invoice",
            "Invoice the rest",
            "coin",
            about("is invoiced; the draft is below."),
            is_offered=False,
        ),
        Action(
            "cancel",
            "order.cancel",
            "Cancel order",
            "circle-x",
            about("is cancelled."),
            unless=frozenset({"invoiced", "cancelled"}),
        ),
    ),
    related=(Related("invoice", "order_id", "Invoices and credit notes"),),
    lines=True,
    own=OwnPage(load_order, "sales/order_head.html", _NONE, "sales/bar.html", _NONE),
)

_PAYMENT: Final = (
    Field("amount", "Amount", "money"),
    Field("paid_on", "Paid on", "date"),
    Field("reference", "Reference"),
)

_INVOICE: Final = RecordKind(
    record_type="invoice",
    place="invoices",
    icon="coin",
    columns=("number", "account_id", "gross", "paid", "status", "due_on"),
    subtitle=("number", "account_id", "gross"),
    create_fields=("title", "account_id", "contact_id", "price_list_id", "currency", "due_on"),
    filters=("status", "kind"),
    step_field="status",
    ends=("paid", "credited"),
    bad_ends=("credited",),
    board="sales.receivables",
    board_name=("Owed", "clock"),
    actions=(
        Action(
            "issue",
            "invoice.issue",
            "Issue",
            "check",
            about("is issued; it can't be changed any more."),
            unless=frozenset({"issued", "paid", "credited"}),
            tone="primary",
        ),
        Action(
            "pay",
            "payment.record",
            "Record a payment",
            "coin",
            told_paid,
            fields=_PAYMENT,
            is_offered=False,
        ),
        Action(
            "refund",
            "payment.refund",
            "Pay back",
            "coin",
            told_paid_back,
            fields=_PAYMENT,
            is_offered=False,
        ),
        Action(
            "offset",
            "payment.offset",
            "Set off",
            "coin",
            told_set_off,
            fields=(Field("against_id", "Invoice"), Field("amount", "Amount", "money")),
            is_offered=False,
        ),
        Action(
            "remind",
            "invoice.remind",
            "Remind",
            "bell",
            told_reminded,
            fields=(
                Field("to", "To", "email"),
                Field("message", "Message", "long_text"),
                Field("only_letter", "Only make the letter", "boolean"),
            ),
            is_offered=False,
        ),
        Action(
            "credit",
            "invoice.credit",
            "Take back",
            "arrow-back-up",
            about("is taken back; its credit note is below."),
            is_offered=False,
        ),
    ),
    related=(Related("invoice", "corrects_id", "Credit notes"),),
    lines=True,
    own=OwnPage(
        load_invoice,
        "sales/invoice_head.html",
        _NONE,
        "sales/invoice_bar.html",
        _NONE,
        lower="sales/payments.html",
    ),
)

SALES_KINDS: Final = (_PRODUCT, _PRICE_LIST, _QUOTE, _ORDER, _INVOICE)
