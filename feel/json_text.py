"""JSON text with numbers of all their digits, which `json` alone would make binary doubles."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from feel.errors import FeelValueError
from feel.numbers import CONTEXT, DIGITS, format_number

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")


def read_json_text(text: str) -> Any:
    """Return what a JSON text says, its numbers as decimals of 34 digits.

    Raises:
        FeelValueError: It is no JSON (RFC 8259), or nested too deep.
    """
    try:
        return json.loads(
            text,
            parse_float=CONTEXT.create_decimal,
            parse_int=CONTEXT.create_decimal,
            parse_constant=_refuse_constant,
        )
    except ValueError as problem:
        raise FeelValueError(f"The text is no JSON: {problem}") from problem
    except RecursionError as problem:
        raise FeelValueError("The JSON is nested too deep.") from problem
    except ArithmeticError as problem:
        raise FeelValueError("The JSON has a number that is out of bounds.") from problem


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is none of its words")


def write_json_text(value: Any) -> str:
    """Return a tree of lists, mappings and plain values as JSON on one line.

    Decimals keep their digits; large and small ones are written with an exponent. Half of a
    surrogate pair, which has no UTF-8, is escaped.

    Raises:
        TypeError: The tree holds what JSON has no form for.
    """
    return _HALF_CHARACTER.sub(lambda match: f"\\u{ord(match[0]):04x}", _write(value))


def _write(value: Any) -> str:
    if isinstance(value, Decimal):
        return _write_number(value)
    if isinstance(value, Mapping):
        entries = (f"{json.dumps(key, ensure_ascii=False)}: {_write(value[key])}" for key in value)
        return "{" + ", ".join(entries) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_write, value)) + "]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _write_number(number: Decimal) -> str:
    if -DIGITS <= number.adjusted() < DIGITS or not number:
        return format_number(number)
    return str(number)
