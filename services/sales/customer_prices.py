"""Which price list counts for a client, and which price the client gets, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from services.crm.account_model import Account
from services.crm.account_tree import MAX_DEPTH
from services.errors import Invalid
from services.people.organization import get_organization
from services.sales.price_list_model import PriceList
from services.sales.pricing import Look, PriceBook
from services.unit_of_work import UnitOfWork


class Choice(StrEnum):
    """Why a list counts."""

    OWN = "own"
    INHERITED = "inherited"
    STANDARD = "standard"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class ChosenList:
    """The price list that counts for a client.

    Attributes:
        price_list: None where nobody has said which.
        account_id: The account that it was said for; None for the standard list.
    """

    why: Choice
    price_list: PriceList | None = None
    account_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PriceAnswer:
    """What a client pays for one unit.

    Attributes:
        looks: Into which lists was looked, the client's first.
        unit_price: None where no list has a price, or ``problem`` says why it can't be told.
        problem: Such as that an exchange rate is missing.
    """

    chosen: ChosenList
    looks: Sequence[Look] = ()
    unit_price: Decimal | None = None
    problem: str | None = None


def choose_list(uow: UnitOfWork, account_id: UUID | None) -> ChosenList:
    """Return the list of an account, else of the account it is a part of, else the standard one.

    Lists in the bin don't count.
    """
    key, first = account_id, account_id
    for _ in range(MAX_DEPTH + 1):
        account = None if key is None else uow.session.get(Account, key)
        if account is None:
            break
        found = _usable(uow, account.price_list_id)
        if found is not None:
            why = Choice.OWN if account.id == first else Choice.INHERITED
            return ChosenList(why, found, account.id)
        key = account.parent_id
    standard = _usable(uow, get_organization(uow).price_list_id)
    return ChosenList(Choice.NONE) if standard is None else ChosenList(Choice.STANDARD, standard)


def answer_price(
    uow: UnitOfWork, product_id: UUID, account_id: UUID | None, quantity: Decimal, on: date
) -> PriceAnswer:
    """Return what a client pays for one unit when so many are bought on a day, and why."""
    return look_for_price(uow, choose_list(uow, account_id), product_id, quantity, on)


def look_for_price(
    uow: UnitOfWork, chosen: ChosenList, product_id: UUID, quantity: Decimal, on: date
) -> PriceAnswer:
    """Return what a product costs on a list that was chosen already, and why."""
    if chosen.price_list is None:
        return PriceAnswer(chosen)
    book = PriceBook(uow, chosen.price_list, [product_id], on)
    try:
        looks = book.look_up(product_id, quantity)
    except Invalid as error:
        return PriceAnswer(chosen, problem=error.message)
    return PriceAnswer(chosen, looks, looks[0].unit_price)


def _usable(uow: UnitOfWork, key: UUID | None) -> PriceList | None:
    found = None if key is None else uow.session.get(PriceList, key)
    return None if found is None or found.deleted_at is not None else found
