r"""Reading the regular expressions of XPath (XSD 1.0, appendix F; XPath functions, 7.6.1).

They differ from others in `\i` and `\c` (characters of XML names), blocks such as `\p{IsGreek}`,
`\d \w \s` (all of Unicode), classes without others (`[a-z-[aeiou]]`), what ignoring case means, and
the strict rules on what must be escaped.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from feel.regex_blocks import BLOCKS
from feel.regex_sets import CharacterSet, named_set, set_of_property
from feel.regex_tokens import (
    Alternative,
    Anchor,
    Group,
    Item,
    Pattern,
    Reference,
    Repeat,
    SetItem,
)

_QUANTIFIER = re.compile(r"\{\d{1,9}(?:,\d{0,9})?\}", re.ASCII)
_META = frozenset(r".\?*+{}()[]|^$-")
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_SETS = frozenset("dDsSwWiIcC")
_SPACE = frozenset(" \t\n\r")
_MAX_DEPTH = 50
# A class such as `[\w-[a]]` has some 700 ranges.
_MAX_RANGES = 50_000
_COUNTS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}


class UnsupportedPatternError(Exception):
    """A pattern that breaks XPath's rules."""


def read_pattern(text: str, flags: Iterable[str]) -> Pattern:
    """Read a regular expression under some of the flags `s`, `m`, `i`, `x` and `q`.

    Raises:
        UnsupportedPatternError: It breaks XPath's rules.
    """
    if "q" in flags:
        return _read_literally(text, ignores_case="i" in flags)
    if "x" in flags:
        text = strip_whitespace(text)
    return _Reader(text, dot_takes_newline="s" in flags, ignores_case="i" in flags).read()


def strip_whitespace(pattern: str) -> str:
    """Return a pattern without the white space that the flag `x` makes meaningless.

    It goes everywhere but in classes, even after a backslash (XPath functions, 7.6.1.1).
    """
    kept: list[str] = []
    depth = 0
    escaped = False
    for char in pattern:
        if depth == 0 and char in _SPACE:
            continue
        if not escaped:
            depth += (char == "[") - (char == "]" and depth > 0)
        escaped = char == "\\" and not escaped
        kept.append(char)
    return "".join(kept)


def _read_literally(text: str, *, ignores_case: bool) -> Pattern:
    items: list[Item] = [SetItem(_character(char, ignores_case=ignores_case)) for char in text]
    return Pattern(Alternative([items]), 0, has_references=False, has_starts=False)


@lru_cache(maxsize=1024)
def _character(char: str, *, ignores_case: bool) -> CharacterSet:
    characters = CharacterSet.of_range(ord(char), ord(char))
    return characters.folded() if ignores_case else characters


class _Reader:
    """Reads a pattern into a tree."""

    def __init__(self, pattern: str, *, dot_takes_newline: bool, ignores_case: bool) -> None:
        self.pattern = pattern
        self.position = 0
        self._ignores_case = ignores_case
        newline = CharacterSet() if dot_takes_newline else CharacterSet.of_range(0xA, 0xA)
        self._dot = newline.complement()
        self._groups = 0
        self._closed: set[int] = set()
        self._depth = 0
        self._ranges = 0
        self._has_references = False
        self._has_starts = False

    def read(self) -> Pattern:
        tree = self._alternative()
        if self.position < len(self.pattern):
            raise UnsupportedPatternError("a ) in the pattern closes nothing")
        return Pattern(tree, self._groups, self._has_references, self._has_starts)

    def _alternative(self) -> Alternative:
        branches: list[list[Item]] = [[]]
        while self.position < len(self.pattern) and self.pattern[self.position] != ")":
            if self.pattern[self.position] == "|":
                self.position += 1
                branches.append([])
            else:
                branches[-1].append(self._repeated(self._atom()))
        return Alternative(branches)

    def _repeated(self, item: Item) -> Item:
        sign = self.pattern[self.position : self.position + 1]
        if sign == "{":
            least, comma, most = self._count()[1:-1].partition(",")
            counts = int(least), int(most) if most else None if comma else int(least)
        elif sign in _COUNTS:
            self.position += 1
            counts = _COUNTS[sign]
        else:
            return item
        lazy = self.pattern.startswith("?", self.position)
        self.position += lazy
        if counts[1] is not None and counts[1] < counts[0]:
            raise UnsupportedPatternError("a quantifier in the pattern means nothing")
        return Repeat(item, *counts, greedy=not lazy)

    def _count(self) -> str:
        match = _QUANTIFIER.match(self.pattern, self.position)
        if match is None:
            raise UnsupportedPatternError("a { in the pattern must be escaped")
        self.position = match.end()
        return match[0]

    def _atom(self) -> Item:
        char = self.pattern[self.position]
        if char == "(":
            return self._group()
        if char == "[":
            return SetItem(self._read_class())
        if char == "\\":
            return self._escape()
        if char in "]}{?*+":
            raise UnsupportedPatternError(f"a {char} in the pattern must be escaped")
        self.position += 1
        if char in "^$":
            self._has_starts |= char == "^"
            return Anchor(char)
        if char == ".":
            return SetItem(self._dot)
        return SetItem(_character(char, ignores_case=self._ignores_case))

    def _group(self) -> Group:
        number = None
        if self._opens_remembered_group():
            self._groups += 1
            number = self._groups
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnsupportedPatternError("the pattern is nested too deep")
        inside = self._alternative()
        self._depth -= 1
        if self._take() != ")":
            raise UnsupportedPatternError("a ( in the pattern is not closed")
        if number is not None:
            self._closed.add(number)
        return Group(number, inside)

    def _opens_remembered_group(self) -> bool:
        """Go on past `(` or `(?:`; whether the group is remembered."""
        self.position += 1
        if not self.pattern.startswith("?", self.position):
            return True
        if not self.pattern.startswith("?:", self.position):
            raise UnsupportedPatternError("the pattern has a group of an unknown kind")
        self.position += 2
        return False

    def _take(self) -> str:
        if self.position >= len(self.pattern):
            raise UnsupportedPatternError("the pattern ends too early")
        char = self.pattern[self.position]
        self.position += 1
        return char

    def _escape(self) -> Item:
        self.position += 1
        char = self._take()
        if char.isdecimal():
            return self._reference(char)
        single = _single_escape(char)
        if single is None:
            return SetItem(self._set_escape(char))
        return SetItem(_character(single, ignores_case=self._ignores_case))

    def _reference(self, digit: str) -> Reference:
        number = int(digit)
        # As many digits belong to the number as there are groups before it.
        while self.pattern[self.position : self.position + 1].isdecimal():
            longer = number * 10 + int(self.pattern[self.position])
            if longer > self._groups:
                break
            number = longer
            self.position += 1
        if number not in self._closed:
            raise UnsupportedPatternError("a back-reference leads to no group before it")
        self._has_references = True
        return Reference(number)

    def _set_escape(self, char: str) -> CharacterSet:
        if char in _SETS:
            return named_set(char)
        if char in "pP" and self._take() == "{":
            end = self.pattern.find("}", self.position)
            name = self.pattern[self.position : end]
            self.position = end + 1
            if end >= 0 and name:
                return _find_property(name, negated=char == "P")
        raise UnsupportedPatternError(f"\\{char} means nothing in a pattern")

    def _read_class(self) -> CharacterSet:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise UnsupportedPatternError("the pattern is nested too deep")
        self.position += 1
        negated = self.pattern.startswith("^", self.position)
        self.position += negated
        found: list[CharacterSet] = []
        removed = CharacterSet()
        while (char := self._take()) != "]" or not found:
            if char == "-" and self.pattern.startswith("[", self.position) and found:
                removed = self._read_class()
                if self._take() != "]":
                    raise UnsupportedPatternError("a class goes on after what it leaves out")
                break
            found.append(self._class_item(char, is_first=not found))
        self._depth -= 1
        result = CharacterSet.union_of(found)
        result = (result.complement() if negated else result).without(removed)
        self._ranges += len(result.ranges)
        if self._ranges > _MAX_RANGES:
            raise UnsupportedPatternError("the classes of the pattern are too large")
        return result

    def _class_item(self, char: str, *, is_first: bool) -> CharacterSet:
        if char in "[]":
            raise UnsupportedPatternError(f"a {char} in a class must be escaped")
        if char == "-" and not (is_first or self._at_end_of_items()):
            raise UnsupportedPatternError("a - within a class must be escaped")
        if char == "\\":
            escaped = self._take()
            single = _single_escape(escaped)
            return self._set_escape(escaped) if single is None else self._range_from(single)
        return CharacterSet.of_range(ord("-"), ord("-")) if char == "-" else self._range_from(char)

    def _range_from(self, char: str) -> CharacterSet:
        end = char
        if self._at_range():
            self.position += 1
            end = self._take()
            if end == "\\":
                end = _single_escape(self._take()) or ""
            if not end or ord(end) < ord(char):
                raise UnsupportedPatternError("a class has a range that goes backwards")
        characters = CharacterSet.of_range(ord(char), ord(end))
        return characters.folded() if self._ignores_case else characters

    def _at_end_of_items(self) -> bool:
        rest = self.pattern[self.position : self.position + 2]
        return rest[:1] == "]" or rest == "-["

    def _at_range(self) -> bool:
        rest = self.pattern[self.position : self.position + 2]
        return len(rest) == 2 and rest[0] == "-" and rest[1] not in "[]-"  # noqa: PLR2004


def _single_escape(char: str) -> str | None:
    if char in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[char]
    return char if char in _META else None


def _find_property(name: str, *, negated: bool) -> CharacterSet:
    if name.startswith("Is"):
        block = BLOCKS.get(name[2:])
        if block is None:
            raise UnsupportedPatternError(f"there is no block {name[:40]}")
        characters = CharacterSet.of_range(*block)
        return characters.complement() if negated else characters
    found = set_of_property(name, negated=negated)
    if found is None:
        raise UnsupportedPatternError(f"there is no property {name[:40]}")
    return found
