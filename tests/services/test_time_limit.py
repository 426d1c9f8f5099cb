"""Lists that take too long to read: cut off, and told how to narrow them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from services.filtering import parse_filter
from services.records import time_limit
from services.records.lists import list_records
from services.records.time_limit import TookTooLong, may_take_long, within_time
from services.records.types import get_record_type


def where(**raw):
    return parse_filter(get_record_type("deal"), raw or None)


PIECE = {"field": "name", "op": "contains", "value": "oak"}


def test_a_statement_is_cut_off_when_it_takes_too_long(desk, monkeypatch):
    monkeypatch.setattr(time_limit, "MOST_SECONDS", 0.02)

    def read(uow):
        with pytest.raises(TookTooLong, match="Narrow it"), within_time(uow, where(**PIECE)):
            uow.session.execute(text("SELECT pg_sleep(60)"))
        return uow.session.scalar(text("SHOW statement_timeout"))

    assert desk.ask(read) == "0"


def test_the_next_statements_have_all_the_time_when_one_was_quick(desk):
    def read(uow):
        with within_time(uow, where(**PIECE)):
            during = uow.session.scalar(text("SHOW statement_timeout"))
        return during, uow.session.scalar(text("SHOW statement_timeout"))

    assert desk.ask(read) == ("10s", "0")


@pytest.mark.parametrize(
    ("raw", "is_long"),
    [
        ({}, False),
        ({"field": "stage", "op": "eq", "value": "new"}, False),
        (PIECE, True),
        ({"not": PIECE}, True),
        ({"field": "account.city", "op": "eq", "value": "Oslo"}, True),
    ],
)
def test_only_what_no_index_finds_is_bounded(raw, is_long):
    assert may_take_long(where(**raw)) is is_long


def test_a_list_tells_nothing_more_to_the_server_when_its_filter_is_quick(staff):
    with staff.counting() as statements:
        staff.ask(list_records, "deal", where=where(field="stage", op="eq", value="new"))
    assert not any("SAVEPOINT" in one for one in statements)
