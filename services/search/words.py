"""The words by which records are found, and how what people type is read.

Each record keeps its words in ``search_text``, with a sign in front that says where they come from:

============  ============================================================================
``anna``      a word of anything that is searched
``^anna``     a word of the title
``~mueller``  a word as it is written without umlauts; ``~^mueller`` one of the title
``=annaberg``  a whole title, number or address, without spaces and punctuation
``#1234``     four digits that follow one another in a phone number, or its last three
``@nna``      an end of a word of an e-mail address
``%deal``     the record type; always the first
============  ============================================================================

Words are looked for by their beginnings. That finds any piece of a phone number or an address too,
from an ordinary index, since the pieces are words of their own. No language's rules for endings are
used: they would spoil all other languages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from typing import TypeAlias

from services.records.folding import fold, has_umlauts, may_be_respelled, other_spellings

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
# O'Brien, Jean-Luc: written together by some, and in parts by others.
_COMPOUND = re.compile(r"[^\W\d_]+(?:[-\u2010\u2011'\u2019\u02bc`\u00b4][^\W\d_]+)+")
_JOINS = frozenset("-\u2010\u2011'\u2019\u02bc`\u00b4")
_HYPHEN = re.compile("[-\u2010\u2011]")
_APOSTROPHE = re.compile("['\u2019\u02bc`\u00b4]")
# What people type for these letters on other keyboards, and signs that part no words.
_SAME = str.maketrans({"ө": "о", "ү": "у", "ى": "ي", "ة": "ه"}) | str.maketrans("", "", "'’ʼ`´ـ")  # noqa: RUF001 - Cyrillic and Arabic are meant


@dataclass(frozen=True, slots=True)
class Query:
    """What somebody looks for.

    Attributes:
        words: Each must begin a word of the record.
        digits: Instead of that they may be part of its phone number; empty if they can't be one.
        spellings: For each word those without umlauts; what has one instead is found as well.
        parted: The words where compounds are read the other way: Jean-Luc as one word, O'Brien as
            two. Empty without any.
    """

    words: tuple[str, ...]
    digits: str
    spellings: tuple[tuple[str, ...], ...] = ()
    parted: tuple[str, ...] = ()

    @property
    def whole(self) -> str:
        """What a title, number or address is that is just this."""
        return "".join(self.words)[:_WHOLE_LENGTH]

    @property
    def is_respelled(self) -> bool:
        """Whether it finds words that are spelled otherwise."""
        return bool(self.parted) or any(map(may_be_respelled, self.words)) or any(self.spellings)


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
    respelled = dict(_respelled(kept))
    spellings = tuple(respelled.get(word, ()) for word in words)
    parted = tuple(split_words(_parted(kept))[:QUERY_WORDS])
    return Query(
        tuple(words),
        digits if is_number else "",
        spellings if respelled else (),
        parted if parted != tuple(words) else (),
    )


def search_text(
    record_type: str, title: str, values: Iterable[str], *, most: int = MAX_WORDS
) -> str:
    """Return the words of a record with this title and these values, parted by spaces.

    Of the values at most ``most`` words are taken.
    """
    found = dict.fromkeys([f"%{record_type}"])
    title_words = split_words(title)
    for word in chain(title_words[:MAX_WORDS], islice(_compounds(title), MAX_WORDS)):
        found[word] = found[f"^{word}"] = None
        found.update(dict.fromkeys(_ends_of_ideographs(word)))
    for _, spellings in islice(_respelled(title), MAX_WORDS):
        for word in spellings:
            found[f"~{word}"] = found[f"~^{word}"] = None
    if whole := "".join(title_words):
        found[f"={whole[:_WHOLE_LENGTH]}"] = None
    lines = (line for value in values if value != title for line in value.splitlines())
    found |= dict.fromkeys(islice(chain.from_iterable(map(_words_of, lines)), most))
    return " ".join(found)


def as_tsquery(query: Query, *, exactly: bool = False) -> str:
    """Return the text of a ``tsquery`` that finds what matches.

    ``exactly``: not what is spelled otherwise.
    """
    words = _written(query, _anywhere, ":*", exactly=exactly)
    if query.digits:
        return f"({words}) | ({_phone_part(query.digits)})"
    return words


def as_title_tsquery(query: Query, *, exactly: bool = False) -> str:
    """Return the text of a ``tsquery`` that finds what matches by its title alone."""
    return _written(query, _in_title, ":*", exactly=exactly)


def as_words_tsquery(query: Query, *, exactly: bool = False) -> str:
    """Return the text of a ``tsquery`` that finds titles with just these words among others."""
    return _written(query, _in_title, "", exactly=exactly)


def as_whole_tsquery(query: Query) -> str:
    """Return the text of a ``tsquery`` that finds what is called just this."""
    return f"'={query.whole}'"


def matches_words(query: Query, text: str, *, by_title: bool) -> bool:
    """Tell whether a record with this ``search_text`` matches, as the ``tsquery`` does."""
    kept = text.split()
    write = _in_title if by_title else _anywhere

    def has(beginnings: tuple[str, ...]) -> bool:
        return any(word.startswith(beginnings) for word in kept)

    if any(all(map(has, reading)) for reading in _readings(query, write, exactly=False)):
        return True
    if by_title:
        return False
    if not query.digits:
        return False
    if len(query.digits) < _GRAM:
        return has((f"#{query.digits}",))
    return {f"#{gram}" for gram in _grams(query.digits)} <= set(kept)


_Terms: TypeAlias = Callable[[str], Iterator[str]]


def _written(query: Query, terms: _Terms, sign: str, *, exactly: bool) -> str:
    """Return what a record must have, as the text of a ``tsquery``."""
    return " | ".join(
        " & ".join(_any_of(f"'{term}'{sign}" for term in word) for word in reading)
        for reading in _readings(query, terms, exactly=exactly)
    )


def _any_of(terms: Iterable[str]) -> str:
    written = " | ".join(terms)
    return f"({written})" if " | " in written else written


def _readings(query: Query, terms: _Terms, *, exactly: bool) -> Iterator[list[tuple[str, ...]]]:
    """Yield each way to read a query: for each of its words what a record may have."""
    if exactly or not query.is_respelled:
        yield [tuple(terms(word)) for word in query.words]
        return
    spellings = query.spellings or ((),) * len(query.words)
    yield [
        (*terms(word), *_respellings(word, terms), *chain.from_iterable(map(terms, some)))
        for word, some in zip(query.words, spellings, strict=True)
    ]
    if query.parted:
        yield [(*terms(word), *_respellings(word, terms)) for word in query.parted]


def _anywhere(word: str) -> Iterator[str]:
    yield word
    if len(word) >= _PIECE:
        yield f"@{word}"


def _in_title(word: str) -> Iterator[str]:
    yield f"^{word}"


def _respellings(word: str, terms: _Terms) -> Iterator[str]:
    """Yield what a record has whose word would be this if it were written without umlauts."""
    if may_be_respelled(word):
        yield f"~{next(terms(word))}"


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
        yield from _compounds(value)
        yield from _otherwise(value)
        for word in words:
            yield from _ends_of_ideographs(word)
            if word[0] == "0" and word.isdigit():
                yield word.lstrip("0") or "0"
        if any(word[-1].isdigit() for word in words[-1:]):  # a number: L-000123
            yield f"={''.join(words)[:_WHOLE_LENGTH]}"


def _words_of_email(address: str) -> Iterator[str]:
    words = split_words(address)
    yield from words
    yield from _otherwise(address)
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


def _otherwise(value: str) -> Iterator[str]:
    for _, spellings in _respelled(value):
        for word in spellings:
            yield f"~{word}"


def _respelled(text: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the words with umlauts, folded, each with how it is written without."""
    if not has_umlauts(text):
        return
    for word in _WORD.findall(unicodedata.normalize("NFC", text).translate(_SAME)):
        if spellings := other_spellings(word):
            cut = (one[:_WORD_LENGTH] for one in spellings)
            yield "".join(split_words(word)), tuple(dict.fromkeys(cut))


def _compounds(text: str) -> Iterator[str]:
    """Yield a word with hyphens as one, and the parts of one with apostrophes."""
    if _JOINS.isdisjoint(text):
        return
    for found in _COMPOUND.findall(text):
        parts = _APOSTROPHE.split(_HYPHEN.sub("", found))
        if _HYPHEN.search(found):
            yield from split_words("".join(parts))
        if len(parts) > 1:
            yield from split_words(" ".join(part for part in parts if len(part) >= _PIECE))


def _parted(text: str) -> str:
    """Return a text with its compounds written the other way: jeanluc, o brien."""
    return _COMPOUND.sub(lambda found: _the_other_way(found[0]), text)


def _the_other_way(compound: str) -> str:
    parts = _APOSTROPHE.split(_HYPHEN.sub("", compound))
    return (" " if len(parts[-1]) >= _PIECE else "").join(parts)
