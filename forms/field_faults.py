"""What is wrong with a single field of a schema: its rules, choices and kind of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from forms.choices import option_key, read_options
from forms.errors import FormError
from forms.expressions import check_expression, is_expression
from forms.numbers import read_number
from forms.patterns import BadPatternError, compile_pattern
from forms.schema import CHOICE_TYPES, TEXT_TYPES

MAX_OPTIONS: Final = 1_000

_OPTION_SOURCES = ("values", "valuesKey", "valuesExpression")
_SUBTYPES = frozenset({"date", "time", "datetime"})
_TIME_FORMATS = frozenset({"utc_offset", "utc_normalized", "no_timezone"})
_VALIDATION_TYPES = frozenset({"", "custom", "email", "phone"})
_RULES_OF_NUMBERS = ("min", "max")
_RULES_OF_TEXTS = ("minLength", "maxLength", "pattern", "validationType")


def field_faults(spec: Mapping[str, Any], name: str | None) -> Iterator[FormError]:
    """Yield what is wrong with a field whose type and key are sound."""
    rules = spec.get("validate") or {}
    if not isinstance(rules, Mapping):
        yield FormError("“validate” must be an object.", name)
        return
    checks: list[Callable[[], Iterator[str | tuple[str, str]]]] = [
        lambda: _flag_faults(rules),
        lambda: _misplaced_rules(spec["type"], rules),
        lambda: _limit_faults(rules, "min", "max", whole=False),
        lambda: _limit_faults(rules, "minLength", "maxLength", whole=True),
        lambda: _text_faults(rules),
    ]
    if spec["type"] in CHOICE_TYPES:
        checks.append(lambda: _option_faults(spec))
    if spec["type"] == "number":
        checks.append(lambda: _number_faults(spec))
    if spec["type"] == "datetime":
        checks.append(lambda: _time_faults(spec))
    if spec["type"] == "expression":
        checks.append(lambda: _computed_faults(spec))
    for check in checks:
        for fault in check():
            message, advice = fault if isinstance(fault, tuple) else (fault, None)
            yield FormError(message, name, advice)


def _misplaced_rules(kind: str, rules: Mapping[str, Any]) -> Iterator[str]:
    """Find rules of another type's: the browser would apply them, and refuse every value."""
    own = _RULES_OF_TEXTS if kind in TEXT_TYPES else _RULES_OF_NUMBERS if kind == "number" else ()
    for name in (*_RULES_OF_NUMBERS, *_RULES_OF_TEXTS):
        if name not in own and rules.get(name) not in (None, ""):
            yield f"The rule “{name}” is not for a {kind}."


def _flag_faults(rules: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(rules.get("required", False), bool):
        yield "“required” is neither true nor false."


def _limit_faults(
    rules: Mapping[str, Any], lower: str, upper: str, *, whole: bool
) -> Iterator[str]:
    found: dict[str, Decimal] = {}
    for key in (lower, upper):
        value = rules.get(key)
        if value is None or value == "":
            continue
        if is_expression(value):
            if fault := check_expression(value):
                yield f"The expression of “{key}” is not right: {fault}"
            continue
        number = read_number(value)
        if number is None or (whole and (number != number.to_integral_value() or number < 0)):
            yield f"“{key}” is no {'length' if whole else 'number'}."
            continue
        found[key] = number
    if len(found) == 2 and found[lower] > found[upper]:  # noqa: PLR2004 - both limits are there
        yield f"“{lower}” is greater than “{upper}”."


def _text_faults(rules: Mapping[str, Any]) -> Iterator[str | tuple[str, str]]:
    kind = rules.get("validationType", "")
    if kind not in _VALIDATION_TYPES:
        yield f"There is no kind of text called {kind}."
    pattern = rules.get("pattern") or ""
    if not isinstance(pattern, str):
        yield "The pattern must be a text."
        return
    try:
        compile_pattern(pattern)
    except BadPatternError as error:
        yield (
            f"The pattern can't be used: {error}.",
            "Look-around and back-references are not supported.",
        )


def _option_faults(spec: Mapping[str, Any]) -> Iterator[str | tuple[str, str]]:
    given = [key for key in _OPTION_SOURCES if spec.get(key) is not None]
    if len(given) != 1:
        yield (
            "The choices come from nowhere." if not given else "The choices come from two places.",
            "Give either fixed values, a key of the input data, or an expression.",
        )
        return
    value = spec[given[0]]
    if given[0] == "values":
        yield from _static_option_faults(value)
    elif not isinstance(value, str) or not value:
        yield f"“{given[0]}” must be a text."
    elif given[0] == "valuesExpression" and not is_expression(value):
        yield ("The choices are no expression.", "Let it begin with “=”.")


def _static_option_faults(values: Any) -> Iterator[str]:
    if not isinstance(values, list) or not values or len(values) > MAX_OPTIONS:
        yield f"The choices must be a list of 1 to {MAX_OPTIONS}."
        return
    options = read_options(values)
    if len(options) != len(values):
        yield "A choice has no value."
    if len({option_key(option) for option in options}) != len(options):
        yield "Two choices have the same value."


def _number_faults(spec: Mapping[str, Any]) -> Iterator[str]:
    digits = spec.get("decimalDigits")
    if digits is not None and (type(digits) is not int or not 0 <= digits <= 20):  # noqa: PLR2004
        yield "The number of decimal digits must be 0 to 20."
    step = spec.get("increment")
    if step not in (None, ""):
        number = read_number(step)
        if number is None or number <= 0:
            yield "The increment must be a number above 0."


def _time_faults(spec: Mapping[str, Any]) -> Iterator[str]:
    if spec.get("subtype", "date") not in _SUBTYPES:
        yield "The kind of time must be date, time or datetime."
    if spec.get("timeSerializingFormat", "no_timezone") not in _TIME_FORMATS:
        yield "The time's format must be utc_offset, utc_normalized or no_timezone."


def _computed_faults(spec: Mapping[str, Any]) -> Iterator[str]:
    if not is_expression(spec.get("expression")):
        yield "A computed field needs an expression that begins with “=”."
