"""Whether articles have helped: each person says so once, and may think better of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import case, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from services.actors import Permission
from services.arguments import Truth
from services.database import new_id
from services.errors import Conflict, NotAllowed
from services.knowledge.model import ARTICLE, Article, ArticleStatus, ArticleVote
from services.operations import Arguments, operation
from services.records.schemas import key_argument
from services.unit_of_work import UnitOfWork


class VoteForArticle(Arguments):
    """Whether an article has helped."""

    article_id = key_argument(ARTICLE)
    is_helpful = Truth(
        load_default=None,
        allow_none=True,
        metadata={"title": "Has it helped?", "description": "Empty takes the vote back."},
    )


@dataclass(frozen=True, slots=True)
class Votes:
    """How many an article has helped, and how many not.

    Attributes:
        mine: What the actor said; None if nothing.
    """

    helpful: int = 0
    unhelpful: int = 0
    mine: bool | None = None

    @property
    def weight(self) -> float:
        """How well it does, from -1 to 1; few votes say little."""
        return (self.helpful - self.unhelpful) / (self.helpful + self.unhelpful + 3)


NO_VOTES = Votes()


@operation("article.vote", Permission.RECORD_READ, VoteForArticle)
def vote_for_article(
    uow: UnitOfWork, *, article_id: UUID, is_helpful: bool | None = None
) -> dict[str, Any]:
    """Say whether an article has helped; the last word of a person counts."""
    article = uow.get(Article, article_id)
    if uow.actor.user_id is None:
        raise NotAllowed("Only people say whether an article has helped.")
    if article.status != ArticleStatus.PUBLISHED:
        raise Conflict("Only published articles are voted for.")
    own = {"article_id": article.id, "user_id": uow.actor.user_id}
    if is_helpful is None:
        mine = (ArticleVote.article_id == article.id, ArticleVote.user_id == uow.actor.user_id)
        uow.session.execute(delete(ArticleVote).where(*mine))
    else:
        said = {"is_helpful": is_helpful, "voted_at": uow.now}
        statement = insert(ArticleVote).values(id=new_id(), **own, **said)
        uow.session.execute(statement.on_conflict_do_update(index_elements=list(own), set_=said))
    votes = votes_of(uow, [article.id]).get(article.id, NO_VOTES)
    return {"article_id": article.id, "helpful": votes.helpful, "unhelpful": votes.unhelpful}


def votes_of(uow: UnitOfWork, article_ids: Collection[UUID]) -> Mapping[UUID, Votes]:
    """Return the votes for articles, in one statement; those without votes are not in it."""
    if not article_ids:
        return {}
    mine = case((ArticleVote.user_id == uow.actor.user_id, ArticleVote.is_helpful))
    statement = (
        select(
            ArticleVote.article_id,
            func.count().filter(ArticleVote.is_helpful),
            func.count().filter(~ArticleVote.is_helpful),
            func.bool_or(mine),
        )
        .where(ArticleVote.article_id.in_(article_ids))
        .group_by(ArticleVote.article_id)
    )
    return {key: Votes(*counts) for key, *counts in uow.session.execute(statement)}
