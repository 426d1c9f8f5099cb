"""Sections of the fields of a record type."""

from __future__ import annotations

import pytest

from services.custom.sections import list_sections, sections_of
from services.errors import Invalid, NotAllowed, StaleVersion


@pytest.fixture
def add(desk):
    """Add a section to deals."""

    def create(label, *names, **raw):
        given = {"record_type": "deal", "label": label, "field_names": list(names), **raw}
        return desk.do("field_section.create", **given)

    return create


def known():
    return [(one.label, one.names) for one in sections_of("deal")]


def test_a_section_is_known_when_it_was_added(desk, add, define):
    define(label="Budget")
    add("Money", "amount", "c_budget", is_closed=True)
    assert known() == [("Money", ("amount", "c_budget"))]
    assert sections_of("deal")[0].is_closed


def test_a_field_leaves_its_section_when_another_gets_it(desk, add):
    money, rest = add("Money", "amount", "currency"), add("Rest", "needs")
    desk.do("field_section.update", section_id=str(rest["id"]), field_names=["needs", "amount"])
    assert known() == [("Money", ("currency",)), ("Rest", ("needs", "amount"))]
    add("New", "currency")
    assert known()[0] == (money["label"], ())


def test_a_field_comes_last_when_a_section_takes_it(desk, add):
    add("Rest", "amount")
    money = add("Money", "currency")
    desk.do("field_section.take", section_id=str(money["id"]), field_name="amount")
    assert known() == [("Rest", ()), ("Money", ("currency", "amount"))]


def test_sections_change_places_when_one_is_moved(desk, add):
    add("First")
    second = add("Second")
    for direction in ("up", "up"):
        desk.do("field_section.move", section_id=str(second["id"]), direction=direction)
    assert [label for label, _ in known()] == ["Second", "First"]


def test_its_fields_stand_alone_again_when_a_section_is_deleted(desk, add):
    made = add("Money", "amount")
    desk.do("field_section.delete", section_id=str(made["id"]))
    assert known() == []
    assert desk.ask(list_sections, "deal") == []


def test_a_field_is_refused_when_the_type_has_none_like_it(add):
    with pytest.raises(Invalid, match="Deal has no field “speed”"):
        add("Money", "speed")


def test_a_retired_field_stays_in_its_section_when_that_is_changed(desk, add, define):
    field = define(label="Budget")
    made = add("Money", "c_budget")
    desk.do("custom_field.retire", field_id=str(field["id"]))
    key = str(made["id"])
    desk.do("field_section.update", section_id=key, field_names=["amount", "c_budget"])
    assert known() == [("Money", ("amount", "c_budget"))]


def test_a_change_is_refused_when_the_section_was_changed_meanwhile(desk, add):
    made = add("Money")
    given = {"section_id": str(made["id"]), "version": made["version"]}
    desk.do("field_section.update", **given, label="Price")
    with pytest.raises(StaleVersion):
        desk.do("field_section.update", **given, label="Cost")


def test_employees_are_refused_when_they_change_sections(staff):
    with pytest.raises(NotAllowed):
        staff.do("field_section.create", "anna", record_type="deal", label="Money")
