"""Imports every module of this layer that registers operations or jobs.

Whoever runs operations by name imports this once.
"""

from services.calendars import calendars
from services.crm import (
    accounts,
    contacts,
    conversion,
    deal_moves,
    deal_people,
    deals,
    leads,
    lost_reasons,
    pipeline_changes,
    requests,
    stages,
)
from services.documents import files, templates
from services.mail import delivery as mail_delivery
from services.mail import inbound as mail_inbound
from services.mail import mails
from services.people import assignment, organization, positions, users
from services.records import deletion, duplicate_scans, merging, notes
from services.sales import currencies, invoices, numbering, orders, price_lists, products, quotes
from services.search import rebuilding as search_rebuilding
from services.service_levels import policies as sla_policies
from services.service_levels import recount as sla_recount

__all__ = [
    "accounts",
    "assignment",
    "calendars",
    "contacts",
    "conversion",
    "currencies",
    "deal_moves",
    "deal_people",
    "deals",
    "deletion",
    "duplicate_scans",
    "files",
    "invoices",
    "leads",
    "lost_reasons",
    "mail_delivery",
    "mail_inbound",
    "mails",
    "merging",
    "notes",
    "numbering",
    "orders",
    "organization",
    "pipeline_changes",
    "positions",
    "price_lists",
    "products",
    "quotes",
    "requests",
    "search_rebuilding",
    "sla_policies",
    "sla_recount",
    "stages",
    "templates",
    "users",
]
