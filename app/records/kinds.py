"""How each record type is shown: its columns, filters, form fields and actions.

What a field is called and what kind it has comes from the record type; this says only where it
stands. A new record type gets its pages by one more ``RecordKind``.
"""

from __future__ import annotations

from typing import Final

from app.records.activity_page import asked as asked_of_activity
from app.records.activity_page import load_page as load_activity
from app.records.contract_kinds import CONTRACT_KINDS
from app.records.deal_page import load_page
from app.records.kind import Action, OwnPage, RecordKind, Related, reason
from app.records.knowledge_kinds import ARTICLE_KIND
from app.records.loyalty_kinds import PROGRAMME_KIND
from app.records.marketing_kinds import MARKETING_KINDS
from app.records.planning_kinds import PLANNING_KINDS
from app.records.sales_kinds import SALES_KINDS

_LEAD: Final = RecordKind(
    record_type="lead",
    place="leads",
    icon="target-arrow",
    columns=("company", "status", "score", "grade", "channel", "owner_id", "created_at"),
    subtitle=("number", "company", "channel"),
    create_fields=("name", "company", "email", "phone", "source", "wishes"),
    filters=("status",),
    cards=("marketing.of_lead",),
    step_field="status",
    ends=("qualified", "worked_out"),
    bad_ends=("worked_out",),
    actions=(
        Action(
            "convert",
            "lead.convert",
            "Convert",
            "check",
            unless=frozenset({"qualified", "worked_out"}),
            tone="primary",
            page="conversion.show",
        ),
        Action(
            "work-out",
            "lead.work_out",
            "Work out",
            "archive",
            "The lead is worked out.",
            fields=(reason("Why does nothing come of it?"),),
            unless=frozenset({"qualified", "worked_out"}),
        ),
    ),
)

_DEAL: Final = RecordKind(
    record_type="deal",
    place="deals",
    icon="briefcase",
    columns=("account_id", "amount", "stage", "probability", "expected_close_on", "owner_id"),
    subtitle=("amount", "account_id"),
    create_fields=("name", "account_id", "contact_id", "amount", "currency", "expected_close_on"),
    filters=("stage",),
    step_field="stage",
    step_operation="deal.move_stage",
    ends=("won", "lost"),
    bad_ends=("lost",),
    actions=(
        Action(
            "contract",
            "contract.make_from_deal",
            "Make contract",
            "heart-handshake",
            "The contract is drafted; it is below.",
            is_offered=False,
        ),
    ),
    own=OwnPage(
        load_page,
        "deals/head.html",
        "deals/menu.html",
        "deals/bar.html",
        "deals/people.html",
        lower="deals/positions.html",
    ),
    board="board.index",
    related=(
        Related("quote", "deal_id", "Quotes"),
        Related("order", "deal_id", "Orders"),
        Related("invoice", "deal_id", "Invoices"),
        Related("contract", "deal_id", "Contracts"),
        Related("subscription", "deal_id", "Subscriptions"),
    ),
)

_REQUEST: Final = RecordKind(
    record_type="request",
    place="requests",
    icon="ticket",
    columns=(
        "number",
        "status",
        "resolution_due_at",
        "priority",
        "type",
        "requester_name",
        "owner_id",
    ),
    subtitle=("number", "type", "requester_name"),
    create_fields=(
        "subject",
        "type",
        "priority",
        "requester_name",
        "requester_email",
        "description",
    ),
    filters=("status", "type", "priority"),
    step_field="status",
    step_operation="request.set_status",
    ends=("closed",),
    cards=("knowledge.suggestions",),
)

_ACCOUNT: Final = RecordKind(
    record_type="account",
    place="accounts",
    icon="building",
    columns=("city", "industry", "phone", "email", "owner_id", "created_at"),
    subtitle=("industry", "city"),
    create_fields=("name", "website", "email", "phone", "city", "industry"),
    cards=("sales.account", "points.of_account", "recurring.account", "marketing.of_account"),
    related=(
        Related("contact", "account_id", "Contacts"),
        Related("account", "parent_id", "Parts"),
        Related("deal", "account_id", "Deals"),
        Related("quote", "account_id", "Quotes"),
        Related("order", "account_id", "Orders"),
        Related("invoice", "account_id", "Invoices"),
        Related("contract", "account_id", "Contracts"),
        Related("subscription", "account_id", "Subscriptions"),
        Related("request", "account_id", "Requests"),
    ),
    is_party=True,
)

_CONTACT: Final = RecordKind(
    record_type="contact",
    place="contacts",
    icon="users",
    columns=("position", "account_id", "email", "phone", "owner_id", "created_at"),
    subtitle=("position", "account_id"),
    create_fields=("first_name", "last_name", "email", "phone", "position", "account_id"),
    cards=("points.of_contact", "marketing.of_contact"),
    related=(
        Related("deal", "contact_id", "Deals"),
        Related("request", "contact_id", "Requests"),
    ),
    is_party=True,
)

_ACTIVITY: Final = RecordKind(
    record_type="activity",
    place="activities",
    icon="calendar-due",
    columns=("kind", "status", "starts_at", "due_at", "regarding_id", "owner_id", "priority"),
    subtitle=("kind", "regarding_id"),
    create_fields=(
        "subject",
        "kind",
        "starts_at",
        "duration_minutes",
        "all_day",
        "due_at",
        "reminder_minutes",
        "location",
        "priority",
        "description",
    ),
    filters=("kind", "status", "priority"),
    step_field="status",
    own=OwnPage(
        load_activity,
        "activities/head.html",
        "activities/menu.html",
        "activities/bar.html",
        "activities/side.html",
        shown=("series_id",),
        form="activities/form.html",
        asked=asked_of_activity,
    ),
)

KINDS: Final = {
    kind.record_type: kind
    for kind in (
        _LEAD,
        _DEAL,
        _REQUEST,
        _ACCOUNT,
        _CONTACT,
        _ACTIVITY,
        ARTICLE_KIND,
        PROGRAMME_KIND,
        *SALES_KINDS,
        *CONTRACT_KINDS,
        *MARKETING_KINDS,
        *PLANNING_KINDS,
    )
}
