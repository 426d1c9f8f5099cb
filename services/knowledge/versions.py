"""What articles said before: each text is kept, compared with another, and taken up again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Final
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from services.actors import Permission
from services.errors import NotFound
from services.knowledge.model import ARTICLE, Article, ArticleVersion
from services.knowledge.rules import check_may_change, check_open, check_published_text
from services.operations import Arguments, operation
from services.records.changes import change_record
from services.records.schemas import VERSION, key_argument
from services.unit_of_work import UnitOfWork

KEPT: Final = ("title", "body", "keywords")
"""The fields that a version holds."""

_MOST_VERSIONS: Final = 2**31 - 1
_WORDS: Final = re.compile(r"\s+|[^\W_]+|.", re.DOTALL)
_MOST_WORDS: Final = 4_000
"""A longer paragraph is compared as a whole: comparing takes the square of its words."""


class RestoreVersion(Arguments):
    """Which version of an article is taken up again."""

    article_id = key_argument(ARTICLE)
    number = fields.Integer(required=True, metadata={"title": "Version to take up again"})
    version = VERSION


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a comparison; ``kind`` is ``same``, ``added`` or ``removed``."""

    kind: str
    text: str


def keep_version(
    uow: UnitOfWork, article: Article, *, restored_number: int | None = None
) -> ArticleVersion | None:
    """Keep what a locked article says now; return None if the newest version says the same."""
    newest = uow.session.scalars(
        select(ArticleVersion)
        .where(ArticleVersion.article_id == article.id)
        .order_by(ArticleVersion.number.desc())
        .limit(1)
    ).one_or_none()
    said = {name: getattr(article, name) for name in KEPT}
    if newest is not None and all(getattr(newest, name) == said[name] for name in KEPT):
        return None
    return uow.add(
        ArticleVersion(
            article_id=article.id,
            number=1 if newest is None else newest.number + 1,
            made_at=uow.now,
            made_by=uow.actor.name,
            restored_number=restored_number,
            **said,
        )
    )


@operation("article.restore_version", Permission.RECORD_WRITE, RestoreVersion)
def restore_version(
    uow: UnitOfWork, *, article_id: UUID, number: int, version: int | None = None
) -> Article:
    """Let an article say again what it said in a version; that makes a new version.

    Raises:
        NotAllowed: The actor may not write a field in which the two differ.
        Conflict: It is published, and the version has no text.
    """
    article = uow.get(Article, article_id, lock=True)
    check_may_change(uow, article)
    former = get_version(uow, article, number)
    values: dict[str, Any] = {name: getattr(former, name) for name in KEPT}
    check_open(uow, (name for name in KEPT if values[name] != getattr(article, name)))
    check_published_text(article, values)
    title = f"Took up version {number} again"
    if change_record(uow, article, values, version=version, title=title):
        keep_version(uow, article, restored_number=number)
    return article


def versions_of(uow: UnitOfWork, article: Article) -> Sequence[ArticleVersion]:
    """Return the versions of an article that the actor may see, the newest first."""
    statement = select(ArticleVersion).where(ArticleVersion.article_id == article.id)
    return uow.session.scalars(statement.order_by(ArticleVersion.number.desc())).all()


def get_version(uow: UnitOfWork, article: Article, number: int) -> ArticleVersion:
    """Return a version of an article that the actor may see.

    Raises:
        NotFound: There is none with this number.
    """
    statement = select(ArticleVersion).where(
        ArticleVersion.article_id == article.id, ArticleVersion.number == number
    )
    found = None
    if 0 < number <= _MOST_VERSIONS:  # what the column can hold
        found = uow.session.scalars(statement).one_or_none()
    if found is None:
        raise NotFound(f"This article has no version {number}.")
    return found


def compare(before: str | None, after: str | None) -> list[Piece]:
    """Return what became of a text: line by line, and word by word in lines that changed."""
    old, new = (before or "").splitlines(keepends=True), (after or "").splitlines(keepends=True)
    return list(_joined(_compare_lines(old, new)))


def _compare_lines(old: list[str], new: list[str]) -> Iterator[Piece]:
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        removed, added = "".join(old[start:end]), "".join(new[new_start:new_end])
        if kind == "equal":
            yield Piece("same", removed)
        elif kind == "replace":
            yield from _compare_words(removed, added)
        else:
            yield from (Piece(*one) for one in (("removed", removed), ("added", added)) if one[1])


def _compare_words(removed: str, added: str) -> Iterator[Piece]:
    old, new = _WORDS.findall(removed), _WORDS.findall(added)
    if max(len(old), len(new)) > _MOST_WORDS:
        yield Piece("removed", removed)
        yield Piece("added", added)
        return
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, start, end, new_start, new_end in matcher.get_opcodes():
        if kind == "equal":
            yield Piece("same", "".join(old[start:end]))
            continue
        if start < end:
            yield Piece("removed", "".join(old[start:end]))
        if new_start < new_end:
            yield Piece("added", "".join(new[new_start:new_end]))


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """Yield the pieces with those of one kind that follow one another as one."""
    last: Piece | None = None
    for piece in pieces:
        if last is not None and last.kind == piece.kind:
            last = Piece(last.kind, last.text + piece.text)
            continue
        if last is not None:
            yield last
        last = piece
    if last is not None:
        yield last
