"""Who leaves by the link in a mail: the campaign that wrote to it last counts it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.consents.answering import on_leaving
from services.consents.keeping import same_persons
from services.consents.model import ConsentPurpose
from services.marketing.campaign_model import Campaign, CampaignMember, MemberStatus
from services.unit_of_work import UnitOfWork


@on_leaving
def note_leaving(uow: UnitOfWork, person: Any, channel: str, purpose: ConsentPurpose) -> None:
    """Note of the member that it has left, whichever of the person's records was addressed.

    A link names no campaign. It came with what was sent last by this channel for this purpose.
    """
    keys = [key for _, key in same_persons(uow, person, channel)]
    statement = (
        select(CampaignMember)
        .join(Campaign, Campaign.id == CampaignMember.campaign_id)
        .where(
            CampaignMember.record_id.in_(keys),
            CampaignMember.sent_at.is_not(None),
            Campaign.channel == channel,
            Campaign.purpose == purpose.key,
        )
        .order_by(CampaignMember.sent_at.desc(), CampaignMember.id.desc())
        .limit(1)
        .with_for_update(of=CampaignMember)
    )
    member = uow.session.scalars(statement).one_or_none()
    if member is None or member.unsubscribed_at is not None:
        return
    member.unsubscribed_at = uow.now
    member.status = member.most_telling
    about = {"campaign_id": str(member.campaign_id)}
    event = f"campaign.member_{MemberStatus.UNSUBSCRIBED}"
    uow.emit(event, member.record_type, member.record_id, **about)
