"""What is exported with keys and imported again changes nothing, whatever it holds."""

from __future__ import annotations

import base64
import io
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from processes.jobs.draining import drain
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal
from services.exporting.exports import get_export, pieces_of
from services.exporting.writers import open_writer
from services.importing.cells import read_date, read_number, text_of
from services.importing.csv_files import read_rows
from services.importing.imports import get_import

_SIGNS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n")
TEXTS = st.text(_SIGNS | st.sampled_from("=+-@'\";,"), max_size=40)


def round_trip(desk, record_type: str, kind: str):
    """Export all records of a type, import the file, and return the import."""
    made = desk.do("export.start", "olga", record_type=record_type, kind=kind, keys=True)
    content = desk.ask(
        lambda uow: b"".join(pieces_of(uow, get_export(uow, made["export_id"]))), actor="olga"
    )
    one = desk.do(
        "import.create",
        "olga",
        record_type=record_type,
        file_name=f"again.{kind}",
        content=base64.b64encode(content).decode(),
    )
    key = str(one["import_id"])
    for step in ("check", "run"):
        drain(desk.platform)
        desk.do(f"import.{step}", "olga", import_id=key)
    drain(desk.platform)
    return desk.ask(get_import, one["import_id"], actor="olga")


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_nothing_changes_when_an_export_is_imported_again(staff, kind):
    accounts = [staff.do("account.create", "olga", name="Ångström AS") for _ in range(2)]
    values = [
        {"first_name": "=1+1", "last_name": "'@x", "phone": "+4722000001"},
        {"last_name": "-Işıl; Şahin", "description": 'two\nlines, "quoted"\n=3'},  # noqa: RUF001
        {"last_name": "שרה", "account_id": str(accounts[0].id), "email": "x@y.no"},
        {"last_name": "0047", "account_id": str(accounts[1].id), "position": "+a"},
    ]
    for one in values:
        staff.do("contact.create", "olga", **one)
    assert round_trip(staff, "contact", kind).counts == {"unchanged": 4}


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_amounts_and_dates_are_the_same_when_a_deal_comes_back(staff, kind):
    staff.do("deal.create", "anna", name="A", amount="1234.50", expected_close_on="2026-02-03")
    staff.do("deal.create", "anna", name="B", amount="9999999999999.99", currency="NOK")
    staff.do("deal.create", "anna", name="C", expected_close_on="1899-12-31")
    one = round_trip(staff, "deal", kind)
    assert one.counts == {"unchanged": 3}, one.plan
    with staff.platform.session() as session:
        found = {deal.name: deal for deal in session.scalars(select(Deal))}
    assert found["B"].amount == Decimal("9999999999999.99")
    assert found["C"].expected_close_on == date(1899, 12, 31)


def test_an_edited_cell_alone_is_changed_when_a_file_comes_back(staff):
    kept = staff.do("contact.create", "anna", last_name="Berg", position="Buyer")
    other = staff.do("contact.create", "anna", last_name="Lie")
    text = f"ID,Last name,Position\n{kept.id},Berg,Buyer\n{other.id},Lie,Owner\n"
    made = staff.do(
        "import.create",
        "olga",
        record_type="contact",
        file_name="x.csv",
        content=base64.b64encode(text.encode()).decode(),
    )
    for step in ("check", "run"):
        staff.do(f"import.{step}", "olga", import_id=str(made["import_id"]))
        drain(staff.platform)
    one = staff.ask(get_import, made["import_id"], actor="olga")
    assert one.counts == {"unchanged": 1, "update": 1}
    with staff.platform.session() as session:
        found = {row.last_name: row.position for row in session.scalars(select(Contact))}
    assert found == {"Berg": "Buyer", "Lie": "Owner"}


@settings(max_examples=200)
@given(st.lists(st.lists(TEXTS, min_size=2, max_size=2), min_size=1, max_size=5))
def test_a_cell_is_the_same_when_any_text_goes_through_a_file(rows):
    file = io.BytesIO()
    writer = open_writer("csv", file)
    for row in rows:
        writer.write(row)
    writer.close()
    back = [list(map(text_of, row)) for row in read_rows([file.getvalue()], "utf-8", ",")]
    assert back == [[text.strip() for text in row] for row in rows]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2), st.sampled_from(".,"))
def test_a_number_is_the_same_when_it_is_written_with_either_mark(number, mark):
    text = f"{number:,.2f}"
    if mark == ",":
        text = text.translate(str.maketrans(",.", ".,"))
    assert read_number(mark)(text) == number


@given(st.dates(date(1000, 1, 1)), st.sampled_from(["%d.%m.%Y", "%m/%d/%Y", "%Y-%m-%d"]))
def test_a_day_is_the_same_when_it_is_written_in_any_order(day, pattern):
    order = {"d": "dmy", "m": "mdy", "Y": "iso"}[pattern[1]]
    assert read_date(order)(day.strftime(pattern)) == day
