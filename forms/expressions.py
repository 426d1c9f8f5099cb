"""FEEL in forms: what conditions, limits and choices are computed from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import feel
from feel import Calendars, FeelError, FeelSyntaxError
from forms.plain import is_leaf, to_plain

MAX_LIST_DEPTH = 20

_TEMPLATE_BLOCK = re.compile(r"#(?:if|loop)\s+(.*)", re.DOTALL)

_NOT = re.compile(r"not\s*\(.*\)", re.DOTALL)
_TEXT_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"')


class Overlay(Mapping[str, Any]):
    """Entries laid over those of another mapping, also inside mappings that both hold.

    The mapping below may load its entries on demand; nothing is read before it is asked for. Its
    values look as they do in the browser, so that a condition decides alike on both sides.
    """

    def __init__(self, below: Mapping[str, Any], above: Mapping[str, Any]) -> None:
        self._below = below
        self._above = above

    def __getitem__(self, name: str) -> Any:
        if name not in self._above:
            return browser_value(self._below[name])
        above = self._above[name]
        below = self._below.get(name) if isinstance(above, Mapping) else None
        return Overlay(below, above) if isinstance(below, Mapping) else above

    def __iter__(self) -> Iterator[str]:
        yield from self._above
        yield from (name for name in self._below if name not in self._above)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def browser_value(value: Any, depth: int = 0) -> Any:
    """Return a value as the browser has it; a mapping still loads its entries on demand.

    Lists within lists beyond any use are left out.
    """
    if isinstance(value, Mapping):
        return Overlay(value, {})
    if is_leaf(value):
        return to_plain(value)
    return [browser_value(one, depth + 1) for one in value] if depth < MAX_LIST_DEPTH else None


def is_expression(value: Any) -> bool:
    """Tell whether the value is written as FEEL: a text that begins with ``=``."""
    return isinstance(value, str) and value.startswith("=")


def check_expression(text: str) -> str | None:
    """Return what is wrong with ``=…``; None if nothing is."""
    try:
        feel.compile_expression(text[1:])
    except FeelSyntaxError as error:
        return str(error)
    return None


def expressions_in(text: str) -> list[str]:
    """Return the expressions, each with its ``=``, of a text that may be FEEL or a template."""
    if is_expression(text):
        return [text]
    found = []
    for part in _template_parts(text):
        inner = part.strip()
        block = _TEMPLATE_BLOCK.fullmatch(inner)
        if block:
            found.append(f"={block.group(1)}")
        elif inner and not inner.startswith(("/", "#")):
            found.append(f"={inner}")
    return found


def _template_parts(text: str) -> Iterator[str]:
    """Yield what stands between ``{{`` and the next ``}}``."""
    start = text.find("{{")
    while start >= 0 and (end := text.find("}}", start)) >= 0:
        yield text[start + 2 : end]
        start = text.find("{{", end)


def evaluate(
    text: str,
    context: Mapping[str, Any],
    now: datetime | None,
    calendars: Calendars | None = None,
) -> Any:
    """Return the value of ``=…`` as JSON has it; None where it has none.

    What fails has no value, as in the browser.
    """
    try:
        return _settle(feel.compile_expression(text[1:])(context, now, calendars))
    except FeelError:
        return None


def holds(
    text: str,
    context: Mapping[str, Any],
    now: datetime | None,
    calendars: Calendars | None = None,
) -> bool:
    """Tell whether the condition ``=…`` holds.

    The browser reads conditions as unary tests of null (DMN 1.5, 7.3.13): besides true, what has
    no value holds, for null equals null; and ``not(…)`` turns that around. What fails does not
    hold.
    """
    inner = text[1:].strip()
    negated = _NOT.fullmatch(inner) is not None and _is_closed_by_last(inner)
    try:
        tested = inner[inner.index("(") + 1 : -1] if negated else inner
        value = _settle(feel.compile_expression(tested)(context, now, calendars))
    except FeelError:
        return False
    return negated != (value is None or value is True or (value == [None]))


def _is_closed_by_last(text: str) -> bool:
    """Tell whether the first bracket of a text is closed by its last character."""
    depth = 0
    bare = _TEXT_LITERAL.sub(lambda found: " " * len(found.group()), text)
    for place, character in enumerate(bare):
        depth += (character == "(") - (character == ")")
        if character == ")" and depth == 0:
            return place == len(text) - 1
    return False


def _settle(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _settle(inner) for name, inner in value.items()}
    return to_plain(value) if is_leaf(value) else [_settle(one) for one in value]
