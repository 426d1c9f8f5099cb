"""Tokens, names, precedence, and what is refused."""

from decimal import Decimal

import pytest

from feel import (
    FeelSyntaxError,
    compile_expression,
    compile_unary_tests,
    evaluate,
    names_used,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 3 - 2", 5),
        ("100 / 10 / 2", 5),
        ("2 ** 3 ** 2", 64),
        ("-3 ** 2", 9),
        ("-2 * -3", 6),
        ("1 + 1 = 2 and 2 > 1 or false", True),
        ("true or false and false", True),
        ("1 < 2 = true", True),
        ("2 between 1 + 0 and 1 + 2", True),
        ("if true then 1 else 2 + 10", 1),
        ("if false then 1 else 2 + 10", 12),
        ("1e3", 1000),
        (".5 + 1.5E-1", Decimal("0.65")),
        ("[1,2,3][2] + 1", 3),
        ("{a: {b: [5, 6]}}.a.b[-1]", 6),
        ("(function(a) a * 2)(4) + 1", 9),
    ],
)
def test_operators_bind_as_the_grammar_says_when_mixed(value, text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'"a\"b"', 'a"b'),
        (r'"a\nb\tc\\d"', "a\nb\tc\\d"),
        (r'"\u00e9"', "é"),
        (r'"\U01F40E"', "🐎"),
        (r'"\uD83D\uDC0E"', "🐎"),
        (r'"\uD83D"', "\ufffd"),
        (r'"\d"', r"\d"),
        ('"横綱"', "横綱"),
        ('"it\'s"', "it's"),
    ],
)
def test_strings_keep_their_characters_when_escaped(value, text, expected):
    assert value(text) == expected


def test_comments_count_as_space_when_between_tokens(value):
    assert value("1 /* one */ + // two\n 2") == 3


@pytest.mark.parametrize(
    ("text", "context", "expected"),
    [
        ("first name", {"first name": "Ada"}, "Ada"),
        ("first   \n name", {"first name": "Ada"}, "Ada"),
        ("a-b", {"a": 5, "b": 3, "a-b": 1}, 1),
        ("a - b", {"a": 5, "b": 3, "a-b": 1}, 1),
        ("(a)-(b)", {"a": 5, "b": 3, "a-b": 1}, 2),
        ("a-b", {"a": 5, "b": 3}, 2),
        ("Profit and loss + 1", {"Profit and loss": 1}, 2),
        ("list + 1", {"list": 1}, 2),
        ("person.first name", {"person": {"first name": "Ada"}}, "Ada"),
        ('people[first name = "Ada"].age', {"people": [{"first name": "Ada", "age": 36}]}, [36]),
        ("days in week * 2", {"days in week": 7}, 14),
        ("order total", {"order": 1, "order total": 2}, 2),
        ("été", {"été": 1}, 1),
        ("for my item in [1, 2] return my item * 2", {}, [2, 4]),
        ("{big number: 2, r: big number + 1}.r", {}, 3),
        ("(function(a b: number, c+d) a b * c+d)(2, 3)", {}, 6),
        ("{a+b: a+b + 1}", {"a": 1, "b": 2}, {"a+b": 4}),
        ("x.time offset", {"x": {"time offset": 1}}, 1),
    ],
)
def test_names_are_the_longest_known_when_they_hold_spaces_or_signs(text, context, expected):
    assert evaluate(text, context) == expected


def test_a_listed_name_is_known_when_the_context_comes_later():
    expression = compile_expression("deal owner + 1", frozenset({"deal owner"}))

    assert expression({"deal owner": 1}) == 2


def test_names_used_leave_out_what_is_bound_when_asked_for():
    text = (
        "sum(for x in items return x * rate) + count({a: 1, b: a + c}.b) + (function(p) p + q)(1)"
    )

    assert names_used(compile_expression(text)) == {"items", "rate", "c", "q"}


def test_names_used_leave_out_the_tested_value_when_unary_tests():
    assert compile_unary_tests("> limit, ends with(?, suffix)").names == {"limit", "suffix"}


@pytest.mark.parametrize(
    ("text", "position", "part"),
    [
        ("", 0, "A value is expected, not the end"),
        ("1 +", 3, "A value is expected"),
        ("(1", 2, "`)` is expected"),
        ("[1, ]", 5, "A value is expected"),
        ('"abc', 0, "not closed"),
        ("1 § 2", 2, "'§' has no meaning"),
        ("if true then 1", 14, "`else` is expected"),
        ("a b c", 2, "The end is expected, not `b`"),
        ('@"2026-13-01"', 1, "A date, time or duration"),
        ("for x return 1", 4, "`name in …`"),
        ("f(1, a: 2)", 0, "Either all arguments have names"),
        ("x instance of nonsense", 14, "known type"),
        ("{1: 2}", 1, "A key is expected"),
        ("then", 0, "A value is expected"),
    ],
)
def test_a_text_is_refused_with_its_place_when_it_is_no_expression(text, position, part):
    with pytest.raises(FeelSyntaxError) as caught:
        compile_expression(text)

    assert caught.value.position == position
    assert part in caught.value.message
    assert str(caught.value).endswith(f"(at character {position + 1})")


@pytest.mark.parametrize(
    "text",
    ["(" * 100 + "1" + ")" * 100, "-" * 100 + "1", "a" + ".b" * 200, "[" * 30_000, "not(" * 80],
)
def test_a_text_is_refused_when_it_is_nested_too_deep(text):
    with pytest.raises(FeelSyntaxError, match="nested"):
        compile_expression(text)


def test_a_long_chain_is_evaluated_when_it_is_not_nested(value):
    assert value("1" + " + 1" * 2000) == 2001
    assert value("true" + " and true" * 2000) is True
    assert value('"a"' + ' + "a"' * 500) == "a" * 501


def test_a_text_is_refused_when_it_is_longer_than_any_sensible_one():
    with pytest.raises(FeelSyntaxError, match="longer than"):
        compile_expression("1" * 100_001)


def test_an_ambiguous_text_is_refused_when_it_would_take_too_long_to_parse():
    with pytest.raises(FeelSyntaxError):
        compile_expression("1 in (" * 50 + "1..2" + ")" * 50)


def test_compiled_expressions_are_kept_when_text_and_names_are_the_same():
    assert compile_expression("1 + cached") is compile_expression("1 + cached")
    assert compile_expression("a b", frozenset({"a b"})) is not compile_expression(
        "a b", frozenset({"a b", "c d"})
    )
