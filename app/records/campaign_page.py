"""What a campaign's page shows beyond other records': its result, its segments, how full it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.marketing.campaign_model import MEMBER_TYPES, Campaign
from services.marketing.campaign_results import CampaignResult, campaign_result
from services.marketing.campaigns import Addressed, segments_of_campaign
from services.marketing.fill_model import Fill
from services.marketing.fills import newest_fill
from services.marketing.segment_model import Segment
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class CampaignPage:
    """What the templates of a campaign's page show.

    Attributes:
        offered: Segments that it could address too, as options of a select.
    """

    result: CampaignResult
    segments: Sequence[Addressed]
    offered: Sequence[tuple[str, str]]
    fill: Fill | None


def load_campaign(uow: UnitOfWork, campaign: Campaign) -> CampaignPage:
    """Return what a campaign's page shows beyond other records'."""
    addressed = segments_of_campaign(uow, campaign)
    taken = [one.segment_id for one in addressed]
    statement = uow.select(Segment).where(
        Segment.of_type.in_(list(MEMBER_TYPES)), Segment.id.not_in(taken)
    )
    offered = uow.session.scalars(statement.order_by(Segment.name).limit(200))
    return CampaignPage(
        result=campaign_result(uow, campaign),
        segments=addressed,
        offered=[(str(one.id), one.name) for one in offered],
        fill=newest_fill(uow, campaign),
    )
