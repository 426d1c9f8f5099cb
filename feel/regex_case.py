"""Which characters differ in case alone (XPath functions, 7.6.1.1: case-variants)."""

from bisect import bisect_left
from collections import defaultdict
from functools import cache

# No character beyond has an upper or lower case.
_LAST_WITH_CASE = 0x1FFFF


def is_same_but_for_case(one: str, other: str) -> bool:
    """Tell whether two texts are the same, character by character, in upper or in lower case."""
    return len(one) == len(other) and all(
        a == b or a.lower() == b.lower() or a.upper() == b.upper()
        for a, b in zip(one, other, strict=True)
    )


def variants_between(first: int, last: int) -> set[int]:
    """Return the characters that differ in case alone from one in a range of code points."""
    codes, variants = _table()
    found: set[int] = set()
    for index in range(bisect_left(codes, first), bisect_left(codes, last + 1)):
        found |= variants[index]
    return found


@cache
def _table() -> tuple[list[int], list[set[int]]]:
    """Return the characters that have a case, in order, and the variants of each."""
    cased = [
        code
        for code, char in enumerate(map(chr, range(_LAST_WITH_CASE)))
        if char.lower() != char or char.upper() != char
    ]
    by_lower: defaultdict[str, set[int]] = defaultdict(set)
    by_upper: defaultdict[str, set[int]] = defaultdict(set)
    for code in cased:
        by_lower[chr(code).lower()].add(code)
        by_upper[chr(code).upper()].add(code)
    return cased, [by_lower[chr(code).lower()] | by_upper[chr(code).upper()] for code in cased]
