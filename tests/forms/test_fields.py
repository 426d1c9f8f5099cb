"""One field at a time: types, rules, choices, moments."""

from datetime import UTC, datetime

import pytest

from forms import check_form
from tests.forms.schemas import field, form, options

BOTH = [True, False]


def errors_of(component, value, context=None, now=None):
    key = component["key"]
    return check_form(form(component), {key: value}, context or {}, now=now).errors.get(key, [])


def value_of(component, value, context=None):
    result = check_form(form(component), {component["key"]: value}, context or {})
    assert not result.errors
    return result.values[component["key"]]


@pytest.mark.parametrize(
    ("kind", "settings", "value"),
    [
        ("textfield", {}, 1),
        ("textfield", {}, ["x"]),
        ("textfield", {}, "a\x00b"),
        ("textfield", {}, "\ud800"),
        ("textfield", {}, "x" * 2001),
        ("textarea", {}, {"a": 1}),
        ("textarea", {}, "x" * 50_001),
        ("number", {}, "1"),
        ("number", {}, True),
        ("number", {}, "1e999"),
        ("number", {"serializeToString": True}, "abc"),
        ("number", {"serializeToString": True}, "9" * 65),
        ("checkbox", {}, "true"),
        ("checkbox", {}, 1),
        ("radio", {"values": options("a", "b")}, "c"),
        ("radio", {"values": options("1")}, 1),
        ("radio", {"values": options(1)}, True),
        ("select", {"values": options("a")}, ["a"]),
        ("checklist", {"values": options("a", "b")}, "a"),
        ("checklist", {"values": options("a", "b")}, ["a", "c"]),
        ("datetime", {}, "2026-02-30"),
        ("datetime", {}, "2026-3-1"),
        ("datetime", {}, "2026-03-01T10:00"),
        ("datetime", {}, 20260301),
        ("datetime", {"subtype": "time"}, "25:00"),
        ("datetime", {"subtype": "time"}, "10:00Z"),
        ("datetime", {"subtype": "datetime"}, "2026-03-01"),
        (
            "datetime",
            {"subtype": "datetime", "timeSerializingFormat": "utc_offset"},
            "2026-03-01T10:00",
        ),
    ],
)
def test_a_value_is_refused_when_its_type_is_wrong(kind, settings, value):
    assert len(errors_of(field(kind, "x", **settings), value)) == 1


@pytest.mark.parametrize(
    ("kind", "settings", "value", "kept"),
    [
        ("textfield", {}, "Anna\nBerg", "Anna Berg"),
        ("textfield", {}, "  ", None),
        ("textarea", {}, "one\r\ntwo", "one\ntwo"),
        ("number", {}, 12.5, 12.5),
        ("number", {}, "", None),
        ("number", {"serializeToString": True}, "0.10", "0.10"),
        ("number", {"serializeToString": True}, 12, "12"),
        ("checkbox", {}, False, False),
        ("radio", {"values": options("a", "b")}, "b", "b"),
        ("radio", {"values": options(*BOTH)}, False, False),
        ("select", {"values": options(1, 2)}, 2.0, 2.0),
        ("select", {"values": options("a")}, "", None),
        ("checklist", {"values": options("a", "b")}, ["b"], ["b"]),
        ("taglist", {"values": options("a")}, [], []),
        ("taglist", {"values": options("a", "b")}, ["b", "a", "b"], ["b", "a"]),
        ("datetime", {}, "2026-02-28", "2026-02-28"),
        ("datetime", {"subtype": "time"}, "10:00", "10:00"),
        ("datetime", {"subtype": "datetime"}, "2026-03-01T10:00", "2026-03-01T10:00"),
        (
            "datetime",
            {"subtype": "datetime", "timeSerializingFormat": "utc_offset"},
            "2026-03-01T10:00+01:00",
            "2026-03-01T10:00+01:00",
        ),
    ],
)
def test_a_value_is_kept_when_it_fits(kind, settings, value, kept):
    assert value_of(field(kind, "x", **settings), value) == kept


@pytest.mark.parametrize(
    ("kind", "settings", "value"),
    [
        ("textfield", {}, " "),
        ("textfield", {}, None),
        ("number", {}, None),
        ("checkbox", {}, False),
        ("checklist", {"values": options("a")}, []),
        ("datetime", {}, ""),
    ],
)
def test_a_required_field_is_missing_when_it_is_empty(kind, settings, value):
    component = field(kind, "x", validate={"required": True}, **settings)
    assert errors_of(component, value) == ["Please fill in this field."]


def test_a_required_field_is_missing_when_it_was_not_sent():
    schema = form(field("textfield", "x", validate={"required": True}))
    assert check_form(schema, {}, {"x": "from before"}).errors == {
        "x": ["Please fill in this field."]
    }


def test_a_required_choice_is_there_when_it_is_false():
    component = field("radio", "x", values=options(*BOTH), validate={"required": True})
    assert errors_of(component, value=False) == []


def test_a_choice_is_refused_when_only_false_is_not_offered():
    assert errors_of(field("radio", "x", values=options("a")), value=False) != []


def test_a_required_number_is_there_when_it_is_zero():
    assert errors_of(field("number", "x", validate={"required": True}), 0) == []


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        ({"minLength": 3}, " ab "),
        ({"maxLength": 3}, "abcd"),
        ({"maxLength": "=limit"}, "abcd"),
        ({"pattern": "^[A-Z]{2}$"}, "AB\n"),
        ({"pattern": "^[A-Z]{2}$"}, "ABC"),
        ({"pattern": r"^\u00e9$"}, "e"),
        ({"validationType": "email"}, "anna@"),
        ({"validationType": "email"}, "anna berg@example.com"),
        ({"validationType": "email"}, "a@b\u0430.example"),
        ({"validationType": "phone"}, "22334455"),
    ],
)
def test_a_text_is_refused_when_it_breaks_a_rule(rules, value):
    component = field("textfield", "x", validate=rules)
    assert len(errors_of(component, value, {"limit": 3})) == 1


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        ({"minLength": 3, "maxLength": 3}, " abc "),
        ({"pattern": "[0-9]"}, "no. 7"),
        ({"pattern": r"^\u00e9$"}, "é"),
        ({"validationType": "email"}, "anna.berg+crm@mail.example.com"),
        ({"validationType": "email"}, ""),
        ({"validationType": "phone"}, "+47 22 33 44 55"),
        ({"validationType": "phone"}, "0049 (30) 664-0409"),
    ],
)
def test_a_text_is_kept_when_it_keeps_its_rules(rules, value):
    assert errors_of(field("textfield", "x", validate=rules), value) == []


def test_a_pattern_says_its_own_message_when_it_has_one():
    rules = {"pattern": "^[0-9]+$", "patternErrorMessage": "Digits, please."}
    assert errors_of(field("textfield", "x", validate=rules), "a") == ["Digits, please."]


def test_a_pattern_ends_soon_when_it_was_made_to_hang():
    component = field("textfield", "x", validate={"pattern": "^(a+)+$"})
    assert errors_of(component, "a" * 1900 + "!")


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"validate": {"min": 1}}, 0),
        ({"validate": {"max": "10"}}, 10.5),
        ({"validate": {"max": "=limit"}}, 3.01),
        ({"decimalDigits": 0}, 1.5),
        ({"decimalDigits": 2}, 0.001),
        ({"increment": "0.05"}, 0.12),
    ],
)
def test_a_number_is_refused_when_it_breaks_a_rule(settings, value):
    assert len(errors_of(field("number", "x", **settings), value, {"limit": 3})) == 1


def test_a_number_keeps_its_step_exactly_when_it_is_a_binary_fraction():
    assert errors_of(field("number", "x", increment="0.1", decimalDigits=1), 0.3) == []


def test_a_choice_comes_from_the_input_data_when_a_key_names_it():
    component = field("select", "x", valuesKey="cities")
    context = {"cities": ["Oslo", {"label": "Berlin", "value": "B"}, "", {"label": "none"}]}
    assert errors_of(component, "B", context) == []
    assert errors_of(component, "none", context) != []
    assert errors_of(component, "Oslo", {}) != []


def test_choices_of_the_input_data_are_the_servers_when_the_client_sends_its_own():
    schema = form(field("select", "x", valuesKey="cities"), field("textarea", "other"))
    result = check_form(schema, {"x": "Atlantis", "cities": ["Atlantis"]}, {"cities": ["Oslo"]})
    assert set(result.errors) == {"x", "cities"}


def test_a_choice_comes_from_an_expression_when_the_form_says_so():
    schema = form(
        field("number", "most"), field("select", "x", valuesExpression="=for i in 1..most return i")
    )
    assert not check_form(schema, {"most": 3, "x": 3}).errors
    assert set(check_form(schema, {"most": 2, "x": 3}).errors) == {"x"}


def test_a_day_is_refused_when_it_is_past_everywhere():
    component = field("datetime", "x", disallowPassedDates=True)
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    assert errors_of(component, "2026-02-28", now=now) == ["Please choose a day that is not past."]
    assert errors_of(component, "2026-03-01", now=now) == []
    assert errors_of(component, "2026-02-28") == []
