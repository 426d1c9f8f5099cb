"""Reminding clients of invoices that are late: a letter, a mail, and events for processes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select, update

from services.actors import SYSTEM, Permission
from services.arguments import Email, LongText, Truth
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.days import show_day, today
from services.documents.files import make_document
from services.errors import Conflict, Invalid, NotAllowed
from services.money import show_money
from services.operations import operation, run
from services.platform import Platform
from services.records.changes import change_record
from services.sales.documents import require
from services.sales.invoices import InvoiceArguments
from services.sales.lines import sees_prices
from services.sales.model import Invoice
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour_in_steps

LETTER: Final = "payment_reminder"
MAIL: Final = "payment_reminder_mail"
TOGETHER: Final = 200
"""Of how many invoices the processes are told in one transaction."""

_ORDINALS: Final = ("first", "second", "third")


class RemindOfInvoice(InvoiceArguments):
    """Of which invoice its client is reminded, and how."""

    message = LongText(
        load_default=None,
        allow_none=True,
        metadata={"title": "Message", "description": "Stands in the mail, in place of its text."},
    )
    to = Email(
        load_default=None,
        allow_none=True,
        metadata={"title": "To", "description": "The contact's or the account's address if empty."},
    )
    only_letter = Truth(
        load_default=False,
        metadata={"title": "Only make the letter", "description": "No mail is sent."},
    )


@operation("invoice.remind", Permission.MAIL_SEND, RemindOfInvoice, in_diagrams=True)
def remind_of_invoice(
    uow: UnitOfWork,
    *,
    invoice_id: UUID,
    message: str | None = None,
    to: str | None = None,
    only_letter: bool = False,
) -> dict[str, Any]:
    """Remind a client of an invoice that is late: a letter is made, and mailed.

    Raises:
        Conflict: It is not late (code ``not_late``), or its client was reminded today already
            (code ``reminded_today``).
        Invalid: There is no address to write to.
        NotAllowed: The actor may not see what invoices come to, and so the letter would not say it.
    """
    invoice = uow.get(Invoice, invoice_id, lock=True)
    if not sees_prices(uow, "invoice"):
        raise NotAllowed("Your roles don't let you see what invoices come to.")
    due = check_late(uow, invoice)
    address = None if only_letter else to or address_of(uow, invoice)
    if address is None and not only_letter:
        text = "This client has no e-mail address. Give one, or only make the letter."
        raise Invalid(text, {"to": [text]}, code="mail_address_invalid")
    level = invoice.reminders + 1
    owed = show_money(invoice.open, invoice.currency)
    which = _ORDINALS[level - 1] if level <= len(_ORDINALS) else f"{level}th"
    title = f"Sent the {which} reminder: {owed} due since {show_day(due)}"
    changes = {"reminders": level, "reminded_on": today(uow)}
    change_record(uow, invoice, changes, title=title, tells=("invoice.gross",))
    about: dict[str, Any] = {"record_type": "invoice", "record_id": invoice.id}
    # Not run as an operation of its own: a process may hold no other right than to remind.
    letter = make_document(uow, template=LETTER, **about)
    mail_id = None
    if address is not None:
        mail = {"to": address, "body": message, "template": MAIL}
        mail_id = _send(uow, {**about, **mail, "document_ids": [letter["document_id"]]})
    uow.emit("invoice.reminded", "invoice", invoice.id, reminders=level)
    return {"reminders": level, "document_id": letter["document_id"], "mail_id": mail_id}


def check_late(uow: UnitOfWork, invoice: Invoice) -> date:
    """Return since when an invoice is due, if its client can be reminded of it today.

    Raises:
        Conflict: With the reason.
    """
    if invoice.kind != "invoice":
        raise Conflict("Nobody is reminded of a credit note.", code="not_late")
    require(invoice, "issued")
    day = today(uow)
    if invoice.due_on is None or invoice.due_on >= day:
        told = "" if invoice.due_on is None else f": it is due on {show_day(invoice.due_on)}"
        raise Conflict(f"This invoice is not late{told}.", code="not_late")
    if invoice.reminded_on == day:
        raise Conflict("The client was reminded of this invoice today.", code="reminded_today")
    return invoice.due_on


def address_of(uow: UnitOfWork, invoice: Invoice) -> str | None:
    """Return where reminders go: to the invoice's contact, else to its account.

    Only addresses that the actor may see: the mail would tell them.
    """
    people: tuple[tuple[Any, UUID | None], ...] = (
        (Contact, invoice.contact_id),
        (Account, invoice.account_id),
    )
    for model, key in people:
        if key is None or "email" in uow.actor.hidden_fields(model.record_type):
            continue
        found = uow.session.get(model, key)
        if found is not None and found.email:
            return str(found.email)
    return None


@each_hour_in_steps
def tell_late_invoices(platform: Platform) -> None:
    """Tell the processes once of each invoice that has become late."""
    while platform.transact(SYSTEM, _tell_some, source="timer"):
        pass


def _tell_some(uow: UnitOfWork) -> int:
    day = today(uow)
    late = (
        Invoice.status == "issued",
        Invoice.kind == "invoice",
        Invoice.due_on < day,
        or_(Invoice.told_late_on.is_(None), Invoice.told_late_on <= Invoice.due_on),
        Invoice.deleted_at.is_(None),
    )
    some = select(Invoice).where(*late).order_by(Invoice.due_on, Invoice.id).limit(TOGETHER)
    found = uow.session.scalars(some.with_for_update(skip_locked=True)).all()
    # It is nothing that anybody has changed, so that nobody's form is out of date by it.
    keys = [invoice.id for invoice in found]
    told = update(Invoice).where(Invoice.id.in_(keys)).values(told_late_on=day)
    uow.session.execute(told.execution_options(synchronize_session=False))
    for invoice in found:
        uow.emit("invoice.late", "invoice", invoice.id, **_owed(invoice))
    return len(found)


def _owed(invoice: Invoice) -> Mapping[str, Any]:
    due = invoice.due_on and invoice.due_on.isoformat()
    return {"due_on": due, "open": str(invoice.open), "currency": invoice.currency}


def _send(uow: UnitOfWork, mail: dict[str, Any]) -> UUID:
    """Send a mail that no process waits for, though a step of one may have asked for it."""
    waiting, uow.call_key = uow.call_key, None
    try:
        sent: dict[str, Any] = run(uow, "mail.send", mail)
    finally:
        uow.call_key = waiting
    mail_id: UUID = sent["mail_id"]
    return mail_id
