"""The members of campaigns: taken in by hand, by diagrams or from segments; what they did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from marshmallow import validate
from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from services.actors import Permission, Verb
from services.arguments import Key, Keys, Line, Moment
from services.consents.contacting import contactable
from services.consents.model import CHANNELS as CONSENT_CHANNELS
from services.database import new_id
from services.errors import Conflict, Invalid, NotAllowed, NotFound, not_found_as
from services.marketing.campaign_model import (
    CAMPAIGN,
    MEMBER_STATUSES,
    MEMBER_TYPES,
    Campaign,
    CampaignMember,
    CampaignStatus,
    MemberStatus,
)
from services.marketing.campaigns import WhichCampaign, segments_of_campaign
from services.marketing.fills import begin_fill, resume_fill, source_of, stop_fill, takes_in
from services.marketing.membership import filter_to_members
from services.operations import Arguments, operation
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

PAGE: Final = 50
_RANK: Final = {status.value: rank for rank, status in enumerate(MemberStatus)}
_IMPLIES: Final[Mapping[str, tuple[str, ...]]] = {
    MemberStatus.BOUNCED: ("sent",),
    MemberStatus.OPENED: ("sent",),
    MemberStatus.CLICKED: ("sent", "opened"),
    MemberStatus.REPLIED: ("sent",),
    MemberStatus.UNSUBSCRIBED: ("sent",),
}
"""Who clicked has opened it, though the reader's program may not have told so."""

_RECORD_TYPE: Final = Line(
    required=True,
    validate=validate.OneOf(list(MEMBER_TYPES), ["Contact", "Lead"]),
    metadata={"title": "Record type"},
)


class AddCampaignMembers(Arguments):
    """Who is taken into which campaign."""

    campaign_id = key_argument(CAMPAIGN)
    record_type = _RECORD_TYPE
    record_ids = Keys(
        required=True,
        metadata={"title": "Records", "description": "The keys of contacts, or of leads."},
    )


class NameCampaignMember(Arguments):
    """Who is taken into which campaign."""

    campaign_id = key_argument(CAMPAIGN)
    record_type = _RECORD_TYPE
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})


class SetMemberStatus(NameCampaignMember):
    """What a member has done."""

    status = Line(
        required=True,
        validate=validate.OneOf(list(MEMBER_STATUSES), list(MEMBER_STATUSES.values())),
        metadata={"title": "Status"},
    )
    at = Moment(
        load_default=None, allow_none=True, metadata={"title": "When", "description": "Or now."}
    )


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Some members, each with its record; ``after`` and ``before`` are keys of further pages."""

    items: Sequence[tuple[CampaignMember, Any]]
    after: UUID | None
    before: UUID | None


@operation("campaign.add", Permission.RECORD_WRITE, NameCampaignMember, in_diagrams=True)
def add_member(
    uow: UnitOfWork, *, campaign_id: UUID, record_type: str, record_id: UUID
) -> dict[str, Any]:
    """Take a contact or a lead into a campaign, if it may be contacted.

    Returns:
        ``is_member`` tells whether it is in, ``added`` whether it came in by this.
    """
    campaign = _open_campaign(uow, campaign_id)
    record = get_record(uow, record_type, record_id)
    allowed = _allowed(uow, campaign, record_type, [record_id])
    added = put_members(uow, campaign, record_type, allowed)
    if added:
        add_entry(uow, record, "changed", f"Taken into the campaign “{campaign.name}”")
        uow.emit("campaign.member_added", record_type, record_id, campaign_id=str(campaign.id))
    is_in = added or _find(uow, campaign.id, record_id) is not None
    return {"campaign_id": campaign.id, "added": bool(added), "is_member": bool(is_in)}


@operation("campaign.add_members", Permission.RECORD_WRITE, AddCampaignMembers)
def add_members(
    uow: UnitOfWork, *, campaign_id: UUID, record_type: str, record_ids: list[UUID]
) -> dict[str, Any]:
    """Take several contacts or leads into a campaign: those who may be contacted.

    Raises:
        NotFound: One of them does not exist, or the actor may not see it.
    """
    campaign = _open_campaign(uow, campaign_id)
    wanted = set(record_ids)
    model: Any = get_record_type(record_type).model
    keys = uow.select(model).where(model.id.in_(wanted)).with_only_columns(model.id)
    if set(uow.session.scalars(keys)) != wanted:
        raise NotFound(f"There is no such {record_type}.")
    allowed = _allowed(uow, campaign, record_type, wanted)
    added = put_members(uow, campaign, record_type, allowed)
    refused = len(wanted) - len(allowed)
    if added:
        add_entry(uow, campaign, "changed", f"Took in {added:,} people")
    return {"campaign_id": campaign.id, "added": added, "refused": refused}


@operation("campaign.set_member_status", Permission.RECORD_WRITE, SetMemberStatus, in_diagrams=True)
def set_member_status(
    uow: UnitOfWork,
    *,
    campaign_id: UUID,
    record_type: str,
    record_id: UUID,
    status: str,
    at: Any = None,
) -> dict[str, Any]:
    """Note that a member was sent something, opened it, clicked, replied, bought or left.

    What came first keeps its time; the status is the most telling of all that happened.

    Raises:
        NotFound: It is no member.
        NotAllowed: The actor may change neither the campaign nor the member.
    """
    campaign = uow.get(Campaign, campaign_id)
    with not_found_as("There is no such member."):
        record = get_record(uow, record_type, record_id)
    if not (uow.may_do(Verb.UPDATE, record) or uow.may_do(Verb.UPDATE, campaign)):
        raise NotAllowed("You may see this member, but not change it.")
    member = _find(uow, campaign.id, record_id, lock=True)
    if member is None or member.record_type != record_type:
        raise NotFound("There is no such member.")
    is_new = _note(member, status, min(at or uow.now, uow.now))
    if is_new:
        uow.emit(f"campaign.member_{status}", record_type, record_id, campaign_id=str(campaign.id))
    return {"campaign_id": campaign.id, "status": member.status, "changed": is_new}


@operation("campaign.remove_member", Permission.RECORD_WRITE, NameCampaignMember)
def remove_member(
    uow: UnitOfWork, *, campaign_id: UUID, record_type: str, record_id: UUID
) -> dict[str, Any]:
    """Take somebody out of a campaign that nothing was sent to yet.

    Raises:
        NotFound: It is no member.
        Conflict: Something was sent already, which stays on record.
    """
    campaign = uow.get(Campaign, campaign_id, lock=True)
    with not_found_as("There is no such member."):
        get_record(uow, record_type, record_id)
    member = _find(uow, campaign.id, record_id, lock=True)
    if member is None or member.record_type != record_type:
        raise NotFound("There is no such member.")
    if member.status != MemberStatus.TARGETED:
        raise Conflict("This member was contacted already, which stays on record.")
    uow.session.delete(member)
    return {"campaign_id": campaign.id}


@operation("campaign.fill", Permission.RECORD_WRITE, WhichCampaign, in_diagrams=True)
def fill_campaign(uow: UnitOfWork, *, campaign_id: UUID) -> dict[str, Any]:
    """Take the members of its segments into a campaign: those who may be contacted.

    Who is in already stays as it is, so that it can be done again later.

    Raises:
        Invalid: It has no segments, or one of them can't be read.
        Conflict: It has ended, or is just being filled.
    """
    campaign = _open_campaign(uow, campaign_id, lock=True)
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
    fill = resume_fill(uow, _open_campaign(uow, campaign_id, lock=True))
    return {"campaign_id": campaign_id, "fill_id": fill.id}


def put_members(
    uow: UnitOfWork,
    campaign: Campaign,
    record_type: str,
    keys: Iterable[UUID],
    segment_id: UUID | None = None,
) -> int:
    """Take records into a campaign, and return how many were not in it yet."""
    rows = [
        {
            "id": new_id(),
            "campaign_id": campaign.id,
            "record_type": record_type,
            "record_id": key,
            "status": MemberStatus.TARGETED.value,
            "segment_id": segment_id,
            "added_by": uow.actor.name,
            "targeted_at": uow.now,
        }
        for key in sorted(keys)
    ]
    if not rows:
        return 0
    statement = insert(CampaignMember).on_conflict_do_nothing().returning(CampaignMember.id)
    return len(uow.session.scalars(statement, rows).all())


def may_take_in(uow: UnitOfWork, campaign: Campaign, model: Any) -> ColumnElement[bool]:
    """Return the SQL condition of the people whom a campaign may contact.

    Advertising and letters reach nobody by an address of ours, so they ask for no consent.
    """
    if campaign.channel not in CONSENT_CHANNELS:
        return true()
    return contactable(uow, model, campaign.channel, campaign.purpose)


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


def _open_campaign(uow: UnitOfWork, campaign_id: UUID, *, lock: bool = False) -> Campaign:
    """Return a campaign that people may come into.

    Raises:
        Conflict: It has ended.
    """
    campaign = uow.get(Campaign, campaign_id, lock=lock, verb=Verb.UPDATE)
    if campaign.status == CampaignStatus.ENDED:
        raise Conflict("This campaign has ended.", code="wrong_status")
    return campaign


def _find(
    uow: UnitOfWork, campaign_id: UUID, record_id: UUID, *, lock: bool = False
) -> CampaignMember | None:
    statement = select(CampaignMember).where(
        CampaignMember.campaign_id == campaign_id, CampaignMember.record_id == record_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return uow.session.scalars(statement).one_or_none()


def _allowed(
    uow: UnitOfWork, campaign: Campaign, record_type: str, keys: Iterable[UUID]
) -> set[UUID]:
    """Return those of some visible records that may be contacted."""
    model: Any = get_record_type(record_type).model
    condition = func.coalesce(may_take_in(uow, campaign, model), False)
    found = select(model.id).where(model.id.in_(list(keys)), condition)
    return set(uow.session.scalars(found))


def _note(member: CampaignMember, status: str, at: Any) -> bool:
    """Set the time of a status and of what it implies; tell whether it is news."""
    is_new = getattr(member, f"{status}_at") is None
    for name in (*_IMPLIES.get(status, ()), status):
        if getattr(member, f"{name}_at") is None:
            setattr(member, f"{name}_at", at)
    if _RANK[status] > _RANK[member.status]:
        member.status = status
    return is_new


def _put(
    uow: UnitOfWork, campaign: Campaign, source: Mapping[str, Any], keys: Sequence[UUID]
) -> int:
    segment_id = UUID(source["segment_id"]) if source["segment_id"] else None
    return put_members(uow, campaign, source["record_type"], keys, segment_id)


takes_in(Campaign, _put, may_take_in)
