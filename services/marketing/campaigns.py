"""What can be done with campaigns: made, changed, begun, ended, and given their segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import Truth
from services.consents.purposes import get_purpose
from services.errors import Conflict, Invalid
from services.marketing.campaign_model import (
    CAMPAIGN,
    MEMBER_TYPES,
    Campaign,
    CampaignSegment,
    CampaignStatus,
)
from services.marketing.segment_model import SEGMENT, Segment
from services.money import known_currency, round_money
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, key_argument, update_schema
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork

MAX_SEGMENTS: Final = 20
_AMOUNTS: Final = ("budget", "actual_cost")


class WhichCampaign(Arguments):
    """Which campaign."""

    campaign_id = key_argument(CAMPAIGN)


class OfSegment(WhichCampaign):
    """Which segment of which campaign."""

    segment_id = key_argument(SEGMENT)


class AddSegment(OfSegment):
    """Arguments of ``campaign.add_segment``."""

    is_left_out = Truth(
        load_default=False,
        metadata={"title": "Leave out", "description": "Its members are not addressed."},
    )


@dataclass(frozen=True, slots=True)
class Addressed:
    """A segment of a campaign; ``segment`` is None for whoever may not see it."""

    segment_id: UUID
    segment: Segment | None
    is_left_out: bool


@operation("campaign.create", Permission.RECORD_WRITE, create_schema(CAMPAIGN), in_diagrams=True)
def create_campaign(uow: UnitOfWork, **values: Any) -> Campaign:
    """Plan a campaign.

    Raises:
        Invalid: There is no such purpose, so that nobody could be contacted; or the days are
            none in their order.
    """
    given = {name: value for name, value in values.items() if value is not None}
    if "purpose" in given:
        get_purpose(uow, given["purpose"])
    campaign = Campaign(**{"currency": get_organization(uow).currency, **given})
    check_links(uow, campaign)
    _check_days(campaign.starts_on, campaign.ends_on)
    for name in _AMOUNTS:
        _round(campaign, name)
    add_record(uow, campaign, title=f"Planned the campaign “{campaign.name}”")
    uow.emit("campaign.planned", "campaign", campaign.id)
    return campaign


@operation("campaign.update", Permission.RECORD_WRITE, update_schema(CAMPAIGN), in_diagrams=True)
def update_campaign(
    uow: UnitOfWork, *, campaign_id: UUID, version: int | None = None, **values: Any
) -> Campaign:
    """Change a campaign."""
    campaign = uow.get(Campaign, campaign_id)
    for name in ("kind", "channel", "purpose", "currency"):
        if values.get(name, "") is None:
            del values[name]
    if values.get("purpose", campaign.purpose) != campaign.purpose:
        get_purpose(uow, values["purpose"])
    starts = values.get("starts_on", campaign.starts_on)
    _check_days(starts, values.get("ends_on", campaign.ends_on))
    currency = known_currency(values.get("currency", campaign.currency))
    for name in _AMOUNTS:
        amount = values.get(name, getattr(campaign, name))
        if amount is not None:
            values[name] = round_money(amount, currency)
    change_record(uow, campaign, values, version=version)
    return campaign


@operation("campaign.activate", Permission.RECORD_WRITE, WhichCampaign, in_diagrams=True)
def activate_campaign(uow: UnitOfWork, *, campaign_id: UUID) -> Campaign:
    """Begin a campaign, or go on with one that had ended."""
    campaign = uow.get(Campaign, campaign_id, lock=True)
    if campaign.status == CampaignStatus.ACTIVE:
        return campaign
    values = {
        "status": CampaignStatus.ACTIVE.value,
        "activated_at": campaign.activated_at or uow.now,
        "ended_at": None,
    }
    change_record(uow, campaign, values, kind="status", title="The campaign is active")
    uow.emit("campaign.activated", "campaign", campaign.id)
    return campaign


@operation("campaign.end", Permission.RECORD_WRITE, WhichCampaign, in_diagrams=True)
def end_campaign(uow: UnitOfWork, *, campaign_id: UUID) -> Campaign:
    """End a campaign; nobody comes into it any more.

    Raises:
        Conflict: It has not begun.
    """
    campaign = uow.get(Campaign, campaign_id, lock=True)
    if campaign.status == CampaignStatus.ENDED:
        return campaign
    if campaign.status == CampaignStatus.PLANNED:
        raise Conflict("This campaign has not begun yet.", code="wrong_status")
    values = {"status": CampaignStatus.ENDED.value, "ended_at": uow.now}
    change_record(uow, campaign, values, kind="status", title="The campaign has ended")
    uow.emit("campaign.ended", "campaign", campaign.id)
    return campaign


@operation("campaign.add_segment", Permission.RECORD_WRITE, AddSegment)
def add_segment(
    uow: UnitOfWork, *, campaign_id: UUID, segment_id: UUID, is_left_out: bool
) -> CampaignSegment:
    """Address the members of a segment by a campaign, or leave them out.

    Raises:
        Invalid: It is a segment of accounts, or there are too many.
    """
    campaign = uow.get(Campaign, campaign_id, lock=True)
    segment = uow.get(Segment, segment_id)
    if segment.of_type not in MEMBER_TYPES:
        message = "A campaign addresses people: contacts or leads."
        raise Invalid(message, {"segment_id": [message]})
    rows = _segments(uow, campaign.id)
    known = next((row for row in rows if row.segment_id == segment_id), None)
    if known is None:
        if len(rows) >= MAX_SEGMENTS:
            raise Invalid(f"A campaign has {MAX_SEGMENTS} segments at most.")
        known = CampaignSegment(
            campaign_id=campaign.id, segment_id=segment_id, is_left_out=is_left_out
        )
        uow.add(known)
        what = "Leaves out" if is_left_out else "Addresses"
        add_entry(uow, campaign, "changed", f"{what} the segment “{segment.name}”")
    known.is_left_out = is_left_out
    return known


@operation("campaign.remove_segment", Permission.RECORD_WRITE, OfSegment)
def remove_segment(uow: UnitOfWork, *, campaign_id: UUID, segment_id: UUID) -> dict[str, Any]:
    """Take a segment off a campaign; who came in by it stays in."""
    campaign = uow.get(Campaign, campaign_id, lock=True)
    for row in _segments(uow, campaign.id):
        if row.segment_id == segment_id:
            uow.session.delete(row)
    return {"campaign_id": campaign.id}


def segments_of_campaign(uow: UnitOfWork, campaign: Campaign) -> list[Addressed]:
    """Return the segments of a campaign, the addressed ones first."""
    rows = _segments(uow, campaign.id)
    keys = [row.segment_id for row in rows]
    found = uow.session.scalars(uow.select(Segment).where(Segment.id.in_(keys))) if keys else ()
    visible = {segment.id: segment for segment in found}
    return [
        Addressed(row.segment_id, visible.get(row.segment_id), row.is_left_out)
        for row in sorted(rows, key=lambda row: (row.is_left_out, row.id))
    ]


def campaigns_of_segment(uow: UnitOfWork, segment: Segment) -> Sequence[Campaign]:
    """Return the visible campaigns that address a segment, or leave it out, by name."""
    named = select(CampaignSegment.campaign_id).where(CampaignSegment.segment_id == segment.id)
    statement = uow.select(Campaign).where(Campaign.id.in_(named))
    return uow.session.scalars(statement.order_by(func.lower(Campaign.name)).limit(20)).all()


def _segments(uow: UnitOfWork, campaign_id: UUID) -> Sequence[CampaignSegment]:
    statement = select(CampaignSegment).where(CampaignSegment.campaign_id == campaign_id)
    return uow.session.scalars(statement).all()


def _check_days(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and last < first:
        message = "It ends before it begins."
        raise Invalid(message, {"ends_on": [message]})


def _round(campaign: Campaign, name: str) -> None:
    amount = getattr(campaign, name)
    if amount is not None:
        setattr(campaign, name, round_money(amount, known_currency(campaign.currency)))
