"""What lines come to before they are saved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.crm.deal_model import Deal
from services.days import today
from services.money import Totals, known_currency, total
from services.sales.customer_prices import choose_list
from services.sales.filling import fill_lines
from services.sales.lines import priced_line
from services.sales.price_list_model import PriceList
from services.unit_of_work import UnitOfWork


def try_lines(
    uow: UnitOfWork, record: Any, given: Sequence[Mapping[str, Any]]
) -> tuple[list[dict[str, Any]], Totals]:
    """Return complete lines with their net amounts and what they come to; nothing is kept.

    Args:
        uow: Of whoever types.
        record: A paper or a deal that the lines are for.
        given: As ``LineArguments`` loads them.

    Raises:
        Invalid: As when they are saved.
    """
    currency = known_currency(record.currency)
    price_list, discount = None, Decimal(0)
    if isinstance(record, Deal):
        price_list = choose_list(uow, record.account_id).price_list
    else:
        discount = record.discount_percent
        if record.price_list_id is not None:
            price_list = uow.session.get_one(PriceList, record.price_list_id)
    rows = fill_lines(uow, given, price_list, currency, today(uow))
    totals = total(map(priced_line, rows), currency, discount)
    return [{**row, "net": net} for row, net in zip(rows, totals.lines, strict=True)], totals
