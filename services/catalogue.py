"""Imports every module of this layer that registers operations or jobs.

Whoever runs operations by name imports this once.
"""

from services import (
    accounts,
    assignment,
    calendars,
    contacts,
    conversion,
    currencies,
    deals,
    files,
    leads,
    mail_delivery,
    mail_inbound,
    mails,
    notes,
    organization,
    positions,
    price_lists,
    products,
    requests,
    submissions,
    templates,
    users,
)

__all__ = [
    "accounts",
    "assignment",
    "calendars",
    "contacts",
    "conversion",
    "currencies",
    "deals",
    "files",
    "leads",
    "mail_delivery",
    "mail_inbound",
    "mails",
    "notes",
    "organization",
    "positions",
    "price_lists",
    "products",
    "requests",
    "submissions",
    "templates",
    "users",
]
