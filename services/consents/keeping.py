"""What people said of being contacted: reading it, adding to it, and carrying it along."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from services.consents.model import (
    PERSON_TYPES,
    POINT_KIND_OF,
    ConsentEntry,
    ConsentPurpose,
    ConsentState,
    ConsentText,
)
from services.consents.purposes import latest_text
from services.points.keeping import find_points, points_of
from services.points.model import MIRRORED, ContactPoint
from services.unit_of_work import UnitOfWork

Topic = tuple[str, UUID]
"""Channel and purpose's key."""

MERGED: Final = "merge"
UNMERGED: Final = "merge undone"
CONVERTED: Final = "lead conversion"
GONE: Final = "gone"
"""Told of a consent whose address or number the person has no longer."""

_STRICTNESS: Final = {
    ConsentState.PENDING.value: 0,
    ConsentState.GIVEN.value: 1,
    ConsentState.WITHDRAWN.value: 2,
}


@dataclass(frozen=True, slots=True)
class Said:
    """How something was said.

    Attributes:
        source: Such as ``on the phone``.
        evidence: What proves it.
        at: When; now if None.
        text_id: The version of the text; the present one if None.
        address: The address or number that it is for, in its normal spelling.
    """

    source: str
    evidence: str | None = None
    at: datetime | None = None
    text_id: UUID | None = None
    address: str | None = None


def present_consents(uow: UnitOfWork, record_id: UUID) -> dict[Topic, ConsentEntry]:
    """Return what holds for a person: channel and purpose → the last entry."""
    rows = uow.session.scalars(_last_entries(record_id))
    return {(row.channel, row.purpose_id): row for row in rows}


def consent_history(uow: UnitOfWork, record_id: UUID) -> Sequence[ConsentEntry]:
    """Return all that a person said, the newest first."""
    statement = select(ConsentEntry).where(ConsentEntry.record_id == record_id)
    newest = statement.order_by(ConsentEntry.at.desc(), ConsentEntry.id.desc())
    return uow.session.scalars(newest).all()


def add_consent(  # noqa: PLR0917 - who, by what, for what, what: the order is that of speech
    uow: UnitOfWork,
    record_type: str,
    record_id: UUID,
    channel: str,
    purpose: ConsentPurpose,
    state: ConsentState,
    said: Said,
) -> ConsentEntry:
    """Add what a person said to its history; the caller says in ``said`` for which address."""
    text_id = said.text_id
    if text_id is None and (words := latest_text(uow, purpose)) is not None:
        text_id = words.id
    entry = ConsentEntry(
        record_type=record_type,
        record_id=record_id,
        channel=channel,
        purpose_id=purpose.id,
        state=state.value,
        at=said.at or uow.now,
        written_at=uow.now,
        source=said.source,
        text_id=text_id,
        evidence=said.evidence,
        address=None if state == ConsentState.WITHDRAWN else said.address,
        actor_id=uow.actor.user_id,
        actor_name=uow.actor.name,
    )
    uow.session.add(entry)
    return entry


def address_of(uow: UnitOfWork, person: Any, channel: str) -> str | None:
    """Return the primary address or number of a channel, in its normal spelling; None: no such."""
    kind = POINT_KIND_OF[channel]
    if kind in MIRRORED:
        found: str | None = getattr(person, MIRRORED[kind])
        return found
    held = (point.normalised for point in points_of(uow, person) if point.kind == kind)
    return next(held, None)


def has_address(uow: UnitOfWork, person: Any, channel: str, address: str | None) -> bool:
    """Tell whether a person still has the address or number that a consent was given for."""
    kind = POINT_KIND_OF[channel]
    return any(
        point.kind == kind and point.normalised == address for point in points_of(uow, person)
    )


def same_persons(uow: UnitOfWork, person: Any, channel: str) -> list[tuple[str, UUID]]:
    """Return type and key of all contacts and leads that share an address of a channel's kind.

    The person itself comes first; rights play no part, since a withdrawal holds everywhere.
    """
    kind = POINT_KIND_OF[channel]
    values = [point.normalised for point in points_of(uow, person) if point.kind == kind]
    found = {(person.record_type, person.id): None}
    for point in find_points(uow, kind, values) if values else ():
        if point.record_type in PERSON_TYPES:
            found.setdefault((point.record_type, point.record_id))
    return list(found)


def carry_consents(uow: UnitOfWork, source: Any, target: Any) -> None:
    """Tell of ``target`` what ``source`` said, as when a lead becomes a contact.

    What both said differently stays as the stricter of the two has it; what ``target`` agreed to
    for an address that it has no longer counts for nothing.
    """
    uow.session.flush()
    there = present_consents(uow, target.id)
    held = {point.normalised for point in points_of(uow, target)}
    for topic, entry in present_consents(uow, source.id).items():
        present = there.get(topic)
        is_over = (
            present is not None
            and present.state == ConsentState.GIVEN
            and present.address not in held
        )
        if _is_stricter(entry, None if is_over else present):
            _copy(uow, entry, target.record_type, target.id, CONVERTED)


def hold_stricter(uow: UnitOfWork, record_type: str, kept_id: UUID, dropped_id: UUID) -> None:
    """Write down for the record that is kept what is stricter, before both histories are one.

    It is the last word then, although the other record's may be more recent.
    """
    if record_type not in PERSON_TYPES:
        return
    kept, dropped = present_consents(uow, kept_id), present_consents(uow, dropped_id)
    for topic in kept.keys() & dropped.keys():
        pair = sorted((kept[topic], dropped[topic]), key=lambda one: _STRICTNESS[one.state])
        looser, stricter = pair
        if _STRICTNESS[looser.state] != _STRICTNESS[stricter.state]:
            _copy(uow, stricter, record_type, kept_id, MERGED)


def release_stricter(uow: UnitOfWork, record_type: str, kept_id: UUID) -> None:
    """After a merge is undone, let hold again what the kept record's person itself said last.

    Where something was said since the merge, that stays.
    """
    if record_type not in PERSON_TYPES:
        return
    history = consent_history(uow, kept_id)
    for topic, entry in present_consents(uow, kept_id).items():
        if entry.source != MERGED:
            continue
        own = (one for one in history if (one.channel, one.purpose_id) == topic)
        former = next((one for one in own if one.source not in {MERGED, UNMERGED}), None)
        if former is not None and former.state != entry.state:
            _copy(uow, former, record_type, kept_id, UNMERGED)


def _is_stricter(entry: ConsentEntry, present: ConsentEntry | None) -> bool:
    return present is None or _STRICTNESS[entry.state] > _STRICTNESS[present.state]


def _copy(
    uow: UnitOfWork, entry: ConsentEntry, record_type: str, record_id: UUID, source: str
) -> None:
    """Repeat an entry as of now for a record; its evidence tells where it comes from."""
    first = f"{entry.source}, {entry.at:%Y-%m-%d %H:%M} UTC"
    uow.session.add(
        ConsentEntry(
            record_type=record_type,
            record_id=record_id,
            channel=entry.channel,
            purpose_id=entry.purpose_id,
            state=entry.state,
            at=uow.now,
            written_at=uow.now,
            source=source,
            text_id=entry.text_id,
            evidence=f"{first}: {entry.evidence}" if entry.evidence else first,
            address=entry.address,
            actor_id=uow.actor.user_id,
            actor_name=uow.actor.name,
        )
    )


def purposes_by_id(uow: UnitOfWork, keys: Iterable[UUID]) -> Mapping[UUID, ConsentPurpose]:
    """Return the purposes with these keys."""
    statement = select(ConsentPurpose).where(ConsentPurpose.id.in_(list(keys)))
    return {row.id: row for row in uow.session.scalars(statement)}


def texts_by_id(uow: UnitOfWork, keys: Iterable[UUID]) -> Mapping[UUID, ConsentText]:
    """Return the versions of texts with these keys."""
    statement = select(ConsentText).where(ConsentText.id.in_(list(keys)))
    return {row.id: row for row in uow.session.scalars(statement)}


def told_consents(uow: UnitOfWork, record_id: UUID) -> list[tuple[str, str, str]]:
    """Return what holds for a person for a short list: the purpose's title, channel and state.

    What was given for an address or number that is gone is ``GONE``.
    """
    last = aliased(ConsentEntry, _last_entries(record_id).subquery())
    held = exists().where(
        ContactPoint.record_id == record_id, ContactPoint.normalised == last.address
    )
    statement = (
        select(ConsentPurpose, last, held)
        .join(last, last.purpose_id == ConsentPurpose.id)
        .where(ConsentPurpose.archived_at.is_(None))
        .order_by(ConsentPurpose.id, last.channel)
    )
    found = []
    for purpose, entry, is_held in uow.session.execute(statement):
        is_gone = entry.state == ConsentState.GIVEN and not is_held
        found.append((purpose.title(), entry.channel, GONE if is_gone else entry.state))
    return found


def _last_entries(record_id: UUID) -> Select[ConsentEntry]:
    return (
        select(ConsentEntry)
        .where(ConsentEntry.record_id == record_id)
        .ext(distinct_on(ConsentEntry.channel, ConsentEntry.purpose_id))
        .order_by(
            ConsentEntry.channel,
            ConsentEntry.purpose_id,
            ConsentEntry.at.desc(),
            ConsentEntry.id.desc(),
        )
    )
