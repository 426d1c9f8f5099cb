"""`instance of` and typed parameters."""

import pytest

from feel import compile_expression
from feel.types import ContextType, ListType, SimpleType


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 instance of number", True),
        ('"a" instance of number', False),
        ("1 instance of Any", True),
        ("null instance of Any", False),
        ("null instance of Null", True),
        ("[1, 2] instance of list<number>", True),
        ('[1, "a"] instance of list<number>', False),
        ('[1, "a"] instance of list<Any>', True),
        ("[1] instance of number", False),
        ("{a: 1, b: 2} instance of context<a: number>", True),
        ("{b: 2} instance of context<a: number>", False),
        ("{a: null} instance of context<a: number>", True),
        ("{a: {b: 1}} instance of context<a: context<b: number>>", True),
        ("[1..2] instance of range<number>", True),
        ('@"P1D" instance of days and time duration', True),
        ('@"P1M" instance of days and time duration', False),
        ('@"2026-01-01T00:00:00" instance of date and time', True),
        ('@"2026-01-01" instance of date and time', False),
        ('@"2026-01-01" instance of date and true', True),
        ("(function(a: number) a) instance of function<number> -> number", True),
        ("(function(a: number) a) instance of function<string> -> number", False),
        ("(function(a) a) instance of function<string> -> number", True),
        ("(function(a, b) a) instance of function<number> -> number", False),
        ("abs instance of function<number> -> number", True),
        ("abs instance of function<number, number> -> number", False),
        ("1 + 1 instance of number", None),
    ],
)
def test_a_value_is_of_a_type_when_it_conforms(value, text, expected):
    assert value(text) is expected


def test_named_types_are_known_when_given():
    types = {
        "tPerson": ContextType({"name": SimpleType("string")}),
        "t list": ListType(SimpleType("date")),
    }

    person = compile_expression('{name: "Ada"} instance of tPerson', types=types)
    dates = compile_expression("[1] instance of t list", types=types)

    assert person({}) is True
    assert dates({}) is False


def test_a_list_of_one_becomes_its_item_when_a_function_takes_no_list(value):
    assert value("not([true])") is False
    assert value('contains(["foobar"], "oba")') is True
    assert value("not([true, false])") is None


def test_a_date_becomes_midnight_in_utc_when_a_parameter_wants_date_and_time(value):
    text = '(function(t: date and time) string(t))(@"2026-01-01")'

    assert value(text) == "2026-01-01T00:00:00Z"
