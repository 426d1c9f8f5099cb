"""How contracts and subscriptions are shown."""

from __future__ import annotations

from typing import Final

from app.records.contract_page import load_contract, load_subscription
from app.records.kind import Action, OwnPage, RecordKind, Related, reason
from app.records.paper_told import (
    about,
    told_cancelled,
    told_raised,
    told_renewed,
    told_resuming,
)
from services.contracts.subscription_life import WHEN
from services.records.types import Field

_CONTRACT: Final = RecordKind(
    record_type="contract",
    place="contracts",
    icon="heart-handshake",
    columns=("number", "account_id", "value", "status", "ends_on", "owner_id"),
    subtitle=("number", "account_id", "value"),
    create_fields=(
        "title",
        "account_id",
        "contact_id",
        "deal_id",
        "starts_on",
        "ends_on",
        "renewal_months",
        "notice_count",
        "notice_unit",
        "value",
        "currency",
    ),
    filters=("status",),
    step_field="status",
    ends=("ended", "cancelled"),
    bad_ends=("cancelled",),
    actions=(
        Action(
            "activate",
            "contract.activate",
            "Put into force",
            "check",
            about("is in force."),
            unless=frozenset({"active", "ended", "cancelled"}),
            tone="primary",
        ),
        Action(
            "renew",
            "contract.renew",
            "Renew",
            "refresh",
            told_renewed,
            fields=(Field("months", "Months", "number"), Field("until", "Or until", "date")),
            is_offered=False,
        ),
        Action(
            "raise",
            "contract.raise_prices",
            "Raise prices",
            "trending-up",
            told_raised,
            fields=(Field("percent", "By percent", "markup"),),
            is_offered=False,
        ),
        Action(
            "cancel",
            "contract.cancel",
            "Cancel",
            "circle-x",
            told_cancelled,
            fields=(
                reason("Why does it end?"),
                Field("ends_on", "Last day", "date"),
                Field("given_on", "Notice given on", "date"),
                Field("by_agreement", "Both sides agree", "boolean"),
            ),
            is_offered=False,
        ),
        Action(
            "keep",
            "contract.keep",
            "Take the cancellation back",
            "arrow-back-up",
            about("goes on."),
            is_offered=False,
        ),
    ),
    related=(Related("subscription", "contract_id", "Subscriptions"),),
    lines=True,
    own=OwnPage(
        load_contract,
        "contracts/contract_head.html",
        "contracts/menu.html",
        "contracts/contract_bar.html",
        "contracts/contract_side.html",
    ),
)

_SUBSCRIPTION: Final = RecordKind(
    record_type="subscription",
    place="subscriptions",
    icon="repeat",
    columns=("number", "account_id", "mrr", "status", "next_invoice_on", "ends_on"),
    subtitle=("number", "account_id", "mrr"),
    create_fields=(
        "title",
        "account_id",
        "contract_id",
        "interval_unit",
        "interval_count",
        "starts_on",
        "anchor_day",
        "invoicing",
        "price_list_id",
        "currency",
    ),
    filters=("status",),
    step_field="status",
    ends=("ended",),
    actions=(
        Action(
            "activate",
            "subscription.activate",
            "Start",
            "player-play",
            about("is started."),
            fields=(Field("invoice_from", "Invoice from", "date"),),
            is_offered=False,
        ),
        Action(
            "pause",
            "subscription.pause",
            "Pause",
            "player-pause",
            told_resuming,
            fields=(Field("resumes_on", "Resumes on", "date"),),
            is_offered=False,
        ),
        Action(
            "resume",
            "subscription.resume",
            "Go on",
            "player-play",
            about("goes on."),
            unless=frozenset({"draft", "active", "ended"}),
            tone="primary",
        ),
        Action(
            "cancel",
            "subscription.cancel",
            "Cancel",
            "circle-x",
            told_cancelled,
            fields=(
                reason("Why does it end?"),
                Field("when", "When", "choice", choices=WHEN),
                Field("refund", "Give back what is paid for later days", "boolean"),
            ),
            is_offered=False,
        ),
        Action(
            "keep",
            "subscription.keep",
            "Take the cancellation back",
            "arrow-back-up",
            about("goes on."),
            is_offered=False,
        ),
        Action(
            "raise",
            "subscription.raise_prices",
            "Raise prices",
            "trending-up",
            about("has other prices from the next period on."),
            fields=(Field("percent", "By percent", "markup"),),
            is_offered=False,
        ),
        Action(
            "invoice",
            "subscription.invoice",
            "Invoice now",
            "coin",
            about("is invoiced; the invoice is below."),
            is_offered=False,
        ),
    ),
    related=(Related("invoice", "subscription_id", "Invoices"),),
    lines=True,
    own=OwnPage(
        load_subscription,
        "contracts/subscription_head.html",
        "contracts/menu.html",
        "contracts/subscription_bar.html",
        "contracts/subscription_side.html",
    ),
)

CONTRACT_KINDS: Final = (_CONTRACT, _SUBSCRIPTION)
