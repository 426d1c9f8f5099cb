"""Texts in a form in which they can be compared: for searching, and for finding the same twice."""

from __future__ import annotations

import re
import unicodedata

# Letters that are not made of a plain one and an accent.
_PLAIN = str.maketrans(
    {"ı": "i", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ħ": "h"}  # noqa: RUF001 - the dotless i is meant
)
_LATIN_FORMS = """
    ab ag aps as asa bv co corp gmbh inc kg kgaa llc llp ltd nv ooo oy oyj plc pty sa sarl sas se
    sia sl spa srl sti uab
"""
_CYRILLIC_FORMS = "ооо зао оао ао тов хк ххк"  # noqa: RUF001 - Cyrillic is meant
_LEGAL_FORMS = frozenset((_LATIN_FORMS + _CYRILLIC_FORMS).split())
_PREFIX = 3


def fold(text: str) -> str:
    """Return ``text`` for searching: lower case, without accents, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(kept.translate(_PLAIN).split())


def name_words(name: str) -> list[str]:
    """Return the folded words of a name, without punctuation, initials and legal forms.

    A name that has nothing else keeps those.
    """
    words = re.sub(r"[^\w]+", " ", fold(name)).split()
    return [word for word in words if len(word) > 1 and word not in _LEGAL_FORMS] or words


def match_key(name: str) -> str:
    """Return what names that may be the same have in common.

    The beginnings of the two longest words, so that order, endings and most slips of the pen
    don't matter, and few of a million names share one.
    """
    longest = sorted(name_words(name), key=lambda word: (-len(word), word))[:2]
    return " ".join(sorted(word[:_PREFIX] for word in longest))
