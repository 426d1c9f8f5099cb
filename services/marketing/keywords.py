"""Which campaign a lead belongs to by the keyword of the advertisement that it came by."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select

from services.marketing.campaign_model import Campaign, CampaignStatus
from services.unit_of_work import UnitOfWork


def find_campaign_by(uow: UnitOfWork, keyword: str) -> UUID | None:
    """Return the key of the campaign with a keyword, whatever its case; None if there is none.

    Of several it is the one that began last; one that has ended gets nobody. Rights play no part:
    who fills in a public form sees no campaigns.
    """
    statement = (
        select(Campaign.id)
        .where(
            func.lower(Campaign.keyword) == keyword.strip().lower(),
            Campaign.status != CampaignStatus.ENDED.value,
            Campaign.deleted_at.is_(None),
        )
        .order_by(Campaign.activated_at.desc().nulls_last(), Campaign.id.desc())
        .limit(1)
    )
    return uow.session.scalar(statement)
