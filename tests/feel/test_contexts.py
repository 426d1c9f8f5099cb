"""Contexts, paths and functions as values."""

import pytest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{a: 1, b: a + 1}", {"a": 1, "b": 2}),
        ("{a: 1, r: {a: 2, b: a}.b}.r", 2),
        ('{"key with: colon": 1}', {"key with: colon": 1}),
        ("{a: 1}.b", None),
        ("{a: {b: 1}}.a.b", 1),
        ("null.a", None),
        ("{a: 1, a: 2}", None),
        ("{}", {}),
        ('get value({a: 1}, "a")', 1),
        ('get value({a: 1}, "b")', None),
        ('get value({a: {b: 2}}, ["a", "b"])', 2),
        ("get value({a: 1}, [])", None),
        ("get entries({a: 1})", [{"key": "a", "value": 1}]),
        ('context([{key: "a", value: 1}, {key: "b", value: 2, more: 3}])', {"a": 1, "b": 2}),
        ('context([{key: "a"}])', None),
        ('context([{key: "a", value: 1}, {key: "a", value: 2}])', None),
        ('context put({x: 1, y: 0, z: 0}, "y", 2)', {"x": 1, "y": 2, "z": 0}),
        ('context put({x: 1, y: {a: 0}}, ["y", "a"], 2)', {"x": 1, "y": {"a": 2}}),
        ('context put({x: 1}, ["x", "a"], 2)', None),
        ("context put({x: 1}, [], 2)", None),
        ("context merge([{x: 1, y: 0}, {y: 2}])", {"x": 1, "y": 2}),
        ("context merge([1])", None),
    ],
)
def test_contexts_answer_as_the_standard_says_when_asked(value, text, expected):
    assert value(text) == expected


def test_a_context_is_not_changed_when_a_function_makes_a_new_one(value):
    assert value('{a: {x: 1}, b: context put(a, "x", 2)}.a.x') == 1


def test_order_of_keys_is_kept_when_an_entry_is_overridden(value):
    assert list(value('context put({x: 1, y: 0}, "x", 2)')) == ["x", "y"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{f: function(a, b) a - b, r: f(3, 1)}.r", 2),
        ("{f: function(a, b) a - b, r: f(b: 3, a: 1)}.r", -2),
        ("{f: function(a, b) b, r: f(a: 1)}.r", None),
        ("{f: function(a, b) a, r: f(c: 1)}.r", None),
        ("{f: function(a) a, r: f(1, 2)}.r", None),
        ("{n: 10, f: function(a) a * n, r: {n: 1, x: f(2)}.x}.r", 20),
        ("(function(a) function(b) a + b)(1)(2)", 3),
        ("{f: function(n) if n = 0 then 1 else n * f(n - 1), r: f(10)}.r", 3628800),
        ("{f: function(n: number) n, r: f([5])}.r", 5),
        ('{f: function(n: number) n, r: f("5")}.r', None),
        ("{f: function(l: list<number>) count(l), r: f(5)}.r", 1),
        ("{abs: 5, r: abs(-3) + abs}.r", 8),
        ("{abs: function(x) 7, r: abs(-3)}.r", 7),
        ("{f: abs, r: f(-3)}.r", 3),
        ('(function(a) external {java: {class: "java.lang.Math"}})(1)', None),
        ("unknown(1)", None),
        ("5(1)", None),
    ],
)
def test_functions_see_where_they_were_written_when_called_elsewhere(value, text, expected):
    assert value(text) == expected


def test_a_date_literal_is_computed_anew_when_a_variable_hides_its_function(value):
    assert value('{date: function(t) t, r: date("2026-01-01")}.r') == "2026-01-01"
    assert value('string(date("2026-01-01"))', date=5) == "2026-01-01"
    assert value('date("no date")') is None


def test_a_variable_hides_no_built_in_function_when_it_is_none(value):
    assert value("count([1, 2]) + count", count=40) == 42


@pytest.mark.parametrize(
    "text",
    [
        "{Applicant\u2019s age: 2}.Applicant\u2019s age",
        "{it's-a: 2, b: it's-a}.b",
        "(function(n\u2019s) n\u2019s * 2)(1)",
        "(for a\u2019b in [2] return a\u2019b)[1]",
    ],
)
def test_a_name_may_hold_signs_when_it_is_declared(value, text):
    assert value(text) == 2
