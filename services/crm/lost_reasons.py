"""Why deals are lost: the list that people choose from."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import Key, Line
from services.crm.pipeline_model import LostReason
from services.errors import Invalid
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork


class CreateReason(Arguments):
    """A new reason."""

    name = Line(required=True, validate=validate.Length(max=100), metadata={"title": "Name"})
    needs_details = fields.Boolean(
        load_default=False, metadata={"title": "Must be explained in words"}
    )


class UpdateReason(Arguments):
    """What changes of a reason; what is left out stays."""

    lost_reason_id = Key(required=True, metadata={"title": "Reason"})
    name = Line(validate=validate.Length(max=100), metadata={"title": "Name"})
    needs_details = fields.Boolean(metadata={"title": "Must be explained in words"})
    active = fields.Boolean(metadata={"title": "Offered"})


class DeleteReason(Arguments):
    """Which reason goes."""

    lost_reason_id = Key(required=True, metadata={"title": "Reason"})


@operation("lost_reason.create", Permission.PIPELINE_WRITE, CreateReason)
def create_reason(uow: UnitOfWork, *, name: str, needs_details: bool) -> LostReason:
    """Add a reason for which deals are lost."""
    _check_name(uow, name, None)
    last = uow.session.scalar(select(func.max(LostReason.position))) or 0
    return uow.add(LostReason(name=name, needs_details=needs_details, position=last + 1))


@operation("lost_reason.update", Permission.PIPELINE_WRITE, UpdateReason)
def update_reason(uow: UnitOfWork, *, lost_reason_id: UUID, **values: Any) -> LostReason:
    """Change a reason; deals that were lost keep what it was called then."""
    reason = uow.get(LostReason, lost_reason_id, lock=True)
    if "name" in values:
        _check_name(uow, values["name"], reason.id)
    for name, value in values.items():
        setattr(reason, name, value)
    uow.session.flush()
    return reason


@operation("lost_reason.delete", Permission.PIPELINE_WRITE, DeleteReason)
def delete_reason(uow: UnitOfWork, *, lost_reason_id: UUID) -> None:
    """Delete a reason; deals that were lost keep what it was called."""
    uow.session.delete(uow.get(LostReason, lost_reason_id, lock=True))
    uow.session.flush()


def _check_name(uow: UnitOfWork, name: str, own: UUID | None) -> None:
    others = select(LostReason.id).where(func.lower(LostReason.name) == name.lower())
    if any(key != own for key in uow.session.scalars(others)):
        message = "There is a reason of this name."
        raise Invalid(message, {"name": [message]})
