"""What can be done with accounts."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from services.actors import Permission
from services.crm.account_model import ACCOUNT, Account
from services.crm.account_tree import check_parent
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.errors import Invalid
from services.operations import operation
from services.records.changes import add_record, change_record, check_links
from services.records.contact_points import name_key, website_domain
from services.records.schemas import create_schema, update_schema
from services.unit_of_work import UnitOfWork

MOST_DAYS: Final = 365
"""How long an account may have at most to pay an invoice."""


@operation(
    "account.create",
    Permission.RECORD_WRITE,
    create_schema(ACCOUNT, **DOUBLE_ARGUMENTS),
    in_diagrams=True,
)
@asks_about_doubles("account")
def create_account(uow: UnitOfWork, **values: Any) -> Account:
    """Create an account."""
    check_parent(uow, None, values.get("parent_id"))
    _check_days(values.get("payment_days"))
    account = Account(**with_keys(values))
    check_links(uow, account)
    add_record(uow, account, title=f"Created account “{account.name}”")
    return account


@operation("account.update", Permission.RECORD_WRITE, update_schema(ACCOUNT), in_diagrams=True)
def update_account(
    uow: UnitOfWork, *, account_id: UUID, version: int | None = None, **values: Any
) -> Account:
    """Change an account."""
    account = uow.get(Account, account_id)
    if "parent_id" in values and values["parent_id"] != account.parent_id:
        check_parent(uow, account.id, values["parent_id"])
    _check_days(values.get("payment_days"))
    change_record(uow, account, with_keys(values), version=version)
    return account


def _check_days(days: int | None) -> None:
    """Refuse a time to pay that nobody gives.

    Raises:
        Invalid: With the field.
    """
    if days is not None and not 0 <= days <= MOST_DAYS:
        message = f"Use 0 to {MOST_DAYS}."
        raise Invalid(message, {"payment_days": [message]})


def with_keys(values: dict[str, Any]) -> dict[str, Any]:
    """Return ``values`` with what is derived from the name and the website."""
    derived: dict[str, Any] = {}
    if "name" in values:
        derived["name_key"] = name_key(values["name"])
    if "website" in values:
        derived["domain"] = website_domain(values["website"])
    return {**values, **derived}
