"""What becomes of each table in which keys of persons stand, when one is erased."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class Fate(StrEnum):
    """What becomes of the rows."""

    DELETED = "deleted"
    EMPTIED = "emptied"
    CLEANED = "cleaned"
    KEPT = "kept"
    PROCESS = "process"


FATES: Final[Mapping[str, Fate]] = {
    # Of the person alone, and of no use without it.
    "activity_participants.contact_id": Fate.DELETED,
    "activity_participants.lead_id": Fate.DELETED,
    "contact_accounts.contact_id": Fate.DELETED,
    "contact_points.record_id": Fate.DELETED,
    "deal_contacts.contact_id": Fate.DELETED,
    "document_makings.record_id": Fate.DELETED,
    "mail_links.record_id": Fate.DELETED,
    "mentions.record_id": Fate.DELETED,
    "messages.record_id": Fate.DELETED,
    "notifications.record_id": Fate.DELETED,
    "record_shares.record_id": Fate.DELETED,
    "segment_members.record_id": Fate.DELETED,
    "tag_links.record_id": Fate.DELETED,
    # That it happened stays, what it said goes.
    "activities.regarding_id": Fate.EMPTIED,
    "consent_entries.record_id": Fate.EMPTIED,
    "documents.record_id": Fate.EMPTIED,
    "leads.contact_id": Fate.EMPTIED,
    "mails.record_id": Fate.EMPTIED,
    "requests.contact_id": Fate.EMPTIED,
    "timeline_entries.record_id": Fate.EMPTIED,
    # Business of an account: only the person's words go.
    "deals.contact_id": Fate.CLEANED,
    "deals.lead_id": Fate.CLEANED,
    # Bookkeeping that the law wants kept, and counts without a word of the person.
    "campaign_members.bought_id": Fate.KEPT,  # a deal or an invoice
    "campaign_members.record_id": Fate.KEPT,
    "client_subscriptions.contact_id": Fate.KEPT,
    "contracts.contact_id": Fate.KEPT,
    "invoices.contact_id": Fate.KEPT,
    "loyalty_members.contact_id": Fate.KEPT,
    "orders.contact_id": Fate.KEPT,
    "quotes.contact_id": Fate.KEPT,
    "territory_changes.record_id": Fate.KEPT,
    # Processes must have ended; what they knew is emptied.
    "process_instances.record_id": Fate.PROCESS,
    "work_items.record_id": Fate.PROCESS,
}
"""Table and column → what becomes of its rows; one that is left out is kept and named so."""

TOLD: Final[Mapping[str, str]] = {
    "activities": "activities",
    "activity_participants": "participations in activities",
    "audit_entries": "entries of the audit",
    "bulk_refusals": "refused changes of many records",
    "campaign_members": "memberships in campaigns (numbers only)",
    "client_subscriptions": "subscriptions",
    "consent_entries": "consents (that they were given, without evidence)",
    "contact_accounts": "places at accounts",
    "contact_points": "addresses and numbers",
    "contracts": "contracts",
    "deal_contacts": "roles in deals",
    "deals": "deals (the person's name and addresses)",
    "document_makings": "documents underway",
    "documents": "files",
    "invoices": "invoices",
    "leads": "leads",
    "loyalty_members": "loyalty points (numbers only)",
    "mail_links": "links to conversations",
    "mails": "mails",
    "mentions": "mentions",
    "messages": "messages to processes",
    "notifications": "notifications",
    "orders": "orders",
    "process_instances": "processes that have ended",
    "quotes": "quotes",
    "record_shares": "shares",
    "requests": "service requests",
    "segment_members": "places in segments",
    "tag_links": "tags",
    "territory_changes": "changes of territory (numbers only)",
    "timeline_entries": "entries of the timeline",
    "work_items": "tasks",
}
"""Table → what people call its rows."""

LEFT_OUT: Final = frozenset(
    {
        "document_makings",
        "mail_links",
        "mentions",
        "notifications",
        "record_shares",
        "territory_changes",
    }
)
"""What tells of the people who work here rather than of the person."""
