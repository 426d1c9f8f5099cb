"""Sets of characters, for classes in regular expressions."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain, groupby

from feel.regex_case import variants_between

LAST = 0x10FFFF

# Of the letters, marks, numbers, punctuation, separators, symbols and others.
_CATEGORIES = [
    *("Lu", "Ll", "Lt", "Lm", "Lo"),
    *("Mn", "Mc", "Me"),
    *("Nd", "Nl", "No"),
    *("Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po"),
    *("Zs", "Zl", "Zp"),
    *("Sm", "Sc", "Sk", "So"),
    *("Cc", "Cf", "Co", "Cn"),
]
PROPERTIES = frozenset([*_CATEGORIES, *(name[0] for name in _CATEGORIES)])

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class CharacterSet:
    """A set of characters: some ranges and some Unicode properties, or all others.

    Properties stay names as long as they can, since RE2 knows them; only where a set is taken from
    another are they looked up character by character.
    """

    ranges: Ranges = ()
    properties: tuple[str, ...] = ()
    negated: bool = False

    @staticmethod
    def of_range(first: int, last: int) -> "CharacterSet":
        """Return the set of the characters between two, both included."""
        return CharacterSet(((first, last),))

    @property
    def only(self) -> str | None:
        """The character, where the set has just one and says so by a range."""
        if self.negated or self.properties or len(self.ranges) != 1:
            return None
        first, last = self.ranges[0]
        return chr(first) if first == last else None

    def folded(self) -> "CharacterSet":
        r"""Return the set with all that differ from one of its ranges in case alone.

        Properties stay as they are: `\p{Lu}` means upper case even where case is ignored
        (XPath functions, 7.6.1.1).
        """
        found = list(self.ranges)
        for first, last in self.ranges:
            found += [(code, code) for code in variants_between(first, last)]
        return CharacterSet(_merge(tuple(found)), self.properties, self.negated)

    def complement(self) -> "CharacterSet":
        """Return the set of all other characters."""
        return CharacterSet(self.ranges, self.properties, not self.negated)

    @staticmethod
    def union_of(sets: "Sequence[CharacterSet]") -> "CharacterSet":
        """Return the set of the characters of several."""
        if any(one.negated for one in sets):
            return CharacterSet(_merge(tuple(chain.from_iterable(one.resolve() for one in sets))))
        return CharacterSet(
            _merge(tuple(chain.from_iterable(one.ranges for one in sets))),
            tuple(dict.fromkeys(chain.from_iterable(one.properties for one in sets))),
        )

    def without(self, other: "CharacterSet") -> "CharacterSet":
        """Return the set of the characters of this set that the other has not."""
        if not (other.ranges or other.properties or other.negated):
            return self
        kept = _invert(_merge(_invert(self.resolve()) + other.resolve()))
        return CharacterSet(kept)

    def contains(self, char: str) -> bool:
        """Tell whether a character is in the set."""
        code = ord(char)
        found = any(first <= code <= last for first, last in self.ranges) or any(
            _has_property(char, text) for text in self.properties
        )
        return found is not self.negated

    def to_class(self) -> str:
        """Return what stands between the brackets of a class of RE2."""
        if not self.ranges and not self.properties:
            # RE2 has no empty class, but can exclude everything.
            return "\\x{0}-\\x{10ffff}" if self.negated else "^\\x{0}-\\x{10ffff}"
        ranges = (f"\\x{{{first:x}}}-\\x{{{last:x}}}" for first, last in self.ranges)
        return ("^" if self.negated else "") + "".join([*ranges, *self.properties])

    def resolve(self) -> Ranges:
        """Return the set as ranges in order."""
        found = list(self.ranges)
        for text in self.properties:
            ranges = _ranges_of_property(text[3:-1])
            found += _invert(ranges) if text[1] == "P" else ranges
        merged = _merge(tuple(found))
        return _invert(merged) if self.negated else merged


def _has_property(char: str, text: str) -> bool:
    r"""Tell whether a character has a property as RE2 writes it: `\p{L}` or `\P{L}`."""
    return unicodedata.category(char).startswith(text[3:-1]) is (text[1] == "p")


def set_of_property(name: str, *, negated: bool) -> CharacterSet | None:
    """Return the set of the characters of a category of Unicode; None if there is no such one."""
    if name not in PROPERTIES:
        return None
    if name in {"C", "Cn"}:
        # RE2 leaves out what is not assigned.
        found = CharacterSet(_ranges_of_property(name))
        return found.complement() if negated else found
    return CharacterSet(properties=(f"\\{'P' if negated else 'p'}{{{name}}}",))


def named_set(letter: str) -> CharacterSet:
    r"""Return the set that `\d`, `\s`, `\w`, `\i`, `\c` or one in upper case stands for."""
    found = _NAMED[letter.lower()]
    return found.complement() if letter.isupper() else found


_NAMED = {
    "d": CharacterSet(properties=("\\p{Nd}",)),
    "s": CharacterSet(((0x20, 0x20), (0x9, 0xA), (0xD, 0xD))),
    "w": CharacterSet(properties=("\\p{L}", "\\p{M}", "\\p{N}", "\\p{S}")),
    "i": CharacterSet(((0x5F, 0x5F), (0x3A, 0x3A)), ("\\p{L}", "\\p{Nl}")),
    "c": CharacterSet(
        ((0x2D, 0x2E), (0x5F, 0x5F), (0x3A, 0x3A), (0xB7, 0xB7)),
        ("\\p{L}", "\\p{Nl}", "\\p{Nd}", "\\p{M}"),
    ),
}


def _merge(ranges: Ranges) -> Ranges:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _invert(ranges: Ranges) -> Ranges:
    inverse: list[tuple[int, int]] = []
    begin = 0
    for first, last in ranges:
        if first > begin:
            inverse.append((begin, first - 1))
        begin = last + 1
    if begin <= LAST:
        inverse.append((begin, LAST))
    return tuple(inverse)


@cache
def _ranges_of_property(name: str) -> Ranges:
    return _merge(tuple(found for category, found in _all_ranges() if category.startswith(name)))


@cache
def _all_ranges() -> tuple[tuple[str, tuple[int, int]], ...]:
    """Return the runs of characters of one category, in order."""
    runs: list[tuple[str, tuple[int, int]]] = []
    begin = 0
    for category, group in groupby(map(unicodedata.category, map(chr, range(LAST + 1)))):
        length = sum(1 for _ in group)
        runs.append((category, (begin, begin + length - 1)))
        begin += length
    return tuple(runs)
