"""Contracts: drafted and changed; ``life`` puts them into force and ends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from services.actors import Permission
from services.contracts.days import check_years
from services.contracts.following import settle_contract
from services.contracts.model import CONTRACT, Contract, ContractLine
from services.crm.deal_model import DEAL, Deal
from services.days import today
from services.documents.model import Document
from services.errors import Conflict, Invalid, NotFound
from services.money import known_currency, round_money
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import create_schema, key_argument, update_schema
from services.sales.currencies import CONVERT, RatesOfDay
from services.sales.documents import add_document, change_draft
from services.sales.lines import lines_argument, lines_of
from services.sales.numbering import Series, next_number, register_series
from services.sales.positions import check_amount_seen, positions_of
from services.unit_of_work import UnitOfWork

register_series(Series("contract", "Contracts", "C-{year}-{number:05}", Contract.number))

_DEFAULTS: Final[Mapping[str, Any]] = {
    "notice_count": 0,
    "notice_unit": "months",
    "remind_days": 30,
    "value": Decimal(0),
}
_RANGES: Final = {"notice_count": (0, 730), "remind_days": (0, 730), "renewal_months": (1, 240)}
_AGREED: Final = frozenset(
    {"account_id", "starts_on", "ends_on", "currency", "value", "price_list_id", "discount_percent"}
)
"""What stays as it was agreed once a contract is in force."""

_OF_LINE: Final = (
    "product_id",
    "title",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount_percent",
    "tax_category",
    "tax_percent",
)


class MakeFromDeal(Arguments):
    """Which deal was won."""

    deal_id = key_argument(DEAL)


@operation(
    "contract.create",
    Permission.RECORD_WRITE,
    create_schema(CONTRACT, lines=lines_argument(load_default=list)),
    in_diagrams=True,
)
def create_contract(
    uow: UnitOfWork, *, lines: Sequence[dict[str, Any]] = (), **values: Any
) -> Contract:
    """Draft a contract."""
    contract = Contract(number=next_number(uow, "contract", today(uow)))
    check_terms(contract, values)
    _check_paper(uow, contract, values)
    add_document(uow, contract, values, lines)
    _settle_value(uow, contract, values.get("value"))
    return contract


@operation(
    "contract.update",
    Permission.RECORD_WRITE,
    update_schema(CONTRACT, lines=lines_argument(), convert=CONVERT),
    in_diagrams=True,
)
def update_contract(
    uow: UnitOfWork,
    *,
    contract_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    convert: bool = True,
    **values: Any,
) -> Contract:
    """Change a contract; in force, what was agreed for its term stays."""
    contract = uow.get(Contract, contract_id, lock=True)
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    check_terms(contract, values)
    _check_paper(uow, contract, values)
    if contract.status == "draft":
        value, before = values.pop("value", None), contract.currency
        change_draft(uow, contract, values, lines, version, convert=convert)
        if convert and value is None and not lines_of(uow, contract):
            rates = RatesOfDay(uow, today(uow))
            value = rates.convert(contract.value, before, contract.currency)
        _settle_value(uow, contract, value)
        return contract
    _refuse_agreed(contract, values, lines)
    change_record(uow, contract, values, version=version)
    settle_contract(uow, contract)
    return contract


@operation("contract.make_from_deal", Permission.RECORD_WRITE, MakeFromDeal, in_diagrams=True)
def make_from_deal(uow: UnitOfWork, *, deal_id: UUID) -> Contract:
    """Draft a contract from a deal that was won; a second time gives the same contract."""
    deal = uow.get(Deal, deal_id, lock=True)
    check_amount_seen(uow)
    if deal.won_at is None:
        raise Conflict("Only a deal that was won becomes a contract.", code="wrong_status")
    if deal.account_id is None:
        message = "Say whose deal this is first: it has no account."
        raise Invalid(message, {"account_id": [message]})
    known = uow.select(Contract).where(Contract.deal_id == deal.id, Contract.status != "cancelled")
    made = uow.session.scalars(known.order_by(Contract.id).limit(1)).one_or_none()
    if made is not None:
        return made
    day = today(uow)
    names = ("account_id", "contact_id", "owner_id", "team_id")
    values = {name: getattr(deal, name) for name in names}
    values |= {"title": deal.name, "deal_id": deal.id, "starts_on": day, "note": deal.needs}
    values |= {"currency": known_currency(deal.currency), "price_list_id": None}
    contract = Contract(number=next_number(uow, "contract", day))
    add_document(uow, contract, values, _lines_of(uow, deal))
    _settle_value(uow, contract, None)
    return contract


def check_terms(contract: Contract, values: Mapping[str, Any]) -> None:
    """Refuse terms that make no sense together.

    Raises:
        Invalid: With the field.
    """
    for name, (least, most) in _RANGES.items():
        number = values.get(name)
        if number is not None and not least <= number <= most:
            message = f"Use {least} to {most}."
            raise Invalid(message, {name: [message]})
    for name in ("starts_on", "ends_on"):
        check_years(name, values.get(name))
    starts, ends = (values.get(name, getattr(contract, name)) for name in ("starts_on", "ends_on"))
    if starts is not None and ends is not None and ends < starts:
        message = "A contract can't end before it starts."
        raise Invalid(message, {"ends_on": [message]})
    if values.get("renewal_months", contract.renewal_months) and ends is None:
        message = "Say when the term ends that is renewed then."
        raise Invalid(message, {"ends_on": [message]})


def _check_paper(uow: UnitOfWork, contract: Contract, values: Mapping[str, Any]) -> None:
    """Refuse a file as the signed paper that was not put to this contract.

    Raises:
        NotFound: In the words for a file that there is not.
    """
    key = values.get("signed_document_id")
    if key is None:
        return
    paper = uow.session.get(Document, key)
    if paper is None or paper.deleted_at or contract.id is None or paper.record_id != contract.id:
        raise NotFound("There is no such document.")


def _settle_value(uow: UnitOfWork, contract: Contract, value: Decimal | None) -> None:
    """Let the value be the sum of the lines; without any, what was given.

    Raises:
        Invalid: Another value was given than the sum of the lines.
    """
    known = select(ContractLine.id).where(ContractLine.document_id == contract.id).limit(1)
    currency = known_currency(contract.currency)
    if uow.session.scalar(known) is None:
        found = round_money(contract.value if value is None else value, currency)
    else:
        found = contract.taxable
        if value is not None and value != found:
            message = "The value is the sum of the lines; change those."
            raise Invalid(message, {"value": [message]})
    if found != contract.value:
        change_record(uow, contract, {"value": found})


def _refuse_agreed(
    contract: Contract, values: Mapping[str, Any], lines: list[dict[str, Any]] | None
) -> None:
    """Refuse other terms for a contract that is in force.

    Raises:
        Invalid: One of them would change (code ``wrong_status``).
    """
    changed = {name for name in _AGREED & values.keys() if values[name] != getattr(contract, name)}
    if lines is not None or changed:
        fields = [field.label.lower() for field in CONTRACT.fields if field.name in changed]
        named = ", ".join(fields) or "lines"
        message = f"A contract that was agreed keeps its {named}. Renew it, or make another one."
        wrong = sorted(changed) or ["lines"]
        raise Invalid(message, {name: [message] for name in wrong}, code="wrong_status")


def _lines_of(uow: UnitOfWork, deal: Deal) -> list[dict[str, Any]]:
    """Return a deal's lines as a contract takes them."""
    return [{name: line.get(name) for name in _OF_LINE} for line in positions_of(uow, deal)]
