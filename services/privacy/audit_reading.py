"""Finding what the audit tells of a person, and what remains of it.

The audit is long, and nobody should wait for it who works on the person meanwhile. So what is
sealed is read first, with nothing held; what came since, which is little, is read once the person's
records are held. Only keys are kept, and entries are emptied a slice at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, String, cast, func, literal_column, or_, select

from services.audit import AuditEntry
from services.audit_redactions import ATTESTATION
from services.privacy import cleaning
from services.privacy.subject import ERASED, Subject
from services.unit_of_work import UnitOfWork

READ_AT_ONCE: Final = 20_000
EMPTIED_AT_ONCE: Final = 500
_TEXTS: Final = ARRAY(String)
_KEEP_KEYS: Final = frozenset({"record_type", "kind", "operation"})


@dataclass(slots=True)
class Reading:
    """What was found by reading the sealed entries.

    Attributes:
        head: The last position that was read; 0 if nothing is sealed.
        patterns: What was looked for.
        found: The keys of the entries that name the person.
    """

    head: int
    patterns: list[str]
    found: set[int] = field(default_factory=set)


def read_sealed(uow: UnitOfWork, subject: Subject) -> Reading:
    """Look through all sealed entries for a person, before anything is held."""
    head = uow.session.scalar(select(func.max(AuditEntry.position))) or 0
    reading = Reading(head, _patterns(subject))
    for low in range(0, head, READ_AT_ONCE):
        slice_ = AuditEntry.position.between(low + 1, min(low + READ_AT_ONCE, head))
        reading.found |= _naming(uow, reading.patterns, slice_)
    return reading


def entries_about(
    uow: UnitOfWork, subject: Subject, keys: Collection[UUID], before: Reading
) -> list[int]:
    """Return the keys of all entries that tell of a person whose records are held, in order.

    Args:
        uow: The transaction of the erasure.
        subject: The person as it is now.
        keys: Of all rows that are emptied: entries about them count whatever they say.
        before: What was found before the records were held.
    """
    if _patterns(subject) != before.patterns:
        before = read_sealed(uow, subject)  # it got another name or address meanwhile
    since = or_(AuditEntry.position > before.head, AuditEntry.position.is_(None))
    own = select(AuditEntry.id).where(AuditEntry.record_id.in_(sorted(keys)), _is_no_attestation())
    found = before.found | _naming(uow, before.patterns, since) | set(uow.session.scalars(own))
    return sorted(found)


def emptied_slices(
    uow: UnitOfWork, subject: Subject, keys: Collection[UUID], entries: list[int]
) -> Iterator[dict[int, Mapping[str, Any]]]:
    """Yield what remains of entries, a slice at a time: those that lose something."""
    texts = {str(key) for key in keys}
    for low in range(0, len(entries), EMPTIED_AT_ONCE):
        emptied: dict[int, Mapping[str, Any]] = {}
        for row in _entries(uow, entries[low : low + EMPTIED_AT_ONCE]):
            is_own = row.record_id in keys or str(row.arguments.get("record_id")) in texts
            after = {
                "arguments": _reduced(subject, row.arguments, is_own=is_own),
                "changes": _reduced(subject, row.changes, is_own=is_own),
                # What the public sent came from the person's own machine.
                "address": None if is_own and row.actor_id is None else row.address,
            }
            if any(getattr(row, name) != value for name, value in after.items()):
                emptied[row.id] = after
        yield emptied


def _patterns(subject: Subject) -> list[str]:
    """Return what to look for in the texts of entries: in lower case, for ``LIKE``."""
    named = [*subject.words, *(str(key) for key in subject.ids())]
    marked = (word.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") for word in named)
    return sorted({f"%{word.lower()}%" for word in marked})


def _naming(uow: UnitOfWork, patterns: list[str], which: ColumnElement[bool]) -> set[int]:
    """Return the keys of those entries of a slice in which one of the patterns stands."""
    both = cast(AuditEntry.arguments, String).concat(cast(AuditEntry.changes, String))
    # The offset keeps the text from being made anew for each pattern.
    told = (
        select(AuditEntry.id, func.lower(both).label("told"))
        .where(which, _is_no_attestation())
        .offset(literal_column("0"))
        .subquery()
    )
    named = func.any(cast(patterns, _TEXTS))
    return set(uow.session.scalars(select(told.c.id).where(told.c.told.op("LIKE")(named))))


def _is_no_attestation() -> ColumnElement[bool]:
    return AuditEntry.operation != ATTESTATION


def _entries(uow: UnitOfWork, keys: list[int]) -> Any:
    columns = (
        AuditEntry.id,
        AuditEntry.record_id,
        AuditEntry.address,
        AuditEntry.actor_id,
        AuditEntry.arguments,
        AuditEntry.changes,
    )
    return uow.session.execute(select(*columns).where(AuditEntry.id.in_(keys))).all()


def _reduced(subject: Subject, value: Any, *, is_own: bool) -> Any:
    """Return what remains of an entry: of the person's own only the shape."""
    return _hidden(value) if is_own else cleaning.cleaned(subject, value)


def _hidden(value: Any, name: str = "") -> Any:
    """Return a value of JSON with nothing but its shape, keys of rows and names of types."""
    if isinstance(value, dict):
        return {key: _hidden(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_hidden(one, name) for one in value]
    if value is None or isinstance(value, bool) or name in _KEEP_KEYS or _is_key(value):
        return value
    return ERASED


def _is_key(value: Any) -> bool:
    try:
        UUID(str(value))
    except ValueError:
        return False
    return True
