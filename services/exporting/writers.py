"""Writing tables as CSV or XLSX, row by row, so that no spreadsheet takes a text for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final, Protocol

from services.errors import Invalid
from services.importing.cells import neutral

CONTENT_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_SHEET_ROWS: Final = 1_048_576
MAX_CELL: Final = 32_767
"""Characters that a cell of a spreadsheet can hold."""

_EXACT_DIGITS: Final = 15
_FIRST_DATE: Final = date(1900, 3, 1)
"""Before it spreadsheets count a day that never was."""


class Writer(Protocol):
    """Writes rows of texts, numbers, dates, times without a zone, and booleans."""

    def write(self, row: Sequence[Any]) -> None:
        """Add a row."""

    def close(self) -> None:
        """Write what is left; the file itself stays open."""


def open_writer(kind: str, file: BinaryIO, delimiter: str = ",") -> Writer:
    """Return what writes a file of this kind (``csv`` or ``xlsx``) into ``file``.

    Raises:
        Invalid: There is no such kind.
    """
    if kind not in CONTENT_TYPES:
        raise Invalid("Choose CSV or XLSX.", {"kind": ["Choose CSV or XLSX."]})
    return _XlsxWriter(file) if kind == "xlsx" else _CsvWriter(file, delimiter)


class _CsvWriter:
    """UTF-8 with a byte order mark, by which spreadsheets know it."""

    def __init__(self, file: BinaryIO, delimiter: str) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=True)
        self._rows = csv.writer(self._text, delimiter=delimiter)
        self._comma = "," if delimiter == ";" else "."

    def write(self, row: Sequence[Any]) -> None:
        self._rows.writerow([self._text_of(cell) for cell in row])

    def _text_of(self, cell: Any) -> str:
        text = _as_text(cell)
        return text.replace(".", self._comma) if isinstance(cell, Decimal) else text

    def close(self) -> None:
        self._text.flush()
        self._text.detach()


class _XlsxWriter:
    """One sheet, whose rows go to disk as they come."""

    def __init__(self, file: BinaryIO) -> None:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        }
        # Imported here: it takes 3 MB of each process that never writes a sheet.
        from xlsxwriter import Workbook  # noqa: PLC0415

        self._book = Workbook(file, options)
        self._sheet = self._book.add_worksheet("Records")
        self._sheet.freeze_panes(1, 0)
        self._bold = self._book.add_format({"bold": True})
        self._day = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._moment = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        # Marks a cell as text, as a leading apostrophe does that is typed by hand.
        self._text = self._book.add_format({"quote_prefix": True})
        self._count = 0

    def write(self, row: Sequence[Any]) -> None:
        if self._count >= MAX_SHEET_ROWS:
            raise Invalid(f"A sheet has at most {MAX_SHEET_ROWS:,} rows. Choose CSV.")
        for column, cell in enumerate(row):
            self._write(column, cell)
        self._count += 1

    def close(self) -> None:
        self._book.close()

    def _write(self, column: int, cell: Any) -> None:
        place = (self._count, column)
        if cell is None or cell == "":
            return
        if isinstance(cell, bool):
            self._sheet.write_string(*place, _as_text(cell))
        elif isinstance(cell, int | Decimal) and _is_exact(cell):
            self._sheet.write_number(*place, float(cell))
        elif isinstance(cell, datetime) and cell.date() >= _FIRST_DATE:
            self._sheet.write_datetime(*place, cell, self._moment)
        elif isinstance(cell, date) and not isinstance(cell, datetime) and cell >= _FIRST_DATE:
            self._sheet.write_datetime(*place, cell, self._day)
        else:
            text = cell if isinstance(cell, str) else _as_text(cell)
            bare = self._bold if self._count == 0 else None
            style = bare if neutral(text) == text else self._text
            # Read again, an apostrophe of its own would be taken for the mark of neutral text.
            shown = neutral(text) if text.startswith("'") else text
            self._sheet.write_string(*place, shown[:MAX_CELL], style)


def _as_text(cell: Any) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        return format(cell, "f")
    return neutral(cell) if isinstance(cell, str) else str(cell)


def _is_exact(number: int | Decimal) -> bool:
    """Tell whether a spreadsheet keeps all digits of a number."""
    return len(Decimal(number).as_tuple().digits) <= _EXACT_DIGITS
