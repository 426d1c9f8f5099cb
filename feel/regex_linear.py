"""Regular expressions for RE2, whose time grows with the length of the text alone."""

from typing import Any

import re2

from feel.regex_tokens import Alternative, Anchor, Group, Item, Pattern, Repeat, SetItem

_MAX_MEMORY_BYTES = 4 * 1024 * 1024
_SIGNS: dict[tuple[int, int | None], str] = {(0, 1): "?", (0, None): "*", (1, None): "+"}


class NotLinearError(Exception):
    """RE2 can't do it: it has back-references, or counts beyond a thousand."""


def compile_linear(pattern: Pattern, *, multiline: bool) -> Any:
    """Compile a pattern to one of RE2, which works on bytes.

    Raises:
        NotLinearError: It can't be done.
    """
    if pattern.has_references:
        raise NotLinearError
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    text = ("(?m)" if multiline else "") + _write(pattern.tree)
    try:
        return re2.compile(text.encode(errors="replace"), options)
    except re2.error as problem:
        raise NotLinearError from problem


def _write(node: Alternative) -> str:
    return "|".join("".join(map(_write_item, branch)) for branch in node.branches)


def _write_item(item: Item) -> str:
    if isinstance(item, SetItem):
        return _write_set(item)
    if isinstance(item, Anchor):
        return item.sign
    if isinstance(item, Group):
        return ("(?:" if item.number is None else "(") + _write(item.inside) + ")"
    if isinstance(item, Repeat):
        return _write_repeat(item)
    raise NotLinearError


def _write_set(item: SetItem) -> str:
    char = item.characters.only
    if char is None:
        return "[" + item.characters.to_class() + "]"
    return char if char.isalnum() else f"\\x{{{ord(char):x}}}"


def _write_repeat(item: Repeat) -> str:
    most = "" if item.most is None else item.most
    inside = _write_item(item.item)
    inside = f"(?:{inside})" if isinstance(item.item, Anchor) else inside
    count = _SIGNS.get((item.least, item.most)) or f"{{{item.least},{most}}}"
    return f"{inside}{count}{'' if item.greedy else '?'}"
