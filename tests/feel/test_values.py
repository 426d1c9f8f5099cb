"""What is handed in, and the JSON forms of values."""

import enum
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

import orjson
import pytest

from feel import (
    DayTimeDuration,
    FeelDate,
    FeelError,
    FeelLimitError,
    FeelValueError,
    Range,
    YearMonthDuration,
    compile_expression,
    evaluate,
    from_json,
    normalise,
    to_json,
    to_plain,
)


class Stage(enum.StrEnum):
    WON = "won"


class Level(enum.IntEnum):
    HIGH = 3


class Record(Mapping):
    """A record that loads what it is asked for, and remembers what that was."""

    def __init__(self, **fields):
        self.fields = fields
        self.loaded = []

    def __getitem__(self, name):
        value = self.fields[name]
        self.loaded.append(name)
        return value

    def __contains__(self, name):
        return name in self.fields

    def __iter__(self):
        return iter(self.fields)

    def __len__(self):
        return len(self.fields)


@pytest.mark.parametrize(
    ("handed_in", "expected"),
    [
        (3, "number"),
        (0.1, "number"),
        (True, "boolean"),
        (Decimal("1.5"), "number"),
        ("a", "string"),
        (Stage.WON, "string"),
        (Level.HIGH, "number"),
        (uuid.UUID(int=1), "string"),
        (date(2026, 1, 1), "date"),
        (datetime(2026, 1, 1, tzinfo=UTC), "date and time"),
        ((1, 2), "list<number>"),
        ([1, [2, 3.5]], "list<Any>"),
        ([date(2026, 1, 1)], "list<date>"),
        ({"a": 1}, "context<a: number>"),
        (Record(a=1), "context<a: number>"),
    ],
)
def test_a_python_value_is_of_a_feel_type_when_handed_in(handed_in, expected):
    assert evaluate(f"x instance of {expected}", {"x": handed_in}) is True


def test_a_float_is_the_decimal_it_prints_as_when_handed_in():
    assert evaluate("x + y = 0.3", {"x": 0.1, "y": 0.2}) is True
    assert evaluate("x", {"x": float("nan")}) is None


def test_an_object_is_refused_when_the_language_does_not_know_its_kind():
    with pytest.raises(FeelValueError, match="object"):
        evaluate("x", {"x": object()})


def test_a_record_loads_only_what_is_asked_for_when_evaluated():
    deal = Record(amount=1500, owner=Record(name="Ada"), notes="long")

    result = compile_expression('deal.amount > 1000 and deal.owner.name = "Ada"')({"deal": deal})

    assert result is True
    assert deal.loaded == ["amount", "owner"]


def test_a_record_is_filtered_by_its_fields_when_in_a_list():
    people = [Record(name="Ada", age=36), Record(name="Bob", age=20)]

    assert evaluate("people[age > 30].name", {"people": people}) == ["Ada"]
    assert evaluate("sort(people, function(a, b) a.age < b.age).name", {"people": people}) == [
        "Bob",
        "Ada",
    ]


def test_a_variable_that_is_missing_is_null_when_the_context_lacks_it():
    assert evaluate("missing", {}) is None


VALUES = [
    None,
    True,
    "text",
    Decimal(5),
    Decimal("-0.1"),
    Decimal("1E+40"),
    Decimal(2**53),
    FeelDate(123456, 1, 1),
    DayTimeDuration(-1),
    YearMonthDuration(14),
    Range(Decimal(1), None, end_included=False),
    [Decimal(1), [None, "a"]],
    {"a": Decimal(1), "b": {"c": []}},
    {"@type": "number", "@value": "5"},
    {"@type": "x"},
    evaluate('@"2026-01-01T10:00:00.5@Europe/Paris"', {}),
    evaluate('@"10:00:00-05:00"', {}),
]


@pytest.mark.parametrize("original", VALUES, ids=repr)
def test_a_value_is_the_same_again_when_stored_as_json(original):
    stored = orjson.dumps(to_json(original))
    back = from_json(orjson.loads(stored))

    assert back == original
    assert type(back) is type(original) or isinstance(original, dict)


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (Decimal(5), 5),
        (Decimal("5.00"), 5),
        (Decimal("0.1"), {"@type": "number", "@value": "0.1"}),
        (FeelDate(2026, 1, 1), {"@type": "date", "@value": "2026-01-01"}),
        (DayTimeDuration(3_600_000_000_000), {"@type": "dayTimeDuration", "@value": "PT1H"}),
        (0.5, {"@type": "number", "@value": "0.5"}),
        (datetime(2026, 1, 1, tzinfo=UTC), {"@type": "dateTime", "@value": "2026-01-01T00:00:00Z"}),
    ],
    ids=repr,
)
def test_the_stored_form_is_fixed_when_written(original, expected):
    assert to_json(original) == expected


@pytest.mark.parametrize(
    ("original", "expected"),
    [
        (Decimal("0.1"), 0.1),
        (Decimal(5), 5),
        (FeelDate(2026, 1, 1), "2026-01-01"),
        ([YearMonthDuration(14)], ["P1Y2M"]),
        ({"r": Range(Decimal(1), Decimal(2))}, {"r": "[1..2]"}),
    ],
    ids=repr,
)
def test_the_plain_form_is_for_people_when_written(original, expected):
    assert to_plain(original) == expected


@pytest.mark.parametrize(
    "stored",
    [
        {"@type": "date", "@value": "nonsense"},
        {"@type": "number", "@value": "NaN"},
        {"@type": "number", "@value": "x"},
        {"@type": "dayTimeDuration", "@value": "P1Y"},
        {"@type": "unknown", "@value": "1"},
        {"@type": ["date"], "@value": {}},
    ],
    ids=repr,
)
def test_json_is_refused_when_it_is_not_of_the_type_it_names(stored):
    with pytest.raises(FeelValueError):
        from_json(stored)


def test_a_function_is_refused_when_it_would_be_stored():
    with pytest.raises(FeelError, match="function"):
        to_json(evaluate("function(a) a", {}))


def test_a_value_is_refused_when_it_would_explode_as_json():
    value = [Decimal(1)] * 10
    for _ in range(9):
        value = [value] * 10

    with pytest.raises(FeelLimitError):
        to_json(value)
    with pytest.raises(FeelLimitError):
        to_plain(value)
    with pytest.raises(FeelLimitError):
        normalise(value)
