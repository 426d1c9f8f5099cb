"""How people come into campaigns: who may, one by one, and all of some segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, true

from services.actors import Permission, Verb
from services.consents.contacting import contactable
from services.consents.model import CHANNELS as CONSENT_CHANNELS
from services.database import new_id
from services.errors import Conflict, Invalid
from services.marketing.campaign_model import Campaign, CampaignStatus, MemberStatus
from services.marketing.campaigns import WhichCampaign, segments_of_campaign
from services.marketing.fills import begin_fill, resume_fill, source_of, stop_fill, takes_in
from services.marketing.membership import filter_to_members
from services.operations import operation
from services.records.types import get_record_type
from services.statements import Statement
from services.unit_of_work import UnitOfWork

_PUT: Final = Statement(
    """
    INSERT INTO campaign_members
      (id, campaign_id, record_type, record_id, status, segment_id, targeted_at, added_by)
    SELECT id, %(campaign_id)s, %(record_type)s, record_id, %(status)s,
           CAST(%(segment_id)s AS uuid), %(at)s, %(by)s
    FROM unnest(CAST(%(ids)s AS uuid[]), CAST(%(keys)s AS uuid[])) AS wanted(id, record_id)
    ON CONFLICT DO NOTHING RETURNING id
    """
)


@operation("campaign.fill", Permission.RECORD_WRITE, WhichCampaign, in_diagrams=True)
def fill_campaign(uow: UnitOfWork, *, campaign_id: UUID) -> dict[str, Any]:
    """Take the members of its segments into a campaign: those who may be contacted.

    Who is in already stays as it is, so that it can be done again later.

    Raises:
        Invalid: It has no segments, or one of them can't be read.
        Conflict: It has ended, or is just being filled.
    """
    campaign = open_campaign(uow, campaign_id, lock=True)
    addressed = segments_of_campaign(uow, campaign)
    if any(one.segment is None for one in addressed):
        raise Invalid("This campaign has a segment that you may not see, or that was deleted.")
    chosen = [one.segment for one in addressed if one.segment and not one.is_left_out]
    if not chosen:
        raise Invalid("Choose the segments that this campaign addresses first.")
    sources = [source_of(one.of_type, filter_to_members(one), one.id) for one in chosen]
    left_out = [one.segment_id for one in addressed if one.is_left_out]
    fill = begin_fill(uow, campaign, sources, left_out)
    return {"campaign_id": campaign.id, "fill_id": fill.id, "added": fill.added}


@operation("campaign.stop_fill", Permission.RECORD_WRITE, WhichCampaign)
def stop_campaign_fill(uow: UnitOfWork, *, campaign_id: UUID) -> dict[str, Any]:
    """Stop taking people into a campaign; who is in stays."""
    fill = stop_fill(uow, uow.get(Campaign, campaign_id, lock=True))
    return {"campaign_id": campaign_id, "fill_id": fill.id}


@operation("campaign.resume_fill", Permission.RECORD_WRITE, WhichCampaign)
def resume_campaign_fill(uow: UnitOfWork, *, campaign_id: UUID) -> dict[str, Any]:
    """Go on taking people into a campaign where it was stopped."""
    fill = resume_fill(uow, open_campaign(uow, campaign_id, lock=True))
    return {"campaign_id": campaign_id, "fill_id": fill.id}


def put_members(
    uow: UnitOfWork,
    campaign: Campaign,
    record_type: str,
    keys: Iterable[UUID],
    segment_id: UUID | None = None,
) -> int:
    """Take records into a campaign, and return how many were not in it yet."""
    wanted = sorted(keys)
    if not wanted:
        return 0
    added = _PUT.rows(
        uow.session,
        ids=[new_id() for _ in wanted],
        keys=wanted,
        campaign_id=campaign.id,
        record_type=record_type,
        status=MemberStatus.TARGETED.value,
        segment_id=segment_id,
        at=uow.now,
        by=uow.actor.name,
    )
    return len(added)


def may_take_in(uow: UnitOfWork, campaign: Campaign, model: Any) -> ColumnElement[bool]:
    """Return the SQL condition of the people whom a campaign may contact.

    Advertising and letters reach nobody by an address of ours, so they ask for no consent.
    """
    if campaign.channel not in CONSENT_CHANNELS:
        return true()
    return contactable(uow, model, campaign.channel, campaign.purpose)


def open_campaign(uow: UnitOfWork, campaign_id: UUID, *, lock: bool = False) -> Campaign:
    """Return a campaign that people may come into.

    Raises:
        Conflict: It has ended.
    """
    campaign = uow.get(Campaign, campaign_id, lock=lock, verb=Verb.UPDATE)
    if campaign.status == CampaignStatus.ENDED:
        raise Conflict("This campaign has ended.", code="wrong_status")
    return campaign


def contactable_of(
    uow: UnitOfWork, campaign: Campaign, record_type: str, keys: Iterable[UUID]
) -> set[UUID]:
    """Return those of some visible records that may be contacted."""
    model: Any = get_record_type(record_type).model
    condition = func.coalesce(may_take_in(uow, campaign, model), False)
    found = select(model.id).where(model.id.in_(list(keys)), condition)
    return set(uow.session.scalars(found))


def _put(
    uow: UnitOfWork, campaign: Campaign, source: Mapping[str, Any], keys: Sequence[UUID]
) -> int:
    segment_id = UUID(source["segment_id"]) if source["segment_id"] else None
    return put_members(uow, campaign, source["record_type"], keys, segment_id)


takes_in(Campaign, _put, may_take_in)
