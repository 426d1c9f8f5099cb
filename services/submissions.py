"""Requests that are carried out once, however often they are sent.

A double click, a reload, or a program that got no answer and asks again sends the same key; the
first answer is kept and given again. Like the Idempotency-Key header of the IETF HTTPAPI draft.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import LargeBinary, delete, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base
from services.errors import Conflict, Invalid
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour

MAX_KEY_LENGTH = 255
MAX_KEPT_BYTES = 64 * 1024
KEPT_FOR = timedelta(days=1)


class Submission(Base):
    """A request with a key, and its answer.

    Attributes:
        key_hash: SHA-256 of the actor and the key, so that nobody meets another's answers.
        request_hash: SHA-256 of what was asked for.
        status: Of the answer; None while the first request is being carried out, and where its
            answer is not kept.
    """

    __tablename__ = "submissions"

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_hash: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(index=True)
    status: Mapped[int | None]
    location: Mapped[str | None]
    content_type: Mapped[str | None]
    content: Mapped[bytes | None] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: an HTTP status, where it led to, and what it said."""

    status: int
    location: str | None
    content_type: str | None
    content: bytes


def begin_submission(uow: UnitOfWork, key: str, request: bytes) -> Answer | None:
    """Claim ``key`` for the request in this transaction.

    A second request with the key waits until the first is through.

    Args:
        uow: Of whoever asks.
        key: Chosen by the client, at random.
        request: All that is asked for.

    Returns:
        None if this is the first time; else the first answer.

    Raises:
        Invalid: The key is too long, or was used for something else.
        Conflict: It was carried out, but its answer was not kept.
    """
    if not 0 < len(key) <= MAX_KEY_LENGTH:
        raise Invalid(f"The key of a request has 1 to {MAX_KEY_LENGTH} characters.")
    key_hash, request_hash = _key_hash(uow, key), sha256(request).digest()
    row = {"key_hash": key_hash, "request_hash": request_hash, "at": uow.now}
    claim = insert(Submission).values(row).on_conflict_do_nothing().returning(Submission.key_hash)
    if uow.session.execute(claim).first() is not None:
        return None
    kept = uow.session.get_one(Submission, key_hash)
    if kept.request_hash != request_hash:
        raise Invalid("This key was used for another request already.", code="key_used")
    if kept.status is None:
        raise Conflict("This was carried out already.", code="done_already")
    return Answer(kept.status, kept.location, kept.content_type, kept.content or b"")


def keep_answer(uow: UnitOfWork, key: str, answer: Answer) -> None:
    """Keep what was answered; one that is too large or holds a secret is not kept."""
    if len(answer.content) > MAX_KEPT_BYTES or uow.is_secret:
        return
    values = {
        "status": answer.status,
        "location": answer.location,
        "content_type": answer.content_type,
        "content": answer.content,
    }
    kept = Submission.key_hash == _key_hash(uow, key)
    uow.session.execute(update(Submission).where(kept).values(values))


@each_hour
def forget_submissions(uow: UnitOfWork) -> None:
    """Delete the answers that nobody will ask for again."""
    uow.session.execute(delete(Submission).where(Submission.at < uow.now - KEPT_FOR))


def _key_hash(uow: UnitOfWork, key: str) -> bytes:
    return sha256(f"{uow.actor.user_id} {key}".encode(errors="surrogatepass")).digest()
