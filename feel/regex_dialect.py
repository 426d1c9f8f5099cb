r"""From the regular expressions of XPath (XSD 1.0, appendix F) to those of RE2.

Most is the same. Different are `\i` and `\c` (characters of XML names), blocks such as
`\p{IsGreek}`, `\d \w \s` (all of Unicode), classes without others (`[a-z-[aeiou]]`) and the strict
rules on what must be escaped.
"""

import re
from collections.abc import Callable

from feel.regex_sets import BLOCKS, CharacterSet, named_set, set_of_property

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


class _Translator:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.parts: list[str] = []

    def run(self) -> str:
        handlers: dict[str, Callable[[], str]] = {
            "\\": self._escape,
            "[": self._class,
            "(": self._group,
            "{": self._quantifier,
        }
        while self.position < len(self.pattern):
            char = self.pattern[self.position]
            handler = handlers.get(char)
            if handler:
                self.parts.append(handler())
            else:
                if char in "]}":
                    raise UnsupportedPatternError(f"a {char} in the pattern must be escaped")
                self.parts.append(char)
                self.position += 1
        return "".join(self.parts)

    def _quantifier(self) -> str:
        match = _QUANTIFIER.match(self.pattern, self.position)
        if match is None:
            raise UnsupportedPatternError("a { in the pattern must be escaped")
        self.position = match.end()
        return match[0]

    def _group(self) -> str:
        self.position += 1
        if not self.pattern.startswith("?", self.position):
            return "("
        if not self.pattern.startswith("?:", self.position):
            raise UnsupportedPatternError("the pattern has a group of an unknown kind")
        self.position += 2
        return "(?:"

    def _take(self) -> str:
        if self.position >= len(self.pattern):
            raise UnsupportedPatternError("the pattern ends too early")
        char = self.pattern[self.position]
        self.position += 1
        return char

    def _escape(self) -> str:
        self.position += 1
        char = self._take()
        if char.isdecimal():
            raise UnsupportedPatternError("the pattern has a back-reference")
        single = self._single_escape(char)
        if single is not None:
            return _quote(single)
        return "[" + self._set_escape(char).to_class() + "]"

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

    def _class(self) -> str:
        return "[" + self._read_class().to_class() + "]"

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


def _quote(char: str) -> str:
    return f"\\x{{{ord(char):x}}}"
