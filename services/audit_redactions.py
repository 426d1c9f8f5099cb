"""Personal data in the audit: emptied where a person is erased, and still verifiable.

The hash of an entry covers its content, so that an emptied one no longer fits it. What stands
there instead is attested by the chain itself: the erasure adds an entry with a digest of all that
it emptied and of what that holds now. Emptying an entry without such an attestation is found as
any other change is.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import BigInteger, LargeBinary, Row, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from services.audit import AuditEntry, record_changes
from services.database import Base, to_json_text
from services.statements import Statement
from services.unit_of_work import UnitOfWork

_EMPTY: Final = Statement(
    """
    UPDATE audit_entries AS a SET arguments = e.arguments, changes = e.changes, address = e.address
    FROM jsonb_to_recordset(CAST(%(entries)s AS jsonb)) AS e(
      id bigint, arguments jsonb, changes jsonb, address text)
    WHERE a.id = e.id
    """
)

ATTESTATION: Final = "audit.redacted"
"""The operation of the entry by which the chain attests what was emptied."""


class AuditRedaction(Base):
    """That an erasure emptied an entry of the audit.

    Attributes:
        content_hash: SHA-256 of what the entry holds since.
    """

    __tablename__ = "audit_redactions"

    entry_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    erasure_id: Mapped[UUID] = mapped_column(primary_key=True)
    content_hash: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(slots=True)
class Redactions:
    """What was emptied, as it is found while the chain is read.

    Attributes:
        hashes: Entry → erasure and the hash of what it holds since, of its last erasure.
        digests: Erasure → the digest of all that it emptied.
        attested: Erasure → the digests that the chain attests.
        used: The erasures that account for an entry which does not fit its hash.
    """

    hashes: dict[int, tuple[UUID, bytes]]
    digests: dict[UUID, str]
    attested: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    used: set[UUID] = field(default_factory=set)

    def note(self, row: Row[Any]) -> None:
        """Hear of an entry of the chain; it may be an attestation."""
        if row.operation == ATTESTATION:
            said = row.arguments
            self.attested[str(said.get("erasure_id"))].add(str(said.get("digest")))

    def accounts_for(self, row: Row[Any]) -> bool:
        """Tell whether an entry that does not fit its hash holds what an erasure left there."""
        erasure_id, expected = self.hashes.get(row.id, (None, b""))
        if erasure_id is None or hashlib.sha256(content_of(row)).digest() != expected:
            return False
        self.used.add(erasure_id)
        return True

    def unattested(self) -> list[UUID]:
        """Return the erasures that account for something and that the chain does not attest."""
        return [
            key for key in sorted(self.used) if self.digests[key] not in self.attested[str(key)]
        ]


def content_of(row: Row[Any]) -> bytes:
    """Return what an entry's hash covers, besides the hash before it."""
    content = [
        row.id,
        row.at.isoformat(),
        row.actor_id,
        row.actor_name,
        row.source,
        row.address,
        row.operation,
        row.record_type,
        row.record_id,
        row.arguments,
        row.changes,
        row.refused,
    ]
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS)


def read_redactions(uow: UnitOfWork) -> Redactions:
    """Return what all erasures emptied."""
    rows = uow.session.execute(
        select(*AuditRedaction.__table__.columns).order_by(
            AuditRedaction.erasure_id, AuditRedaction.entry_id
        )
    ).all()
    hashes: dict[int, tuple[UUID, bytes]] = {}
    parts: defaultdict[UUID, list[tuple[int, bytes]]] = defaultdict(list)
    for row in rows:
        hashes[row.entry_id] = (row.erasure_id, row.content_hash)
        parts[row.erasure_id].append((row.entry_id, row.content_hash))
    found = Redactions(hashes, {key: _digest(part) for key, part in parts.items()})
    # The last seconds' entries are not in the chain yet.
    unsealed = select(*AuditEntry.__table__.columns).where(
        AuditEntry.operation == ATTESTATION, AuditEntry.position.is_(None)
    )
    for row in uow.session.execute(unsealed):
        found.note(row)
    return found


def redact_entries(
    uow: UnitOfWork,
    erasure_id: UUID,
    about: tuple[str, UUID],
    slices: Iterable[Mapping[int, Mapping[str, Any]]],
) -> tuple[int, str]:
    """Write what remains of entries, and have the chain attest it.

    Args:
        uow: The transaction of the erasure.
        erasure_id: Which one it is; its key sorts after those of earlier ones.
        about: Type and key of the erased record.
        slices: Entry → its new ``arguments``, ``changes`` and ``address``; ascending from slice
            to slice, and none of them is kept.

    Returns:
        How many entries were emptied, and the digest that the chain attests.
    """
    count, whole = 0, hashlib.sha256()
    for emptied in slices:
        parts = _redact(uow, erasure_id, emptied)
        whole.update(_joined(parts))
        count += len(parts)
    digest = whole.hexdigest()
    told = {"erasure_id": str(erasure_id), "entries": count, "digest": digest}
    record_changes(uow, ATTESTATION, about, told, ())
    return count, digest


def _redact(
    uow: UnitOfWork, erasure_id: UUID, emptied: Mapping[int, Mapping[str, Any]]
) -> list[tuple[int, bytes]]:
    """Write one slice, and return the hashes of what its entries hold since, in order."""
    if not emptied:
        return []
    rows = [{"id": key, **values} for key, values in emptied.items()]
    _EMPTY.run(uow.session, entries=to_json_text(rows))
    now = select(*AuditEntry.__table__.columns).where(AuditEntry.id.in_(list(emptied)))
    parts = [
        (row.id, hashlib.sha256(content_of(row)).digest())
        for row in uow.session.execute(now.order_by(AuditEntry.id))
    ]
    uow.session.execute(
        insert(AuditRedaction),
        [
            {"entry_id": key, "erasure_id": erasure_id, "content_hash": content}
            for key, content in parts
        ],
    )
    return parts


def _digest(parts: Sequence[tuple[int, bytes]]) -> str:
    return hashlib.sha256(_joined(parts)).hexdigest()


def _joined(parts: Sequence[tuple[int, bytes]]) -> bytes:
    return b"".join(key.to_bytes(8, "big") + content for key, content in parts)
