"""Who of a campaign's members has bought: it follows from won deals and paid invoices.

A deal or an invoice that comes to count leaves a job, and so does one that no longer does. The job
compares what follows from all of them with what is noted, so that it may come twice or late. What
somebody noted by hand stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm.util import identity_key

from services.actors import SYSTEM
from services.changes import TouchedRecord, watcher
from services.crm.deal_model import Deal
from services.jobs import job
from services.marketing.campaign_model import CampaignMember
from services.platform import Platform
from services.sales.model import Invoice
from services.statements import Statement
from services.unit_of_work import Job, UnitOfWork

_JOB: Final = "marketing.purchase"
_MODELS: Final[dict[str, Any]] = {"deal": Deal, "invoice": Invoice}
_TELLING: Final = {
    "deal": frozenset({"won_at", "deleted_at", "account_id", "contact_id"}),
    "invoice": frozenset({"status", "deleted_at"}),
}
"""The fields by which a record becomes a purchase, or another's, or none any more."""

_CONCERNED: Final = Statement(
    """
    WITH source AS (
      SELECT id, account_id, contact_id, lead_id FROM deals WHERE id = %(id)s
      UNION ALL
      SELECT id, account_id, contact_id, NULL FROM invoices WHERE id = %(id)s
    ), people AS (
      SELECT contact_id AS id FROM source
      UNION SELECT contact_id FROM deal_contacts WHERE deal_id = %(id)s
      UNION SELECT c.id FROM contacts c JOIN source s ON c.account_id = s.account_id
      UNION SELECT p.contact_id FROM contact_accounts p JOIN source s USING (account_id)
      UNION SELECT lead_id FROM source
    ), concerned AS (
      SELECT id FROM people
      UNION SELECT l.id FROM leads l JOIN people p ON l.contact_id = p.id
      UNION SELECT l.id FROM leads l JOIN source s ON l.account_id = s.account_id
    )
    SELECT id FROM campaign_members m
    WHERE (m.record_id IN (SELECT id FROM concerned WHERE id IS NOT NULL)
        OR m.bought_id = %(id)s)
      AND (m.bought_at IS NULL OR m.bought_id IS NOT NULL)
    ORDER BY id FOR UPDATE
    """
)
"""The members who may have bought by a record, or who had: held, one after the other."""

_FIRST: Final = Statement(
    """
    SELECT DISTINCT ON (m.id) m.id AS member_id, bought.type, bought.id, bought.at
    FROM campaign_members m
    JOIN campaigns c ON c.id = m.campaign_id
    LEFT JOIN leads l ON l.id = m.record_id
    LEFT JOIN contacts k ON k.id = coalesce(l.contact_id, m.record_id)
    CROSS JOIN LATERAL (
      SELECT array_agg(id) AS ids FROM (
        SELECT l.account_id AS id UNION SELECT k.account_id
        UNION SELECT p.account_id FROM contact_accounts p
        WHERE p.contact_id = k.id AND (p.until IS NULL OR p.until >= %(today)s)
      ) AS those WHERE id IS NOT NULL
    ) AS accounts
    CROSS JOIN LATERAL (
      SELECT 'deal' AS type, d.id, d.won_at AS at FROM deals d
      WHERE d.won_at IS NOT NULL AND d.deleted_at IS NULL AND d.id IN (
        SELECT id FROM deals WHERE contact_id = k.id
        UNION SELECT id FROM deals WHERE lead_id = l.id
        UNION SELECT id FROM deals WHERE account_id = ANY(accounts.ids)
        UNION SELECT deal_id FROM deal_contacts WHERE contact_id = k.id
      )
      UNION ALL
      SELECT 'invoice', i.id, paid.at FROM invoices i
      CROSS JOIN LATERAL (
        SELECT max(p.recorded_at) AS at FROM payments p
        WHERE p.invoice_id = i.id AND p.taken_back_at IS NULL
      ) AS paid
      WHERE i.kind = 'invoice' AND i.status = 'paid' AND i.deleted_at IS NULL
        AND i.issued_on >= CAST(m.targeted_at AT TIME ZONE %(zone)s AS date)
        AND i.id IN (
          SELECT id FROM invoices WHERE contact_id = k.id
          UNION SELECT id FROM invoices WHERE account_id = ANY(accounts.ids)
        )
    ) AS bought
    WHERE m.id = ANY(CAST(%(ids)s AS uuid[]))
      AND bought.at >= m.targeted_at AND (c.ended_at IS NULL OR bought.at <= c.ended_at)
    ORDER BY m.id, bought.at, bought.id
    """
)
"""What members bought first, from their coming in to the end of the campaign."""


@watcher
def look_for_purchases(uow: UnitOfWork, touched: Sequence[TouchedRecord]) -> None:
    """Leave jobs for deals and invoices that became purchases, or are none any more."""
    found = [one for one in touched if _may_count(uow, one)]
    if not found or not uow.session.scalar(select(exists(select(CampaignMember.id)))):
        return
    for one in found:
        uow.defer(Job(_JOB, {"source_id": str(one.record_id)}, lock=f"purchase:{one.record_id}"))


@job(_JOB)
def note_purchase(platform: Platform, *, source_id: str) -> None:
    """Note what follows from a deal or an invoice for the members of campaigns."""
    platform.transact(SYSTEM, lambda uow: settle_purchase(uow, UUID(source_id)), source="job")


def settle_purchase(uow: UnitOfWork, source_id: UUID) -> int:
    """Bring the members whom a deal or an invoice concerns into step; return how many changed."""
    keys = [row[0] for row in _CONCERNED.rows(uow.session, id=source_id)]
    if not keys:
        return 0
    zone = uow.platform.settings.timezone
    today = uow.now.astimezone(zone).date()
    rows = _FIRST.rows(uow.session, ids=keys, zone=str(zone), today=today)
    first = {row[0]: row[1:] for row in rows}
    found = select(CampaignMember).where(CampaignMember.id.in_(keys)).order_by(CampaignMember.id)
    members = uow.session.scalars(found.execution_options(populate_existing=True))
    return sum(_settle(uow, member, first.get(member.id)) for member in members)


def _may_count(uow: UnitOfWork, one: TouchedRecord) -> bool:
    telling = _TELLING.get(one.record_type)
    if telling is None or not telling & one.before.keys():
        return False
    # What it is now is at hand, but after a flush of many rows at once.
    record: Any = uow.session.identity_map.get(
        identity_key(_MODELS[one.record_type], one.record_id)
    )
    if record is None or not one.is_new:
        return True
    return record.won_at is not None if isinstance(record, Deal) else record.status == "paid"


def _settle(uow: UnitOfWork, member: CampaignMember, bought: Any | None) -> bool:
    what, key, at = bought or (None, None, None)
    if member.bought_id == key:
        return False
    is_news = member.bought_at is None
    member.bought_type, member.bought_id, member.bought_at = what, key, at
    member.status = member.most_telling
    if is_news:
        about = {"campaign_id": str(member.campaign_id)}
        uow.emit("campaign.member_bought", member.record_type, member.record_id, **about)
    return True
