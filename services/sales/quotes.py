"""What can be done with quotes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.actors import Permission
from services.arguments import Line
from services.days import today
from services.errors import Conflict
from services.operations import Arguments, operation
from services.people.organization import get_organization
from services.records.changes import change_record
from services.records.schemas import create_schema, key_argument, update_schema
from services.sales.currencies import CONVERT
from services.sales.documents import add_document, change_draft, copy_document, require
from services.sales.lines import copied, lines_argument, lines_of
from services.sales.model import QUOTE, Order, Quote
from services.sales.numbering import next_number
from services.unit_of_work import UnitOfWork


class QuoteArguments(Arguments):
    """Which quote."""

    quote_id = key_argument(QUOTE)


class DeclineQuote(QuoteArguments):
    """Which quote the client does not want, and why."""

    reason = Line(required=True, metadata={"title": "Reason"})


@operation(
    "quote.create",
    Permission.RECORD_WRITE,
    create_schema(QUOTE, lines=lines_argument(load_default=list)),
    in_diagrams=True,
)
def create_quote(uow: UnitOfWork, *, lines: list[dict[str, Any]], **values: Any) -> Quote:
    """Make a quote."""
    quote = Quote(number=next_number(uow, "quote", today(uow)))
    return add_document(uow, quote, values, lines)


@operation(
    "quote.update",
    Permission.RECORD_WRITE,
    update_schema(QUOTE, lines=lines_argument(), convert=CONVERT),
)
def update_quote(
    uow: UnitOfWork,
    *,
    quote_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    convert: bool = True,
    **values: Any,
) -> Quote:
    """Change a quote that was not sent yet."""
    quote = uow.get(Quote, quote_id, lock=True)
    change_draft(uow, quote, values, lines, version, convert=convert)
    return quote


@operation("quote.send", Permission.RECORD_WRITE, QuoteArguments, in_diagrams=True)
def send_quote(uow: UnitOfWork, *, quote_id: UUID) -> Quote:
    """Mark a quote as sent; it can't be changed any more."""
    quote = uow.get(Quote, quote_id, lock=True)
    require(quote, "draft")
    change_record(uow, quote, {"status": "sent", "sent_at": uow.now})
    return quote


@operation("quote.accept", Permission.RECORD_WRITE, QuoteArguments, in_diagrams=True)
def accept_quote(uow: UnitOfWork, *, quote_id: UUID) -> Order:
    """Make an order of a quote that the client accepts; a second time gives the same order."""
    quote = uow.get(Quote, quote_id, lock=True)
    known = select(Order).where(Order.quote_id == quote.id)
    made = uow.session.scalars(known).one_or_none()
    if made is not None:
        return made
    require(quote, "draft", "sent")
    if quote.valid_until is not None and quote.valid_until < today(uow):
        raise Conflict("This quote is not valid any more.", code="quote_expired")
    day = today(uow)
    order = Order(number=next_number(uow, "order", day), ordered_on=day, quote_id=quote.id)
    copy_document(uow, quote, order, [copied(line) for line in lines_of(uow, quote)])
    change_record(uow, quote, {"status": "accepted", "decided_at": uow.now})
    uow.emit("quote.accepted", "quote", quote.id, order_id=str(order.id))
    return order


@operation("quote.copy", Permission.RECORD_WRITE, QuoteArguments, in_diagrams=True)
def copy_quote(uow: UnitOfWork, *, quote_id: UUID) -> Quote:
    """Draft another quote like one, at its prices; one that was sent can't be changed itself."""
    source = uow.get(Quote, quote_id)
    day = today(uow)
    holds = timedelta(get_organization(uow).offer_valid_days)
    quote = Quote(number=next_number(uow, "quote", day), valid_until=day + holds)
    return copy_document(uow, source, quote, [copied(line) for line in lines_of(uow, source)])


@operation("quote.decline", Permission.RECORD_WRITE, DeclineQuote, in_diagrams=True)
def decline_quote(uow: UnitOfWork, *, quote_id: UUID, reason: str) -> Quote:
    """Close a quote that the client does not want."""
    quote = uow.get(Quote, quote_id, lock=True)
    require(quote, "draft", "sent")
    changes = {"status": "declined", "decided_at": uow.now, "decline_reason": reason}
    change_record(uow, quote, changes)
    uow.emit("quote.declined", "quote", quote.id, reason=reason)
    return quote
