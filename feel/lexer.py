"""Words, numbers, strings and signs, and names that consist of several of them."""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from feel.errors import FeelSyntaxError

# Grammar rules 28 and 29 of DMN 1.5, without `?`, which is a name of its own here.
_START = (
    "A-Za-z_\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02ff\u0370-\u037d\u037f-\u1fff\u200c-\u200d"
    "\u2070-\u218f\u2c00-\u2fef\u3001-\ud7ff\uf900-\ufdcf\ufdf0-\ufffd\U00010000-\U000effff"
)
_PART = _START + "0-9\u00b7\u0300-\u036f\u203f-\u2040"
_WORD = f"[{_START}][{_PART}]*"

WORD = re.compile(_WORD)
# A name where one is declared: words and the additional name symbols, up to a delimiter.
FREE_NAME = re.compile(rf"[{_START}?](?:[{_PART}?\s./\-'\u2019+*])*")
# The same before `in`, which it takes for a part of the name at first.
_UP_TO_DELIMITER = re.compile(rf"{_WORD}[{_PART}\s./\-'\u2019+*]*")
_IN = re.compile(rf"(?<=\s)in(?![{_PART}])")
_PART_CHARACTER = re.compile(f"[{_PART}]")
_NAME_TOKEN = re.compile(rf"[{_PART}]+|[^\s{_PART}]")
_SIMPLE = re.compile(rf"{_WORD}|\?")

_SPACE = re.compile(r"(?:[\s\u180e\u200b\ufeff]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_TOKEN = re.compile(
    rf"""(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?)
    |(?P<word>{_WORD})
    |(?P<string>"(?:[^"\\]|\\.)*")
    |(?P<sign>\.\.|\*\*|->|<=|>=|!=|[-+*/=<>().,:\[\]{{}}?@])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})(?:\\u([0-9A-Fa-f]{4}))?|U([0-9A-Fa-f]{6})|(.))", re.DOTALL
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "'": "'", "\\": "\\"}


class Token(NamedTuple):
    """A piece of text. Its kind is number, word, string, sign or end."""

    kind: str
    text: str
    start: int
    end: int


def next_token(text: str, position: int) -> Token:
    """Return the token at or after a position.

    Raises:
        FeelSyntaxError: No token begins there.
    """
    space = _SPACE.match(text, position)
    if space:
        position = space.end()
    match = _TOKEN.match(text, position)
    if match:
        return Token(match.lastgroup or "", match[0], position, match.end())
    if position >= len(text):
        return Token("end", "", position, position)
    if text[position] == '"':
        raise FeelSyntaxError("The string is not closed.", position)
    raise FeelSyntaxError(f"{text[position]!r} has no meaning here.", position)


def normalise_name(name: str) -> str:
    """Return a name with single spaces."""
    return " ".join(name.split())


def is_simple_name(name: str) -> bool:
    """Tell whether a name is one word, which the parser knows without being told."""
    return _SIMPLE.fullmatch(name) is not None


def unescape(literal: str) -> str:
    """Return the text of a string literal, its quotes included.

    A backslash before any other character than the grammar's stays, so that the patterns of
    regular expressions can be written as they are.
    """
    inner = literal[1:-1]
    return _ESCAPE.sub(_replace_escape, inner) if "\\" in inner else inner


def _replace_escape(match: re.Match[str]) -> str:
    first, second, long, other = match.groups()
    if long:
        code = int(long, 16)
        return _character(code) if code <= 0x10FFFF else match[0]  # noqa: PLR2004 - Unicode ends
    if first:
        return _join_surrogates(int(first, 16), int(second, 16) if second else None)
    return _ESCAPES.get(other, match[0])


def _join_surrogates(first: int, second: int | None) -> str:
    if second is None:
        return _character(first)
    if 0xD800 <= first < 0xDC00 <= second < 0xE000:  # noqa: PLR2004 - the ranges of surrogates
        return chr(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    return _character(first) + _character(second)


def _character(code: int) -> str:
    # Half of a surrogate pair is no character; it could be neither stored nor sent.
    return "\ufffd" if 0xD800 <= code < 0xE000 else chr(code)  # noqa: PLR2004


def match_iterator_name(text: str, position: int) -> tuple[str, int] | None:
    """Return the name of an iteration variable and where the `in` after it ends.

    Each character is looked at twice at most, so that no text takes long.
    """
    run = _UP_TO_DELIMITER.match(text, position)
    found = _IN.search(text, position, run.end()) if run else None
    return (text[position : found.start()], found.end()) if found else None


class KnownNames:
    """Names with spaces or signs in them, found by the longest match."""

    def __init__(self, names: Iterable[str] = (), base: "KnownNames | None" = None) -> None:
        self._base = base
        self._by_word: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            self._append(name)
        for same_word in self._by_word.values():
            same_word.sort(key=len, reverse=True)

    def add(self, name: str) -> None:
        """Know one more name; simple ones need no knowing."""
        names = self._append(name)
        if names.count(name) > 1:
            names.pop()
        names.sort(key=len, reverse=True)

    def _append(self, name: str) -> list[str]:
        """Put a name to those with the same first word, and return these; none if it is simple."""
        word = WORD.match(name)
        if word is None or is_simple_name(name):
            return []
        names = self._by_word.setdefault(word[0], [])
        names.append(name)
        return names

    def match(self, text: str, word: Token) -> tuple[str, int] | None:
        """Return the longest known name that begins with a word, and where it ends."""
        best = self._base.match(text, word) if self._base else None
        for name in self._by_word.get(word.text, ()):
            found = _pattern_of(name).match(text, word.start)
            if found and (best is None or found.end() > best[1]):
                return name, found.end()
        return best


@lru_cache(maxsize=4096)
def _pattern_of(name: str) -> re.Pattern[str]:
    # A name is a sequence of tokens (DMN 1.5, 10.3.1.4): space counts only between two words.
    tokens = _NAME_TOKEN.findall(name)
    pattern = re.escape(tokens[0])
    for before, token in pairwise(tokens):
        both_words = _is_part(before[-1]) and _is_part(token[0])
        pattern += (r"\s+" if both_words else r"\s*") + re.escape(token)
    return re.compile(pattern + (f"(?![{_PART}])" if _is_part(tokens[-1][-1]) else ""))


def _is_part(char: str) -> bool:
    return _PART_CHARACTER.match(char) is not None
