"""Imports every module of this layer that declares tables, so that all tables are known."""

from services import (
    account_model,
    audit,
    changes,
    contact_model,
    deal_model,
    document_model,
    jobs,
    lead_model,
    people,
    pipeline_model,
    request_model,
)

__all__ = [
    "account_model",
    "audit",
    "changes",
    "contact_model",
    "deal_model",
    "document_model",
    "jobs",
    "lead_model",
    "people",
    "pipeline_model",
    "request_model",
]
