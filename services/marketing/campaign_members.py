"""The members of campaigns: taken in by hand, by diagrams or from segments; what they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from marshmallow import validate
from sqlalchemy import select

from services.actors import Permission, Verb
from services.arguments import Key, Keys, Line, Moment
from services.consents.consents import note_withdrawn
from services.consents.keeping import Said
from services.consents.model import CHANNELS as CONSENT_CHANNELS
from services.consents.purposes import find_purpose
from services.errors import Conflict, NotAllowed, NotFound, not_found_as
from services.marketing.campaign_intake import contactable_of, open_campaign, put_members
from services.marketing.campaign_model import (
    CAMPAIGN,
    MEMBER_STATUSES,
    MEMBER_TYPES,
    Campaign,
    CampaignMember,
    MemberStatus,
)
from services.operations import Arguments, operation
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

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


@operation("campaign.add", Permission.RECORD_WRITE, NameCampaignMember, in_diagrams=True)
def add_member(
    uow: UnitOfWork, *, campaign_id: UUID, record_type: str, record_id: UUID
) -> dict[str, Any]:
    """Take a contact or a lead into a campaign, if it may be contacted.

    Returns:
        ``is_member`` tells whether it is in, ``added`` whether it came in by this.
    """
    campaign = open_campaign(uow, campaign_id)
    record = get_record(uow, record_type, record_id, hold=True)
    allowed = contactable_of(uow, campaign, record_type, [record_id])
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
    campaign = open_campaign(uow, campaign_id)
    wanted = set(record_ids)
    model: Any = get_record_type(record_type).model
    keys = uow.select(model).where(model.id.in_(wanted)).with_only_columns(model.id)
    if set(uow.session.scalars(keys)) != wanted:
        raise NotFound(f"There is no such {record_type}.")
    allowed = contactable_of(uow, campaign, record_type, wanted)
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

    What came first keeps its time; the status is the most telling of all that happened. Who left
    has withdrawn its consent to what the campaign is for, by the campaign's channel.

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
    moment = min(at or uow.now, uow.now)
    is_new = _note(member, status, moment)
    if is_new:
        if status == MemberStatus.UNSUBSCRIBED:
            _withdraw(uow, campaign, record, moment)
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


def _find(
    uow: UnitOfWork, campaign_id: UUID, record_id: UUID, *, lock: bool = False
) -> CampaignMember | None:
    statement = select(CampaignMember).where(
        CampaignMember.campaign_id == campaign_id, CampaignMember.record_id == record_id
    )
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return uow.session.scalars(statement).one_or_none()


def _withdraw(uow: UnitOfWork, campaign: Campaign, record: Any, at: datetime) -> None:
    """Take it that who left a campaign wants nothing more of its kind."""
    purpose = find_purpose(uow, campaign.purpose)
    if purpose is not None and campaign.channel in CONSENT_CHANNELS:
        said = Said(f"left the campaign “{campaign.name}”", at=at)
        note_withdrawn(uow, record, campaign.channel, purpose, said)


def _note(member: CampaignMember, status: str, at: Any) -> bool:
    """Set the time of a status and of what it implies; tell whether it is news."""
    is_new = getattr(member, f"{status}_at") is None
    for name in (*_IMPLIES.get(status, ()), status):
        if getattr(member, f"{name}_at") is None:
            setattr(member, f"{name}_at", at)
    member.status = member.most_telling
    return is_new
