"""Turning a lead into an account, a contact and, if wanted, a deal, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from services.activities.carrying import carry_activities
from services.actors import Permission, Verb
from services.arguments import Key, Line, Money, Truth
from services.consents.keeping import carry_consents
from services.crm.account_model import Account
from services.crm.accounts import with_keys
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.crm.deals import open_deal
from services.crm.lead_model import LEAD, Lead, LeadStatus
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.points.keeping import carry_points, holders, points_of
from services.points.model import PointKind
from services.records.changes import add_record, change_record, link_text
from services.records.contact_points import company_domain, name_key, split_name
from services.records.schemas import key_argument
from services.records.timeline import add_entry, move_entries
from services.records.types import get_record_type
from services.tags.tags import carry_tags
from services.unit_of_work import UnitOfWork

_WHERE = ("postal_code", "city", "country", "industry")
"""What a lead says of its company, by the names that accounts have for it."""


class ConvertLead(Arguments):
    """Which lead becomes business, and what of it is known beyond the lead."""

    lead_id = key_argument(LEAD)
    deal_name = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Deal name", "description": "The company's or person's name if empty."},
    )
    amount = Money(load_default=None, allow_none=True, metadata={"title": "Amount"})
    account_id = Key(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Account",
            "description": "An account that exists; found by name or domain if empty.",
        },
    )
    new_account = Truth(
        load_default=False,
        metadata={"title": "New account", "description": "Even if one would be found."},
    )
    contact_id = Key(
        load_default=None,
        allow_none=True,
        metadata={
            "title": "Contact",
            "description": "A contact that exists; found by e-mail address if empty.",
        },
    )
    new_contact = Truth(
        load_default=False,
        metadata={"title": "New contact", "description": "Even if one would be found."},
    )
    with_deal = Truth(load_default=True, metadata={"title": "Open a deal"})


@dataclass(frozen=True, slots=True)
class Targets:
    """Which of the records that exist a lead would go to; None: a new one is made."""

    account: Account | None
    contact: Contact | None


def conversion_targets(uow: UnitOfWork, lead: Lead) -> Targets:
    """Return what ``lead.convert`` finds for a lead if nothing is chosen by hand."""
    contact = _find_contact(uow, lead)
    return Targets(_find_account(uow, lead, contact), contact)


@operation("lead.convert", Permission.RECORD_WRITE, ConvertLead, in_diagrams=True)
def convert_lead(
    uow: UnitOfWork,
    *,
    lead_id: UUID,
    deal_name: str | None = None,
    amount: Decimal | None = None,
    account_id: UUID | None = None,
    new_account: bool = False,
    contact_id: UUID | None = None,
    new_contact: bool = False,
    with_deal: bool = True,
) -> dict[str, Any]:
    """Convert a lead to an account, a contact and a deal.

    What exists already is found (the contact by any of its e-mail addresses, the account by name
    or domain), or chosen by hand, and only its empty fields are filled. Activities go on with the
    deal, or with the contact if none is opened; tags and contact points go along. A second call
    returns the first result.
    """
    for name, key, is_new in (
        ("account_id", account_id, new_account),
        ("contact_id", contact_id, new_contact),
    ):
        if is_new and key is not None:
            message = "Choose one that is there, or a new one."
            raise Invalid(message, {name: [message]})
    if amount is not None and "amount" in uow.actor.locked_fields("deal"):
        raise Invalid("Please check the marked fields.", {"amount": ["Unknown field."]})
    lead = uow.get(Lead, lead_id, lock=True)
    if lead.status == LeadStatus.QUALIFIED:
        return _result(lead)
    if lead.status == LeadStatus.WORKED_OUT:
        raise Conflict("This lead is worked out; set it to working first.")
    _wait_for_twins(uow, lead)
    found = None if new_contact else _find_contact(uow, lead)
    contact = found if contact_id is None else uow.get(Contact, contact_id)
    known = None if new_account else _find_account(uow, lead, contact)
    account = _account_for(uow, lead, known if account_id is None else uow.get(Account, account_id))
    contact = _contact_for(uow, lead, contact, account)
    if uow.may_do(Verb.UPDATE, contact):
        carry_points(uow, lead, contact)
    carry_consents(uow, lead, contact)
    deal = None
    if with_deal:
        deal = _deal_for(uow, lead, account, contact, deal_name=deal_name, amount=amount)
    carry_activities(uow, lead, contact, deal or contact)
    carry_tags(uow, lead, deal or contact)
    _close(uow, lead, account, contact, deal)
    return _result(lead)


def _result(lead: Lead) -> dict[str, Any]:
    return {"account_id": lead.account_id, "contact_id": lead.contact_id, "deal_id": lead.deal_id}


def _wait_for_twins(uow: UnitOfWork, lead: Lead) -> None:
    """Let two leads of the same person or company be converted one after the other."""
    keys = {lead.email, name_key(lead.company or ""), company_domain(lead.email)}
    for key in sorted(key for key in keys if key):
        uow.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def _find_contact(uow: UnitOfWork, lead: Lead) -> Contact | None:
    if _is_hidden(uow, "contact", "email"):
        return None
    addresses = [point.normalised for point in points_of(uow, lead) if point.kind == PointKind.MAIL]
    if not addresses:
        return None
    keys = holders("contact", PointKind.MAIL.value, addresses)
    statement = uow.select(Contact).where(Contact.id.in_(keys))
    return uow.session.scalars(statement.order_by(Contact.id).limit(1)).one_or_none()


def _account_for(uow: UnitOfWork, lead: Lead, found: Account | None) -> Account:
    domain = company_domain(lead.email)
    values = {
        "phone": lead.phone if lead.company else None,
        "website": domain if lead.company else None,
        **{name: getattr(lead, name) for name in _WHERE if lead.company},
        "territory_id": lead.territory_id if lead.territory_is_manual else None,
        "owner_id": lead.owner_id,
        "team_id": lead.team_id,
    }
    if found is not None:
        _fill(uow, found, values, lead)
        return found
    name = lead.company or lead.name
    account = Account(**with_keys({"name": name, **values}))
    _add(uow, account, lead, "lead.account_id")
    return account


def _add(uow: UnitOfWork, record: Any, lead: Lead, link: str) -> None:
    """Insert what a lead becomes; ``link`` is the field of the lead that points to it."""
    label = get_record_type(record.record_type).label.lower()
    plain = f"Created {label} “{record.name}”"
    add_record(uow, record, title=f"Created from lead “{lead.name}”", tells=[link], plain=plain)


def _find_account(uow: UnitOfWork, lead: Lead, contact: Contact | None) -> Account | None:
    """Find the contact's account, else one of the same name, else of the same domain."""
    if contact is not None and contact.account_id is not None:
        return uow.find(Account, contact.account_id)
    key = "" if "company" in uow.actor.hidden_fields("lead") else name_key(lead.company or "")
    matches = [Account.name_key == key] if key else []
    domain = company_domain(lead.email)
    if domain and not _is_hidden(uow, "account", "website"):
        matches.append(Account.domain == domain)
    for match in matches:
        statement = uow.select(Account).where(match).order_by(Account.id).limit(1)
        found = uow.session.scalars(statement).one_or_none()
        if found is not None:
            return found
    return None


def _is_hidden(uow: UnitOfWork, target: str, name: str) -> bool:
    """Tell whether finding a target by this field would tell of what the actor may not see."""
    return name in uow.actor.hidden_fields(target) or "email" in uow.actor.hidden_fields("lead")


def _contact_for(uow: UnitOfWork, lead: Lead, found: Contact | None, account: Account) -> Contact:
    first_name, last_name = split_name(lead.name)
    values = {
        "first_name": first_name,
        "email": lead.email,
        "phone": lead.phone,
        "account_id": account.id,
        "owner_id": lead.owner_id,
        "team_id": lead.team_id,
    }
    if found is not None:
        if found.last_name != last_name:
            del values["first_name"]
        _fill(uow, found, values, lead)
        return found
    contact = Contact(last_name=last_name, **values)
    _add(uow, contact, lead, "lead.contact_id")
    return contact


def _fill(uow: UnitOfWork, target: Any, values: dict[str, Any], lead: Lead) -> None:
    """Set those of ``values`` that ``target`` has nothing for yet, as far as the actor may."""
    if not uow.may_do(Verb.UPDATE, target):
        return
    locked = uow.actor.locked_fields(target.record_type)
    owned = target.owner_id is not None or target.team_id is not None
    empty = {
        name: value
        for name, value in values.items()
        if value is not None
        and name not in locked
        and getattr(target, name) in {None, ""}
        and not (owned and name in {"owner_id", "team_id"})
    }
    if isinstance(target, Account):
        empty = with_keys(empty)
    title, tells = f"Completed from lead “{lead.name}”", [f"lead.{target.record_type}_id"]
    change_record(uow, target, empty, title=title, tells=tells)


def _deal_for(
    uow: UnitOfWork,
    lead: Lead,
    account: Account,
    contact: Contact,
    *,
    deal_name: str | None,
    amount: Decimal | None,
) -> Deal:
    values = {
        "name": deal_name or lead.company or lead.name,
        "account_id": account.id,
        "contact_id": contact.id,
        "lead_id": lead.id,
        "campaign_id": lead.campaign_id,
        "amount": amount,
        "needs": lead.wishes,
        "owner_id": lead.owner_id,
        "team_id": lead.team_id,
    }
    return open_deal(uow, values)


def _close(
    uow: UnitOfWork, lead: Lead, account: Account, contact: Contact, deal: Deal | None
) -> None:
    lead.account_id, lead.contact_id = account.id, contact.id
    lead.deal_id = None if deal is None else deal.id
    lead.status = LeadStatus.QUALIFIED.value
    lead.converted_at = lead.closed_at = uow.now
    uow.session.flush()
    move_entries(uow, lead)
    keys = {name: str(key) for name, key in _result(lead).items() if key is not None}
    details = {"version": lead.version, **keys}
    became = link_text(contact if deal is None else deal)
    tells = [f"lead.{name}" for name in keys]
    title = f"Converted to {became}"
    add_entry(uow, lead, "converted", title, details=details, tells=tells, plain="Converted")
    uow.emit("lead.converted", "lead", lead.id, **keys)
    if deal is not None:
        uow.emit("deal.opened", "deal", deal.id, lead_id=str(lead.id))
