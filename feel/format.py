"""Values as text: what `string()` answers, and what people read."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from feel.lexer import is_simple_name
from feel.numbers import format_number
from feel.run import Run, check_string_size
from feel.values import Function, Range, Value, entries_of

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def format_value(value: Value, run: Run) -> str:
    """Return a value as text; a string as it is, but quoted inside of a list or context.

    Raises:
        FeelLimitError: The text would be too long.
    """
    if isinstance(value, str):
        return value
    parts: list[str] = []
    size = 0
    for part in _parts(value, run):
        size += len(part)
        check_string_size(size)
        parts.append(part)
    return "".join(parts)


def _parts(value: Value, run: Run) -> Iterator[str]:
    run.spend(1)
    if isinstance(value, list):
        yield from _list_parts(value, run)
    elif isinstance(value, Mapping):
        yield from _context_parts(value, run)
    else:
        yield _format_one(value)


def _list_parts(items: list[Value], run: Run) -> Iterator[str]:
    run.enter()
    yield "["
    for position, item in enumerate(items):
        if position:
            yield ", "
        yield from _parts(item, run)
    yield "]"
    run.leave()


def _context_parts(context: Mapping[str, Value], run: Run) -> Iterator[str]:
    run.enter()
    yield "{"
    for position, (key, item) in enumerate(entries_of(context)):
        yield ", " if position else ""
        yield key if is_simple_name(key) else quote(key)
        yield ": "
        yield from _parts(item, run)
    yield "}"
    run.leave()


def _format_one(value: Value) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format_number(value)
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Function):
        names = ", ".join(parameter.name for parameter in value.parameters)
        return f"{value.name}({names})"
    if isinstance(value, Range):
        return format_range(value)
    return str(value)


def format_range(interval: Range) -> str:
    """Return a range as its literal."""
    start = "" if interval.start is None else _format_literal(interval.start)
    end = "" if interval.end is None else _format_literal(interval.end)
    if not start or not end:
        sign = ("<=" if interval.end_included else "<") if end else None
        sign = sign or (">=" if interval.start_included else ">")
        return f"({sign} {start or end})"
    opening = "[" if interval.start_included else "("
    closing = "]" if interval.end_included else ")"
    return f"{opening}{start}..{end}{closing}"


def _format_literal(value: Value) -> str:
    text = _format_one(value)
    return text if isinstance(value, str | Decimal) else f'@"{text}"'


def quote(text: str) -> str:
    """Return a string as its literal."""
    return f'"{text.translate(_ESCAPES)}"'
