"""What the rows of a file may be: records, and what is no record but comes in files as well."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from services.operations import all_operations
from services.records.types import (
    Field,
    FieldRules,
    RecordType,
    all_record_types,
    get_record_type,
    title_of,
)
from services.sales.price_list_model import Price
from services.sales.price_reading import price_title
from services.unit_of_work import UnitOfWork

PLACE: Final = "place"
"""As a match key: list, product, quantity and first day."""

PLACE_LABEL: Final = "List, product, quantity and first day"

_AT_LEAST_0: Final = FieldRules(minimum=Decimal(0))

PRICE: Final = RecordType(
    name="price",
    label="Price",
    plural="Prices",
    model=Price,
    fields=(
        Field("price_list_id", "Price list", "relation", relation="price_list"),
        Field("product_id", "Product", "relation", relation="product"),
        Field("unit_price", "Unit price", "decimal", rules=_AT_LEAST_0),
        Field("minimum_quantity", "From quantity", "decimal", rules=_AT_LEAST_0),
        Field("valid_from", "Valid from", "date"),
        Field("valid_until", "Valid until", "date"),
        Field("currency", "Currency", "currency", hint="It must be that of the list."),
    ),
    required=("price_list_id", "product_id", "unit_price"),
)

_ROWS: Final[Mapping[str, RecordType]] = {PRICE.name: PRICE}
_OPERATIONS: Final[Mapping[tuple[str, str], str]] = {
    (PRICE.name, "create"): "price.add",
    (PRICE.name, "update"): "price.change",
}


def import_type(name: str) -> RecordType:
    """Return what describes rows of this name.

    Raises:
        NotFound: There is no such type.
    """
    return _ROWS.get(name) or get_record_type(name)


def importable_types() -> list[RecordType]:
    """Return the types that a file may hold: those that can be made and changed."""
    there = {one.name for one in all_operations()}
    return [
        one
        for one in (*all_record_types(), *_ROWS.values())
        if {operation_for(one.name, "create"), operation_for(one.name, "update")} <= there
    ]


def operation_for(name: str, verb: str) -> str:
    """Return the operation that makes (``create``) or changes (``update``) a row's record."""
    return _OPERATIONS.get((name, verb), f"{name}.{verb}")


def is_record_type(name: str) -> bool:
    """Tell whether rows of this name become records, with a bin, a version and a timeline."""
    return name not in _ROWS


def change_kind(name: str) -> str:
    """Return under which kind the changes of such rows are collected."""
    return name if is_record_type(name) else str(import_type(name).model.__tablename__)


def imported_title(uow: UnitOfWork, record: Any) -> str:
    """Return what stands for something imported."""
    return price_title(uow, record) if isinstance(record, Price) else title_of(record)
