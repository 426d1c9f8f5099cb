"""The audit's hash chain: a removed, altered, inserted or moved entry is found.

Each sealed entry has a position, without gaps, and the SHA-256 of its content together with the
hash before it, so the last hash stands for all of them. Entries are sealed by the worker a moment
after their commit: chaining them in the transactions that write them would let only one of those
run at a time. Whoever can write to the database could build the whole chain anew, or cut off its
end; so the last hash also goes to the log, which should leave the machine, and ``verify_audit``
can be given one from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import Row, Select, func, select, text, update

from services.actors import SYSTEM
from services.audit import AuditEntry
from services.audit_redactions import content_of, read_redactions
from services.platform import Platform
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

GENESIS = bytes(32)
"""The hash before the first entry."""

SEALED_AT_ONCE = 1_000
SHOWN_FAULTS = 20
_LATE_AFTER = timedelta(minutes=1)
_PROGRESS_EVERY = 10_000

_ONE_SEALER = text("SELECT pg_try_advisory_xact_lock(hashtext('audit chain'))")


@dataclass(frozen=True)
class Head:
    """The end of the chain: position 0 and ``GENESIS`` where nothing is sealed."""

    position: int
    chain_hash: bytes

    def __str__(self) -> str:
        return f"{self.position}:{self.chain_hash.hex()}"

    @classmethod
    def parse(cls, shown: str) -> Head:
        """Read what ``str()`` of a head gives.

        Raises:
            ValueError: It is none.
        """
        position, _, digest = shown.partition(":")
        found = cls(int(position), bytes.fromhex(digest))
        if found.position < 0 or len(found.chain_hash) != len(GENESIS):
            raise ValueError(shown)
        return found


@dataclass
class Verdict:
    """What ``verify_audit`` found.

    Attributes:
        count: How many sealed entries were read.
        faults: A sentence for each place where the chain is broken, at most ``SHOWN_FAULTS``.
        erasures: How many erasures of persons have emptied entries, as the chain attests.
        late: Entries that should have been sealed long ago; they are not protected yet.
    """

    count: int = 0
    faults: list[str] = field(default_factory=list)
    late: int = 0
    erasures: int = 0
    head: Head = Head(0, GENESIS)


def seal_audit(platform: Platform, at_most: int = SEALED_AT_ONCE) -> int:
    """Chain the entries that are not sealed yet, oldest first, and return how many those were.

    Only one process does it at a time; the others have nothing to do.
    """

    def work(uow: UnitOfWork) -> int:
        if not uow.session.scalar(_ONE_SEALER):
            return 0
        unsealed = _content().where(AuditEntry.position.is_(None)).order_by(AuditEntry.id)
        rows = uow.session.execute(unsealed.limit(at_most)).all()
        if not rows:
            return 0
        head = _head(uow)
        seals = []
        for row in rows:
            head = Head(head.position + 1, _hash(head.chain_hash, row))
            seals.append({"id": row.id, "position": head.position, "chain_hash": head.chain_hash})
        uow.session.execute(update(AuditEntry), seals)
        log.info("audit_sealed", head=str(head), entries=len(rows))
        return len(rows)

    return platform.transact(SYSTEM, work, source="job")


def find_head(platform: Platform) -> Head:
    """Return the end of the chain."""
    return platform.transact(SYSTEM, _head, source="cli")


def verify_audit(
    platform: Platform,
    known: Head | None = None,
    on_progress: Callable[[int], None] = lambda _: None,
) -> Verdict:
    """Read the whole chain and say where it is broken.

    Args:
        platform: The program.
        known: A head from the log or from an earlier call; the chain must still lead through it.
        on_progress: Called now and then with the number of entries read.
    """

    def work(uow: UnitOfWork) -> Verdict:
        verdict = _walk(uow, known, on_progress)
        waiting = select(func.count()).where(
            AuditEntry.position.is_(None), AuditEntry.at < uow.now - _LATE_AFTER
        )
        verdict.late = uow.session.scalar(waiting) or 0
        return verdict

    return platform.transact(SYSTEM, work, source="cli")


def _walk(uow: UnitOfWork, known: Head | None, on_progress: Callable[[int], None]) -> Verdict:
    verdict = Verdict()
    faults = verdict.faults
    redactions = read_redactions(uow)
    for row in _sealed(uow):
        expected = verdict.head.position + 1
        if row.position != expected:
            missing = f"{expected}" if row.position == expected + 1 else f"{expected} and more"
            faults.append(f"Position {missing} is missing before entry {row.id}.")
        elif row.chain_hash != _hash(verdict.head.chain_hash, row) and not redactions.accounts_for(
            row
        ):
            faults.append(f"Entry {row.id} at position {row.position} was altered or moved.")
        redactions.note(row)
        # Whatever is wrong with it, what follows is measured by what stands here.
        verdict.head = Head(row.position, row.chain_hash)
        if known and known.position == row.position and known.chain_hash != row.chain_hash:
            faults.append(f"The chain up to position {row.position} is not the one that was known.")
        verdict.count += 1
        if verdict.count % _PROGRESS_EVERY == 0:
            on_progress(verdict.count)
        if len(faults) >= SHOWN_FAULTS:
            return verdict
    if known and known.position > verdict.head.position:
        last = verdict.head.position
        faults.append(f"Entries after position {last} are missing; {known.position} was known.")
    verdict.erasures = len(redactions.used)
    faults += [
        f"Entries were emptied for the erasure {key}, which the chain does not attest."
        for key in redactions.unattested()
    ]
    return verdict


def _sealed(uow: UnitOfWork) -> Iterator[Row[Any]]:
    statement = _content().where(AuditEntry.position.is_not(None)).order_by(AuditEntry.position)
    return iter(uow.session.execute(statement.execution_options(yield_per=SEALED_AT_ONCE)))


def _head(uow: UnitOfWork) -> Head:
    last = select(AuditEntry.position, AuditEntry.chain_hash)
    last = last.where(AuditEntry.position.is_not(None)).order_by(AuditEntry.position.desc())
    row = uow.session.execute(last.limit(1)).one_or_none()
    return Head(0, GENESIS) if row is None else Head(row.position, row.chain_hash)


def _content() -> Select[Any]:
    """Select all columns, without the objects that the session would keep."""
    return select(*AuditEntry.__table__.columns)


def _hash(before: bytes, row: Row[Any]) -> bytes:
    return hashlib.sha256(before + content_of(row)).digest()
