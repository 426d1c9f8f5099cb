"""When a contract can end: at the end of a term, or a notice period from now."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import takewhile

from services.contracts.days import next_end
from services.contracts.model import Contract
from services.days import show_day
from services.errors import Invalid


def earliest_end(contract: Contract, given_on: date) -> date:
    """Return the first day on which a contract can end if notice is given on a day.

    A contract that is renewed ends at the end of a term. Others end whenever the notice period
    is over, at the latest on their last day.
    """
    if contract.renewal_months:
        return next(end for end in _ends(contract) if contract.notice.last_day_for(end) >= given_on)
    found = contract.notice.end_after(given_on)
    if contract.starts_on is not None:
        found = max(found, contract.starts_on)
    return found if contract.ends_on is None else min(found, contract.ends_on)


def check_end(contract: Contract, chosen: date, given_on: date) -> None:
    """Refuse a day on which a contract can't end without both sides agreeing.

    Raises:
        Invalid: With the earliest day (code ``notice_period``), or those near the chosen one.
    """
    earliest = earliest_end(contract, given_on)
    if chosen < earliest:
        period = f"The notice period is {contract.notice.text}. " if contract.notice_count else ""
        raise _refused(f"{period}The earliest day is {show_day(earliest)}.", "notice_period")
    if contract.renewal_months:
        before = list(takewhile(lambda end: end <= chosen, _ends(contract)))
        if before[-1] != chosen:
            later = next(end for end in _ends(contract) if end > chosen)
            terms = f"{show_day(max(before[-1], earliest))} or {show_day(later)}"
            raise _refused(f"It ends at the end of a term: {terms}.", "notice_period")
    elif contract.ends_on is not None and chosen > contract.ends_on:
        raise _refused(f"It ends on {show_day(contract.ends_on)} anyway.", "invalid")


def _ends(contract: Contract) -> Iterator[date]:
    """Yield the last day of the present term and of those after it."""
    end = contract.ends_on
    starts, months = contract.starts_on, contract.renewal_months
    if end is None or starts is None or not months:
        return
    while True:
        yield end
        end = next_end(starts, end, months)


def _refused(message: str, code: str) -> Invalid:
    return Invalid(message, {"ends_on": [message]}, code=code)
