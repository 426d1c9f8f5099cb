"""What an article's page has beyond those of other records: its text, its votes, its requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from services.actors import Scope
from services.crm.request_model import ServiceRequest
from services.knowledge.links import requests_of_article
from services.knowledge.markdown import to_html
from services.knowledge.model import ARTICLE
from services.knowledge.votes import NO_VOTES, Votes, votes_of
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class ArticlePage:
    """The page's own part; ``html`` is None where the actor may not see the text."""

    html: Markup | None
    votes: Votes
    requests: Sequence[ServiceRequest]


def load_page(uow: UnitOfWork, article: Any) -> ArticlePage:
    """Return what the page of an article shows besides its fields."""
    seen = uow.readable_field(ARTICLE, "body") is not None
    sees_requests = uow.actor.reach("request") is not Scope.NONE
    return ArticlePage(
        Markup(to_html(article.body or "")) if seen else None,  # noqa: S704 - it is cleaned
        votes_of(uow, [article.id]).get(article.id, NO_VOTES),
        requests_of_article(uow, article) if sees_requests else [],
    )
