"""Reading files to import: encodings, delimiters, bombs, and cells of every kind."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter

from services.crm.deal_model import Deal
from services.errors import Invalid
from services.importing import xlsx_files
from services.importing.cells import (
    find_decimal,
    find_order,
    read_date,
    read_number,
    read_whole,
)
from services.importing.sheet_errors import errors_in


def archive_of(name: str) -> bytes:
    """Return a zip file with one part."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, "<x/>")
    return file.getvalue()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251", "koi8-r", "cp866"]
)
def test_cyrillic_is_read_when_a_file_has_any_usual_encoding(importing, encoding):
    rows = "".join(f"Олег;Иванов{chr(0x430 + n)};o{n}@i.example\n" for n in range(20))
    one = importing.upload(("Имя;Фамилия;Почта\n" + rows).encode(encoding))
    assert one.header == ["Имя", "Фамилия", "Почта"]
    assert one.options["delimiter"] == ";"
    assert [column["field"] for column in one.plan["columns"]] == [
        "first_name",
        "last_name",
        "email",
    ]


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("cp1252", "Bjørn Ødegård"), ("cp1254", "Işıl Şahin Güneş"), ("utf-8", "שרה כהן")],  # noqa: RUF001
)
def test_names_are_read_when_they_are_of_other_alphabets(importing, encoding, name):
    importing.whole(f"Name,Mail\n{name},x@y.no\n".encode(encoding))
    assert [contact.name for contact in importing.all()] == [name]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "empty"),
        (b"\n\n,,\n", "empty"),
        (b"First name,Last name\n", "no rows"),
        (b'a,b\n1,"never closed\n2,3\n', "never closed"),
        (b'a,b\n1,"x"y\n', "closing quote"),
        (b'a,b\n1,"' + b"x" * 200_000 + b'"\n', "longer than"),
        (b"a," * 300 + b"\n" + b"1," * 300 + b"\n", "columns"),
        (b"PK\x03\x04 but no zip", "no XLSX"),
        (archive_of("content.xml"), "another kind"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old Excel"),
        (b"%PDF-1.7", "no table"),
        (b"\xff\xfea\x00\x00", "not UTF-16"),
    ],
)
def test_a_bad_file_says_what_is_wrong_when_it_is_uploaded(importing, content, told):
    assert told.lower() in _fault_of(importing, content).lower()


def _fault_of(importing, content) -> str:
    with suppress(Invalid):
        return importing.upload(content).problem
    with pytest.raises(Invalid) as refused:
        importing.upload(content)
    return refused.value.message


def test_a_bomb_is_refused_when_it_looks_like_a_sheet(importing):
    empty = sheet([["Name"], ["x"]])
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(empty) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for item in source.infolist():
            content = source.read(item)
            if item.filename.endswith("sheet1.xml"):
                content = content.replace(b'r="A2"', b'r="XFD1048576"')
            out.writestr(item.filename, content)
    assert "reaches to row 1,048,576" in importing.upload(packed.getvalue(), name="x.xlsx").problem
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("xl/worksheets/sheet1.xml", b" " * (xlsx_files.MAX_UNPACKED + 1))
    assert "Unpacked" in importing.upload(huge.getvalue(), name="x.xlsx").problem


def sheet(rows, **options) -> io.BytesIO:
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, options)
    page = book.add_worksheet()
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    for number, row in enumerate(rows):
        for place, cell in enumerate(row):
            if isinstance(cell, date):
                page.write_datetime(number, place, cell, day)
            else:
                page.write(number, place, cell)
    book.close()
    file.seek(0)
    return file


@pytest.mark.parametrize("date_1904", [False, True])
def test_dates_and_numbers_are_read_when_they_are_cells_of_a_sheet(importing, date_1904):
    file = sheet(
        [
            ["Deal", "Amount", "Expected close"],
            ["Roof", 1234.5, date(2024, 2, 29)],
            ["Door", "1 000,50", 45351],
        ],
        date_1904=date_1904,
    )
    one = importing.upload(file.getvalue(), "deal", "deals.xlsx")
    columns = [
        {"column": 0, "field": "name"},
        {"column": 1, "field": "amount", "decimal": ","},
        {"column": 2, "field": "expected_close_on"},
    ]
    importing.check(one, columns=columns, policy="all", match=[])
    assert importing.go(one).counts == {"create": 2}
    found = {deal.name: (deal.amount, deal.expected_close_on) for deal in importing.all(Deal)}
    assert found["Roof"] == (Decimal("1234.50"), date(2024, 2, 29))
    assert found["Door"] == (Decimal("1000.50"), date(2024, 2, 29))


def test_a_row_is_refused_when_a_formula_has_no_result(importing):
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file)
    book.add_worksheet("Other")
    page = book.add_worksheet("People & more")
    page.write_row("B3", ["Last name", "Position", "Birthday"])
    page.write("B4", "Berg")
    page.write_formula("C4", "=1/0", None, "#DIV/0!")
    page.write_formula("D4", "=1/0", None, "#DIV/0!")
    page.write_row("B5", ["Lie", "#NV"])
    page.write_row("B6", ["Moen", "#1 in sales!"])
    book.close()
    one = importing.upload(file.getvalue(), name="people.xlsx")
    importing.desk.do("import.read", "olga", import_id=str(one.id), sheet="People & more")
    one = importing.check(importing.see(one), policy="all", match=[])
    assert one.checked == {"create": 1, "error": 2}
    told = [row[3] for row in importing.rows(one, "checked") if row[1] == "error"]
    assert told == [
        {"1": "The formula in this cell has no result (#DIV/0!)."},
        {"1": "The formula in this cell has no result (#NV)."},
    ]


def test_errors_are_told_when_a_cell_is_cut_by_a_block():
    cell = b'<c r="B%d" t="e"><f>1/0</f><v>#REF!</v></c>'
    part = b"<row>" + b"".join(cell % number for number in range(1, 60_000))
    found = list(errors_in(io.BytesIO(part)))
    assert len(part) > 2 * 2**20
    assert found == [(number, 1, "#REF!") for number in range(59_999)]


@pytest.mark.parametrize(
    ("record_type", "header", "fields"),
    [
        ("deal", "Opportunity,Компания", ["name", "account_id"]),
        ("account", "Firmenname,Webseite", ["name", "website"]),
        ("account", "Şirket Adı,Telefon", ["name", "phone"]),  # noqa: RUF001 - Turkish
        ("lead", "Lead name,Company,Notes", ["name", "company", "wishes"]),
        ("product", "Product name,SKU,Birim", ["name", "code", "unit"]),
        ("activity", "Задача,Тип,Дата", ["subject", "kind", "starts_at"]),
    ],
)
def test_columns_are_known_when_they_are_named_as_elsewhere(importing, record_type, header, fields):
    one = importing.upload(f"{header}\nRoof,x,y\n", record_type)
    assert [column["field"] for column in one.plan["columns"]] == fields
    # Two calls, or two deals about windows, are not the same for that.
    creates_all = one.plan["policy"] == "all"
    assert creates_all == (record_type in {"deal", "activity"})


def test_zeros_are_kept_when_a_phone_begins_with_them(importing):
    importing.whole("Last name,Phone\nBerg,0047 22 00 00 01\nHansen,022000002\n")
    assert [contact.phone for contact in importing.all()] == ["+4722000001", "022000002"]


@pytest.mark.parametrize(
    ("cells", "order"),
    [
        (["01/02/2026", "03/04/2026"], ""),
        (["01/02/2026", "13/04/2026"], "dmy"),
        (["01/02/2026", "03/14/2026"], "mdy"),
        (["01.02.2026"], "dmy"),
        (["2026-02-01"], "iso"),
        (["x"], ""),
    ],
)
def test_the_order_of_dates_is_told_when_a_cell_allows_but_one(cells, order):
    assert find_order(cells) == order


@pytest.mark.parametrize(
    ("cells", "mark"),
    [
        (["1.234,56"], ","),
        (["1,234.56"], "."),
        (["1,234"], ""),
        (["12,5"], ","),
        (["1.234.567"], ","),
        (["7"], ""),
    ],
)
def test_the_decimal_mark_is_told_when_a_cell_allows_but_one(cells, mark):
    assert find_decimal(cells) == mark


@pytest.mark.parametrize(
    ("text", "number"),
    [("12,5", "12.5"), ("12.5", "12.5"), ("0.125", "0.125"), ("1,234,567", "1234567"), ("7", "7")],
)
def test_a_number_says_itself_how_it_is_written_when_nothing_was_chosen(text, number):
    assert read_number("")(text) == Decimal(number)


@pytest.mark.parametrize("cell", ["1.234", "1,234", "1 234", "1'234", 1234, 1234.0])
def test_a_whole_number_has_no_fraction_when_its_thousands_are_parted(cell):
    assert read_whole(cell) == 1234


@pytest.mark.parametrize("text", ["1.234", "1,234", "-12.500", "€ 1,234"])
def test_a_number_is_refused_when_it_may_mean_thousands_or_a_fraction(text):
    with pytest.raises(ValueError, match="thousands or a fraction"):
        read_number("")(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("13/02/2026", date(2026, 2, 13)),
        ("02/13/2026", date(2026, 2, 13)),
        ("01.02.2026", date(2026, 2, 1)),
        ("2026/02/01", date(2026, 2, 1)),
        ("02/02/2026", date(2026, 2, 2)),
        ("01/02/2026", "day or the month"),
        ("31.02.2026", r"is not a date\."),
        ("soon", r"is not a date\."),
    ],
)
def test_a_date_says_itself_how_it_is_written_when_nothing_was_chosen(text, told):
    if isinstance(told, date):
        assert read_date("")(text) == told
        return
    with pytest.raises(ValueError, match=told):
        read_date("")(text)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1 234,5", ",", "1234.5"),
        ("kr 5", ".", None),
        ("€ 1,234.50", ".", "1234.50"),
        ("1'000", ".", "1000"),
        ("NOK 12", ".", "12"),
        ("12 NOK", ".", "12"),
        ("−5", ".", "-5"),  # noqa: RUF001
        ("1e5", ".", "1E+5"),
        ("x", ".", None),
    ],
)
def test_a_number_is_read_when_it_is_written_in_any_usual_way(text, mark, number):
    if number is None:
        with pytest.raises(ValueError, match="not a number"):
            read_number(mark)(text)
    else:
        assert read_number(mark)(text) == Decimal(number)
