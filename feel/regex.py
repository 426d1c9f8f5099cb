"""Regular expressions of XPath (DMN 1.5, 10.3.4.3: XQuery and XPath Functions 2.0, 7.6).

They run on RE2, whose time grows with the length of the text alone: no pattern can hang. What RE2
can't do, such as back-references, is run by a machine of our own whose steps are counted.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Protocol

from feel.errors import NullResult
from feel.regex_backtrack import Program, TooLargeError, compile_program
from feel.regex_dialect import UnsupportedPatternError, read_pattern
from feel.regex_linear import NotLinearError, compile_linear
from feel.regex_tokens import Pattern
from feel.run import Run, check_list_size, check_string_size

_FLAGS = frozenset("smixq")
_MAX_PATTERN_CHARACTERS = 10_000
_MATCH_STEPS = 10  # one match takes about as long


def find_matches(text: str, pattern: str, flags: str, run: Run) -> bool:
    """Tell whether a pattern matches somewhere in a text.

    Raises:
        NullResult: The pattern or the flags mean nothing.
        FeelLimitError: The pattern takes too long, as only one that RE2 can't do may.
    """
    return _compile(pattern, flags).matches(text, run)


def split_at_matches(text: str, pattern: str, run: Run) -> list[str]:
    """Split a text at all matches of a pattern. Raises as `find_matches` does."""
    parts: list[str] = []
    for before, _ in _find_all(text, pattern, "", run):
        parts.append(before)
        check_list_size(len(parts))
    return parts


def replace_matches(text: str, pattern: str, replacement: str, flags: str, run: Run) -> str:
    """Replace all matches of a pattern; in the replacement `$1` stands for the first group.

    Raises as `find_matches` does.
    """
    groups = _compile(pattern, flags).groups
    pieces = [replacement] if "q" in flags else _read_replacement(replacement, groups)
    parts: list[str] = []
    size = 0
    for before, match in _find_all(text, pattern, flags, run):
        parts.append(before)
        if match:
            parts += [match[piece] if isinstance(piece, int) else piece for piece in pieces]
            size += sum(map(len, parts[-len(pieces) :]))
        size += len(before)
        check_string_size(size)
    return "".join(parts)


# The text before a match and the texts of the match and its groups; None for them at the end.
_Piece = tuple[str, list[str] | None]


class _Pattern(Protocol):
    """A compiled pattern."""

    groups: int

    def matches(self, text: str, run: Run) -> bool:
        """Tell whether the pattern matches somewhere in a text."""

    def pieces(self, text: str, run: Run) -> Iterator[_Piece]:
        """Go through the matches of the pattern and what is between them."""


class _LinearPattern:
    """A pattern of RE2, which works on bytes."""

    def __init__(self, pattern: Any) -> None:
        self.groups: int = pattern.groups
        self._pattern = pattern

    def matches(self, text: str, run: Run) -> bool:
        del run
        return self._pattern.search(_encode(text)) is not None

    def pieces(self, text: str, run: Run) -> Iterator[_Piece]:
        source = _encode(text)
        position = 0
        for match in self._pattern.finditer(source):
            run.spend(_MATCH_STEPS)
            found = [(match.group(number) or b"").decode() for number in range(self.groups + 1)]
            yield source[position : match.start()].decode(), found
            position = match.end()
        yield source[position:].decode(), None


class _BacktrackingPattern:
    """A pattern that RE2 can't do."""

    def __init__(self, program: Program) -> None:
        self.groups = program.groups
        self._program = program

    def matches(self, text: str, run: Run) -> bool:
        return self._program.search(text, 0, run) is not None

    def pieces(self, text: str, run: Run) -> Iterator[_Piece]:
        position = 0
        while found := self._program.search(text, position, run):
            places = [
                (found[2 * number], found[2 * number + 1]) for number in range(self.groups + 1)
            ]
            yield text[position : found[0]], [text[start:end] for start, end in places]
            position = found[1]
        yield text[position:], None


class _LinesPattern:
    """A pattern of lines with a `^`.

    After a newline that ends the text no line starts (XPath functions, 7.6.1.1), but RE2 sees one.
    """

    def __init__(self, linear: _LinearPattern, exact: _BacktrackingPattern) -> None:
        self.groups = linear.groups
        self._linear = linear
        self._exact = exact

    def matches(self, text: str, run: Run) -> bool:
        return self._choose(text).matches(text, run)

    def pieces(self, text: str, run: Run) -> Iterator[_Piece]:
        return self._choose(text).pieces(text, run)

    def _choose(self, text: str) -> _Pattern:
        return self._exact if text.endswith("\n") else self._linear


def _find_all(text: str, pattern: str, flags: str, run: Run) -> Iterator[_Piece]:
    compiled = _compile(pattern, flags)
    if compiled.matches("", run):
        raise NullResult("the pattern matches nothing at all")
    return compiled.pieces(text, run)


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


@lru_cache(maxsize=128)
def _compile(pattern: str, flags: str) -> _Pattern:
    if not _FLAGS.issuperset(flags):
        raise NullResult("a flag is none of s, m, i, x and q")
    if len(pattern) > _MAX_PATTERN_CHARACTERS:
        raise NullResult("the pattern is too long")
    try:
        found = read_pattern(pattern, flags)
    except UnsupportedPatternError as problem:
        raise NullResult(str(problem)) from problem
    multiline = "m" in flags and "q" not in flags
    try:
        linear = _LinearPattern(compile_linear(found, multiline=multiline))
    except NotLinearError:
        return _compile_backtracking(found, flags)
    if multiline and found.has_starts:
        return _LinesPattern(linear, _compile_backtracking(found, flags))
    return linear


def _compile_backtracking(pattern: Pattern, flags: str) -> _BacktrackingPattern:
    try:
        program = compile_program(pattern, ignores_case="i" in flags, multiline="m" in flags)
    except TooLargeError as problem:
        raise NullResult("the pattern is too long") from problem
    return _BacktrackingPattern(program)
