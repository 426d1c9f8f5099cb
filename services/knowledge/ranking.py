"""What an article's words count when it is looked for by several: one statement, by the index.

A word counts the more the fewer articles have it (inverse document frequency), and more in a title
or among the keywords. Words are cut to their first letters, which finds "printing" by "printer" in
any language without its rules for endings (Can et al. 2008, "Information retrieval on Turkish
texts": the first five letters do as well as a lemmatiser; of short words a letter less is kept).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    CTE,
    Boolean,
    ColumnElement,
    Float,
    Select,
    case,
    cast,
    func,
    literal,
    literal_column,
    select,
    true,
    union_all,
)

from services.knowledge.model import ARTICLE, Article
from services.search.conditions import has_words
from services.search.model import SearchEntry

_BEGINNING: Final = 4
_LONG: Final = 8
_LOOKED_AT: Final = 200
"""So many of the best are looked at closely: whether they have whole words, and keywords."""

_IN_TITLE: Final = 1.5
_AS_KEYWORD: Final = 1.0
_WHOLE: Final = 0.5


def beginning(word: str) -> str:
    """Return the letters of a word by which it is looked for."""
    if word.isdigit():
        return word
    return word[: _BEGINNING + (len(word) >= _LONG)]


def ranked(words: Sequence[str], allowed: Select[Any], *, is_by_title: bool) -> Select[Any]:
    """Return the query of articles with any of the words: article, score and coverage.

    Which words an article has, and which in its title, the index says; how many articles have
    each is counted on its answers, in the same statement. Only of those that come out well are
    the words themselves looked at. ``allowed`` are the keys of those that may be found.
    """
    hits = _hits(words, allowed, is_by_title=is_by_title)
    weights = _weights(words, allowed, hits)
    likely = _likely(words, hits, weights)
    score: Any = literal(0.0)
    had: Any = literal(0.0)
    known: Any = literal(0.0)
    for place, word in enumerate(words):
        weight, has = weights.c[f"w{place}"], _has(likely.c.had, place)
        better = 1 + _extra(_has(likely.c.titled, place), _IN_TITLE)
        better += _extra(_whole(word, is_by_title=is_by_title), _WHOLE)
        if not is_by_title:
            keyword = func.lower(Article.keywords).contains(beginning(word))
            better += _extra(keyword, _AS_KEYWORD)
        score += case((has, weight * better), else_=0.0)
        had += _extra(has, weight)
        known += _extra(weights.c[f"n{place}"] > 0, weight)
    score = score.label("score")
    coverage = (had / func.nullif(known, 0)).label("coverage")
    return (
        select(Article, score, coverage)
        .join(likely, likely.c.id == Article.id)
        .join(SearchEntry, SearchEntry.id == Article.id)
        .join(weights, true())
        .order_by(score.desc(), Article.id.desc())
    )


def _hits(words: Sequence[str], allowed: Select[Any], *, is_by_title: bool) -> CTE:
    """Return the query of articles with any of the words: which each has, a bit for each word.

    It is asked of the index alone, once for each word; no article's words are unpacked.
    """
    asked = []
    for place, word in enumerate(words):
        begun = beginning(word)
        if not is_by_title:
            asked.append(_indexed(f"'{begun}':*", had=1 << place, titled=0))
        asked.append(_indexed(f"'^{begun}':*", had=1 << place, titled=1 << place))
    found = union_all(*asked).subquery()
    return (
        select(
            found.c.id,
            func.bit_or(found.c.had).label("had"),
            func.bit_or(found.c.titled).label("titled"),
        )
        .where(found.c.id.in_(allowed))
        .group_by(found.c.id)
        .cte("hits")
    )


def _indexed(query: str, *, had: int, titled: int) -> Select[Any]:
    # Each entry has its type among its words, so that the index leaves out other records.
    asked = f"'%{ARTICLE.name}' & {query}"
    columns: list[Any] = [
        literal_column(str(had)).label("had"),
        literal_column(str(titled)).label("titled"),
    ]
    return select(SearchEntry.id, *columns).where(has_words(SearchEntry.words, asked))


def _weights(words: Sequence[str], allowed: Select[Any], hits: CTE) -> CTE:
    """Return the query of one row: how many articles have each word, and what it counts."""
    total = select(func.count()).select_from(allowed.subquery()).scalar_subquery()
    counts = select(
        cast(total, Float).label("total"),
        *(func.count().filter(_has(hits.c.had, place)).label(f"n{place}") for place in _of(words)),
    ).cte("counts")
    found = [counts.c[f"n{place}"] for place in _of(words)]
    weights = [func.ln(1 + counts.c.total / func.greatest(number, 1)) for number in found]
    named = (weight.label(f"w{place}") for place, weight in enumerate(weights))
    return select(*found, *named).cte("weights")


def _likely(words: Sequence[str], hits: CTE, weights: CTE) -> CTE:
    """Return the query of the hits that come out best before they are looked at more closely."""
    score: Any = literal(0.0)
    for place in _of(words):
        better = 1 + _extra(_has(hits.c.titled, place), _IN_TITLE)
        score += _extra(_has(hits.c.had, place), weights.c[f"w{place}"] * better)
    return (
        select(hits.c.id, hits.c.had, hits.c.titled)
        .join(weights, true())
        .order_by(score.desc(), hits.c.id.desc())
        .limit(_LOOKED_AT)
        .cte("likely")
    )


def _of(words: Sequence[str]) -> range:
    return range(len(words))


def _has(bits: Any, place: int) -> ColumnElement[bool]:
    return cast(bits.op("&")(literal_column(str(1 << place))), Boolean)


def _whole(word: str, *, is_by_title: bool) -> ColumnElement[bool]:
    return has_words(SearchEntry.words, f"'{'^' if is_by_title else ''}{word}'")


def _extra(condition: Any, weight: Any) -> Any:
    return case((condition, weight), else_=0.0)
