"""Imports every module of this layer that declares tables, so that all tables are known."""

from services import audit, audit_redactions, changes, jobs, submissions
from services.activities import model as activity_model
from services.bin import model as bin_model
from services.bulk import model as bulk_model
from services.calendars import model as calendar_model
from services.consents import model as consent_model
from services.contracts import model as contract_model
from services.contracts import subscription_model
from services.crm import (
    account_model,
    contact_account_model,
    contact_model,
    deal_model,
    lead_model,
    pipeline_model,
    request_model,
)
from services.custom import model as custom_model
from services.documents import model as document_model
from services.documents import template_model
from services.duplicates import model as duplicate_model
from services.exporting import model as export_model
from services.goals import model as goal_model
from services.importing import model as import_model
from services.knowledge import category_model as article_category_model
from services.knowledge import model as article_model
from services.loyalty import ledger_model as loyalty_ledger_model
from services.loyalty import model as loyalty_model
from services.mail import model as mail_model
from services.marketing import campaign_model, fill_model, segment_model, value_model
from services.notifications import model as notification_model
from services.people import assignment, organization, sign_in
from services.people import model as people
from services.points import model as point_model
from services.privacy import model as privacy_model
from services.records import merging, note_model, timeline
from services.rights import model as rights_model
from services.sales import currencies, numbering, positions, price_list_model, product_model
from services.sales import model as sales_model
from services.search import model as search_model
from services.service_levels import model as sla_model
from services.tags import model as tag_model
from services.territories import model as territory_model
from services.views import model as view_model

__all__ = [
    "account_model",
    "activity_model",
    "article_category_model",
    "article_model",
    "assignment",
    "audit",
    "audit_redactions",
    "bin_model",
    "bulk_model",
    "calendar_model",
    "campaign_model",
    "changes",
    "consent_model",
    "contact_account_model",
    "contact_model",
    "contract_model",
    "currencies",
    "custom_model",
    "deal_model",
    "document_model",
    "duplicate_model",
    "export_model",
    "fill_model",
    "goal_model",
    "import_model",
    "jobs",
    "lead_model",
    "loyalty_ledger_model",
    "loyalty_model",
    "mail_model",
    "merging",
    "note_model",
    "notification_model",
    "numbering",
    "organization",
    "people",
    "pipeline_model",
    "point_model",
    "positions",
    "price_list_model",
    "privacy_model",
    "product_model",
    "request_model",
    "rights_model",
    "sales_model",
    "search_model",
    "segment_model",
    "sign_in",
    "sla_model",
    "submissions",
    "subscription_model",
    "tag_model",
    "template_model",
    "territory_model",
    "timeline",
    "value_model",
    "view_model",
]
