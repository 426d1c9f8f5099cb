"""Lists: filters, iterations and the functions of lists."""

import pytest


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[1, 2, 3][1]", 1),
        ("[1, 2, 3][-1]", 3),
        ("[1, 2, 3][0]", None),
        ("[1, 2, 3][4]", None),
        ("[1, 2, 3][1.5]", None),
        ("{i: 2, r: [1, 2, 3][i]}.r", 2),
        ("{i: 2, r: [][i]}.r", None),
        ("[1, 2, 3][item >= 2]", [2, 3]),
        ("[1, null, 3][item >= 2]", [3]),
        ("[{x: 1, y: 2}, {x: 2, y: 3}][x = 1]", [{"x": 1, "y": 2}]),
        ("[{item: 1}, {item: 2}][item = 2]", [{"item": 2}]),
        ("{x: 9, r: [{x: 1}, {y: 2}][x = 9]}.r", [{"y": 2}]),
        ("[{x: 1}, {y: 2}].x", [1, None]),
        ("[[1], [2, 3]][count(item) = 2]", [[2, 3]]),
        ("100[true]", [100]),
        ("100[1]", 100),
        ("null[1]", None),
        ("null[true]", None),
        ('[1]["x"]', None),
    ],
)
def test_a_filter_keeps_items_or_picks_one_when_a_boolean_or_a_number(value, text, expected):
    assert value(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("for i in [1, 2] return i * 2", [2, 4]),
        ("for i in [1, 2], j in [3, 4] return i * j", [3, 4, 6, 8]),
        ("for x in [[1, 2], [3]], y in x return y", [1, 2, 3]),
        ("for i in 3..1 return i", [3, 2, 1]),
        ("for i in [1..3] return i", [1, 2, 3]),
        ("for i in (1..4) return i", [2, 3]),
        ("for i in (1..2) return i", []),
        ("for i in 0..4 return if i = 0 then 1 else i * partial[-1]", [1, 1, 2, 6, 24]),
        ("for i in 5 return i", [5]),
        ("for i in [] return i", []),
        ("for i in null return i", None),
        ('for i in "a".."c" return i', None),
        ("for i in 1.5..3 return i", None),
        ("for i in (> 5) return i", None),
        ('for d in @"2026-02-28"..@"2026-03-01" return d.day', [28, 1]),
        ("for i in 1..3 return for j in 1..i return j", [[1], [1, 2], [1, 2, 3]]),
    ],
)
def test_an_iteration_goes_through_items_when_there_are_some(value, text, expected):
    assert value(text) == expected


def test_partial_results_do_not_change_when_they_were_looked_at(value):
    assert value("for i in 1..3 return count(partial)") == [0, 1, 2]
    assert value("for i in 1..3 return partial") == [[], [[]], [[], [[]]]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("list contains([1, null], null)", True),
        ("list contains([1, 2.0], 2)", True),
        ("sublist([4, 5, 6], 1, 2)", [4, 5]),
        ("sublist([4, 5, 6], -2)", [5, 6]),
        ("sublist([4, 5, 6], 2, 3)", None),
        ("append([1], 2, [3])", [1, 2, [3]]),
        ("append(1, 2)", [1, 2]),
        ("concatenate([1, 2], [3], 4)", [1, 2, 3, 4]),
        ("insert before([1, 3], 1, 2)", [2, 1, 3]),
        ("insert before([1, 3], -1, 2)", [1, 2, 3]),
        ("insert before([1, 3], 3, 2)", None),
        ("remove([1, 2, 3], 2)", [1, 3]),
        ("remove([1, 2, 3], -1)", [1, 2]),
        ("remove([1], 0)", None),
        ("list replace([2, 4, 7, 8], 3, 6)", [2, 4, 6, 8]),
        ("list replace([2, 4, 7], function(item, newItem) item < newItem, 5)", [5, 5, 7]),
        ("list replace([2, 4], function(a, b) null, 5)", None),
        ("reverse([1, 2, 3])", [3, 2, 1]),
        ("index of([1, 2, 3, 2], 2)", [2, 4]),
        ("index of([1, null], null)", [2]),
        ("union([1, 2], [2, 3])", [1, 2, 3]),
        ("distinct values([1, 2, 1.0, null, null, [1], [1.0]])", [1, 2, None, [1]]),
        ("flatten([[1, 2], [[3]], 4])", [1, 2, 3, 4]),
        ("all([true, null])", None),
        ("all([false, null])", False),
        ("all([])", True),
        ("all(true, false)", False),
        ("all(null)", None),
        ("any([true, null])", True),
        ("any([])", False),
        ("any(false, false)", False),
        ("any(0)", None),
        ("sort([3, 1, 2], function(x, y) x < y)", [1, 2, 3]),
        ("sort([3, 1, 2], function(x, y) x > y)", [3, 2, 1]),
        ('sort(["b", "a"])', ["a", "b"]),
        ("sort(list: [{n: 2}, {n: 1}], precedes: function(x, y) x.n < y.n).n", [1, 2]),
        ('sort([1, "a"])', None),
        ("count(null)", None),
        ('min([@"2026-02-01", @"2026-01-01"]) = @"2026-01-01"', True),
        ('max("a", "b")', "b"),
    ],
)
def test_functions_of_lists_answer_as_the_standard_says_when_called(value, text, expected):
    assert value(text) == expected


def test_lists_are_not_changed_when_functions_make_new_ones(value):
    assert value("{a: [1], b: append(a, 2), c: concatenate(a, [3]), d: sort(a)}.a") == [1]
