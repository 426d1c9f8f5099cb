"""Imports every module of this layer that registers operations or jobs.

Whoever runs operations by name imports this once.
"""

from services import (
    accounts,
    assignment,
    contacts,
    conversion,
    deals,
    files,
    leads,
    mail_delivery,
    mail_inbound,
    mails,
    notes,
    organization,
    positions,
    requests,
    templates,
    users,
)

__all__ = [
    "accounts",
    "assignment",
    "contacts",
    "conversion",
    "deals",
    "files",
    "leads",
    "mail_delivery",
    "mail_inbound",
    "mails",
    "notes",
    "organization",
    "positions",
    "requests",
    "templates",
    "users",
]
