"""The words by which records are found, and how what people type is read.

Each record keeps its words in ``search_text``, with a sign in front that says where they come from:

==========  ==============================================================================
``anna``    a word of anything that is searched
``^anna``   a word of the title
``=annaberg``  a whole title, number or address, without spaces and punctuation
``#1234``   four digits that follow one another in a phone number, or its last three
``@nna``    an end of a word of an e-mail address
``%deal``   the record type; always the first
==========  ==============================================================================

Words are looked for by their beginnings. That finds any piece of a phone number or an address too,
from an ordinary index, since the pieces are words of their own. No language's rules for endings are
used: they would spoil all other languages.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

from services.records.folding import fold

MAX_WORDS = 300
"""A record is found by its first words; a description may be a book."""

QUERY_WORDS = 8
QUERY_LENGTH = 200

_WORD_LENGTH = 60
_GRAM = 4
_PIECE = 3
_WHOLE_LENGTH = 120
_PHONE_DIGITS = 5
_WORD = re.compile(r"[^\W_]+")
_PHONE = re.compile(r"\+?[0-9 ().\-/]+")
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
# What people type for these letters on other keyboards, and signs that part no words.
_SAME = str.maketrans({"ө": "о", "ү": "у", "ى": "ي", "ة": "ه"}) | str.maketrans("", "", "'’ʼ`´ـ")  # noqa: RUF001 - Cyrillic and Arabic are meant


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for.

    Attributes:
        words: Each must begin a word of the record.
        digits: Instead of that they may be part of its phone number; empty if they can't be one.
    """

    words: tuple[str, ...]
    digits: str

    @property
    def whole(self) -> str:
        """What a title, number or address is that is just this."""
        return "".join(self.words)[:_WHOLE_LENGTH]


def split_words(text: str) -> list[str]:
    """Return the folded words of ``text``, in their order."""
    return [word[:_WORD_LENGTH] for word in _WORD.findall(fold(text).translate(_SAME))]


def read_query(text: str) -> Query | None:
    """Return what ``text`` asks for; None if there is nothing in it to look for."""
    kept = text[:QUERY_LENGTH].replace("\x00", " ").encode("utf-8", "replace").decode()
    words = split_words(kept)[:QUERY_WORDS]
    if not words:
        return None
    digits = "".join(c for c in kept if c in "0123456789").lstrip("0")
    is_number = len(digits) >= _PIECE and not any(c.isalpha() for c in kept)
    return Query(tuple(words), digits if is_number else "")


def search_text(
    record_type: str, title: str, values: Iterable[str], *, most: int = MAX_WORDS
) -> str:
    """Return the words of a record with this title and these values, parted by spaces.

    Of the values at most ``most`` words are taken.
    """
    found = dict.fromkeys([f"%{record_type}"])
    title_words = split_words(title)
    for word in title_words[:MAX_WORDS]:
        found[word] = found[f"^{word}"] = None
        found.update(dict.fromkeys(_ends_of_ideographs(word)))
    if whole := "".join(title_words):
        found[f"={whole[:_WHOLE_LENGTH]}"] = None
    lines = (line for value in values if value != title for line in value.splitlines())
    found |= dict.fromkeys(islice(chain.from_iterable(map(_words_of, lines)), most))
    return " ".join(found)


def as_tsquery(query: Query) -> str:
    """Return the text of a ``tsquery`` that finds what matches."""
    words = " & ".join(_beginning(word) for word in query.words)
    if query.digits:
        return f"({words}) | ({_phone_part(query.digits)})"
    return words


def as_title_tsquery(query: Query) -> str:
    """Return the text of a ``tsquery`` that finds what matches by its title alone."""
    return " & ".join(f"'^{word}':*" for word in query.words)


def as_words_tsquery(query: Query) -> str:
    """Return the text of a ``tsquery`` that finds titles with just these words among others."""
    return " & ".join(f"'^{word}'" for word in query.words)


def as_whole_tsquery(query: Query) -> str:
    """Return the text of a ``tsquery`` that finds what is called just this."""
    return f"'={query.whole}'"


def matches_words(query: Query, text: str, *, by_title: bool) -> bool:
    """Tell whether a record with this ``search_text`` matches, as the ``tsquery`` does."""
    kept = text.split()

    def begins(*beginnings: str) -> bool:
        return any(word.startswith(beginnings) for word in kept)

    if by_title:
        return all(begins(f"^{word}") for word in query.words)
    if all(
        begins(word, f"@{word}") if len(word) >= _PIECE else begins(word) for word in query.words
    ):
        return True
    if not query.digits:
        return False
    if len(query.digits) < _GRAM:
        return begins(f"#{query.digits}")
    return {f"#{gram}" for gram in _grams(query.digits)} <= set(kept)


def _beginning(word: str) -> str:
    if len(word) < _PIECE:
        return f"'{word}':*"
    return f"('{word}':* | '@{word}':*)"


def _phone_part(digits: str) -> str:
    if len(digits) < _GRAM:
        return f"'#{digits}':*"
    return " & ".join(f"'#{gram}'" for gram in _grams(digits))


def _words_of(value: str) -> Iterator[str]:
    if "@" in value:
        yield from _words_of_email(value)
    elif _PHONE.fullmatch(value) and _count_digits(value) >= _PHONE_DIGITS:
        yield from _words_of_phone(value)
    else:
        words = split_words(value)
        yield from words
        for word in words:
            yield from _ends_of_ideographs(word)
            if word[0] == "0" and word.isdigit():
                yield word.lstrip("0") or "0"
        if any(word[-1].isdigit() for word in words[-1:]):  # a number: L-000123
            yield f"={''.join(words)[:_WHOLE_LENGTH]}"


def _words_of_email(address: str) -> Iterator[str]:
    words = split_words(address)
    yield from words
    yield f"={''.join(words)[:_WHOLE_LENGTH]}"
    for word in words[:-1]:  # the last one is the country's, or com
        if word.isalpha():  # nobody looks for the end of a number in an address
            for start in range(1, len(word) - _PIECE + 1):
                yield f"@{word[start:]}"


def _words_of_phone(number: str) -> Iterator[str]:
    digits = "".join(c for c in number if c.isdigit()).lstrip("0")
    for gram in _grams(digits):
        yield f"#{gram}"
    yield f"#{digits[-_PIECE:]}"


def _grams(digits: str) -> list[str]:
    return [digits[place : place + _GRAM] for place in range(len(digits) - _GRAM + 1)]


def _count_digits(text: str) -> int:
    return sum(c.isdigit() for c in text)


def _ends_of_ideographs(word: str) -> Iterator[str]:
    """Yield the ends of a word in a script that writes no spaces."""
    if _IDEOGRAPH.search(word):
        for start in range(1, len(word)):
            yield word[start:]
