"""What can be done with products."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import exists, select

from services.actors import Permission
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.errors import Invalid
from services.operations import operation
from services.records.changes import add_record, change_record, check_links
from services.records.schemas import create_schema, update_schema
from services.sales.product_model import PRODUCT, Product
from services.unit_of_work import UnitOfWork

_DEFAULTS = {"kind": "goods", "tax_category": "S"}


@operation(
    "product.create",
    Permission.CATALOGUE_WRITE,
    create_schema(PRODUCT, **DOUBLE_ARGUMENTS),
    in_diagrams=True,
)
@asks_about_doubles("product")
def create_product(uow: UnitOfWork, **values: Any) -> Product:
    """Create a product."""
    product = Product(**{name: value for name, value in values.items() if value is not None})
    _check(uow, product, values)
    check_links(uow, product)
    add_record(uow, product, title=f"Created product “{product.name}”")
    return product


@operation("product.update", Permission.CATALOGUE_WRITE, update_schema(PRODUCT), in_diagrams=True)
def update_product(
    uow: UnitOfWork, *, product_id: UUID, version: int | None = None, **values: Any
) -> Product:
    """Change a product; documents that hold it stay as they are."""
    product = uow.get(Product, product_id)
    for name, default in _DEFAULTS.items():
        if name in values and values[name] is None:
            values[name] = default
    _check(uow, product, values)
    change_record(uow, product, values, version=version)
    return product


def _check(uow: UnitOfWork, product: Product, values: dict[str, Any]) -> None:
    """Refuse an article number that is taken, and tax where there is none.

    Raises:
        Invalid: With the field.
    """
    code = values.get("code")
    taken = exists().where(Product.code == code, Product.id.is_distinct_from(product.id))
    if code is not None and uow.session.scalar(select(taken)):
        message = f"There is a product with the article number {code} already."
        raise Invalid(message, {"code": [message]})
    category = values.get("tax_category", product.tax_category) or "S"
    if category != "S" and values.get("tax_percent", product.tax_percent):
        message = "Only the standard rate goes with a tax in percent."
        raise Invalid(message, {"tax_percent": [message]})
