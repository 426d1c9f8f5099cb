r"""From the regular expressions of XPath (XSD 1.0, appendix F) to those of RE2.

Most is the same. Different are `\i` and `\c` (characters of XML names), blocks such as
`\p{IsGreek}`, `\d \w \s` (all of Unicode), classes without others (`[a-z-[aeiou]]`) and the strict
rules on what must be escaped. A pattern with back-references, which RE2 can't do, is read into a
tree instead (`feel.regex_backtrack`).
"""

import re
from collections.abc import Callable

from feel.regex_sets import BLOCKS, CharacterSet, named_set, set_of_property
from feel.regex_tokens import Alternative, Anchor, Group, Item, Reference, Repeat, SetItem

_QUANTIFIER = re.compile(r"\{\d{1,4}(?:,\d{0,4})?\}", re.ASCII)
_META = frozenset(r".\?*+{}()[]|^$-")
_SIMPLE_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_SETS = frozenset("dDsSwWiIcC")
_SPACE = frozenset(" \t\n\r")


class UnsupportedPatternError(Exception):
    """A pattern that breaks XPath's rules, or needs what RE2 lacks."""


def strip_whitespace(pattern: str) -> str:
    """Return a pattern without the white space that the flag `x` makes meaningless.

    It goes everywhere but in classes, even after a backslash (XPath functions, 5.6.1.1).
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


def translate(pattern: str) -> str:
    """Return the RE2 pattern that means the same.

    Raises:
        UnsupportedPatternError: There is none.
    """
    return _Translator(pattern).run()


class BackReferenceError(UnsupportedPatternError):
    """A pattern has a back-reference, which RE2 can't do."""


def parse_pattern(pattern: str, *, dot_takes_newline: bool) -> tuple[Alternative, int]:
    """Return the syntax tree of a pattern and how many groups it has.

    Raises:
        UnsupportedPatternError: It breaks XPath's rules.
    """
    return _TreeReader(pattern, dot_takes_newline=dot_takes_newline).read()


class _Reader:
    """Reads what both kinds of pattern have in common."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0

    def _count(self) -> str:
        match = _QUANTIFIER.match(self.pattern, self.position)
        if match is None:
            raise UnsupportedPatternError("a { in the pattern must be escaped")
        self.position = match.end()
        return match[0]

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

    def _single_escape(self, char: str) -> str | None:
        if char in _SIMPLE_ESCAPES:
            return _SIMPLE_ESCAPES[char]
        return char if char in _META else None

    def _set_escape(self, char: str) -> CharacterSet:
        if char in _SETS:
            return named_set(char)
        if char in "pP" and self._take() == "{":
            end = self.pattern.find("}", self.position)
            name = self.pattern[self.position : end]
            self.position = end + 1
            if end >= 0 and name:
                return self._property(name, negated=char == "P")
        raise UnsupportedPatternError(f"\\{char} means nothing in a pattern")

    def _property(self, name: str, *, negated: bool) -> CharacterSet:
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

    def _read_class(self) -> CharacterSet:
        self.position += 1
        negated = self.pattern.startswith("^", self.position)
        self.position += negated
        result = CharacterSet()
        first = True
        while True:
            char = self._take()
            if char == "]" and not first:
                break
            if char == "-" and self.pattern.startswith("[", self.position) and not first:
                removed = self._read_class()
                if self._take() != "]":
                    raise UnsupportedPatternError("a class goes on after what it leaves out")
                kept = result.complement() if negated else result
                return kept.without(removed)
            result = result.union(self._class_item(char))
            first = False
        return result.complement() if negated else result

    def _class_item(self, char: str) -> CharacterSet:
        if char in "[]":
            raise UnsupportedPatternError(f"a {char} in a class must be escaped")
        if char == "\\":
            escaped = self._take()
            single = self._single_escape(escaped)
            if single is None:
                return self._set_escape(escaped)
            char = single
        if not self._at_range():
            return CharacterSet.of_range(ord(char), ord(char))
        self.position += 1
        end = self._take()
        if end == "\\":
            end = self._single_escape(self._take()) or ""
        if not end or end == "[" or ord(end) < ord(char):
            raise UnsupportedPatternError("a class has a range that goes backwards")
        return CharacterSet.of_range(ord(char), ord(end))

    def _at_range(self) -> bool:
        rest = self.pattern[self.position : self.position + 2]
        return len(rest) == 2 and rest[0] == "-" and rest[1] not in "[]"  # noqa: PLR2004


class _Translator(_Reader):
    """Writes a pattern for RE2."""

    def run(self) -> str:
        handlers: dict[str, Callable[[], str]] = {
            "\\": self._escape,
            "[": lambda: "[" + self._read_class().to_class() + "]",
            "(": lambda: "(" if self._opens_remembered_group() else "(?:",
            "{": self._count,
        }
        parts: list[str] = []
        while self.position < len(self.pattern):
            char = self.pattern[self.position]
            handler = handlers.get(char)
            if handler:
                parts.append(handler())
                continue
            if char in "]}":
                raise UnsupportedPatternError(f"a {char} in the pattern must be escaped")
            parts.append(char)
            self.position += 1
        return "".join(parts)

    def _escape(self) -> str:
        self.position += 1
        char = self._take()
        if char.isdecimal():
            raise BackReferenceError("the pattern has a back-reference")
        single = self._single_escape(char)
        if single is not None:
            return f"\\x{{{ord(single):x}}}"
        return "[" + self._set_escape(char).to_class() + "]"


_MAX_DEPTH = 50
_COUNTS: dict[str, tuple[int, int | None]] = {"?": (0, 1), "*": (0, None), "+": (1, None)}


class _TreeReader(_Reader):
    """Reads a pattern into a tree (XSD 1.0, appendix F; XPath functions, 5.6.1)."""

    def __init__(self, pattern: str, *, dot_takes_newline: bool) -> None:
        super().__init__(pattern)
        self._dot_takes_newline = dot_takes_newline
        self._groups = 0
        self._closed: set[int] = set()
        self._depth = 0

    def read(self) -> tuple[Alternative, int]:
        tree = self._alternative()
        if self.position < len(self.pattern):
            raise UnsupportedPatternError("a ) in the pattern closes nothing")
        return tree, self._groups

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
        if isinstance(item, Anchor) or (counts[1] is not None and counts[1] < counts[0]):
            raise UnsupportedPatternError("a quantifier in the pattern means nothing")
        return Repeat(item, *counts, greedy=not lazy)

    def _atom(self) -> Item:
        char = self.pattern[self.position]
        if char == "(":
            return self._group()
        if char == "[":
            return SetItem(self._read_class().contains)
        if char == "\\":
            return self._escape()
        if char in "]}{?*+":
            raise UnsupportedPatternError(f"a {char} in the pattern must be escaped")
        self.position += 1
        if char in "^$":
            return Anchor(char)
        if char == ".":
            newline = self._dot_takes_newline
            return SetItem(lambda found: newline or found != "\n")
        return SetItem(char.__eq__)

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

    def _escape(self) -> Item:
        self.position += 1
        char = self._take()
        if char.isdecimal():
            return self._reference(int(char))
        single = self._single_escape(char)
        return SetItem((single or "").__eq__ if single else self._set_escape(char).contains)

    def _reference(self, number: int) -> Reference:
        # As many digits belong to the number as there are groups before it.
        while self.pattern[self.position : self.position + 1].isdecimal():
            longer = number * 10 + int(self.pattern[self.position])
            if longer > self._groups:
                break
            number = longer
            self.position += 1
        if number not in self._closed:
            raise UnsupportedPatternError("a back-reference leads to no group before it")
        return Reference(number)
