"""Ranges and the relations between them."""

import pytest

# Each line is an example of table 78 of DMN 1.5.
RELATIONS = {
    "before": ["1, 10", "1, (1..10]", "1, [5..10]", "[1..10), 10", "[1..10), [10..20]"],
    "after": ["10, 5", "12, [1..10]", "10, [1..10)", "(11..20], 11", "(11..20], [1..11]"],
    "meets": ["[1..5], [5..10]"],
    "met by": ["[5..10], [1..5]"],
    "overlaps": ["[1..5], [3..8]", "[1..8], [3..5]", "[1..5], [5..8]", "[5..8], [1..5]"],
    "overlaps before": ["[1..5], [3..8]", "[1..5], [5..8]", "[1..5), (1..5]", "[1..5], (1..5]"],
    "overlaps after": ["[3..8], [1..5]", "[5..8], [1..5]", "(1..5], [1..5)", "(1..5], [1..5]"],
    "finishes": ["10, [1..10]", "[5..10], [1..10]", "[5..10), [1..10)", "(1..10], [1..10]"],
    "finished by": ["[1..10], 10", "[1..10], [5..10]", "[1..10], (1..10]"],
    "includes": ["[1..10], 5", "[1..10], 1", "(1..10], (1..5]", "[1..10], (1..10)"],
    "during": ["5, [1..10]", "10, [1..10]", "[5..10), [1..10)", "(1..10), [1..10]"],
    "starts": ["1, [1..10]", "(1..5], (1..10]", "[1..10), [1..10]"],
    "started by": ["[1..10], 1", "[1..10], [1..5]", "[1..10], [1..10)"],
    "coincides": ["5, 5", "[1..5], [1..5]"],
}
NO_RELATIONS = {
    "before": ["10, 1", "1, [1..10]", "[1..10], 10", "[1..10], [10..20]"],
    "after": ["5, 10", "10, [1..10]", "[11..20], 11", "[11..20], 12", "[1..10], [11..20]"],
    "meets": ["[1..5), [5..10]", "[1..5], (5..10]", "[1..5], [6..10]"],
    "met by": ["[5..10], [1..5)", "(5..10], [1..5]", "[6..10], [1..5]"],
    "overlaps": ["[1..5], [6..8]", "[1..5], (5..8]", "[1..5), [5..8]", "(5..8], [1..5)"],
    "overlaps before": ["[1..5], [6..8]", "[1..5], (5..8]", "[1..5), [1..5]", "[1..5], [1..5]"],
    "overlaps after": ["[6..8], [1..5]", "(5..8], [1..5]", "[1..5], [1..5)", "[1..5], [1..5]"],
    "finishes": ["10, [1..10)", "[5..10), [1..10]"],
    "finished by": ["[1..10), 10", "[1..10], [5..10)"],
    "includes": ["[1..10], 12", "(1..10], 1", "[1..10), 10"],
    "during": ["12, [1..10]", "1, (1..10]", "10, [1..10)"],
    "starts": ["1, (1..10]", "2, [1..10]", "(1..5], [1..10]", "[1..5], (1..10]"],
    "started by": ["(1..10], 1", "[1..10], 2", "[1..10], (1..5]"],
    "coincides": ["3, 4", "(1..5), [1..5]", "[1..5], [2..6]"],
}


def calls(table):
    return [f"{name}({arguments})" for name, lines in table.items() for arguments in lines]


@pytest.mark.parametrize("call", calls(RELATIONS))
def test_a_relation_holds_when_the_standard_says_so(value, call):
    assert value(call) is True


@pytest.mark.parametrize("call", calls(NO_RELATIONS))
def test_a_relation_does_not_hold_when_the_standard_says_so(value, call):
    assert value(call) is False


@pytest.mark.parametrize("call", ['before(1, "a")', "meets(1, 2)", "during(null, [1..2])"])
def test_a_relation_is_null_when_there_is_no_order(value, call):
    assert value(call) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5 in (< 6)", True),
        ("{r: >= 5, x: 5 in r}.x", True),
        ("includes((> 5), 6)", True),
        ("includes((> 5), 5)", False),
        ("before([1..2], (> 2))", True),
        ("overlaps((< 5), (> 3))", True),
        ("overlaps((< 3), (> 3))", False),
        ("2 in ]1..3[", True),
        ("3 in ]1..3[", False),
        ("3 in ]1..3]", True),
        ('"b" in ["a".."c"]', True),
        ("null in [1..2]", None),
        ('"a" in [1..2]', None),
        ("[2..1]", None),
        ('[1.."a"]', None),
        ("[null..2]", None),
        ("{a: 1, b: 3, r: 2 in [a..b]}.r", True),
    ],
)
def test_membership_follows_the_ends_when_open_closed_or_missing(value, text, expected):
    assert value(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('range("[18..21)") = [18..21)', True),
        ('range(" [ -1 .. 3 ] ") = [-1..3]', True),
        ('range("[2..)") = (>= 2)', True),
        ('range("(..2)") = (< 2)', True),
        ('range("[\\"a\\"..\\"c\\"]") = ["a".."c"]', True),
        ('range("[date(\\"2026-01-01\\")..@\\"2026-01-02\\"]") instance of range<date>', True),
        ('range("[1..2]") instance of range<string>', False),
    ],
)
def test_a_range_is_read_from_text_when_its_ends_are_literals(value, text, expected):
    assert value(text) is expected


@pytest.mark.parametrize(
    "source",
    ["", "[..]", "[1..]", "[3..1]", "[1..x]", "[1+1..3]", ">= 1", "[null..1]", "[true..1]"],
)
def test_a_range_is_null_when_its_text_is_none(value, source):
    assert value("range(s)", s=source) is None
