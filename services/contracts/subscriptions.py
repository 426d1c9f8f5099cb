"""Subscriptions: drafted and changed; ``subscription_life`` starts, pauses and ends them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from services.actors import Permission
from services.contracts.days import check_years
from services.contracts.following import settle_subscription
from services.contracts.model import Contract
from services.contracts.subscription_model import SUBSCRIPTION, Subscription
from services.days import today
from services.errors import Invalid
from services.operations import operation
from services.records.changes import change_record
from services.records.schemas import create_schema, update_schema
from services.sales.currencies import CONVERT
from services.sales.documents import add_document, change_draft
from services.sales.lines import lines_argument
from services.sales.numbering import Series, next_number, register_series
from services.unit_of_work import UnitOfWork

register_series(
    Series("subscription", "Subscriptions", "S-{year}-{number:05}", Subscription.number)
)

_DEFAULTS: Final[Mapping[str, Any]] = {
    "interval_unit": "month",
    "interval_count": 1,
    "invoicing": "draft",
}
_RANGES: Final = {"interval_count": (1, 60), "anchor_day": (1, 31)}
_AGREED: Final = frozenset(
    {
        "account_id",
        "interval_unit",
        "interval_count",
        "starts_on",
        "anchor_day",
        "currency",
        "price_list_id",
        "discount_percent",
    }
)
"""What stays as it was agreed once a subscription was started."""


@operation(
    "subscription.create",
    Permission.RECORD_WRITE,
    create_schema(SUBSCRIPTION, lines=lines_argument(load_default=list)),
    in_diagrams=True,
)
def create_subscription(
    uow: UnitOfWork, *, lines: Sequence[dict[str, Any]] = (), **values: Any
) -> Subscription:
    """Draft a subscription."""
    check_rhythm(values)
    subscription = Subscription(number=next_number(uow, "subscription", today(uow)))
    add_document(uow, subscription, values, lines)
    _follow_contract(uow, subscription)
    return subscription


@operation(
    "subscription.update",
    Permission.RECORD_WRITE,
    update_schema(SUBSCRIPTION, lines=lines_argument(), convert=CONVERT),
    in_diagrams=True,
)
def update_subscription(
    uow: UnitOfWork,
    *,
    subscription_id: UUID,
    version: int | None = None,
    lines: list[dict[str, Any]] | None = None,
    convert: bool = True,
    **values: Any,
) -> Subscription:
    """Change a subscription; once it was started, what was agreed stays."""
    subscription = uow.get(Subscription, subscription_id, lock=True)
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    check_rhythm(values)
    if subscription.status == "draft":
        change_draft(uow, subscription, values, lines, version, convert=convert)
    else:
        _refuse_agreed(subscription, values, lines)
        change_record(uow, subscription, values, version=version)
    if "contract_id" in values:
        _follow_contract(uow, subscription)
    return subscription


def check_rhythm(values: Mapping[str, Any]) -> None:
    """Refuse periods that nobody means.

    Raises:
        Invalid: With the field.
    """
    for name, (least, most) in _RANGES.items():
        number = values.get(name)
        if number is not None and not least <= number <= most:
            message = f"Use {least} to {most}."
            raise Invalid(message, {name: [message]})
    check_years("starts_on", values.get("starts_on"))


def _follow_contract(uow: UnitOfWork, subscription: Subscription) -> None:
    """Let a subscription end with the contract that it belongs to."""
    key = subscription.contract_id
    contract = None if key is None else uow.session.get_one(Contract, key)
    if contract is not None and contract.account_id != subscription.account_id:
        message = "This contract is another account's."
        raise Invalid(message, {"contract_id": [message]})
    in_force = contract is not None and contract.status != "draft"
    subscription.contract_ends_on = contract.last_day if contract and in_force else None
    settle_subscription(uow, subscription)
    uow.session.flush()


def _refuse_agreed(
    subscription: Subscription, values: Mapping[str, Any], lines: list[dict[str, Any]] | None
) -> None:
    """Refuse other terms for a subscription that was started.

    Raises:
        Invalid: One of them would change (code ``wrong_status``).
    """
    if lines is not None:
        message = "Change the quantities of a subscription that was started, or add a line."
        raise Invalid(message, {"lines": [message]}, code="wrong_status")
    changed = {n for n in _AGREED & values.keys() if values[n] != getattr(subscription, n)}
    if changed:
        fields = [field.label.lower() for field in SUBSCRIPTION.fields if field.name in changed]
        message = f"A subscription that was started keeps its {', '.join(fields)}."
        wrong = {name: [message] for name in sorted(changed)}
        raise Invalid(message, wrong, code="wrong_status")
