"""The rules that a field's value must keep, beside being of the right type."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from forms.choices import option_key, read_options
from forms.expressions import is_expression
from forms.inputs import is_unset
from forms.numbers import count_decimals, read_number
from forms.patterns import is_email, is_phone, matches
from forms.schema import CHOICE_TYPES, MULTIPLE_CHOICE_TYPES, TEXT_TYPES, Component

Compute = Callable[[str], Any]
"""Evaluates an expression where the field stands."""

# Somewhere on earth it is still yesterday: a day is past only when it is so everywhere.
_LAST_ZONE: Final = timedelta(hours=12)


def broken_rules(
    component: Component,
    value: Any,
    compute: Compute,
    inputs: Mapping[str, Any],
    now: datetime | None,
) -> list[str]:
    """Return a message for each rule that the value breaks.

    Args:
        component: The field.
        value: As `inputs.read_input` returned it.
        compute: For limits and choices that are expressions.
        inputs: What the form was opened with; a ``valuesKey`` names choices in it.
        now: The present, for dates that must not be past; None leaves that unchecked.
    """
    if is_unset(component, value):
        required = component.rules.get("required") is True
        return ["Please fill in this field."] if required else []
    if component.type in TEXT_TYPES:
        return list(_text_rules(component.rules, value, compute))
    if component.type == "number":
        return list(_number_rules(component, value, compute))
    if component.type in CHOICE_TYPES:
        return list(_choice_rules(component, value, compute, inputs))
    if component.type == "datetime" and component.spec.get("disallowPassedDates") and now:
        return list(_past_rule(component, value, now))
    return []


def _text_rules(rules: Mapping[str, Any], value: str, compute: Compute) -> Iterator[str]:
    length = len(value.strip())
    lowest, highest = (_limit(rules.get(key), compute) for key in ("minLength", "maxLength"))
    if lowest is not None and length < lowest:
        yield f"Please use at least {lowest:f} characters."
    if highest is not None and length > highest:
        yield f"Please use at most {highest:f} characters."
    pattern = rules.get("pattern")
    if pattern and not matches(pattern, value):
        yield str(rules.get("patternErrorMessage") or "This does not have the expected form.")
    kind = rules.get("validationType")
    if kind == "email" and not is_email(value):
        yield "Please enter an e-mail address."
    if kind == "phone" and not is_phone(value):
        yield "Please enter a phone number with its country, such as +47 22 33 44 55."


def _number_rules(component: Component, value: Any, compute: Compute) -> Iterator[str]:
    number = read_number(value) or Decimal(0)
    digits = component.spec.get("decimalDigits")
    if digits is not None and count_decimals(number) > digits:
        yield _digits_message(digits)
    step = read_number(component.spec.get("increment"))
    if step and number % step != 0:
        yield f"Please use a multiple of {step:f}."
    lowest, highest = (_limit(component.rules.get(key), compute) for key in ("min", "max"))
    if lowest is not None and number < lowest:
        yield f"The least is {lowest:f}."
    if highest is not None and number > highest:
        yield f"The most is {highest:f}."


def _choice_rules(
    component: Component, value: Any, compute: Compute, inputs: Mapping[str, Any]
) -> Iterator[str]:
    offered = {option_key(option) for option in _options(component, compute, inputs)}
    chosen = value if component.type in MULTIPLE_CHOICE_TYPES else [value]
    if any(option_key(one) not in offered for one in chosen):
        yield "Please choose one of the offered values."


def _options(component: Component, compute: Compute, inputs: Mapping[str, Any]) -> list[Any]:
    spec = component.spec
    if spec.get("valuesKey") is not None:
        return read_options(inputs.get(spec["valuesKey"]))
    if spec.get("values") is not None:
        return read_options(spec["values"])
    return read_options(compute(spec["valuesExpression"]))


def _past_rule(component: Component, value: str, now: datetime) -> Iterator[str]:
    if component.spec.get("subtype", "date") == "time":
        return
    if date.fromisoformat(value[:10]) < (now - _LAST_ZONE).date():
        yield "Please choose a day that is not past."


def _limit(written: Any, compute: Compute) -> Decimal | None:
    """Return a limit; None if there is none, or if its expression has no value."""
    return read_number(compute(written) if is_expression(written) else written)


def _digits_message(digits: int) -> str:
    if digits == 0:
        return "Please enter a whole number."
    return f"Please use at most {digits} digit{'s' if digits > 1 else ''} after the point."
