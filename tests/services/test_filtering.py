"""The filter language: what it takes, what it finds, and that SQL and Python agree."""

from __future__ import annotations

from datetime import timedelta

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
)
from services.records.types import get_record_type


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
