"""Who takes part in a deal: one's own people, and the client's."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from services.actors import Permission
from services.arguments import Key, Line
from services.crm.contact_model import Contact
from services.crm.deal_model import DEAL, Deal, DealContact, DealMember
from services.errors import Conflict, NotFound
from services.operations import Arguments, operation
from services.people.model import User
from services.records.changes import change_record
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork

MAX_PEOPLE = 50
TEAM_ROLES = ("Sales", "Technical", "Marketing", "Legal", "Support", "Sponsor")
CONTACT_ROLES = (
    "Decision maker",
    "User",
    "Buyer",
    "Technical contact",
    "Legal contact",
    "Supporter",
    "Opponent",
)


def _role() -> Line:
    return Line(
        required=True,
        validate=validate.Length(max=60),
        metadata={"title": "Role", "description": "In your own words, or one of the usual ones."},
    )


class SetMember(Arguments):
    """Who works on a deal, and as what."""

    deal_id = key_argument(DEAL)
    user_id = Key(required=True, metadata={"title": "Person", "relation": "user"})
    role = _role()


class RemoveMember(Arguments):
    """Who does not work on a deal any more."""

    deal_id = key_argument(DEAL)
    user_id = Key(required=True, metadata={"title": "Person", "relation": "user"})


class SetContact(Arguments):
    """Which contact plays which part in a deal."""

    deal_id = key_argument(DEAL)
    contact_id = Key(required=True, metadata={"title": "Contact", "relation": "contact"})
    role = _role()
    is_primary = fields.Boolean(
        load_default=False,
        metadata={"title": "Primary", "description": "Becomes the deal's contact."},
    )


class RemoveContact(Arguments):
    """Which contact has no part in a deal any more."""

    deal_id = key_argument(DEAL)
    contact_id = Key(required=True, metadata={"title": "Contact", "relation": "contact"})


@operation("deal.set_member", Permission.RECORD_WRITE, SetMember, in_diagrams=True)
def set_member(uow: UnitOfWork, *, deal_id: UUID, user_id: UUID, role: str) -> Deal:
    """Take somebody into a deal's team, or give a member another role."""
    deal = uow.get(Deal, deal_id, lock=True)
    user = uow.session.get(User, user_id)
    if user is None or not user.active:
        raise NotFound("There is no such user.")
    members = members_of(uow, deal.id)
    found = next((one for one in members if one.user_id == user_id), None)
    if found is not None and found.role == role:
        return deal
    if found is not None:
        found.role = role
    elif len(members) >= MAX_PEOPLE:
        raise Conflict(f"A deal's team has at most {MAX_PEOPLE} people.")
    else:
        uow.add(DealMember(deal_id=deal.id, user_id=user_id, role=role))
    add_entry(uow, deal, "assigned", f"{user.name} takes part as {role}")
    return deal


@operation("deal.remove_member", Permission.RECORD_WRITE, RemoveMember, in_diagrams=True)
def remove_member(uow: UnitOfWork, *, deal_id: UUID, user_id: UUID) -> Deal:
    """Take somebody out of a deal's team."""
    deal = uow.get(Deal, deal_id, lock=True)
    found = [one for one in members_of(uow, deal.id) if one.user_id == user_id]
    for one in found:
        uow.session.delete(one)
    if found:
        user = uow.session.get(User, user_id)
        name = "Somebody" if user is None else user.name
        add_entry(uow, deal, "assigned", f"{name} takes no part any more")
    return deal


@operation("deal.set_contact", Permission.RECORD_WRITE, SetContact, in_diagrams=True)
def set_contact(
    uow: UnitOfWork, *, deal_id: UUID, contact_id: UUID, role: str, is_primary: bool
) -> Deal:
    """Say what part a contact plays in a deal."""
    deal = uow.get(Deal, deal_id, lock=True)
    contact = uow.get(Contact, contact_id)
    contacts = contacts_of(uow, deal.id)
    found = next((one for one in contacts if one.contact_id == contact_id), None)
    if found is not None and found.role != role:
        found.role = role
    elif found is None:
        if len(contacts) >= MAX_PEOPLE:
            raise Conflict(f"A deal has at most {MAX_PEOPLE} contacts.")
        uow.add(DealContact(deal_id=deal.id, contact_id=contact_id, role=role))
        add_entry(uow, deal, "assigned", f"{contact.name} takes part as {role}")
    if is_primary:
        change_record(uow, deal, {"contact_id": contact_id})
    return deal


@operation("deal.remove_contact", Permission.RECORD_WRITE, RemoveContact, in_diagrams=True)
def remove_contact(uow: UnitOfWork, *, deal_id: UUID, contact_id: UUID) -> Deal:
    """Take a contact out of a deal; if it was the primary one, the deal has none."""
    deal = uow.get(Deal, deal_id, lock=True)
    found = [one for one in contacts_of(uow, deal.id) if one.contact_id == contact_id]
    for one in found:
        uow.session.delete(one)
    if deal.contact_id == contact_id:
        change_record(uow, deal, {"contact_id": None})
    return deal


def members_of(uow: UnitOfWork, deal_id: UUID) -> Sequence[DealMember]:
    """Return a deal's team without its owner, in the order in which they came."""
    statement = select(DealMember).where(DealMember.deal_id == deal_id)
    return uow.session.scalars(statement.order_by(DealMember.id)).all()


def contacts_of(uow: UnitOfWork, deal_id: UUID) -> Sequence[DealContact]:
    """Return the contacts that have a part in a deal, in the order in which they came."""
    statement = select(DealContact).where(DealContact.deal_id == deal_id)
    return uow.session.scalars(statement.order_by(DealContact.id)).all()
