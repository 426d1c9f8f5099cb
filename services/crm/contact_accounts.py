"""The accounts of a contact: adding, changing, ending one, and choosing the primary one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from services.actors import Permission
from services.arguments import Day, Key, Line
from services.crm.account_model import Account
from services.crm.contact_account_model import ContactAccount
from services.crm.contact_model import CONTACT, Contact
from services.days import today
from services.errors import Conflict, Invalid, NotAllowed, NotFound, not_found_as
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import key_argument
from services.records.timeline import add_entry
from services.unit_of_work import UnitOfWork


class _PlaceFields(Arguments):
    """What is said of a contact's place at an account."""

    role = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Role", "description": "Such as decision maker."},
    )
    position = Line(load_default=None, allow_none=True, metadata={"title": "Position"})
    since = Day(load_default=None, allow_none=True, metadata={"title": "Since"})
    until = Day(load_default=None, allow_none=True, metadata={"title": "Until"})


class AddPlace(_PlaceFields):
    """Which contact works with which account too."""

    contact_id = key_argument(CONTACT)
    account_id = Key(required=True, metadata={"title": "Account"})


class ChangePlace(_PlaceFields):
    """What becomes of a contact's place."""

    contact_account_id = Key(required=True, metadata={"title": "Place"})


class EndPlace(Arguments):
    """Which place ends, and when."""

    contact_account_id = Key(required=True, metadata={"title": "Place"})
    until = Day(
        load_default=None,
        allow_none=True,
        metadata={"title": "Last day", "description": "Today if empty."},
    )


class NamePlace(Arguments):
    """Which place."""

    contact_account_id = Key(required=True, metadata={"title": "Place"})


@dataclass(frozen=True, slots=True)
class Place:
    """A contact's place at an account, with both as far as the actor may see them."""

    link: ContactAccount
    contact: Contact
    account: Account
    is_primary: bool
    is_over: bool


@operation("contact_account.add", Permission.RECORD_WRITE, AddPlace, in_diagrams=True)
def add_place(
    uow: UnitOfWork, *, contact_id: UUID, account_id: UUID, **values: Any
) -> ContactAccount:
    """Say that a contact works with another account too."""
    _check_writable(uow)
    contact = uow.get(Contact, contact_id, lock=True)
    account = uow.get(Account, account_id)
    _check_span(values)
    link = _find(uow, contact.id, account.id)
    if link is not None and not _is_over(uow, link):
        raise Conflict(f"{contact.name} is at “{account.name}” already.")
    if link is None:
        link = ContactAccount(contact_id=contact.id, account_id=account.id)
        uow.session.add(link)
    _set(link, {**values, "since": values["since"] or link.since or today(uow)})
    uow.session.flush()
    _tell(uow, contact, account, f"{contact.name} works with “{account.name}”", link)
    if contact.account_id is None and not _is_over(uow, link):
        change_record(uow, contact, {"account_id": account.id})
    return link


@operation("contact_account.update", Permission.RECORD_WRITE, ChangePlace)
def change_place(uow: UnitOfWork, *, contact_account_id: UUID, **values: Any) -> ContactAccount:
    """Change a contact's role, position or dates at an account."""
    link, contact, account = _get(uow, contact_account_id)
    _check_span(values)
    _set(link, values)
    uow.session.flush()
    _tell(uow, contact, account, f"Changed the place of {contact.name} at “{account.name}”", link)
    _leave_if_over(uow, link, contact)
    return link


@operation("contact_account.end", Permission.RECORD_WRITE, EndPlace, in_diagrams=True)
def end_place(
    uow: UnitOfWork, *, contact_account_id: UUID, until: date | None = None
) -> ContactAccount:
    """Say that a contact has left an account; the next account becomes the primary one."""
    link, contact, account = _get(uow, contact_account_id)
    last_day = until or today(uow)
    _check_span({"since": link.since, "until": last_day})
    link.until = last_day
    uow.session.flush()
    _tell(uow, contact, account, f"{contact.name} left “{account.name}”", link)
    _leave_if_over(uow, link, contact)
    return link


@operation("contact_account.make_primary", Permission.RECORD_WRITE, NamePlace)
def make_primary_place(uow: UnitOfWork, *, contact_account_id: UUID) -> ContactAccount:
    """Make an account the primary one of a contact."""
    link, contact, _ = _get(uow, contact_account_id)
    if _is_over(uow, link):
        raise Conflict(f"{contact.name} has left this account.")
    change_record(uow, contact, {"account_id": link.account_id})
    return link


def places_of_contact(uow: UnitOfWork, contact: Contact) -> list[Place]:
    """Return where a contact works and worked, the primary account first.

    To those from whom the account of contacts is hidden, none.
    """
    return _places(uow, ContactAccount.contact_id == contact.id)


def places_at_account(uow: UnitOfWork, account: Account) -> list[Place]:
    """Return who works and worked with an account, those whose primary one it is first.

    To those from whom the account of contacts is hidden, nobody.
    """
    return _places(uow, ContactAccount.account_id == account.id)


def _places(uow: UnitOfWork, condition: Any) -> list[Place]:
    if "account_id" in uow.actor.hidden_fields("contact"):
        return []
    links = uow.session.scalars(select(ContactAccount).where(condition).limit(200)).all()
    contacts = _visible(uow, Contact, [link.contact_id for link in links])
    accounts = _visible(uow, Account, [link.account_id for link in links])
    found = [
        Place(
            link,
            contacts[link.contact_id],
            accounts[link.account_id],
            contacts[link.contact_id].account_id == link.account_id,
            _is_over(uow, link),
        )
        for link in links
        if link.contact_id in contacts and link.account_id in accounts
    ]
    return sorted(
        found,
        key=lambda one: (one.is_over, not one.is_primary, one.contact.name, one.account.name),
    )


def _visible(uow: UnitOfWork, model: Any, keys: Sequence[UUID]) -> dict[UUID, Any]:
    if not keys:
        return {}
    rows = uow.session.scalars(uow.select(model).where(model.id.in_(keys)))
    return {row.id: row for row in rows}


def _check_writable(uow: UnitOfWork) -> None:
    """Refuse to change where contacts work to those who may not write their account.

    Raises:
        NotAllowed: The actor may not.
    """
    if "account_id" in uow.actor.locked_fields("contact"):
        raise NotAllowed("Your roles don't let you change where contacts work.")


def _get(uow: UnitOfWork, key: UUID) -> tuple[ContactAccount, Contact, Account]:
    _check_writable(uow)
    link = uow.session.get(ContactAccount, key)
    if link is None:
        raise NotFound("There is no such place.")
    with not_found_as("There is no such place."):
        contact = uow.get(Contact, link.contact_id, lock=True)
        account = uow.get(Account, link.account_id)
    uow.session.refresh(link, with_for_update=True)
    return link, contact, account


def _find(uow: UnitOfWork, contact_id: UUID, account_id: UUID) -> ContactAccount | None:
    statement = select(ContactAccount).where(
        ContactAccount.contact_id == contact_id, ContactAccount.account_id == account_id
    )
    return uow.session.scalars(statement).one_or_none()


def _leave_if_over(uow: UnitOfWork, link: ContactAccount, contact: Contact) -> None:
    """Choose another primary account if the contact has left the one that was."""
    if contact.account_id != link.account_id or not _is_over(uow, link):
        return
    lasting = or_(ContactAccount.until.is_(None), ContactAccount.until > today(uow))
    others = (
        select(ContactAccount.account_id)
        .where(ContactAccount.contact_id == contact.id, lasting, ContactAccount.id != link.id)
        .order_by(ContactAccount.since, ContactAccount.id)
    )
    visible = _visible(uow, Account, uow.session.scalars(others).all())
    change_record(uow, contact, {"account_id": next(iter(visible), None)})


def _is_over(uow: UnitOfWork, link: ContactAccount) -> bool:
    return link.until is not None and link.until <= today(uow)


def _check_span(values: dict[str, Any]) -> None:
    since, until = values.get("since"), values.get("until")
    if since is not None and until is not None and until < since:
        message = "The last day is before the first."
        raise Invalid(message, {"until": [message]})


def _set(link: ContactAccount, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(link, name, value)


def _tell(
    uow: UnitOfWork, contact: Contact, account: Account, title: str, link: ContactAccount
) -> None:
    said = [part for part in (link.role, link.position) if part]
    details = {"account_id": str(account.id), "contact_account_id": str(link.id)}
    tells = ["contact.account_id"]
    add_entry(uow, contact, "changed", title, ", ".join(said) or None, details, tells=tells)
