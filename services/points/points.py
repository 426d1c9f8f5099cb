"""What can be done with contact points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select

from services.actors import Permission
from services.arguments import Key, Line
from services.errors import Conflict, Invalid, NotAllowed, NotFound, not_found_as
from services.operations import Arguments, operation
from services.points.keeping import is_primary, normalise_point, points_of, refresh_points
from services.points.model import MIRRORED, POINT_KINDS, POINT_TYPES, ContactPoint
from services.records.changes import change_record
from services.records.timeline import add_entry
from services.records.types import get_record
from services.unit_of_work import UnitOfWork

MAX_POINTS = 50


class AddPoint(Arguments):
    """A way to reach a record."""

    record_type = Line(
        required=True, validate=validate.OneOf(POINT_TYPES), metadata={"title": "Record type"}
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    kind = Line(
        required=True,
        validate=validate.OneOf(list(POINT_KINDS), list(POINT_KINDS.values())),
        metadata={"title": "Kind"},
    )
    value = Line(required=True, metadata={"title": "Address or number"})
    label = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Label", "description": "Such as work or home."},
    )
    primary = fields.Boolean(
        load_default=False, metadata={"title": "Primary", "description": "Use this one first."}
    )


class NamePoint(Arguments):
    """Which contact point."""

    contact_point_id = Key(required=True, metadata={"title": "Contact point"})


class ChangePoint(NamePoint):
    """What becomes of a contact point."""

    value = Line(metadata={"title": "Address or number"})
    label = Line(allow_none=True, metadata={"title": "Label"})


class OptOut(NamePoint):
    """Who wants no more advertising, and why."""

    reason = Line(load_default=None, allow_none=True, metadata={"title": "Reason"})


@operation("contact_point.add", Permission.RECORD_WRITE, AddPoint, in_diagrams=True)
def add_point(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    kind: str,
    value: str,
    label: str | None,
    primary: bool,
) -> dict[str, Any]:
    """Add an address, a number or a page to a contact, an account or a lead."""
    record = get_record(uow, record_type, record_id, lock=True)
    _check_field(uow, record_type, kind)
    normalised = _normalised(kind, value)
    there = points_of(uow, record)
    if any((point.kind, point.normalised) == (kind, normalised) for point in there):
        _refuse(f"This {POINT_KINDS[kind].lower()} is there already.")
    if len(there) >= MAX_POINTS:
        _refuse(f"A record has at most {MAX_POINTS} of these.")
    point = ContactPoint(
        record_type=record_type,
        record_id=record.id,
        kind=kind,
        value=value,
        normalised=normalised,
        label=label,
        created_at=uow.now,
    )
    uow.session.add(point)
    refresh_points(uow, record)
    _tell(uow, record, f"Added {POINT_KINDS[kind].lower()} {value}")
    column = MIRRORED.get(kind)
    if column is not None and (primary or not getattr(record, column)):
        change_record(uow, record, {column: normalised})
        refresh_points(uow, record)
    return _presented(point)


@operation("contact_point.update", Permission.RECORD_WRITE, ChangePoint)
def change_point(uow: UnitOfWork, *, contact_point_id: UUID, **values: Any) -> dict[str, Any]:
    """Change an address, a number or its label."""
    point, record = _get(uow, contact_point_id)
    if "label" in values:
        point.label = values["label"]
    if "value" not in values:
        return _presented(point)
    normalised = _normalised(point.kind, values["value"])
    if normalised != point.normalised:
        taken = (other.normalised for other in points_of(uow, record) if other.kind == point.kind)
        if normalised in taken:
            _refuse(f"This {POINT_KINDS[point.kind].lower()} is there already.")
        was_primary, former = is_primary(record, point), point.value
        point.value, point.normalised = values["value"], normalised
        point.invalid_since = point.invalid_reason = None
        uow.session.flush()
        if was_primary:
            # The database finds the new one already there and leaves it as it is.
            change_record(uow, record, {MIRRORED[point.kind]: normalised})
        else:
            _tell(uow, record, f"Changed {former} to {point.value}")
        refresh_points(uow, record)
    point.value = values["value"]
    return _presented(point)


@operation("contact_point.remove", Permission.RECORD_WRITE, NamePoint)
def remove_point(uow: UnitOfWork, *, contact_point_id: UUID) -> dict[str, Any]:
    """Remove an address or a number; another of its kind becomes the primary one."""
    point, record = _get(uow, contact_point_id)
    was_primary, kind, value = is_primary(record, point), point.kind, point.value
    uow.session.delete(point)
    uow.session.flush()
    _tell(uow, record, f"Removed {POINT_KINDS[kind].lower()} {value}")
    if was_primary:
        following = next((other.normalised for other in _usable(uow, record, kind)), None)
        change_record(uow, record, {MIRRORED[kind]: following})
    refresh_points(uow, record)
    return {"contact_point_id": contact_point_id}


@operation("contact_point.make_primary", Permission.RECORD_WRITE, NamePoint)
def make_primary(uow: UnitOfWork, *, contact_point_id: UUID) -> dict[str, Any]:
    """Make an address or a number the one that is used first."""
    point, record = _get(uow, contact_point_id)
    column = MIRRORED.get(point.kind)
    if column is None:
        raise Conflict("Only e-mail addresses and phone numbers have a primary one.")
    change_record(uow, record, {column: point.normalised})
    refresh_points(uow, record)
    return _presented(point)


@operation("contact_point.opt_out", Permission.RECORD_WRITE, OptOut, in_diagrams=True)
def opt_out(uow: UnitOfWork, *, contact_point_id: UUID, reason: str | None) -> dict[str, Any]:
    """Note that no advertising may be sent to an address or a number."""
    point, record = _get(uow, contact_point_id)
    if point.opted_out_at is None:
        point.opted_out_at, point.opt_out_reason = uow.now, reason
        _tell(uow, record, f"No advertising to {point.value} any more", reason)
    return _presented(point)


@operation("contact_point.opt_in", Permission.RECORD_WRITE, NamePoint)
def opt_in(uow: UnitOfWork, *, contact_point_id: UUID) -> dict[str, Any]:
    """Note that advertising may be sent to an address or a number again."""
    point, record = _get(uow, contact_point_id)
    if point.opted_out_at is not None:
        point.opted_out_at = point.opt_out_reason = None
        _tell(uow, record, f"Advertising to {point.value} is allowed again")
    return _presented(point)


@operation("contact_point.mark_valid", Permission.RECORD_WRITE, NamePoint)
def mark_valid(uow: UnitOfWork, *, contact_point_id: UUID) -> dict[str, Any]:
    """Note that an address or a number works again."""
    point, record = _get(uow, contact_point_id)
    if point.invalid_since is not None:
        point.invalid_since = point.invalid_reason = None
        _tell(uow, record, f"{point.value} works again")
    return _presented(point)


def _presented(point: ContactPoint) -> dict[str, Any]:
    names = ("record_type", "record_id", "kind", "value", "normalised", "label")
    return {"contact_point_id": point.id, **{name: getattr(point, name) for name in names}}


def _usable(uow: UnitOfWork, record: Any, kind: str) -> Iterator[ContactPoint]:
    """Yield the other points of a kind, those that work and were not opted out of first."""
    others = [point for point in points_of(uow, record) if point.kind == kind]
    yield from sorted(
        others, key=lambda one: (one.invalid_since is not None, one.opted_out_at is not None)
    )


def _get(uow: UnitOfWork, key: UUID) -> tuple[ContactPoint, Any]:
    """Return a point and its record, which is held to the commit.

    Raises:
        NotFound: There is none, or the actor may not see its record.
    """
    owner = uow.session.execute(
        select(ContactPoint.record_type, ContactPoint.record_id).where(ContactPoint.id == key)
    ).one_or_none()
    if owner is None:
        raise NotFound("There is no such contact point.")
    with not_found_as("There is no such contact point."):
        record = get_record(uow, owner.record_type, owner.record_id, lock=True)
    point = uow.session.get(ContactPoint, key, populate_existing=True)
    if point is None or point.record_id != record.id:
        raise NotFound("There is no such contact point.")
    _check_field(uow, owner.record_type, point.kind)
    return point, record


def _tell(uow: UnitOfWork, record: Any, title: str, body: str | None = None) -> None:
    """Tell what became of a point to those who see the points of a record at all."""
    tells = [f"{record.record_type}.{column}" for column in MIRRORED.values()]
    add_entry(uow, record, "changed", title, body, tells=tells)


def _check_field(uow: UnitOfWork, record_type: str, kind: str) -> None:
    """Refuse a change to points whose column the actor may not write.

    Raises:
        NotAllowed: It may not.
    """
    if MIRRORED.get(kind) in uow.actor.locked_fields(record_type):
        raise NotAllowed("You may not change this.")


def _normalised(kind: str, value: str) -> str:
    try:
        return normalise_point(kind, value)
    except ValueError as error:
        _refuse(str(error))


def _refuse(message: str) -> NoReturn:
    raise Invalid(message, {"value": [message]})
