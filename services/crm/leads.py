"""What can be done with leads, but for their conversion."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields

from services.actors import Permission
from services.arguments import Email, Line, LongText, Phone
from services.consents.keeping import Said, add_consent
from services.consents.model import Channel, ConsentState
from services.consents.purposes import INQUIRY, find_purpose
from services.crm.lead_model import LEAD, LEAD_NUMBERS, LEAD_STATUSES, Lead, LeadStatus
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.errors import Conflict, Invalid
from services.marketing.keywords import find_campaign_by
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, key_argument, update_schema
from services.unit_of_work import UnitOfWork

# What a person may set by hand; qualified and worked out have operations of their own.
_BY_HAND = {
    LeadStatus.NEW.value: {LeadStatus.WORKING.value},
    LeadStatus.WORKING.value: {LeadStatus.NEW.value},
    LeadStatus.WORKED_OUT.value: {LeadStatus.WORKING.value},
    LeadStatus.QUALIFIED.value: set[str](),
}


class SubmitLead(Arguments):
    """What the public web form sends."""

    name = Line(required=True, metadata={"title": "Name"})
    company = Line(load_default=None, allow_none=True, metadata={"title": "Company"})
    email = Email(load_default=None, allow_none=True, metadata={"title": "E-mail"})
    phone = Phone(load_default=None, allow_none=True, metadata={"title": "Phone"})
    wishes = LongText(load_default=None, allow_none=True, metadata={"title": "Your wishes"})
    channel = Line(load_default=None, allow_none=True, metadata={"title": "Channel"})
    campaign_keyword = Line(
        load_default=None, allow_none=True, metadata={"title": "Campaign keyword"}
    )
    consent = fields.Boolean(load_default=False, metadata={"title": "May be contacted"})


class WorkOutLead(Arguments):
    """Which lead leads nowhere, and why."""

    lead_id = key_argument(LEAD)
    reason = Line(
        required=True, metadata={"title": "Reason", "description": "Why nothing came of it."}
    )


@operation("lead.submit", Permission.LEAD_SUBMIT, SubmitLead)
def submit_lead(uow: UnitOfWork, *, consent: bool, **values: Any) -> dict[str, Any]:
    """Leave one's wishes and address in the public form."""
    if not (values["email"] or values["phone"]):
        message = "Please leave an e-mail address or a phone number."
        raise Invalid(message, {"email": [message]})
    lead = Lead(source="web form", consent_at=uow.now if consent else None, **values)
    _begin(uow, lead, title="Came in by the web form")
    if consent:
        _note_consent(uow, lead)
    return {"reference": lead.number}


@operation(
    "lead.create",
    Permission.RECORD_WRITE,
    create_schema(LEAD, **DOUBLE_ARGUMENTS),
    in_diagrams=True,
)
@asks_about_doubles("lead")
def create_lead(uow: UnitOfWork, **values: Any) -> Lead:
    """Create a lead."""
    if values.get("status") not in {None, LeadStatus.NEW, LeadStatus.WORKING}:
        message = "A lead begins as new or working."
        raise Invalid(message, {"status": [message]})
    lead = Lead(**{name: value for name, value in values.items() if value is not None})
    check_links(uow, lead)
    _begin(uow, lead, title=f"Created lead “{lead.name}”")
    return lead


@operation("lead.update", Permission.RECORD_WRITE, update_schema(LEAD), in_diagrams=True)
def update_lead(
    uow: UnitOfWork, *, lead_id: UUID, version: int | None = None, **values: Any
) -> Lead:
    """Change a lead."""
    lead = uow.get(Lead, lead_id)
    values = _filled(values)
    keyword = values.get("campaign_keyword")
    if keyword and not (lead.campaign_id or values.get("campaign_id")):
        values["campaign_id"] = find_campaign_by(uow, keyword)
    status = values.get("status")
    if status is not None and status != lead.status:
        if status not in _BY_HAND[lead.status]:
            before, after = LEAD_STATUSES[lead.status], LEAD_STATUSES[status]
            raise Conflict(f"A lead can't go from {before} to {after} like this.")
        values |= {"lost_reason": None, "closed_at": None}
    change_record(uow, lead, values, version=version)
    return lead


@operation("lead.work_out", Permission.RECORD_WRITE, WorkOutLead, in_diagrams=True)
def work_out_lead(uow: UnitOfWork, *, lead_id: UUID, reason: str) -> Lead:
    """Close a lead that leads to no business."""
    lead = uow.get(Lead, lead_id, lock=True)
    if lead.status == LeadStatus.QUALIFIED:
        raise Conflict("This lead has been converted already.")
    if lead.status == LeadStatus.WORKED_OUT:
        return lead
    values = {
        "status": LeadStatus.WORKED_OUT.value,
        "lost_reason": reason,
        "closed_at": uow.now,
    }
    change_record(uow, lead, values, kind="status", title=f"Worked out: {reason}")
    uow.emit("lead.worked_out", "lead", lead.id, reason=reason)
    return lead


def _begin(uow: UnitOfWork, lead: Lead, *, title: str) -> None:
    if lead.campaign_id is None and lead.campaign_keyword:
        lead.campaign_id = find_campaign_by(uow, lead.campaign_keyword)
    lead.number = f"L-{uow.session.scalar(LEAD_NUMBERS.next_value().select()):06d}"
    add_record(uow, lead, title=title)
    uow.emit("lead.created", "lead", lead.id, channel=lead.channel, keyword=lead.campaign_keyword)


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    """Read an emptied score as 0 and an emptied status as no change."""
    if values.get("status", "") is None:
        del values["status"]
    if values.get("score", 0) is None:
        values["score"] = 0
    return values


def _note_consent(uow: UnitOfWork, lead: Lead) -> None:
    """Keep what was ticked in the form, with the version of the words beside it."""
    purpose = find_purpose(uow, INQUIRY)
    if purpose is None or purpose.archived_at is not None:
        return
    evidence = uow.address and f"Sent from {uow.address}"
    by = {Channel.MAIL.value: lead.email, Channel.PHONE.value: lead.phone}
    for channel, address in by.items():
        if address:
            said = Said("web form", evidence, address=address)
            add_consent(uow, "lead", lead.id, channel, purpose, ConsentState.GIVEN, said)
