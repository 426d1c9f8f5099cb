"""The rows of the form of lines as they were sent: those that say anything, in their new order."""

from __future__ import annotations

from contextlib import suppress
from itertools import zip_longest
from typing import Final

from flask import request

COLUMNS: Final = (
    "at",
    "no",
    "product",
    "title",
    "description",
    "quantity",
    "unit",
    "unit_price",
    "discount_percent",
    "tax_category",
    "tax_percent",
)
_TELLING: Final = ("product", "title", "unit_price")
_STEPS: Final = {"up": -1, "down": 1}
_MORE: Final = 10
_SPARE: Final = 3

Row = dict[str, str]


def typed_rows(first: int) -> list[Row]:
    """Return the rows that say anything besides a quantity and a tax.

    One that got another number stands there; the button that was pressed has moved or removed one.

    Args:
        first: The number of the first row, from 0.
    """
    told = [(number, row) for number, row in enumerate(_sent_rows()) if any(map(row.get, _TELLING))]
    told = _after_button(told)
    rows = [row for _, row in told]
    moved = [
        (int(row["no"]) - 1 - first, row)
        for number, row in told
        if row["no"].isdecimal() and int(row["no"]) != first + number + 1
    ]
    for place, row in sorted(moved, key=lambda pair: pair[0]):
        rows.remove(row)
        rows.insert(max(0, place), row)
    return rows


def spare_rows() -> int:
    """Return how many empty rows the form shows; more each time that more are wanted."""
    sent = _sent_rows()
    empty = sum(not any(map(row.get, _TELLING)) for row in sent)
    if request.form.get("more"):
        return empty + _MORE
    return max(empty, _SPARE) if "do" in request.form else _SPARE


def _sent_rows() -> list[Row]:
    columns = [[_plain(text) for text in request.form.getlist(name)] for name in COLUMNS]
    rows = zip_longest(*columns, fillvalue="")  # a column that was not sent wipes out no row
    return [dict(zip(COLUMNS, values, strict=True)) for values in rows]


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _after_button(told: list[tuple[int, Row]]) -> list[tuple[int, Row]]:
    """Return the rows after the button of one was pressed, such as ``up:3``."""
    verb, _, text = request.form.get("do", "").partition(":")
    with suppress(ValueError, StopIteration):
        place = next(k for k, (number, _) in enumerate(told) if number == int(text))
        if verb == "remove":
            return told[:place] + told[place + 1 :]
        other = place + _STEPS.get(verb, 0)
        if 0 <= other < len(told):
            (here, row), (there, neighbour) = told[place], told[other]
            told[place], told[other] = (here, neighbour), (there, row)
            for _, one in told:
                one["no"] = ""
    return told
