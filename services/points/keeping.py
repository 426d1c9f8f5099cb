"""Finding contact points, and keeping what is derived from them in step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select

from services.points.model import MIRRORED, ContactPoint, PointKind
from services.records.contact_points import normalise_email, normalise_phone
from services.records.reachable import Reachable, join_points
from services.unit_of_work import UnitOfWork

_MOST_CHARACTERS = 300


def normalise_point(kind: str, value: str) -> str:
    """Return ``value`` in the spelling by which points of this kind are compared.

    Raises:
        ValueError: It is not a value of this kind.
    """
    if kind == PointKind.MAIL:
        return normalise_email(value)
    if kind == PointKind.PHONE:
        return normalise_phone(value)
    text = " ".join(value.split()).lower()
    if kind == PointKind.WEB:
        text = text.removeprefix("https://").removeprefix("http://").rstrip("/")
    text = text.removeprefix("@")
    if not text or len(text) > _MOST_CHARACTERS:
        raise ValueError("This is empty or too long.")
    return text


def points_of(uow: UnitOfWork, record: Any) -> list[ContactPoint]:
    """Return a record's points: by kind, the primary one first, then in the order they came."""
    rows = uow.session.scalars(
        select(ContactPoint).where(ContactPoint.record_id == record.id)
    ).all()
    order = [kind.value for kind in PointKind]
    return sorted(
        rows,
        key=lambda row: (
            order.index(row.kind),
            not is_primary(record, row),
            row.created_at,
            row.id,
        ),
    )


def is_primary(record: Any, point: ContactPoint) -> bool:
    """Tell whether a point is the one that stands in its record's column."""
    column = MIRRORED.get(point.kind)
    return column is not None and getattr(record, column) == point.normalised


def holders(record_type: str, kind: str, values: Iterable[str]) -> Select[UUID]:
    """Return the query of the keys of records that have one of these points.

    ``values`` are normalised. Rights are the caller's business: use it inside ``uow.select``.
    """
    return select(ContactPoint.record_id).where(
        ContactPoint.kind == kind,
        ContactPoint.normalised.in_(list(values)),
        ContactPoint.record_type == record_type,
    )


def find_points(uow: UnitOfWork, kind: str, values: Iterable[str]) -> Sequence[ContactPoint]:
    """Return all points with one of these normalised values, of whichever record."""
    statement = select(ContactPoint).where(
        ContactPoint.kind == kind, ContactPoint.normalised.in_(list(values))
    )
    return uow.session.scalars(statement.order_by(ContactPoint.id)).all()


def refresh_points(uow: UnitOfWork, record: Reachable) -> None:
    """Write the points that are not primary into the record's ``other_points``."""
    uow.session.flush()
    points = points_of(uow, record)
    record.other_points = join_points(
        point.normalised for point in points if not is_primary(record, point)
    )


def mark_invalid(uow: UnitOfWork, address: str, reason: str, at: datetime) -> int:
    """Note that nothing arrives at a mail address any more, whoever has it.

    Returns:
        How many points were valid until now.
    """
    points = [
        point
        for point in find_points(uow, PointKind.MAIL.value, [address])
        if point.invalid_since is None
    ]
    for point in points:
        point.invalid_since, point.invalid_reason = at, reason
    return len(points)


def carry_points(uow: UnitOfWork, source: Any, target: Any) -> None:
    """Give ``target`` the points of ``source`` that it lacks, and what is known of them.

    Somebody who opted out as a lead has opted out as a contact too.
    """
    uow.session.flush()
    there = {(point.kind, point.normalised): point for point in points_of(uow, target)}
    for point in points_of(uow, source):
        known = there.get((point.kind, point.normalised))
        if known is None:
            known = ContactPoint(
                record_type=target.record_type,
                record_id=target.id,
                kind=point.kind,
                value=point.value,
                normalised=point.normalised,
                created_at=uow.now,
            )
            uow.session.add(known)
        known.label = known.label or point.label
        if known.opted_out_at is None:
            known.opted_out_at, known.opt_out_reason = point.opted_out_at, point.opt_out_reason
        if known.invalid_since is None:
            known.invalid_since, known.invalid_reason = point.invalid_since, point.invalid_reason
    refresh_points(uow, target)
