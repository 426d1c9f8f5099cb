"""Cells as they stand in files, turned into what a field's own check takes.

A cell is text (CSV), or what a spreadsheet holds: a number, a boolean, ``["at", "2026-12-31"]`` for
a date, None for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from services.records.folding import fold

Read = Callable[[Any], Any]
"""Reads a cell; raises ValueError with a sentence for the user."""

DANGEROUS: Final = "=+-@\t\r\n\x00"
"""Signs at the beginning of a text that a spreadsheet may take for a formula."""

_ERROR: Final = re.compile(r"#[^\W\d_][\w/]*[!?]|#N/A|#NV|#Н/Д|#YOK")  # noqa: RUF001 - Russian
_NEUTRALISED: Final = re.compile(r"'+[=+\-@\t\r\n\x00]")
_PARTS: Final = re.compile(
    r"(\d{1,4})([./\-\s年月])\s*(\d{1,2})\2\s*(\d{1,4})\.?(?:[T\s,]+(.+))?", re.DOTALL
)
_EITHER: Final = re.compile(r"[-+]?[1-9]\d{0,2}[.,]\d{3}")
_CHOOSE: Final = "Choose how this column is written."
_MONTHS: Final = 12
_TIME: Final = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d+))?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?"
)
_YES: Final = """
    1 true t yes y x on ja да так evet tak si sí oui wahr истина doğru тийм oo
"""
_NO: Final = """
    0 false f no n off nei nein нет ні hayır nie non falsch ложь yanlış үгүй hindi
"""  # noqa: RUF001 - the dotless i is meant
_YES_FOLDED: Final = frozenset(fold(word) for word in _YES.split())
_NO_FOLDED: Final = frozenset(fold(word) for word in _NO.split())
_NOT_IN_NUMBERS: Final = re.compile(r"[\s\u00a0\u202f'’$€£¥₽₴₺₮₱%]")  # noqa: RUF001 - the Swiss mark
_CURRENCY: Final = re.compile(r"^[A-Za-z]{3}(?=-?\d)|(?<=\d)(?:[A-Za-z]{3}|kr\.?)$")
_GROUPS: Final = {".": (",", ""), ",": (".", "")}
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - a spreadsheet's dates have no zone
_EXCEL_LAST: Final = 2_958_466
_ORDERS: Final = {"dmy": (0, 1, 2), "mdy": (1, 0, 2), "ymd": (2, 1, 0), "iso": (2, 1, 0)}
_PIVOT: Final = 70
"""Years of two digits below it are of this century."""


def text_of(cell: Any) -> str:
    """Return a cell as text, without spaces at its ends and without the mark of neutral text."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = cell.strip() if cell[:1] != "\t" else cell.rstrip()
        return text[1:].strip() if text[:1] == "'" and _NEUTRALISED.match(text) else text.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, list):
        return str(cell[1]).removesuffix("T00:00:00").replace("T", " ")
    return format(Decimal(repr(cell)), "f") if isinstance(cell, float) else str(cell)


def neutral(text: str) -> str:
    """Return ``text`` so that no spreadsheet takes it for a formula; ``text_of`` undoes it."""
    stripped = text.lstrip("'")
    is_dangerous = stripped[:1] in DANGEROUS and not stripped.isspace()
    return f"'{text}" if stripped and is_dangerous else text


def is_blank(cell: Any) -> bool:
    """Tell whether a cell holds nothing."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def check_result(cell: Any) -> None:
    """Refuse what a spreadsheet shows where a formula has no result, in several languages.

    Raises:
        ValueError: The cell is such.
    """
    if isinstance(cell, str) and cell[:1] == "#" and cell.isupper() and _ERROR.fullmatch(cell):
        raise ValueError(f"The formula in this cell has no result ({cell[:20]}).")


def read_number(decimal: str) -> Read:
    """Return what reads numbers, with ``decimal`` before the fraction.

    Without it each says by itself how it is written; 1.234, which may be either, is refused.
    """

    def read(cell: Any) -> Any:
        if isinstance(cell, int | float) and not isinstance(cell, bool):
            return Decimal(repr(cell))
        text = _CURRENCY.sub("", _NOT_IN_NUMBERS.sub("", text_of(cell))).replace("\u2212", "-")
        if not decimal and _EITHER.fullmatch(text):
            raise ValueError(f"“{text}” may mean thousands or a fraction. {_CHOOSE}")
        text = text.replace(*_GROUPS[decimal or find_decimal([text]) or "."]).replace(",", ".")
        try:
            return Decimal(text)
        except InvalidOperation:
            raise ValueError(f"“{text_of(cell)[:40]}” is not a number.") from None

    return read


def read_whole(cell: Any) -> Any:
    """Read a whole number: 1.234 and 1,234 can only mean thousands."""
    text = text_of(cell)
    is_grouped = isinstance(cell, str) and _EITHER.fullmatch(_NOT_IN_NUMBERS.sub("", text))
    return read_number("")(re.sub(r"[.,]", "", text) if is_grouped else cell)


def find_decimal(cells: Iterable[Any]) -> str:
    """Return what stands before the fraction in most of these cells; "" if none tells."""
    votes = {".": 0, ",": 0}
    for cell in cells:
        text = re.sub(r"[^\d.,]", "", text_of(cell)) if isinstance(cell, str) else ""
        points, commas = text.count("."), text.count(",")
        last = max(text.rfind("."), text.rfind(","))
        if last < 0:
            continue
        mark, other = text[last], {".": ",", ",": "."}[text[last]]
        if points and commas:
            votes[mark] += 3
        elif text.count(mark) > 1:  # groups of thousands
            votes[other] += 2
        elif len(text) - last - 1 != 3:  # noqa: PLR2004 - three digits may be thousands
            votes[mark] += 2
    if votes["."] == votes[","]:
        return ""
    return max(votes, key=lambda mark: votes[mark])


def read_date(order: str) -> Read:
    """Return what reads dates written in ``order`` (dmy, mdy, ymd, iso).

    Without it each says by itself how it is written; 01/02/2026, which may be either, is refused.
    """

    def read(cell: Any) -> Any:
        moment = _moment(cell, order)
        return moment.date() if isinstance(moment, datetime) else moment

    return read


def read_moment(order: str, zone: ZoneInfo) -> Read:
    """Return what reads dates with times; without an offset they are in ``zone``."""

    def read(cell: Any) -> Any:
        moment = _moment(cell, order)
        if not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=zone)
        return moment if moment.tzinfo else moment.replace(tzinfo=zone)

    return read


def find_order(cells: Iterable[Any]) -> str:
    """Return in which order these dates are written; "" if it can't be told (01/02/2026)."""
    orders = {"dmy", "mdy", "ymd"}
    told = False
    for cell in cells:
        found = _PARTS.fullmatch(text_of(cell)) if isinstance(cell, str) else None
        if found is None:
            continue
        told = True
        first, second = int(found[1]), int(found[3])
        if len(found[1]) > 2:  # noqa: PLR2004 - a year
            orders &= {"ymd"}
        else:
            orders -= {"ymd"}
            orders -= {"mdy"} if first > 12 else set()  # noqa: PLR2004
            orders -= {"dmy"} if second > 12 else set()  # noqa: PLR2004
            orders -= {"mdy"} if found[2] == "." else set()
    if not told or len(orders) != 1:
        return ""
    return "iso" if orders == {"ymd"} else orders.pop()


def read_boolean(cell: Any) -> bool:
    """Read yes or no in several languages."""
    if isinstance(cell, bool):
        return cell
    word = fold(text_of(cell))
    if word in _YES_FOLDED:
        return True
    if word in _NO_FOLDED:
        return False
    raise ValueError(f"“{text_of(cell)[:40]}” is neither yes nor no.")


def read_choice(choices: Mapping[str, str]) -> Read:
    """Return what reads one of ``choices``, by its value or its label."""
    known = {fold(label): value for value, label in choices.items()}
    known |= {fold(value): value for value in choices}

    def read(cell: Any) -> Any:
        found = known.get(fold(text_of(cell)))
        if found is None:
            labels = ", ".join(list(choices.values())[:8])
            raise ValueError(f"“{text_of(cell)[:40]}” is none of: {labels}.")
        return found

    return read


def read_several(read_one: Read) -> Read:
    """Return what reads a list, its values divided by semicolons, bars or line ends."""

    def read(cell: Any) -> Any:
        parts = re.split(r"[;|\n]", text_of(cell))
        return [read_one(part.strip()) for part in parts if part.strip()]

    return read


def _moment(cell: Any, order: str) -> date | datetime:
    if isinstance(cell, list):
        return datetime.fromisoformat(cell[1])
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        return _of_serial(float(cell))
    text = text_of(cell)
    found = _PARTS.fullmatch(text)
    chosen = order
    order = order or _own_order(text)
    try:
        if found is None:
            return datetime.fromisoformat(text)
        day = _day((found[1], found[3], found[4]), order)
        return day if found[5] is None else _with_time(day, found[5])
    except (ValueError, OverflowError):
        shown = {"dmy": "day, month, year", "mdy": "month, day, year"}.get(order, "a year first")
        told = f" ({shown})" if chosen else ""
        raise ValueError(f"“{text[:40]}” is not a date{told}.") from None


def _own_order(text: str) -> str:
    """Return in which order a date is written of which nobody said so.

    Raises:
        ValueError: It may be either.
    """
    found = _PARTS.fullmatch(text)
    if found is None:
        return ""
    order = find_order([text])
    if not order and found[1] != found[3] and max(int(found[1]), int(found[3])) <= _MONTHS:
        raise ValueError(f"“{text[:40]}” may begin with the day or the month. {_CHOOSE}")
    return order


def _of_serial(number: float) -> datetime:
    """Read the number that a spreadsheet keeps for a date whose format was lost."""
    if not 1 <= number < _EXCEL_LAST:
        raise ValueError(f"“{number:g}” is not a date.")
    return _EXCEL_EPOCH + timedelta(seconds=round(number * 86_400))


def _day(parts: tuple[str, str, str], order: str) -> date:
    if len(parts[0]) > 2:  # noqa: PLR2004 - a year stands first, whatever was chosen
        order = "ymd"
    places = _ORDERS.get(order, _ORDERS["dmy"])
    day, month, year = (int(parts[place]) for place in places)
    if len(parts[places[2]]) <= 2:  # noqa: PLR2004
        year += 2000 if year < _PIVOT else 1900
    return date(year, month, day)


def _with_time(day: date, text: str) -> datetime:
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    hour = int(found[1])
    if found[5]:
        hour = hour % 12 + (12 if found[5][0] in "Pp" else 0)
    zone = {"Z": "+00:00", "UTC": "+00:00", None: ""}.get(found[6], found[6]) or ""
    part = f".{found[4][:6]:0<6}" if found[4] else ""
    return datetime.fromisoformat(f"{day}T{hour:02}:{found[2]}:{found[3] or '00'}{part}{zone}")
