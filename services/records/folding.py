"""Texts in a form in which they can be compared: for searching, and for finding the same twice."""

from __future__ import annotations

import re
import unicodedata
from itertools import product
from typing import Final

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
# How these letters are written where a keyboard has none of them.
_LETTER_PAIRS: Final = {"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"}
_PAIRED: Final = re.compile(f"[{''.join(_LETTER_PAIRS)}]")
_PAIR: Final = re.compile("([aou])e|a(a)")
# OBrien, as it is written by those who leave out the apostrophe.
_ELIDED: Final = re.compile(r"\b([DLO])(?=[A-Z][a-z])")
_MIXED: Final = 2


def fold(text: str) -> str:
    """Return ``text`` for searching: lower case, without accents, single spaces."""
    if text.isascii():
        return " ".join(text.lower().split())
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join(kept.translate(_PLAIN).split())


def other_spellings(word: str) -> tuple[str, ...]:
    """Return how a word is written without its umlauts, folded: ``mueller`` for ``Müller``.

    Nothing for a word that has none. One with two of them may be written with a pair of letters
    for either; one with more for all of them.
    """
    composed = unicodedata.normalize("NFC", word).casefold()
    places = _PAIRED.findall(composed)
    if not places:
        return ()
    ways = [(letter, _LETTER_PAIRS[letter]) for letter in places]
    chosen = product(*ways) if len(ways) <= _MIXED else [[pair for _, pair in ways]]
    parts = _PAIRED.split(composed)
    spelled = (
        fold("".join(part + letter for part, letter in zip(parts, [*letters, ""], strict=True)))
        for letters in chosen
    )
    plain = fold(word)
    return tuple(dict.fromkeys(one for one in spelled if one != plain))


def has_umlauts(text: str) -> bool:
    """Tell whether words of a text have other spellings."""
    return not text.isascii() and bool(
        _PAIRED.search(unicodedata.normalize("NFC", text).casefold())
    )


def may_be_respelled(folded: str) -> bool:
    """Tell whether a folded word may stand for one with umlauts: it has a pair of letters."""
    return _PAIR.search(folded) is not None


def name_words(name: str) -> list[str]:
    """Return the folded words of a name, without punctuation, initials and legal forms.

    Mueller and Müller have one spelling. A name that has nothing else keeps those.
    """
    words = re.sub(r"[^\w]+", " ", fold(_ELIDED.sub(r"\1 ", name))).split()
    kept = [word for word in words if len(word) > 1 and word not in _LEGAL_FORMS] or words
    return _PAIR.sub(r"\1\2", " ".join(kept)).split()


def match_key(name: str) -> str:
    """Return what names that may be the same have in common.

    The beginnings of the two longest words, so that order, endings and most slips of the pen
    don't matter, and few of a million names share one.
    """
    longest = sorted(name_words(name), key=lambda word: (-len(word), word))[:2]
    return " ".join(sorted(word[:_PREFIX] for word in longest))
