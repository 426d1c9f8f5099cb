"""The members of a campaign, page by page, and the campaigns of a record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from services.marketing.campaign_model import MEMBER_TYPES, Campaign, CampaignMember
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

PAGE: Final = 50


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Some members, each with its record; ``after`` and ``before`` are keys of further pages."""

    items: Sequence[tuple[CampaignMember, Any]]
    after: UUID | None
    before: UUID | None


def list_members(
    uow: UnitOfWork,
    campaign: Campaign,
    *,
    status: str | None = None,
    after: UUID | None = None,
    before: UUID | None = None,
) -> MemberPage:
    """Return a page of those members whose records the actor may see, the newest last."""
    statement = select(CampaignMember).where(
        CampaignMember.campaign_id == campaign.id, _is_visible(uow)
    )
    if status is not None:
        statement = statement.where(CampaignMember.status == status)
    key = CampaignMember.id
    if before is not None:
        backwards = statement.where(key < before).order_by(key.desc()).limit(PAGE + 1)
        rows = list(uow.session.scalars(backwards))
        more, rows = len(rows) > PAGE, rows[:PAGE][::-1]
        return _page(uow, rows, has_after=True, has_before=more)
    if after is not None:
        statement = statement.where(key > after)
    rows = list(uow.session.scalars(statement.order_by(key).limit(PAGE + 1)))
    return _page(uow, rows[:PAGE], has_after=len(rows) > PAGE, has_before=after is not None)


def campaigns_of_record(uow: UnitOfWork, record: Any) -> list[tuple[Campaign, CampaignMember]]:
    """Return the visible campaigns that a record is a member of, the newest first."""
    mine = select(CampaignMember.campaign_id).where(CampaignMember.record_id == record.id)
    statement = (
        uow.select(Campaign)
        .where(Campaign.id.in_(mine))
        .order_by(Campaign.created_at.desc(), Campaign.id.desc())
        .limit(20)
    )
    campaigns = uow.session.scalars(statement).all()
    keys = [one.id for one in campaigns]
    members = uow.session.scalars(
        select(CampaignMember).where(
            CampaignMember.record_id == record.id, CampaignMember.campaign_id.in_(keys)
        )
    )
    found = {member.campaign_id: member for member in members}
    return [(one, found[one.id]) for one in campaigns]


def _page(
    uow: UnitOfWork, rows: list[CampaignMember], *, has_after: bool, has_before: bool
) -> MemberPage:
    records: dict[UUID, Any] = {}
    for record_type in MEMBER_TYPES:
        keys = [row.record_id for row in rows if row.record_type == record_type]
        if keys:
            model: Any = get_record_type(record_type).model
            found = uow.session.scalars(uow.select(model).where(model.id.in_(keys)))
            records |= {record.id: record for record in found}
    items = [(row, records[row.record_id]) for row in rows if row.record_id in records]
    return MemberPage(
        items,
        rows[-1].id if rows and has_after else None,
        rows[0].id if rows and has_before else None,
    )


def _is_visible(uow: UnitOfWork) -> ColumnElement[bool]:
    """Return the condition of members whose record the actor may see."""
    parts = []
    for record_type in MEMBER_TYPES:
        model: Any = get_record_type(record_type).model
        rows = uow.select(model).where(model.id == CampaignMember.record_id)
        parts.append(rows.with_only_columns(model.id).exists())
    return or_(*parts)
