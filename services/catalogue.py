"""Imports every module of this layer that registers operations or jobs.

Whoever runs operations by name imports this once.
"""

from services.activities import activities
from services.activities import participants as activity_participants
from services.calendars import calendars
from services.consents import answering as consent_answering
from services.consents import consents
from services.consents import purposes as consent_purposes
from services.crm import (
    accounts,
    contact_accounts,
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
from services.custom import fields as custom_fields
from services.custom import files as custom_files
from services.custom import indexes as custom_indexes
from services.custom import layout as custom_layout
from services.custom import types as custom_types
from services.documents import files, templates
from services.exporting import exports
from services.importing import imports
from services.knowledge import articles
from services.knowledge import categories as article_categories
from services.knowledge import finding as article_finding
from services.knowledge import links as article_links
from services.knowledge import versions as article_versions
from services.knowledge import votes as article_votes
from services.mail import delivery as mail_delivery
from services.mail import inbound as mail_inbound
from services.mail import mails
from services.mail import threads as mail_threads
from services.people import assignment, organization, users
from services.points import points
from services.records import deletion, duplicate_scans, merging, notes
from services.rights import roles, sharing
from services.sales import (
    currencies,
    invoices,
    numbering,
    orders,
    positions,
    price_lists,
    products,
    quotes,
)
from services.search import rebuilding as search_rebuilding
from services.service_levels import policies as sla_policies
from services.service_levels import recount as sla_recount
from services.tags import filtering as tag_filtering
from services.tags import tags
from services.views import views

__all__ = [
    "accounts",
    "activities",
    "activity_participants",
    "article_categories",
    "article_finding",
    "article_links",
    "article_versions",
    "article_votes",
    "articles",
    "assignment",
    "calendars",
    "consent_answering",
    "consent_purposes",
    "consents",
    "contact_accounts",
    "contacts",
    "conversion",
    "currencies",
    "custom_fields",
    "custom_files",
    "custom_indexes",
    "custom_layout",
    "custom_types",
    "deal_moves",
    "deal_people",
    "deals",
    "deletion",
    "duplicate_scans",
    "exports",
    "files",
    "imports",
    "invoices",
    "leads",
    "lost_reasons",
    "mail_delivery",
    "mail_inbound",
    "mail_threads",
    "mails",
    "merging",
    "notes",
    "numbering",
    "orders",
    "organization",
    "pipeline_changes",
    "points",
    "positions",
    "price_lists",
    "products",
    "quotes",
    "requests",
    "roles",
    "search_rebuilding",
    "sharing",
    "sla_policies",
    "sla_recount",
    "stages",
    "tag_filtering",
    "tags",
    "templates",
    "users",
    "views",
]
