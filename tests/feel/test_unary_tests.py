"""Unary tests: cells of decision tables, and what follows `in`."""

import pytest

from feel import compile_test_list, compile_unary_tests


@pytest.mark.parametrize(
    ("tests", "passing", "failing"),
    [
        ("-", [1, None, "a"], []),
        ("5", [5], [6, None]),
        ("< 5", [4], [5]),
        (">= 5", [5, 6], [4]),
        ("!= 5", [4], [5]),
        ("= 5", [5], [4]),
        ("1, 2, > 10", [1, 2, 11], [3, 10]),
        ("[1..3), 5", [1, 2, 5], [3, 4]),
        ('"a", "b"', ["a", "b"], ["c"]),
        ('not("a", "b")', ["c"], ["a", "b"]),
        ("not(> 5)", [5], [6]),
        ("null", [None], [1]),
        ("not(null)", [1], [None]),
        ("true", [True], [False, None]),
        ("false", [False], [True, None]),
        ("limit", [7], [8]),
        ("< limit", [6], [7]),
        ("[1..limit]", [7], [8]),
        ("members", [1, 2], [3]),
        ("list contains(members, ?)", [1], [3]),
        ("? > 2 and ? < 5", [3], [2, 5]),
        ("odd(?)", [3], [4]),
        ("limit > 5", [1, "x"], []),
        ("limit > 9", [], [1, "x"]),
        ("? + 1", [], [3]),
        ("not(limit > 9)", [1], []),
        ("not(limit > 9) and ? = 1", [1], [2]),
        ('@"2026-01-01"', [], [1]),
        ("[1, 2, 3]", [2], [4]),
        ("no", [False], [True, None, 1]),
        ("every x in ? satisfies x > 1", [[2, 3]], [[1, 2]]),
    ],
)
def test_a_value_passes_when_one_test_holds(tests, passing, failing):
    compiled = compile_unary_tests(tests)
    context = {"limit": 7, "members": [1, 2], "no": False}

    assert [value for value in passing if compiled(value, context) is not True] == []
    assert [value for value in failing if compiled(value, context) is True] == []


def test_the_answer_is_null_when_value_and_test_are_of_different_kinds():
    assert compile_unary_tests("< 5")("a", {}) is None
    assert compile_unary_tests('"a"')(5, {}) is None
    assert compile_unary_tests("not(< 5)")("a", {}) is None
    assert compile_unary_tests("not([1..limit])")(9, {"limit": None}) is None


def test_the_dash_is_recognised_when_alone():
    assert compile_unary_tests(" - ").is_any
    assert not compile_unary_tests("-1").is_any


def test_tests_come_one_by_one_when_their_order_counts():
    ranks = compile_test_list('"high", "medium", "low"')

    assert [test("medium", {}) for test in ranks] == [False, True, False]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 in [2, 3, 1]", True),
        ("1 in [[2..4], [1..3]]", True),
        ("10 in (1, < 5, >= 10)", True),
        ("10 in (!= 10)", False),
        ("1 in 1", True),
        ("1 in [2, 3]", False),
        ("[1] in [[1], [2]]", True),
        ("[1, 2] in [1, 2]", True),
        ('1 in "a"', None),
        ("1 in (2, 3) or true", True),
        ("{x: 3, r: x in (? > 2)}.r", True),
    ],
)
def test_in_asks_the_same_when_used_in_an_expression(value, text, expected):
    assert value(text) is expected
