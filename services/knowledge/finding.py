"""Finding articles: by a few words, or by the whole subject of a request.

Not every word needs to occur: ``ranking.py`` says what counts how much. What has helped others
counts a little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from marshmallow import validate
from sqlalchemy import Select, func, text

from services.actors import Permission
from services.arguments import Line, LongText, WholeNumber
from services.knowledge.model import ARTICLE as ARTICLE_TYPE
from services.knowledge.model import LANGUAGES, VISIBILITIES, Article, ArticleStatus
from services.knowledge.ranking import beginning, ranked
from services.knowledge.stop_words import STOP_WORDS
from services.knowledge.votes import NO_VOTES, Votes, votes_of
from services.operations import Arguments, operation
from services.search.conditions import Searched, searched_part
from services.search.words import split_words
from services.unit_of_work import UnitOfWork

MAX_FOUND: Final = 50
_MOST_WORDS: Final = 8
_READ: Final = 500
_SHORTEST: Final = 3
_ENOUGH: Final = 0.4
"""What of the weight of a subject's known words an article must have to be suggested."""

_BY_INDEX: Final = text("SET LOCAL enable_seqscan = off")
_AS_BEFORE: Final = text("SET LOCAL enable_seqscan = on")

_HELPFUL: Final = 0.2


@dataclass(frozen=True, slots=True)
class ArticleFilter:
    """Which articles are looked among; those that are published if nothing else is said.

    Attributes:
        category_ids: Empty for those of any category, and of none.
    """

    category_ids: Collection[UUID] = ()
    language: str | None = None
    visibility: str | None = None
    status: str = ArticleStatus.PUBLISHED.value


ANY: Final = ArticleFilter()


@dataclass(frozen=True, slots=True)
class FoundArticle:
    """An article that was found.

    Attributes:
        score: Greater is better; 0 where nothing was looked for.
        coverage: What share of the weight of the words that any article has, 0 to 1.
    """

    article: Article
    score: float
    coverage: float
    votes: Votes


class FindArticle(Arguments):
    """What an article is looked for by."""

    text = LongText(
        required=True,
        metadata={"title": "Words", "description": "A question, or the subject of a request."},
    )
    language = Line(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(list(LANGUAGES), list(LANGUAGES.values())),
        metadata={"title": "Language"},
    )
    visibility = Line(
        load_default=None,
        allow_none=True,
        validate=validate.OneOf(list(VISIBILITIES), list(VISIBILITIES.values())),
        metadata={"title": "Visible to"},
    )
    limit = WholeNumber(
        load_default=5, validate=validate.Range(1, MAX_FOUND), metadata={"title": "How many"}
    )


@operation("article.find", Permission.RECORD_READ, FindArticle, in_diagrams=True)
def find_article(
    uow: UnitOfWork,
    *,
    text: str,
    language: str | None = None,
    visibility: str | None = None,
    limit: int = 5,
) -> dict[str, Any]:
    """Find the published articles that answer a question best."""
    found = suggest_articles(
        uow, text, ArticleFilter(language=language, visibility=visibility), limit=limit
    )
    best = found[0].article if found else None
    shows_body = uow.readable_field(ARTICLE_TYPE, "body") is not None
    return {
        "found": len(found),
        "article_id": best.id if best else None,
        "title": best.title if best else None,
        "body": best.body if best and shows_body else None,
        "articles": [
            {"id": str(one.article.id), "title": one.article.title, "score": round(one.score, 3)}
            for one in found
        ],
    }


def suggest_articles(
    uow: UnitOfWork, text: str, narrowed: ArticleFilter = ANY, *, limit: int = 5
) -> list[FoundArticle]:
    """Return the articles that have enough of a text in them to answer it, the best first."""
    found = find_articles(uow, text, narrowed, limit=limit)
    return [one for one in found if one.coverage >= _ENOUGH]


def find_articles(
    uow: UnitOfWork, text: str, narrowed: ArticleFilter = ANY, *, limit: int = 20
) -> list[FoundArticle]:
    """Return the articles that have any word of ``text``, the best first."""
    words = telling_words(text)
    part = searched_part(uow, ARTICLE_TYPE)
    if not words or part is Searched.NOTHING:
        return []
    allowed = _narrowed(uow, narrowed).with_only_columns(Article.id)
    statement = ranked(words, allowed, is_by_title=part is Searched.TITLE)
    # The server takes unpacking long lists of words for cheap, and would read all of them.
    uow.session.execute(_BY_INDEX)
    rows = uow.session.execute(statement.limit(3 * limit)).all()
    uow.session.execute(_AS_BEFORE)
    votes = votes_of(uow, [row.Article.id for row in rows])
    found = [
        FoundArticle(
            row.Article,
            row.score * (1 + _HELPFUL * votes.get(row.Article.id, NO_VOTES).weight),
            row.coverage,
            votes.get(row.Article.id, NO_VOTES),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (-one.score, -one.article.id.int))[:limit]


def newest_articles(
    uow: UnitOfWork, narrowed: ArticleFilter = ANY, *, limit: int = 20
) -> list[FoundArticle]:
    """Return the articles that changed last, for those who look for nothing in particular."""
    statement = _narrowed(uow, narrowed).order_by(Article.updated_at.desc(), Article.id.desc())
    articles = uow.session.scalars(statement.limit(limit)).all()
    votes = votes_of(uow, [article.id for article in articles])
    return [FoundArticle(one, 0, 0, votes.get(one.id, NO_VOTES)) for one in articles]


def count_by_category(uow: UnitOfWork, narrowed: ArticleFilter = ANY) -> Counter[UUID | None]:
    """Return how many articles each category holds itself, as far as the actor may see them."""
    found = _narrowed(uow, narrowed).with_only_columns(Article.category_id, func.count())
    rows = uow.session.execute(found.group_by(Article.category_id))
    return Counter({row[0]: row[1] for row in rows})


def telling_words(text: str) -> list[str]:
    """Return the folded words of a text that say what it is about, the first few.

    Of words that begin alike it is the longest, since they find the same.
    """
    words = split_words(text[:_READ])
    telling = [one for one in words if _is_telling(one)] or words
    found: dict[str, str] = {}
    for word in telling:
        found[beginning(word)] = max(found.get(beginning(word), ""), word, key=len)
    return list(found.values())[:_MOST_WORDS]


def _is_telling(word: str) -> bool:
    return (len(word) >= _SHORTEST or word.isdigit()) and word not in STOP_WORDS


def _narrowed(uow: UnitOfWork, narrowed: ArticleFilter) -> Select[Article]:
    statement = uow.select(Article).where(Article.status == narrowed.status)
    if narrowed.category_ids:
        statement = statement.where(Article.category_id.in_(narrowed.category_ids))
    if narrowed.language is not None:
        statement = statement.where(Article.language == narrowed.language)
    if narrowed.visibility is not None:
        statement = statement.where(Article.visibility == narrowed.visibility)
    return statement
