"""Imports every module of this layer that registers operations, jobs or hourly work.

Whoever runs operations by name imports this once.
"""

from services import submissions
from services.activities import activities
from services.activities import ahead as activities_ahead
from services.activities import invitations as activity_invitations
from services.activities import participants as activity_participants
from services.activities import repeating as activity_repeating
from services.bin import emptying as bin_emptying
from services.bin import settings as bin_settings
from services.bulk import changes as bulk_changes
from services.calendars import calendars
from services.consents import answering as consent_answering
from services.consents import consents
from services.consents import purposes as consent_purposes
from services.contracts import changing as subscription_changes
from services.contracts import contracts, repricing, subscription_life, subscriptions
from services.contracts import daily as contract_days
from services.contracts import life as contract_life
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
from services.custom import deleting as custom_deleting
from services.custom import fields as custom_fields
from services.custom import files as custom_files
from services.custom import indexes as custom_indexes
from services.custom import layout as custom_layout
from services.custom import sections as field_sections
from services.custom import types as custom_types
from services.documents import adding as document_adding
from services.documents import editing as template_editing
from services.documents import files, logo
from services.documents import making as document_making
from services.duplicates import administration as duplicate_rules
from services.duplicates import dismissing
from services.duplicates import scans as duplicate_scans
from services.exporting import exports
from services.goals import goals
from services.importing import imports
from services.importing import planning as import_planning
from services.importing import uploads as import_uploads
from services.knowledge import articles
from services.knowledge import categories as article_categories
from services.knowledge import finding as article_finding
from services.knowledge import links as article_links
from services.knowledge import versions as article_versions
from services.knowledge import votes as article_votes
from services.loyalty import earning as loyalty_earning
from services.loyalty import expiring as loyalty_expiring
from services.loyalty import members as loyalty_members
from services.loyalty import prizes as loyalty_prizes
from services.loyalty import programmes as loyalty_programmes
from services.mail import delivery as mail_delivery
from services.mail import inbound as mail_inbound
from services.mail import mails
from services.mail import threads as mail_threads
from services.marketing import (
    campaign_intake,
    campaign_members,
    campaigns,
    customer_values,
    leaving,
    purchases,
    segment_members,
    segments,
)
from services.notifications import choosing as notification_choosing
from services.notifications import mailing as notification_mailing
from services.people import assignment, groups, organization, users
from services.points import points
from services.privacy import dossiers, erasing, retention
from services.records import deletion, many, merging, notes
from services.rights import roles, sharing
from services.sales import (
    credit_notes,
    deal_quotes,
    invoices,
    numbering,
    offsets,
    orders,
    payments,
    positions,
    price_lists,
    price_steps,
    products,
    quotes,
    rates,
    reminders,
)
from services.search import rebuilding as search_rebuilding
from services.service_levels import policies as sla_policies
from services.service_levels import recount as sla_recount
from services.tags import filtering as tag_filtering
from services.tags import tags
from services.territories import by_hand as territory_by_hand
from services.territories import runs as territory_runs
from services.territories import territories
from services.views import views

__all__ = [
    "accounts",
    "activities",
    "activities_ahead",
    "activity_invitations",
    "activity_participants",
    "activity_repeating",
    "article_categories",
    "article_finding",
    "article_links",
    "article_versions",
    "article_votes",
    "articles",
    "assignment",
    "bin_emptying",
    "bin_settings",
    "bulk_changes",
    "calendars",
    "campaign_intake",
    "campaign_members",
    "campaigns",
    "consent_answering",
    "consent_purposes",
    "consents",
    "contact_accounts",
    "contacts",
    "contract_days",
    "contract_life",
    "contracts",
    "conversion",
    "credit_notes",
    "custom_deleting",
    "custom_fields",
    "custom_files",
    "custom_indexes",
    "custom_layout",
    "custom_types",
    "customer_values",
    "deal_moves",
    "deal_people",
    "deal_quotes",
    "deals",
    "deletion",
    "dismissing",
    "document_adding",
    "document_making",
    "dossiers",
    "duplicate_rules",
    "duplicate_scans",
    "erasing",
    "exports",
    "field_sections",
    "files",
    "goals",
    "groups",
    "import_planning",
    "import_uploads",
    "imports",
    "invoices",
    "leads",
    "leaving",
    "logo",
    "lost_reasons",
    "loyalty_earning",
    "loyalty_expiring",
    "loyalty_members",
    "loyalty_prizes",
    "loyalty_programmes",
    "mail_delivery",
    "mail_inbound",
    "mail_threads",
    "mails",
    "many",
    "merging",
    "notes",
    "notification_choosing",
    "notification_mailing",
    "numbering",
    "offsets",
    "orders",
    "organization",
    "payments",
    "pipeline_changes",
    "points",
    "positions",
    "price_lists",
    "price_steps",
    "products",
    "purchases",
    "quotes",
    "rates",
    "reminders",
    "repricing",
    "requests",
    "retention",
    "roles",
    "search_rebuilding",
    "segment_members",
    "segments",
    "sharing",
    "sla_policies",
    "sla_recount",
    "stages",
    "submissions",
    "subscription_changes",
    "subscription_life",
    "subscriptions",
    "tag_filtering",
    "tags",
    "template_editing",
    "territories",
    "territory_by_hand",
    "territory_runs",
    "users",
    "views",
]
