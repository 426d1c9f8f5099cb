"""What is said once something was done to a paper: which paper, and what has become of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from app.layout import amount
from services.contracts.model import Contract
from services.contracts.subscription_model import Subscription
from services.days import show_day
from services.records.types import get_record_type
from services.sales.model import INVOICE_KINDS, Invoice, SalesDocument

Told: TypeAlias = Callable[[Any, Any], str]
"""Makes a sentence of a record and of what the operation gave."""


def named(paper: SalesDocument) -> str:
    """Return what people call a paper: its kind with its number, or a draft's title."""
    label = get_record_type(paper.record_type).label
    if isinstance(paper, Invoice):
        label = INVOICE_KINDS[paper.kind]
    number: str | None = getattr(paper, "number", None)
    return f"{label} {number}" if number else f"{label} “{paper.title}”"


def named_within(paper: SalesDocument) -> str:
    """Return what people call a paper in the middle of a sentence."""
    name = named(paper)
    return f"{name[:1].lower()}{name[1:]}"


def about(text: str) -> Told:
    """Return what says a text of a paper, after its name."""

    def told(paper: SalesDocument, _made: Any) -> str:
        return f"{named(paper)} {text}"

    return told


def told_copied(source: SalesDocument, made: SalesDocument) -> str:
    """Say which paper is the copy."""
    return f"{named(made)} is a copy of {named_within(source)}, which stays as it was."


def told_paid(invoice: Invoice, made: Mapping[str, Any]) -> str:
    """Say what is left of an invoice."""
    left: Decimal = made["left"]
    if left > 0:
        rest = amount(left, invoice.currency)
        return f"The payment is noted; {rest} of {named_within(invoice)} is left to be paid."
    return f"The payment is noted; {named_within(invoice)} is paid."


def told_paid_back(paper: Invoice, made: Mapping[str, Any]) -> str:
    """Say what is still to be paid back."""
    left: Decimal = made["left"]
    rest = f"; {amount(left, paper.currency)} is left to be paid back" if left > 0 else ""
    return f"What was paid back of {named_within(paper)} is noted{rest}."


def told_set_off(note: Invoice, made: Mapping[str, Any]) -> str:
    """Say what is left of a credit note, and of the invoice that it was set off against."""
    left, to_pay = (amount(made[name], note.currency) for name in ("left", "to_pay"))
    return f"{named(note)} is set off: {left} of it is left, and {to_pay} of the invoice."


def told_reminded(invoice: Invoice, made: Mapping[str, Any]) -> str:
    """Say how the client was reminded."""
    how = "The letter is among its documents" if made["mail_id"] is None else "The mail is underway"
    return f"{how}: reminder {made['reminders']} of {named_within(invoice)}."


def told_renewed(contract: Contract, _made: Any) -> str:
    """Say until when a contract goes on."""
    return f"{named(contract)} is renewed{_until(contract.ends_on)}."


def told_raised(contract: Contract, made: Mapping[str, Any]) -> str:
    """Say how many subscriptions of a contract have other prices."""
    count = made["subscriptions"]
    what = "subscription has" if count == 1 else "subscriptions have"
    return f"{count} {what} other prices from the next period on, by {named_within(contract)}."


def told_cancelled(paper: Contract | Subscription, _made: Any) -> str:
    """Say when a contract or a subscription ends."""
    last = paper.cancels_on if isinstance(paper, Contract) else paper.ends_on
    to = "" if last is None else f" to {show_day(last)}"
    return f"{named(paper)} is cancelled{to}."


def told_resuming(subscription: Subscription, _made: Any) -> str:
    """Say until when a subscription is paused."""
    on = subscription.resumes_on
    return f"{named(subscription)} is paused" + (f"; it resumes on {show_day(on)}." if on else ".")


def _until(day: Any) -> str:
    return "" if day is None else f" until {show_day(day)}"
