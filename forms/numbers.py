"""Numbers as forms carry them: JSON numbers, or texts where digits must not be lost."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

MAX_TEXT_LENGTH: Final = 64
MAX_EXPONENT: Final = 30

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")


def read_number(value: Any) -> Decimal | None:
    """Return a number or the text of one exactly; None if it is neither, or beyond all use."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float | Decimal):
        text = repr(value) if isinstance(value, float) else str(value)
    elif isinstance(value, str):
        text = value
    else:
        return None
    if len(text) > MAX_TEXT_LENGTH or not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    return number if number == 0 or abs(number.adjusted()) <= MAX_EXPONENT else None


def count_decimals(number: Decimal) -> int:
    """Return how many digits stand after the point, without closing zeros."""
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0
