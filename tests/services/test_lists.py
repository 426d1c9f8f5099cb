"""Lists: pages by key, filters, search, and whose records are seen."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from services.errors import Invalid
from services.records.lists import list_records
from services.records.types import all_record_types


def _names(page):
    return [item.name for item in page.items]


def _walk(desk, record_type, limit, actor, **query):
    """Return the titles of all pages forwards, and those of all pages backwards."""
    page = desk.ask(list_records, record_type, limit=limit, actor=actor, **query)
    forwards, last = list(page.items), page
    while last.next_cursor:
        last = desk.ask(
            list_records, record_type, limit=limit, actor=actor, cursor=last.next_cursor, **query
        )
        forwards += last.items
    backwards, first = list(last.items), last
    while first.previous_cursor:
        first = desk.ask(
            list_records,
            record_type,
            limit=limit,
            actor=actor,
            cursor=first.previous_cursor,
            **query,
        )
        backwards = list(first.items) + backwards
    return [item.id for item in forwards], [item.id for item in backwards]


@pytest.mark.parametrize("sort", ["name", "-name", "amount", "-created_at", "expected_close_on"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_every_record_is_on_one_page_when_pages_are_walked(staff, clock, sort, limit):
    for number in range(7):
        clock.advance(timedelta(minutes=number % 2))
        values = {"expected_close_on": "2026-05-01"} if number % 3 == 0 else {}
        name = f"{'dD'[number % 2]}eal {number % 4}"
        staff.do("deal.create", name=name, amount=number % 3, **values)
    forwards, backwards = _walk(staff, "deal", limit, "maria", sort=sort)
    assert len(set(forwards)) == 7
    assert forwards == backwards


def test_rows_without_a_value_come_last_when_sorted_either_way(staff):
    staff.do("deal.create", name="none")
    staff.do("deal.create", name="early", expected_close_on="2026-03-01")
    staff.do("deal.create", name="late", expected_close_on="2026-09-01")
    up = staff.ask(list_records, "deal", sort="expected_close_on")
    down = staff.ask(list_records, "deal", sort="-expected_close_on")
    assert _names(up) == ["early", "late", "none"]
    assert _names(down) == ["late", "early", "none"]


def test_the_count_is_capped_when_there_are_many(staff, monkeypatch):
    monkeypatch.setattr("services.records.lists.COUNT_CAP", 2)
    for number in range(4):
        staff.do("account.create", name=f"A {number}")
    page = staff.ask(list_records, "account", limit=1)
    assert (page.total, page.total_is_capped) == (2, True)


def test_the_count_is_whole_when_there_are_as_many_as_are_counted(staff, monkeypatch):
    monkeypatch.setattr("services.records.lists.COUNT_CAP", 2)
    for number in range(2):
        staff.do("account.create", name=f"A {number}")
    page = staff.ask(list_records, "account", limit=1)
    assert (page.total, page.total_is_capped) == (2, False)


def test_pages_are_the_same_when_what_is_found_stands_far_away(staff, monkeypatch):
    for number in range(8):
        name = f"{'AZ'[number % 2]}{number} {'Berg' if number in {1, 2, 5, 6, 7} else 'Lund'}"
        staff.do("account.create", ["anna", "boris"][number // 5], name=name)
    asked = [("maria", "name", 5), ("maria", "-name", 5), ("anna", "name", 2), ("boris", "name", 3)]
    usual = [_walk(staff, "account", 2, who, sort=sort, search="berg") for who, sort, _ in asked]
    monkeypatch.setattr("services.search.narrowing.FEW", 0)
    for looked_at, glanced_at in ((1, 1), (3, 1), (3, 9), (100, 2), (100, 100)):
        monkeypatch.setattr("services.records.lists.LOOKED_AT", looked_at)
        monkeypatch.setattr("services.records.lists.GLANCED_AT", glanced_at)
        for (who, sort, number), pages in zip(asked, usual, strict=True):
            assert _walk(staff, "account", 2, who, sort=sort, search="berg") == pages
            assert len(pages[0]) == number


def test_filters_narrow_when_they_name_fields(staff):
    anna = staff.people["anna"].user_id
    staff.do("deal.create", name="Big windows", amount="5000", owner_id=anna)
    staff.do("deal.create", name="Small doors", amount="50")
    for filters, names in [
        ({"amount__gte": "100"}, ["Big windows"]),
        ({"name__contains": "DOOR"}, ["Small doors"]),
        ({"stage": "new", "amount__lt": "100"}, ["Small doors"]),
        ({"stage__in": "won,lost"}, []),
        ({"owner_id": str(anna)}, ["Big windows"]),
        ({"owner_id__empty": "true"}, ["Small doors"]),
    ]:
        assert _names(staff.ask(list_records, "deal", filters=filters)) == names, filters


def test_me_is_the_actor_when_filtering_by_owner(staff):
    staff.do("deal.create", "anna", name="Mine")
    staff.do("deal.create", "boris", name="His")
    assert _names(staff.ask(list_records, "deal", filters={"owner_id": "me"}, actor="anna")) == [
        "Mine"
    ]


def test_pages_are_the_same_when_the_records_are_too_many_to_be_counted(staff, monkeypatch):
    for number in range(6):
        staff.do(
            "deal.create", ["anna", "boris"][number == 5], name=f"Deal {number}", amount=number
        )
    asked = [
        ("maria", {"filters": {"amount__gte": "2"}}, 4),
        ("anna", {"filters": {"amount__gte": "2"}}, 3),
        ("maria", {"search": "deal", "filters": {"amount__gte": "2"}}, 4),
        ("maria", {"search": "deal 4", "filters": {"amount__gte": "2"}}, 1),
        ("maria", {"search": "deal 1", "filters": {"amount__gte": "2"}}, 0),
        ("anna", {}, 5),
    ]
    counted = [_walk(staff, "deal", 2, who, sort="-amount", **query) for who, query, _ in asked]
    monkeypatch.setattr("services.records.lists.COUNT_CAP", 2)
    for (who, query, number), pages in zip(asked, counted, strict=True):
        assert _walk(staff, "deal", 2, who, sort="-amount", **query) == pages, query
        assert len(pages[0]) == number


def test_a_list_takes_few_statements_when_it_is_narrowed(staff):
    for number in range(4):
        staff.do("deal.create", name=f"Deal {number}", amount=number)
    for query, most in [
        ({}, 2),
        ({"filters": {"amount__gte": "2"}}, 2),
        ({"filters": {"amount__gte": "9"}}, 1),
        ({"search": "deal"}, 2),
        ({"search": "deal", "filters": {"amount__gte": "2"}}, 3),
        ({"filters": {"amount__gte": "2"}, "counts": False}, 1),
    ]:
        with staff.counting() as statements:
            staff.ask(list_records, "deal", sort="name", actor="maria", **query)
        assert len(statements) == most, query


@pytest.mark.parametrize(
    "query",
    [
        {"filters": {"search_text": "x"}},
        {"filters": {"version": "1"}},
        {"filters": {"amount__contains": "1"}},
        {"filters": {"name__gte": "a"}},
        {"filters": {"amount": "much"}},
        {"filters": {"stage": "nowhere"}},
        {"filters": {"owner_id": "not a key"}},
        {"sort": "needs"},
        {"sort": "search_text"},
        {"cursor": "!!"},
        {"cursor": "WzEsMl0"},
        {"limit": 0},
        {"limit": 5000},
    ],
)
def test_a_list_is_refused_when_the_query_is_wrong(staff, query):
    with pytest.raises(Invalid):
        staff.ask(list_records, "deal", **query)


def test_what_words_find_is_counted_once_when_its_pages_are_turned(staff):
    for number in range(5):
        staff.do("lead.create", name=f"Eva {number}")
    query = {"search": "eva", "limit": 2}
    first = staff.ask(list_records, "lead", **query)
    with staff.counting() as statements:
        second = staff.ask(list_records, "lead", cursor=first.next_cursor, **query)
    assert (first.total, second.total, len(second.items)) == (5, 5, 2)
    assert not [one for one in statements if "count(" in one]


def test_pages_go_on_when_the_first_counted_nothing(staff):
    for number in range(3):
        staff.do("lead.create", name=f"Eva {number}")
    query = {"search": "eva", "limit": 2}
    first = staff.ask(list_records, "lead", counts=False, **query)
    second = staff.ask(list_records, "lead", cursor=first.next_cursor, **query)
    assert len(second.items) == 1


def test_a_cursor_is_refused_when_the_list_is_sorted_otherwise(staff):
    for number in range(3):
        staff.do("deal.create", name=f"D {number}")
    page = staff.ask(list_records, "deal", sort="name", limit=1)
    with pytest.raises(Invalid):
        staff.ask(list_records, "deal", sort="-name", limit=1, cursor=page.next_cursor)


@pytest.mark.parametrize(
    "search", ["nordly", "MÜLLER", "muller lund", "+47 22 33", "22-33 44", "l-0", "eva@nord"]
)
def test_a_lead_is_found_when_any_of_its_words_is_typed(staff, search):
    staff.do("lead.create", name="Somebody Else")
    staff.do(
        "lead.create",
        name="Eva Müller Lund",
        company="Nordlys",
        email="eva@nordlys.example",
        phone="+47 22 33 44 55",
    )
    found = staff.ask(list_records, "lead", search=search)
    assert "Eva Müller Lund" in _names(found)
    assert search == "l-0" or len(found.items) == 1


def test_wildcards_find_nothing_more_when_searched(staff):
    staff.do("account.create", name="100% Pure_Co")
    staff.do("account.create", name="1000 Pure Co")
    assert len(_names(staff.ask(list_records, "account", search="100%"))) == 2
    assert _names(staff.ask(list_records, "account", search="10%0")) == []
    assert _names(staff.ask(list_records, "account", search="p_re")) == []


def test_each_shipped_sort_has_an_index_when_tables_are_made():
    for record_type in all_record_types():
        names = {index.name for index in record_type.model.__table__.indexes}
        for sort in record_type.sorts:
            assert f"ix_{record_type.model.__tablename__}_sort_{sort}" in names


_ANY_TEXT = st.text(st.characters(), max_size=50)


@settings(max_examples=30)
@given(search=_ANY_TEXT, value=_ANY_TEXT, cursor=st.text(max_size=60))
def test_nothing_breaks_when_a_query_is_any_text(staff, search, value, cursor):
    staff.ask(list_records, "lead", search=search)
    for query in (
        {"filters": {"name__contains": value}},
        {"filters": {"name": value}},
        {"filters": {"score": value}},
        {"filters": {"created_at__gte": value}},
        {"cursor": cursor},
    ):
        try:
            staff.ask(list_records, "lead", **query)
        except Invalid:
            continue


def test_the_server_has_the_memory_in_which_no_match_of_several_words_is_lost(desk):
    assert desk.ask(lambda uow: uow.session.scalar(text("SHOW work_mem"))) == "64MB"
