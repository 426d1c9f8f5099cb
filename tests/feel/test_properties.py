"""Properties that hold for whatever values hypothesis thinks of."""

from datetime import date, timedelta
from decimal import Decimal, localcontext

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from feel import (
    DayTimeDuration,
    FeelContext,
    FeelDate,
    FeelDateTime,
    FeelError,
    FeelTime,
    YearMonthDuration,
    compile_expression,
    evaluate,
    format_value,
    from_json,
    from_python_temporal,
    to_date,
    to_json,
)
from feel.calendar import from_day_number, is_valid_date, to_day_number
from feel.run import Run

numbers = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15)
years = st.integers(-999_999_999, 999_999_999)
dates = st.builds(FeelDate, years, st.integers(1, 12), st.integers(1, 28))
zones = st.one_of(
    st.none(),
    st.integers(-18 * 60, 18 * 60).map(lambda minutes: minutes * 60),
    st.sampled_from(["Europe/Berlin", "Etc/UTC", "America/St_Johns"]),
)
times = st.builds(
    FeelTime,
    st.integers(0, 23),
    st.integers(0, 59),
    st.integers(0, 59),
    st.integers(0, 999_999_999),
    zones,
)
day_durations = st.integers(-(10**18), 10**18).map(DayTimeDuration)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    numbers.map(lambda number: Decimal(number).normalize()),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    dates,
    times,
    st.builds(FeelDateTime, dates, times),
    day_durations,
    st.integers(-(10**9), 10**9).map(YearMonthDuration),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=6), inner, max_size=4
        ).map(FeelContext),
    ),
    max_leaves=12,
)


@given(values)
def test_a_value_survives_when_stored_as_json(value):
    assert from_json(orjson.loads(orjson.dumps(to_json(value)))) == value


@given(values)
def test_equality_is_reflexive_when_a_value_meets_itself(value):
    assert evaluate("x = x", {"x": value}) in (True, None)
    assert evaluate("is(x, x)", {"x": value}) is True


@given(st.one_of(dates, day_durations, times.filter(lambda time: time.zone is None)))
def test_a_temporal_literal_means_the_value_when_its_text_is_read_again(value):
    assert evaluate(f'@"{value}"', {}) == value


@given(st.integers(-365_000_000_000, 365_000_000_000))
def test_a_day_number_is_the_same_again_when_turned_into_a_date(number):
    year, month, day = from_day_number(number)

    assert to_day_number(year, month, day) == number
    assert is_valid_date(year, month, day)


@given(st.dates(), st.integers(-10_000, 10_000))
def test_days_are_added_as_python_does_when_both_can(day, count):
    try:
        expected = day + timedelta(days=count)
    except OverflowError:
        return
    result = evaluate('d + n * @"P1D"', {"d": day, "n": count})

    assert to_date(result) == expected


@given(st.dates(), st.dates())
def test_a_difference_of_dates_leads_back_when_added(first, second):
    assert evaluate("a - b + b = a", {"a": first, "b": second}) in (True, None)
    assert evaluate("b + (a - b) = a", {"a": first, "b": second}) is True


@given(numbers, numbers)
def test_arithmetic_is_exact_when_34_digits_are_enough(left, right):
    with localcontext() as context:
        context.prec = 34
        expected = left + right
    assert evaluate("a + b", {"a": left, "b": right}) == expected
    assert evaluate("a - b = -(b - a)", {"a": left, "b": right}) is True


@given(st.integers(-(10**12), 10**12), st.integers(-(10**6), 10**6).filter(bool))
def test_modulo_is_pythons_when_the_numbers_are_integers(dividend, divisor):
    assert evaluate("modulo(a, b)", {"a": dividend, "b": divisor}) == dividend % divisor


@given(st.lists(st.integers(-50, 50)))
def test_functions_of_lists_agree_with_python_when_the_items_are_integers(items):
    context = {"x": items}

    assert evaluate("sort(x, function(a, b) a < b)", context) == sorted(items)
    assert evaluate("distinct values(x)", context) == list(dict.fromkeys(items))
    assert evaluate("reverse(x)", context) == items[::-1]
    assert evaluate("for i in x return i * 2", context) == [item * 2 for item in items]
    assert evaluate("x[item > 0]", context) == [item for item in items if item > 0]
    assert evaluate("sum(x)", context) == (sum(items) if items else None)


@given(
    st.integers(-20, 20), st.integers(-20, 20), st.integers(-20, 20), st.booleans(), st.booleans()
)
def test_membership_agrees_with_comparison_when_in_a_range(low, high, value, opens, closes):
    if low > high:
        low, high = high, low
    text = f"x in {'(' if opens else '['}{low}..{high}{')' if closes else ']'}"
    expected = (low < value if opens else low <= value) and (
        value < high if closes else value <= high
    )

    assert evaluate(text, {"x": value}) is expected


tokens = st.sampled_from(
    [
        *(
            "1",
            "2.5",
            '"a"',
            "true",
            "null",
            "x",
            "y.z",
            "item",
            "partial",
            "date",
            "count",
            "number",
        ),
        *("[", "]", "(", ")", "{", "}", ",", ":", "..", ".", "?", "@", '"P1D"'),
        *("+", "-", "*", "/", "**", "=", "!=", "<", "<=", "and", "or", "not", "in", "between"),
        *("if", "then", "else", "for", "return", "some", "every", "satisfies", "instance", "of"),
        *("function", "string join", "list contains", "{a:1}", "[1..2]", "(<5)"),
    ]
)


@settings(max_examples=400)
@given(st.lists(tokens, max_size=25))
def test_any_text_has_a_value_or_is_refused_when_tokens_come_in_any_order(words):
    try:
        value = compile_expression(" ".join(words))({"x": 1, "y": {"z": [1, 2]}})
        format_value(value, Run())
    except FeelError:
        return


@settings(max_examples=300)
@given(st.text(max_size=60))
def test_any_text_has_a_value_or_is_refused_when_characters_are_random(text):
    try:
        evaluate(text, {"x": 1})
    except FeelError:
        return


@given(st.text(max_size=12), st.text(max_size=30), st.text(st.sampled_from("smixq"), max_size=3))
def test_any_pattern_matches_or_is_null_when_characters_are_random(pattern, text, flags):
    context = {"p": pattern, "t": text, "f": flags}

    assert evaluate("matches(t, p, f)", context) in (True, False, None)
    evaluate('replace(t, p, "$1x", f)', context)
    evaluate("split(t, p)", context)


@given(st.dates())
def test_a_week_number_is_isos_when_python_agrees(day: date):
    assert evaluate("week of year(d)", {"d": day}) == day.isocalendar().week
    assert evaluate("day of year(d)", {"d": day}) == day.timetuple().tm_yday
    assert from_python_temporal(day).weekday == day.isoweekday()
