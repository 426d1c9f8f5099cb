"""Functions of strings (DMN 1.5, 10.3.4.3)."""

from decimal import Decimal

from feel.builtin.registry import builtin
from feel.errors import NullResult
from feel.numbers import to_integer
from feel.regex import find_matches, replace_matches, split_at_matches
from feel.run import Run, check_string_size
from feel.values import Value


def require_integer(number: Decimal, name: str) -> int:
    """Return a number as an integer; a fraction is cut.

    Raises:
        NullResult: It is too large.
    """
    integer = to_integer(number.to_integral_value("ROUND_DOWN"))
    if integer is None:
        raise NullResult(f"{name} is too large")
    return integer


@builtin("substring", "string: string, start position: number, length?: number?")
def substring(string: str, start: Decimal, length: Decimal | None = None) -> str:
    """Return a part of a string, from a position counted from 1, or from -1 backwards."""
    first = require_integer(start, "start position")
    if first == 0 or abs(first) > len(string):
        raise NullResult("start position is outside of the string")
    begin = first - 1 if first > 0 else len(string) + first
    if length is None:
        return string[begin:]
    count = require_integer(length, "length")
    if count < 1 or begin + count > len(string):
        raise NullResult("length goes beyond the string")
    return string[begin : begin + count]


@builtin("string length", "string: string")
def string_length(string: str) -> Decimal:
    """Return the number of characters."""
    return Decimal(len(string))


@builtin("upper case", "string: string")
def upper_case(string: str) -> str:
    """Return a string in upper case."""
    return string.upper()


@builtin("lower case", "string: string")
def lower_case(string: str) -> str:
    """Return a string in lower case."""
    return string.lower()


@builtin("substring before", "string: string, match: string")
def substring_before(string: str, match: str) -> str:
    """Return what is before the first occurrence of another string; empty if there is none."""
    head, found, _ = string.partition(match) if match else ("", "", "")
    return head if found else ""


@builtin("substring after", "string: string, match: string")
def substring_after(string: str, match: str) -> str:
    """Return what is after the first occurrence of another string; empty if there is none."""
    return string.partition(match)[2] if match else string


@builtin("contains", "string: string, match: string")
def contains_text(string: str, match: str) -> bool:
    """Tell whether a string contains another."""
    return match in string


@builtin("starts with", "string: string, match: string")
def starts_with(string: str, match: str) -> bool:
    """Tell whether a string begins with another."""
    return string.startswith(match)


@builtin("ends with", "string: string, match: string")
def ends_with(string: str, match: str) -> bool:
    """Tell whether a string ends with another."""
    return string.endswith(match)


@builtin("matches", "input: string, pattern: string, flags?: string?", wants_run=True)
def matches(run: Run, text: str, pattern: str, flags: str | None = None) -> bool:
    """Tell whether a regular expression matches somewhere in a string."""
    return find_matches(text, pattern, flags or "", run)


@builtin(
    "replace",
    "input: string, pattern: string, replacement: string, flags?: string?",
    wants_run=True,
)
def replace(run: Run, text: str, pattern: str, replacement: str, flags: str | None = None) -> str:
    """Replace all matches of a regular expression; `$1` stands for its first group."""
    return replace_matches(text, pattern, replacement, flags or "", run)


@builtin("split", "string: string, delimiter: string", wants_run=True)
def split(run: Run, string: str, delimiter: str) -> list[str]:
    """Split a string at the matches of a regular expression."""
    return split_at_matches(string, delimiter, run)


@builtin("string join", "list: list, delimiter?: string?")
def string_join(items: list[Value], delimiter: str | None = None) -> str:
    """Join strings, leaving nulls out."""
    texts = [item for item in items if item is not None]
    if not all(isinstance(text, str) for text in texts):
        raise NullResult("list holds what is no string")
    gap = delimiter or ""
    check_string_size(sum(map(len, texts)) + len(gap) * len(texts))
    return gap.join(texts)
