"""Regular expressions of XPath (DMN 1.5, 10.3.4.3 refers to XQuery and XPath Functions 5.6).

They run on RE2, whose time grows with the length of the text alone: no pattern can hang. XPath's
dialect is translated; what RE2 can't do, such as back-references, is refused and so becomes null.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import re2

from feel.errors import NullResult
from feel.regex_dialect import UnsupportedPatternError, strip_whitespace, translate
from feel.run import Run, check_list_size, check_string_size

_FLAGS = frozenset("smixq")
_MAX_PATTERN_CHARACTERS = 10_000
_MATCH_STEPS = 10  # one match takes about as long
_MAX_MEMORY_BYTES = 8 * 1024 * 1024


def find_matches(text: str, pattern: str, flags: str) -> bool:
    """Tell whether a pattern matches somewhere in a text.

    Raises:
        NullResult: The pattern or the flags mean nothing.
    """
    return _compile(pattern, flags).search(_encode(text)) is not None


def split_at_matches(text: str, pattern: str, run: Run) -> list[str]:
    """Split a text at all matches of a pattern. Raises as `find_matches` does."""
    source = _encode(text)
    parts: list[str] = []
    position = 0
    for match in _find_all(source, pattern, "", run):
        parts.append(source[position : match.start()].decode())
        check_list_size(len(parts))
        position = match.end()
    return [*parts, source[position:].decode()]


def replace_matches(text: str, pattern: str, replacement: str, flags: str, run: Run) -> str:
    """Replace all matches of a pattern; in the replacement `$1` stands for the first group.

    Raises as `find_matches` does.
    """
    source = _encode(text)
    is_literal = "q" in flags
    groups = _compile(pattern, flags).groups
    pieces = [replacement] if is_literal else _read_replacement(replacement, groups)
    encoded = [piece if isinstance(piece, int) else _encode(piece) for piece in pieces]
    parts: list[bytes] = []
    size = position = 0
    for match in _find_all(source, pattern, flags, run):
        new = [source[position : match.start()]]
        new += [match.group(piece) or b"" if isinstance(piece, int) else piece for piece in encoded]
        size += sum(map(len, new))
        check_string_size(size)
        parts += new
        position = match.end()
    return b"".join([*parts, source[position:]]).decode()


def _find_all(source: bytes, pattern: str, flags: str, run: Run) -> Iterator[Any]:
    compiled = _compile(pattern, flags)
    if compiled.search(b"") is not None:
        raise NullResult("the pattern matches nothing at all")
    for match in compiled.finditer(source):
        run.spend(_MATCH_STEPS)
        yield match


def _encode(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as problem:
        raise NullResult("the text holds half a character") from problem


def _read_replacement(replacement: str, groups: int) -> list[str | int]:
    """Split a replacement into texts and numbers of groups."""
    pieces: list[str | int] = []
    position = 0
    while position < len(replacement):
        char = replacement[position]
        following = replacement[position + 1 : position + 2]
        if char == "$":
            number, position = _read_group(replacement, position + 1, groups)
            pieces.append(number if number <= groups else "")
            continue
        if char == "\\":
            if following not in {"\\", "$"} or not following:
                raise NullResult("a backslash in the replacement escapes nothing")
            char = following
            position += 1
        pieces.append(char)
        position += 1
    return pieces


def _read_group(replacement: str, position: int, groups: int) -> tuple[int, int]:
    if not replacement[position : position + 1].isdecimal():
        raise NullResult("a $ in the replacement has no number")
    number = int(replacement[position])
    position += 1
    # As many digits belong to the number as there may be groups.
    while replacement[position : position + 1].isdecimal():
        longer = number * 10 + int(replacement[position])
        if longer > groups:
            break
        number = longer
        position += 1
    return number, position


@lru_cache(maxsize=1024)
def _compile(pattern: str, flags: str) -> Any:
    if not _FLAGS.issuperset(flags):
        raise NullResult("a flag is none of s, m, i, x and q")
    if len(pattern) > _MAX_PATTERN_CHARACTERS:
        raise NullResult("the pattern is too long")
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MAX_MEMORY_BYTES
    options.case_sensitive = "i" not in flags
    options.dot_nl = "s" in flags
    options.literal = "q" in flags
    try:
        translated = _translate(pattern, flags)
        return re2.compile(_encode(translated), options)
    except UnsupportedPatternError as problem:
        raise NullResult(str(problem)) from problem
    except re2.error as problem:
        raise NullResult("the pattern is no regular expression") from problem


def _translate(pattern: str, flags: str) -> str:
    if "q" in flags:
        return pattern
    if "x" in flags:
        pattern = strip_whitespace(pattern)
    prefix = "(?m)" if "m" in flags else ""
    return prefix + translate(pattern)
