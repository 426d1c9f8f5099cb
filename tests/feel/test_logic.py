"""Three-valued logic, equality, order, conditions and quantifiers."""

import pytest

from feel import compile_expression


@pytest.mark.parametrize(
    ("left", "right", "conjunction", "disjunction"),
    [
        ("true", "true", True, True),
        ("true", "false", False, True),
        ("true", "null", None, True),
        ("true", '"x"', None, True),
        ("false", "false", False, False),
        ("false", "null", False, None),
        ("false", "1", False, None),
        ("null", "null", None, None),
    ],
)
def test_logic_is_three_valued_when_an_operand_is_unknown(
    value, left, right, conjunction, disjunction
):
    assert value(f"{left} and {right}") is conjunction
    assert value(f"{right} and {left}") is conjunction
    assert value(f"{left} or {right}") is disjunction
    assert value(f"{right} or {left}") is disjunction


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 = 1.0", True),
        ("0.1 + 0.2 = 0.3", True),
        ('1 = "1"', None),
        ('1 != "1"', None),
        ("1 = null", False),
        ("null = null", True),
        ("null != 1", True),
        ("true = false", False),
        ("[1, [2]] = [1, [2]]", True),
        ("[1] = [1, 2]", False),
        ('[1, 2] = [1, "2"]', None),
        ("{a: 1, b: 2} = {b: 2, a: 1}", True),
        ("{a: 1} = {b: 1}", False),
        ("[1..2] = [1..2]", True),
        ("[1..2] = [1..2)", False),
        ('@"P1Y" = @"P12M"', True),
        ('@"P1D" = @"PT24H"', True),
        ('@"P0D" = @"P0Y"', None),
        ('@"2026-01-01" = @"2026-01-01T00:00:00"', None),
        ('@"2026-01-01T10:00:00Z" = @"2026-01-01T11:00:00+01:00"', True),
        ('@"2026-07-01T10:00:00@Europe/Berlin" = @"2026-07-01T08:00:00Z"', True),
        ('@"10:00:00Z" = @"11:00:00+01:00"', True),
        ('@"10:00:00" = @"10:00:00Z"', False),
        ('@"10:00:00" <= @"10:00:00Z"', False),
        ('@"10:00:00" < @"10:00:01Z"', True),
        ('@"2026-01-01T10:00:00" != @"2026-01-01T10:00:00@Europe/Berlin"', True),
        ('@"10:00:00@Europe/Berlin" = @"10:00:00@Europe/Rome"', False),
        ('@"10:00:00@Europe/Berlin" = @"10:00:00@Europe/Berlin"', True),
    ],
)
def test_equality_compares_values_when_of_one_kind_and_is_null_otherwise(value, text, expected):
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 < 2", True),
        ('"a" < "b"', True),
        ('"10" < "9"', True),
        ('1 < "2"', None),
        ("null < 1", None),
        ("true > false", None),
        ('@"2026-01-31" < @"2026-02-01"', True),
        ('@"2026-01-01T10:00:00+02:00" < @"2026-01-01T09:00:00Z"', True),
        ('@"2026-01-01T10:00:00" < @"2026-01-01T10:30:00+05:00"', True),
        ('@"P1M" < @"P31D"', None),
        ('@"PT90M" > @"PT1H"', True),
        ("5 between 5 and 6", True),
        ('5 between "a" and 4', False),
        ('5 between "a" and 6', None),
    ],
)
def test_order_exists_when_both_are_of_one_ordered_type(value, text, expected):
    assert value(text) is expected


def test_a_condition_takes_else_when_it_is_not_true(value):
    assert value("if false then 1 else 2") == 2
    assert value("if null then 1 else 2") == 2
    assert value("if missing > 1 then 1 else 2") == 2
    assert value('if "x" then 1 else 2') == 2
    assert value("1 + if true then 1 else 2") == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("some x in [1, 2] satisfies x > 1", True),
        ("some x in [] satisfies x > 1", False),
        ("some x in [null, 2] satisfies x > 1", True),
        ("some x in [null, 1] satisfies x > 1", None),
        ("every x in [1, 2] satisfies x > 0", True),
        ("every x in [] satisfies x > 0", True),
        ("every x in [null, 0] satisfies x > 0", False),
        ("every x in [null, 1] satisfies x > 0", None),
        ("some x in [1, 2], y in [x + 1] satisfies y = 3", True),
        ("some x in 1..1000 satisfies x = 7", True),
        ('some x in [1, 2] satisfies "no boolean"', None),
        ('some x in ["no boolean", true] satisfies x', True),
        ('every x in ["no boolean", false] satisfies x', False),
        ('every x in ["no boolean", true] satisfies x', None),
        ("some x in null satisfies x = 1", None),
    ],
)
def test_quantifiers_join_their_conditions_when_some_are_unknown(value, text, expected):
    assert value(text) is expected


def test_a_later_operand_is_not_evaluated_when_an_earlier_one_decides():
    asked = []

    class Asked(dict):
        def __missing__(self, name):
            asked.append(name)
            raise KeyError(name)

    assert compile_expression("false and expensive > 1")(Asked()) is False
    assert asked == []
