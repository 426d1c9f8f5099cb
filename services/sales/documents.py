"""What quotes, orders and invoices have in common: they are made, changed while drafts, copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from services.days import today
from services.errors import Conflict, Invalid
from services.people.organization import get_organization
from services.records.changes import add_record, change_record, check_links, tell_parts
from services.records.types import get_record_type
from services.sales.currencies import RatesOfDay
from services.sales.customer_prices import choose_list
from services.sales.lines import content_of, copied, lines_of, set_lines, write_lines
from services.sales.model import SalesDocument
from services.sales.price_list_model import PriceList
from services.unit_of_work import UnitOfWork

Paper = TypeVar("Paper", bound=SalesDocument)
_SHARED = (
    "title",
    "account_id",
    "contact_id",
    "deal_id",
    "price_list_id",
    "currency",
    "discount_percent",
    "note",
    "owner_id",
    "team_id",
)


def add_document(
    uow: UnitOfWork,
    document: Paper,
    values: dict[str, Any],
    lines: Sequence[dict[str, Any]],
) -> Paper:
    """Store a new document with its lines.

    Its currency is the price list's, else one's own. Its price list is the account's, if nobody
    has said anything about one and the currency fits.
    """
    for name, value in values.items():
        if value is not None:
            setattr(document, name, value)
    check_links(uow, document)
    if "price_list_id" not in values:
        document.price_list_id = _list_of_account(uow, document, values.get("currency"))
    document.currency = values.get("currency") or _currency(uow, document)
    label = get_record_type(document.record_type).label.lower()
    add_record(uow, document, title=f"Made {label} “{document.title}”")
    set_lines(uow, document, lines, today(uow))
    return document


def change_draft(
    uow: UnitOfWork,
    document: SalesDocument,
    values: dict[str, Any],
    lines: Sequence[dict[str, Any]] | None,
    version: int | None,
    *,
    convert: bool = True,
) -> None:
    """Change a document that is a draft still.

    In another currency, a price list that is in the old one gives way to the account's, if that
    fits.

    Args:
        uow: Of whoever does it.
        document: Held.
        values: Its fields that change.
        lines: All its lines; None where they stay as they are, added up anew.
        version: What was seen of it.
        convert: Whether its prices are converted at the day's rates if the currency changes.

    Raises:
        Conflict: It is no draft any more.
        Invalid: There is no rate for its prices, or its price list is in another currency.
    """
    require(document, "draft", but="it can't be changed any more")
    for name, default in (("discount_percent", 0), ("currency", get_organization(uow).currency)):
        if name in values and values[name] is None:
            values[name] = default
    before = document.currency
    change_record(uow, document, values, version=version)
    if values.keys() & {"currency", "price_list_id"}:
        _settle_list(uow, document, chosen="price_list_id" in values)
    if lines is not None:
        _change_lines(uow, document, lines)
    elif convert and document.currency != before:
        _convert_lines(uow, document, before)
    elif values.keys() & {"currency", "discount_percent", "price_list_id"}:
        _add_up_anew(uow, document)


def copy_document(
    uow: UnitOfWork,
    source: SalesDocument,
    target: Paper,
    lines: Sequence[dict[str, Any]],
) -> Paper:
    """Store ``target`` with what it shares with its source, and ready lines."""
    add_copy(uow, source, target)
    write_lines(uow, target, lines)
    return target


def add_copy(
    uow: UnitOfWork, source: SalesDocument, target: SalesDocument, *, note: str | None = None
) -> None:
    """Store ``target`` with what it shares with its source, without lines.

    Args:
        uow: Of whoever does it.
        source: What it comes from.
        target: Not stored yet.
        note: In place of the source's.
    """
    for name in _SHARED:
        setattr(target, name, getattr(source, name))
    target.note = note or source.note
    is_note = getattr(target, "kind", None) == "credit_note"
    label = "credit note" if is_note else get_record_type(target.record_type).label.lower()
    add_record(uow, target, title=f"Made {label} “{target.title}”")


def require(document: SalesDocument, *statuses: str, but: str = "") -> None:
    """Refuse what can't be done where the document stands.

    Args:
        document: That is asked about.
        statuses: Those in which it can be done.
        but: What follows from another one, in words.

    Raises:
        Conflict: Its status is none of ``statuses``.
    """
    if document.status not in statuses:
        found = get_record_type(document.record_type)
        status = found.field("status")
        shown = ((status and status.choices) or {}).get(document.status, document.status)
        message = f"This {found.label.lower()} is {shown.lower()}" + (f"; {but}." if but else ".")
        raise Conflict(message, code="wrong_status")


def _list_of_account(uow: UnitOfWork, document: SalesDocument, currency: str | None) -> UUID | None:
    found = choose_list(uow, document.account_id).price_list
    if found is None or (currency is not None and found.currency != currency):
        return None
    return found.id


def _currency(uow: UnitOfWork, document: SalesDocument) -> str:
    if document.price_list_id is None:
        return get_organization(uow).currency
    return uow.session.get_one(PriceList, document.price_list_id).currency


def _settle_list(uow: UnitOfWork, document: SalesDocument, *, chosen: bool) -> None:
    """Let a document have no price list of another currency.

    Raises:
        Invalid: Such a list was chosen.
    """
    if document.price_list_id is None:
        return
    price_list = uow.session.get_one(PriceList, document.price_list_id)
    if price_list.currency == document.currency:
        return
    if chosen:
        message = f"This price list is in {price_list.currency}, but not the rest."
        raise Invalid(message, {"price_list_id": [message]})
    found = _list_of_account(uow, document, document.currency)
    change_record(uow, document, {"price_list_id": found})


def _change_lines(
    uow: UnitOfWork, document: SalesDocument, given: Sequence[dict[str, Any]]
) -> None:
    """Replace the lines, and tell it if any is another."""
    before, gross = [content_of(line) for line in lines_of(uow, document)], document.gross
    set_lines(uow, document, given, today(uow))
    after = [content_of(line) for line in lines_of(uow, document)]
    if after != before:
        title = f"Changed the lines, now {len(after)}"
        tell_parts(uow, document, title, {"gross": gross}, parts="the lines")


def _convert_lines(uow: UnitOfWork, document: SalesDocument, before: str) -> None:
    """Convert the prices of all lines from the currency that they were in."""
    rates, rows = RatesOfDay(uow, today(uow)), []
    for line in lines_of(uow, document):
        price = rates.convert_price(line.unit_price, before, document.currency)
        rows.append({**copied(line), "unit_price": price, "source_id": line.source_id})
    write_lines(uow, document, rows)


def _add_up_anew(uow: UnitOfWork, document: SalesDocument) -> None:
    lines = lines_of(uow, document)
    write_lines(uow, document, [{**copied(line), "source_id": line.source_id} for line in lines])
