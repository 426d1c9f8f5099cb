"""Why a value became null."""

import pytest

from feel import compile_expression


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("missing", "there is no variable 'missing'"),
        ("deal.missing", "the context has no entry 'missing'"),
        ("1 + null", "number + null has no meaning in `1 + null`"),
        ("1 / 0", "the result of / is no number in `1 / 0`"),
        ('1 < "a"', 'number and string have no order in `1 < "a"`'),
        ('1 = "a"', 'number and string can\'t be equal in `1 = "a"`'),
        ("[1, 2][5]", "a list of 2 items has none at 5 in `[1, 2][5]`"),
        ('date("x")', "date: 'x' is no date in `date(\"x\")`"),
        ('abs("x")', "abs: n is string, not number"),
        ("abs(1, 2)", "abs does not take 2 arguments"),
        ("abs(x: 1)", "abs: no arguments are named x"),
        ("nothing(1)", "null is no function in `nothing(1)`"),
        ("{a: 1, a: 2}", "a key stands twice"),
        ("if 1 then 2 else null", "a condition can't be number"),
        ("for i in null return i", "null has no items"),
        ("[3..1]", "the ends of the range have no order"),
        ("- true", "- boolean has no meaning"),
        ('true and "x"', "string is no boolean"),
    ],
)
def test_the_reason_is_told_with_its_place_when_a_value_is_null(text, reason):
    value, warnings = compile_expression(text).explain({"deal": {"amount": 1}})

    assert value is None
    assert any(reason in warning for warning in warnings)


def test_there_are_no_reasons_when_nothing_is_wrong():
    assert compile_expression("1 + 1").explain({}) == (2, [])


def test_reasons_are_counted_once_and_not_without_end_when_a_loop_repeats_them():
    _, repeated = compile_expression("for i in 1..1000 return 1 + null").explain({})
    _, different = compile_expression(
        "for i in 1..1000 return get value({}, string(i)) + date(string(i))"
    ).explain({})

    assert len(repeated) == 1
    assert len(different) <= 50


def test_a_long_text_is_cut_when_it_stands_in_a_reason():
    _, warnings = compile_expression("null + " + " + ".join(["1"] * 200)).explain({})

    assert len(warnings[0]) < 200
