"""Parts of a document's lines: how much of each goes onto the next paper."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from services.arguments import Quantity, WholeNumber
from services.errors import Conflict, Invalid
from services.operations import Arguments


class PartOfLine(Arguments):
    """How much of a line."""

    position = WholeNumber(required=True, metadata={"title": "Line"})
    quantity = Quantity(required=True, metadata={"title": "Quantity"})


def wanted_quantities(
    parts: list[dict[str, Any]] | None, left: Mapping[int, Decimal], *, nothing: str
) -> Mapping[int, Decimal]:
    """Return the quantity that is wanted of each line, by position; all that is left for None.

    Args:
        parts: As ``PartOfLine`` loads them; several of one line are added up.
        left: What there is, by position.
        nothing: What is said when nothing is left.

    Raises:
        Invalid: More is wanted than is left, or there is no such line.
        Conflict: Nothing is left.
    """
    if not any(left.values()):
        raise Conflict(nothing)
    if parts is None:
        return left
    wanted: dict[int, Decimal] = {}
    for number, part in enumerate(parts):
        position = part["position"]
        wanted[position] = wanted.get(position, Decimal(0)) + part["quantity"]
        rest = left.get(position)
        if rest is None or wanted[position] > rest:
            message = (
                "There is no such line." if rest is None else f"Only {rest.normalize():f} is left."
            )
            raise Invalid(message, {f"lines.{number}.quantity": [message]})
    return wanted
