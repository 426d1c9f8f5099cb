"""All built-in functions with the parameters by which DMN 1.5, 10.3.4 calls them."""

import pytest

from feel.builtin import BUILTINS

# What a function takes, with arguments for which it has a value, and that value.
SIGNATURES = {
    # 10.3.4.1 Conversion
    "date": [
        ({"from": '"2026-03-14"'}, '@"2026-03-14"'),
        ({"year": "2026", "month": "3", "day": "14"}, '@"2026-03-14"'),
    ],
    "time": [
        ({"from": '"10:00:00Z"'}, '@"10:00:00Z"'),
        ({"hour": "10", "minute": "0", "second": "0"}, '@"10:00:00"'),
        (
            {"hour": "10", "minute": "0", "second": "0", "offset": '@"PT1H"'},
            '@"10:00:00+01:00"',
        ),
    ],
    "date and time": [
        ({"from": '"2026-03-14T10:00:00"'}, '@"2026-03-14T10:00:00"'),
        ({"date": '@"2026-03-14"', "time": '@"10:00:00"'}, '@"2026-03-14T10:00:00"'),
    ],
    "number": [
        ({"from": '"1"'}, "1"),
        ({"from": '"1 000,5"', "grouping separator": '" "', "decimal separator": '","'}, "1000.5"),
    ],
    "string": [({"from": "1.10"}, '"1.1"')],
    "duration": [({"from": '"P1D"'}, '@"P1D"')],
    "years and months duration": [
        ({"from": '@"2025-01-31"', "to": '@"2026-03-01"'}, '@"P1Y1M"'),
    ],
    "range": [({"from": '"[1..2)"'}, "[1..2)")],
    # 10.3.4.2 Booleans
    "not": [({"negand": "true"}, "false")],
    # 10.3.4.3 Strings
    "substring": [
        ({"string": '"foobar"', "start position": "-2"}, '"ar"'),
        ({"string": '"foobar"', "start position": "3", "length": "3"}, '"oba"'),
    ],
    "string length": [({"string": '"foo"'}, "3")],
    "upper case": [({"string": '"aBc4"'}, '"ABC4"')],
    "lower case": [({"string": '"aBc4"'}, '"abc4"')],
    "substring before": [({"string": '"foobar"', "match": '"bar"'}, '"foo"')],
    "substring after": [({"string": '"foobar"', "match": '"ob"'}, '"ar"')],
    "replace": [
        ({"input": '"abcd"', "pattern": '"b"', "replacement": '"x"'}, '"axcd"'),
        (
            {"input": '"abcd"', "pattern": '"B"', "replacement": '"x"', "flags": '"i"'},
            '"axcd"',
        ),
    ],
    "contains": [({"string": '"foobar"', "match": '"of"'}, "false")],
    "starts with": [({"string": '"foobar"', "match": '"fo"'}, "true")],
    "ends with": [({"string": '"foobar"', "match": '"r"'}, "true")],
    "matches": [
        ({"input": '"foobar"', "pattern": '"^fo*b"'}, "true"),
        ({"input": '"foobar"', "pattern": '"^FO*b"', "flags": '"i"'}, "true"),
    ],
    "split": [({"string": '"a;b"', "delimiter": '";"'}, '["a", "b"]')],
    "string join": [
        ({"list": '["a", null, "b"]'}, '"ab"'),
        ({"list": '["a", "b"]', "delimiter": '", "'}, '"a, b"'),
    ],
    # 10.3.4.4 Lists
    "list contains": [({"list": "[1, null]", "element": "null"}, "true")],
    "list replace": [
        ({"list": "[2, 4, 7]", "position": "-1", "newItem": "6"}, "[2, 4, 6]"),
        (
            {
                "list": "[2, 4, 7]",
                "match": "function(item, newItem) item < newItem",
                "newItem": "5",
            },
            "[5, 5, 7]",
        ),
    ],
    "count": [({"list": "[1, null]"}, "2")],
    "min": [({"list": "[2, 1]"}, "1")],
    "max": [({"list": "[2, 1]"}, "2")],
    "sum": [({"list": "[2, 1]"}, "3")],
    "mean": [({"list": "[2, 1]"}, "1.5")],
    "all": [({"list": "[true, true]"}, "true")],
    "any": [({"list": "[false, true]"}, "true")],
    "sublist": [
        ({"list": "[4, 5, 6]", "start position": "-2"}, "[5, 6]"),
        ({"list": "[4, 5, 6]", "start position": "1", "length": "2"}, "[4, 5]"),
    ],
    "append": [({"list": "[1]", "item": "2"}, "[1, 2]")],
    "concatenate": [({"list": "[1]"}, "[1]")],
    "insert before": [({"list": "[1, 3]", "position": "1", "newItem": "2"}, "[2, 1, 3]")],
    "remove": [({"list": "[1, 2, 3]", "position": "2"}, "[1, 3]")],
    "reverse": [({"list": "[1, 2]"}, "[2, 1]")],
    "index of": [({"list": "[1, 2, 3, 2]", "match": "2"}, "[2, 4]")],
    "union": [({"list": "[1, 1]"}, "[1]")],
    "distinct values": [({"list": "[1, 2, 1]"}, "[1, 2]")],
    "flatten": [({"list": "[[1], [[2]], 3]"}, "[1, 2, 3]")],
    "product": [({"list": "[2, 3, 4]"}, "24")],
    "median": [({"list": "[10, 9, 2]"}, "9")],
    "stddev": [({"list": "[1, 3]"}, "2 ** 0.5")],
    "mode": [({"list": "[6, 1, 9, 6, 1]"}, "[1, 6]")],
    # 10.3.4.5 Numbers
    "decimal": [({"n": "2.5", "scale": "0"}, "2")],
    "floor": [({"n": "-1.5"}, "-2"), ({"n": "-1.56", "scale": "1"}, "-1.6")],
    "ceiling": [({"n": "-1.5"}, "-1"), ({"n": "-1.56", "scale": "1"}, "-1.5")],
    "round up": [({"n": "-1.126", "scale": "2"}, "-1.13")],
    "round down": [({"n": "-5.5", "scale": "0"}, "-5")],
    "round half up": [({"n": "1.005", "scale": "2"}, "1.01")],
    "round half down": [({"n": "-5.5", "scale": "0"}, "-5")],
    "abs": [({"n": "-10"}, "10"), ({"n": '@"-PT5H"'}, '@"PT5H"')],
    "modulo": [
        ({"dividend": "10.5", "divisor": "0.1"}, "0"),
        ({"dividend": "-10.1", "divisor": "4.5"}, "3.4"),
    ],
    "sqrt": [({"number": "16"}, "4")],
    "log": [({"number": "1"}, "0")],
    "exp": [({"number": "0"}, "1")],
    "odd": [({"number": "5"}, "true")],
    "even": [({"number": "5"}, "false")],
    # 10.3.4.6 Dates and times, 10.3.4.7 Their parts, and the clock
    "is": [({"value1": '@"10:00:00"', "value2": '@"10:00:00Z"'}, "false")],
    "day of year": [({"date": '@"2019-09-17"'}, "260")],
    "day of week": [({"date": '@"2019-09-17"'}, '"Tuesday"')],
    "month of year": [({"date": '@"2019-09-17"'}, '"September"')],
    "week of year": [({"date": '@"2005-01-01"'}, "53")],
    # 10.3.4.8 Sort
    "sort": [
        ({"list": "[3, 1, 2]", "precedes": "function(x, y) x > y"}, "[3, 2, 1]"),
        ({"list": "[3, 1, 2]"}, "[1, 2, 3]"),
    ],
    # 10.3.4.9 Ranges
    "before": [
        ({"point1": "1", "point2": "10"}, "true"),
        ({"point": "1", "range": "[1..10]"}, "false"),
        ({"range": "[1..10)", "point": "10"}, "true"),
        ({"range1": "[1..5)", "range2": "[5..10]"}, "true"),
    ],
    "after": [
        ({"point1": "10", "point2": "5"}, "true"),
        ({"point": "12", "range": "[1..10]"}, "true"),
        ({"range": "(11..20]", "point": "11"}, "true"),
        ({"range1": "[11..20]", "range2": "[1..11)"}, "true"),
    ],
    "meets": [({"range1": "[1..5]", "range2": "[5..10]"}, "true")],
    "met by": [({"range1": "[5..10]", "range2": "[1..5]"}, "true")],
    "overlaps": [({"range1": "[1..5]", "range2": "(5..8]"}, "false")],
    "overlaps before": [({"range1": "[1..5)", "range2": "(1..5)"}, "true")],
    "overlaps after": [({"range1": "[5..10]", "range2": "[1..6]"}, "true")],
    "finishes": [
        ({"point": "10", "range": "[1..10]"}, "true"),
        ({"range1": "[5..10]", "range2": "[1..10]"}, "true"),
    ],
    "finished by": [
        ({"range": "[1..10]", "point": "10"}, "true"),
        ({"range1": "[1..10]", "range2": "[5..10]"}, "true"),
    ],
    "includes": [
        ({"range": "[1..10]", "point": "5"}, "true"),
        ({"range1": "[1..10]", "range2": "[4..6]"}, "true"),
    ],
    "during": [
        ({"point": "5", "range": "[1..10]"}, "true"),
        ({"range1": "[4..6]", "range2": "[1..10]"}, "true"),
    ],
    "starts": [
        ({"point": "1", "range": "[1..10]"}, "true"),
        ({"range1": "[1..5]", "range2": "[1..10]"}, "true"),
    ],
    "started by": [
        ({"range": "[1..10]", "point": "1"}, "true"),
        ({"range1": "[1..10]", "range2": "[1..5]"}, "true"),
    ],
    "coincides": [
        ({"point1": "5", "point2": "5"}, "true"),
        ({"range1": "[1..5]", "range2": "[1..5)"}, "false"),
    ],
    # 10.3.4.10 Contexts
    "get value": [({"m": "{k: 1}", "key": '"k"'}, "1")],
    "get entries": [({"m": "{k: 1}"}, '[{key: "k", value: 1}]')],
    "context": [({"entries": '[{key: "a", value: 1}]'}, "{a: 1}")],
    "context put": [
        ({"context": "{x: 1}", "key": '"y"', "value": "2"}, "{x: 1, y: 2}"),
        ({"context": "{x: 1}", "keys": '["y", "z"]', "value": "2"}, "{x: 1, y: {z: 2}}"),
    ],
    "context merge": [({"contexts": "[{x: 1}, {x: 2, y: 3}]"}, "{x: 2, y: 3}")],
}
CASES = [
    (name, arguments, expected)
    for name, signatures in SIGNATURES.items()
    for arguments, expected in signatures
]
# Those without a name for their only argument, which may be any number of them.
VARIADIC = [
    ("min(3, 1, 2)", "1"),
    ('max(@"P1D", @"PT25H")', '@"PT25H"'),
    ("sum(1, 2)", "3"),
    ("mean(1, 2)", "1.5"),
    ("all(true, false)", "false"),
    ("any(false, true)", "true"),
    ("product(2, 3)", "6"),
    ("median(8, 2, 5, 3, 4)", "4"),
    ("stddev(1, 3)", "2 ** 0.5"),
    ("mode(6, 3, 6)", "[6]"),
    ("append([1], 2, 3)", "[1, 2, 3]"),
    ("concatenate([1], [2], [3])", "[1, 2, 3]"),
    ("union([1], [1, 2])", "[1, 2]"),
]


def equal(value, text, expected):
    return value(f"is({text}, {expected})")


@pytest.mark.parametrize(("name", "arguments", "expected"), CASES)
def test_a_function_answers_alike_when_called_by_position_and_by_name(
    value, name, arguments, expected
):
    by_position = f"{name}({', '.join(arguments.values())})"
    named = [f"{parameter}: {text}" for parameter, text in arguments.items()]

    assert equal(value, by_position, expected) is True
    assert equal(value, f"{name}({', '.join(named)})", expected) is True
    # By their order alone, `before(point, range)` differs from `before(range, point)`.
    if name not in {"before", "after"}:
        assert equal(value, f"{name}({', '.join(reversed(named))})", expected) is True


@pytest.mark.parametrize(("call", "expected"), VARIADIC)
def test_a_function_takes_any_number_of_arguments_when_the_standard_says_so(value, call, expected):
    assert equal(value, call, expected) is True


@pytest.mark.parametrize("name", sorted({*SIGNATURES, "now", "today"}))
def test_a_function_is_null_when_called_with_what_it_does_not_take(value, name):
    if name not in {"append", "concatenate", "union"}:
        assert value(f"{name}(1, 2, 3, 4, 5, 6, 7, 8, 9, {{}})") is None
    assert value(f"{name}(unheard of: 1)") is None


# Where anything may be an argument, or one value stands for a list of one.
TAKE_ANYTHING = {
    *("is", "string", "append", "concatenate", "union", "distinct values", "flatten", "reverse"),
    *("sublist", "count", "list contains", "index of", "insert before", "remove", "list replace"),
    *("sort", "all", "any"),
}


@pytest.mark.parametrize(
    ("name", "arguments"),
    [(name, arguments) for name, arguments, _ in CASES if name not in TAKE_ANYTHING],
)
def test_a_function_is_null_when_an_argument_is_of_a_type_that_it_does_not_take(
    value, name, arguments
):
    for wrong in arguments:
        others = {**arguments, wrong: "abs"} if wrong != "value" else arguments
        call = f"{name}({', '.join(f'{key}: {text}' for key, text in others.items())})"
        assert (value(call) is None) is (wrong != "value")


def test_a_function_is_there_when_the_standard_lists_it():
    assert {*SIGNATURES, "now", "today"} - BUILTINS.keys() == set()
