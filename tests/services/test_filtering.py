"""The filter language: what it takes, what it finds, and that SQL and Python agree."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from services.errors import Invalid
from services.filtering import (
    compile_filter,
    describe,
    describe_parts,
    matches,
    matching_keys,
    parse_arguments,
    parse_filter,
    parse_filter_text,
    parsing,
)
from services.filtering.periods import days_of, midnight
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork


def found(desk, record_type, raw, actor="maria"):
    """Return the titles that a filter finds in SQL, once Python has said the same of each."""

    def look(uow):
        kind = get_record_type(record_type)
        filter_ = parse_filter(kind, raw)
        titles = getattr(kind.model, kind.title_field)
        every = uow.session.scalars(uow.select(kind.model).order_by(titles)).all()
        condition = compile_filter(uow, filter_)
        keys = set(uow.session.scalars(select(kind.model.id).where(condition)))
        agreed = {record.id for record in every if matches(uow, filter_, record)}
        assert agreed == {record.id for record in every if record.id in keys}, raw
        assert agreed == matching_keys(uow, filter_, every), raw
        return [getattr(one, kind.title_field) for one in every if one.id in agreed]

    return desk.ask(look, actor=actor)


def condition(field, op="eq", value=None):
    return {"field": field, "op": op, **({} if value is None else {"value": value})}


def test_no_is_found_when_a_field_says_yes_or_no(staff, define):
    define("boolean", label="Insured")
    for name, said in (("Yes", True), ("No", False), ("Nothing", None)):
        staff.do("deal.create", name=name, c_insured=said)
    assert found(staff, "deal", condition("c_insured", value=False)) == ["No"]


@pytest.fixture
def firms(staff):
    """Three accounts with deals of Anna and Boris; Cable has neither a city nor deals."""
    anna, boris = (staff.people[name].user_id for name in ("anna", "boris"))
    oslo = staff.do("account.create", name="Alfa", city="Oslo", industry="Glass", owner_id=anna)
    bergen = staff.do("account.create", name="Beta", city="Bergen", owner_id=boris)
    staff.do("account.create", name="Cable")
    staff.do("deal.create", name="Doors", account_id=oslo.id, amount="50", owner_id=anna)
    staff.do("deal.create", name="Eaves", account_id=oslo.id, amount="5000", owner_id=boris)
    staff.do("deal.create", name="Floor", account_id=bergen.id, amount="700", owner_id=boris)
    staff.do("deal.create", name="Gates", needs="100% pure_wood")
    return staff


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ({}, ["Doors", "Eaves", "Floor", "Gates"]),
        (condition("amount", "gte", 700), ["Eaves", "Floor"]),
        (condition("amount", "between", ["50", "700"]), ["Doors", "Floor"]),
        (condition("amount", "in", [50, 5000]), ["Doors", "Eaves"]),
        (condition("name", "eq", "DOORS"), ["Doors"]),
        (condition("name", "contains", "O"), ["Doors", "Floor"]),
        (condition("name", "ends", "ES"), ["Eaves", "Gates"]),
        (condition("needs", "contains", "0% PURE_"), ["Gates"]),
        (condition("needs", "contains", "%%"), []),
        (condition("stage", "in", ["new", "won"]), ["Doors", "Eaves", "Floor", "Gates"]),
        (condition("account_id", "empty"), ["Gates"]),
        (condition("account.city", "eq", "oslo"), ["Doors", "Eaves"]),
        (condition("account.owner.name", "starts", "An"), ["Doors", "Eaves"]),
        (condition("account.owner_id", "eq", "my team"), ["Doors", "Eaves", "Floor"]),
        (condition("owner_id", "ne", "my team"), ["Gates"]),
        (condition("team_id", "in", ["my team"]), []),
        ({"not": condition("account.city", "eq", "Oslo")}, ["Floor", "Gates"]),
        ({"q": "flo"}, ["Floor"]),
        ({"or": []}, []),
        ({"or": [condition("name", "eq", "floor"), {"q": "gates"}]}, ["Floor", "Gates"]),
        (
            {
                "and": [
                    condition("amount", "gt", 10),
                    {"or": [condition("account.city", "eq", "Oslo"), condition("needs", "empty")]},
                    {"not": condition("name", "starts", "d")},
                ]
            },
            ["Eaves", "Floor"],
        ),
    ],
)
def test_deals_are_found_when_they_fulfil_a_filter(firms, raw, names):
    assert found(firms, "deal", raw) == names


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        ({"some": "deals"}, ["Alfa", "Beta"]),
        ({"none": "deals"}, ["Cable"]),
        ({"some": "deal.account_id", "where": condition("amount", "gt", 1000)}, ["Alfa"]),
        ({"none": "deals", "where": condition("owner_id", "eq", "me")}, ["Alfa", "Beta", "Cable"]),
        ({"some": "deals", "where": condition("account.city", "eq", "bergen")}, ["Beta"]),
        (condition("city", "ne", "Oslo"), ["Beta", "Cable"]),
        (condition("city", "not_in", ["Oslo", "bergen"]), ["Cable"]),
        (condition("city", "not_contains", "e"), ["Alfa", "Cable"]),
        (condition("city", "not_empty"), ["Alfa", "Beta"]),
        (condition("owner.email", "starts", "boris"), ["Beta"]),
        (
            {"not": {"or": [condition("city", "eq", "Oslo"), {"some": "contacts"}]}},
            ["Beta", "Cable"],
        ),
    ],
)
def test_accounts_are_found_when_what_belongs_to_them_fulfils_a_filter(firms, raw, names):
    assert found(firms, "account", raw) == names


def test_related_records_do_not_count_when_the_actor_may_not_see_them(firms):
    big = {"some": "deals", "where": condition("amount", "gt", 1000)}
    assert found(firms, "account", big, actor="maria") == ["Alfa"]
    assert found(firms, "account", big, actor="anna") == []
    assert found(firms, "account", {"none": "deals", "where": big["where"]}, "anna") == ["Alfa"]
    assert found(firms, "deal", condition("account.city", "ne", "Nowhere"), "boris") == ["Floor"]


def test_deleted_records_do_not_count_when_a_filter_goes_to_them(firms):
    deal = firms.ask(
        lambda uow: uow.session.scalar(
            select(get_record_type("deal").model).where(
                get_record_type("deal").model.name == "Floor"
            )
        )
    )
    firms.do("record.delete", record_type="deal", record_id=deal.id)
    assert found(firms, "account", {"some": "deals"}) == ["Alfa"]


def test_times_are_compared_by_days_of_the_installation_when_a_day_is_named(staff, clock):
    staff.do("account.create", name="Yesterday")
    clock.advance(timedelta(hours=15))  # midnight in UTC
    staff.do("account.create", name="Night")
    for op, value, names in [
        ("eq", "2026-03-02", ["Yesterday"]),
        ("eq", "today", ["Night"]),
        ("ne", "today", ["Yesterday"]),
        ("lt", "today", ["Yesterday"]),
        ("gte", "yesterday", ["Night", "Yesterday"]),
        ("gt", "yesterday", ["Night"]),
        ("lte", "yesterday", ["Yesterday"]),
        ("between", ["yesterday", "today"], ["Night", "Yesterday"]),
        ("in", ["last month", "yesterday"], ["Yesterday"]),
        ("eq", "2026-03-02T09:00:00Z", ["Yesterday"]),
        ("gt", "2026-03-02T09:00:00Z", ["Night"]),
        ("eq", "older than 1 day", []),
        ("eq", "last 2 days", ["Night", "Yesterday"]),
    ]:
        assert found(staff, "account", condition("created_at", op, value)) == names, (op, value)


@pytest.mark.parametrize(
    ("text", "first", "after"),
    [
        ("today", "2028-02-29", "2028-03-01"),
        ("tomorrow", "2028-03-01", "2028-03-02"),
        ("this week", "2028-02-28", "2028-03-06"),
        ("last week", "2028-02-21", "2028-02-28"),
        ("next month", "2028-03-01", "2028-04-01"),
        ("last quarter", "2027-10-01", "2028-01-01"),
        ("this year", "2028-01-01", "2029-01-01"),
        ("last 7 days", "2028-02-23", "2028-03-01"),
        ("last 1 years", "2027-03-01", "2028-03-01"),
        ("next 12 months", "2028-02-29", "2029-02-28"),
        ("older than 1 year", None, "2027-02-28"),
        ("older than 5000 years", None, "0001-01-29"),
        ("next 5000 quarters", "2028-02-29", "3278-02-28"),
    ],
)
def test_a_period_has_its_days_when_it_is_told_by_words(text, first, after):
    shown = [day and day.isoformat() for day in days_of(text, date(2028, 2, 29))]
    assert shown == [first, after]


def test_a_day_is_as_long_as_the_clocks_say_when_they_change():
    zone = ZoneInfo("Europe/Oslo")
    begin, end = (midnight(day, zone) for day in (date(2026, 3, 29), date(2026, 3, 30)))
    assert end - begin == timedelta(hours=23)


def test_a_day_at_the_end_of_the_calendar_is_no_fault_when_it_is_compared(staff):
    staff.do("deal.create", name="Deal", expected_close_on="2026-05-01")
    for op in ("eq", "lt", "lte", "gt", "gte"):
        for field in ("created_at", "expected_close_on"):
            for day in ("9999-12-31", "0001-01-01"):
                found(staff, "deal", condition(field, op, day))


@pytest.mark.parametrize(
    ("record_type", "raw", "message"),
    [
        ("deal", [], None),
        ("deal", ["x"], "A filter is a JSON object."),
        ("deal", {"field": "nothing"}, "Deal has no field “nothing” to filter by."),
        ("deal", {"field": "search_text", "value": "x"}, "no field “search_text”"),
        ("deal", {"field": "account.nothing", "value": 1}, "Account has no field “nothing”"),
        ("deal", {"field": "name.x", "value": 1}, "Deal has no relation “name”"),
        ("deal", {"field": "owner.password_hash", "value": "x"}, "no field “password_hash”"),
        ("deal", {"field": "offer_document.name", "value": "x"}, "no relation “offer_document”"),
        ("deal", {"field": "a.b.c.d.e", "value": "x"}, "over more than 3 relations"),
        ("deal", {"field": "amount", "op": "contains", "value": "x"}, "can't be compared with"),
        ("deal", {"field": "amount", "op": "like", "value": "x"}, "can't be compared with “like”"),
        ("deal", {"field": "amount", "value": "much"}, "Amount: This is not a number."),
        ("deal", {"field": "amount", "op": "in", "value": "1,2"}, "takes a list of values"),
        ("deal", {"field": "amount", "op": "in", "value": [1] * 101}, "at most 100 values"),
        ("deal", {"field": "amount", "op": "between", "value": [1]}, "from and to"),
        ("deal", {"field": "amount", "op": "empty", "value": 1}, "takes no value"),
        ("deal", {"field": "stage", "value": "nowhere"}, "Stage: "),
        ("deal", {"field": "name", "op": "contains", "value": ""}, "1 to 300 characters"),
        ("deal", {"field": "created_at", "op": "lt", "value": "older than 2 days"}, "no beginning"),
        ("deal", {"field": "created_at", "value": "last 0 days"}, "Created: "),
        ("deal", {"field": 1, "value": 1}, "are texts"),
        ("deal", {"and": {}}, "is a list of its parts"),
        ("deal", {"and": [1]}, "Each part of a filter is a JSON object."),
        ("deal", {"and": [], "or": []}, "A part of a filter is"),
        ("deal", {"and": [{"q": "x"}] * 60}, "50 parts at most"),
        ("deal", {"some": "deals"}, "No “deals” belong to a deal"),
        ("deal", {"q": "  "}, "words to search for"),
        ("account", {"some": ["deals"]}, "belong to an account"),
        ("account", {"some": "deals", "where": {"field": "city", "value": 1}}, "no field “city”"),
    ],
)
def test_a_filter_is_refused_when_it_can_not_be_read(platform, record_type, raw, message):
    kind = get_record_type(record_type)
    if message is None:
        assert parse_filter(kind, raw).is_empty
        return
    with pytest.raises(Invalid) as refusal:
        parse_filter(kind, raw)
    assert message in str(refusal.value)


def test_a_filter_is_refused_when_its_groups_lie_too_deep():
    raw = {"q": "x"}
    for _ in range(200):
        raw = {"not": raw}
    with pytest.raises(Invalid, match="6 deep"):
        parse_filter(get_record_type("deal"), raw)


@pytest.mark.parametrize(
    "text", ["{", "[1]", "1", '"x"', "{}" * 20_000, "[" * 9_000, "\x00", "é\ud800"]
)
def test_a_text_is_refused_when_it_is_no_filter(text):
    with pytest.raises(Invalid):
        parse_filter_text(get_record_type("deal"), text)


def test_a_text_is_refused_before_it_is_read_when_it_is_too_long(monkeypatch):
    text = '{"field": "name", "op": "eq", "value": "x"}'
    monkeypatch.setattr(parsing, "MAX_BYTES", len(text))
    parse_filter_text(get_record_type("deal"), text)
    with pytest.raises(Invalid, match="too long"):
        parse_filter_text(get_record_type("deal"), text + " ")


def test_arguments_of_an_address_say_the_same_when_they_are_read_as_a_filter(firms):
    kind = get_record_type("deal")
    for arguments, names in [
        ({}, ["Doors", "Eaves", "Floor", "Gates"]),
        ({"amount__gte": "700", "account.city": "oslo"}, ["Eaves"]),
        ({"amount__between": "50,700"}, ["Doors", "Floor"]),
        ({"account_id__empty": "true"}, ["Gates"]),
        ({"account_id__empty": "false", "name__contains": "O"}, ["Doors", "Floor"]),
        ({"account.owner.name__starts": "bor"}, ["Floor"]),
    ]:
        assert found(firms, "deal", parse_arguments(kind, arguments).raw) == names, arguments


def test_an_argument_is_named_when_it_is_refused():
    with pytest.raises(Invalid) as refusal:
        parse_arguments(get_record_type("deal"), {"name__contains": "x", "amount__gte": "much"})
    assert list(refusal.value.fields) == ["amount__gte"]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ({}, ""),
        (condition("amount", "gte", 5000), "Amount ≥ 5,000"),
        (condition("amount", "between", ["0.5", 10]), "Amount is between 0.5 and 10"),
        (condition("account.city", "eq", "Oslo"), "Account City is Oslo"),
        (condition("stage", "in", ["new", "won"]), "Stage is one of New, Won"),
        (condition("expected_close_on", "lt", "this month"), "Expected close before this month"),
        (condition("owner_id", "eq", "me"), "Owner is me"),
        (condition("account_id", "empty"), "Account is empty"),
        (condition("name", "contains", "New York"), "Name contains “New York”"),
        ({"not": {"q": "a b"}}, "not (contains the words “a b”)"),
        (
            {"and": [condition("amount", "gt", 1), {"or": [{"q": "x"}, {"q": "y"}]}]},
            "Amount > 1 and (contains the words “x” or contains the words “y”)",
        ),
    ],
)
def test_a_filter_reads_as_a_sentence_when_it_is_described(raw, text):
    assert describe(parse_filter(get_record_type("deal"), raw)) == text


def test_what_belongs_to_a_record_is_named_when_a_filter_is_described():
    raw = {"and": [{"none": "deals", "where": condition("amount", "gt", 1)}, {"some": "contacts"}]}
    parts = describe_parts(parse_filter(get_record_type("account"), raw))
    assert parts == ["has no deals with Amount > 1", "has contacts"]


def test_a_hidden_field_is_refused_like_none_when_a_filter_reads_it(staff, monkeypatch):
    def all_but_amount(_uow, record_type, name):
        return None if name == "amount" else record_type.field(name)

    monkeypatch.setattr(UnitOfWork, "readable_field", all_but_amount)
    amount = condition("amount", "gt", 1)
    for record_type, raw in [
        ("deal", amount),
        ("deal", {"not": amount}),
        ("account", {"some": "deals", "where": amount}),
    ]:
        with pytest.raises(Invalid, match="Deal has no field “amount” to filter by"):
            found(staff, record_type, raw)


@pytest.mark.parametrize(
    "raw",
    [
        condition("amount", "gt", 1),
        {"or": [condition("name", "eq", "Alfa"), {"not": condition("amount", "gt", 1)}]},
        {"or": [condition("name", "eq", "Alfa"), condition("account.city", "eq", "Oslo")]},
        {
            "or": [
                condition("name", "eq", "Alfa"),
                {"some": "quotes", "where": condition("number", "eq", "X")},
            ]
        },
    ],
)
def test_a_record_at_hand_is_not_compared_when_a_field_of_the_filter_is_hidden(
    staff, monkeypatch, raw
):
    deal = staff.do("deal.create", name="Alfa")
    closed = {"deal": {"amount"}, "account": {"city"}, "quote": {"number"}}

    def open_ones(_uow, record_type, name):
        return None if name in closed.get(record_type.name, ()) else record_type.field(name)

    monkeypatch.setattr(UnitOfWork, "readable_field", open_ones)
    where = parse_filter(get_record_type("deal"), raw)
    with pytest.raises(Invalid, match="has no field"):
        staff.ask(matches, where, deal)
    with pytest.raises(Invalid, match="has no field"):
        staff.ask(matching_keys, where, [deal])


def test_an_address_is_found_by_its_index_when_it_is_compared_as_a_whole(staff):
    staff.do("account.create", name="Alfa", email="Post@Alfa.example", phone="+47 22 33 44 55")
    assert found(staff, "account", condition("email", "eq", "POST@alfa.EXAMPLE")) == ["Alfa"]
    assert found(staff, "account", condition("phone", "in", ["+4722334455"])) == ["Alfa"]
    with staff.counting() as statements:
        found(staff, "account", condition("email", "eq", "post@alfa.example"))
    assert not any("lower(accounts.email)" in text for text in statements)
