"""What can be done with service level policies, and which of them holds for a request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import structlog
from marshmallow import fields, validate
from sqlalchemy import func, select

from feel import FeelError
from services.actors import Permission
from services.arguments import Key, Line, WholeNumber
from services.calendars.model import CalendarRow
from services.calendars.spans import WorkSpan, format_span
from services.crm.request_model import ServiceRequest
from services.errors import Invalid
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.conditions import condition_problem, holds
from services.records.schemas import VERSION
from services.service_levels.model import SlaPolicy
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

MAX_POSITION = 10_000


class _Policy(Arguments):
    condition = Line(
        allow_none=True,
        metadata={
            "title": "Condition",
            "description": 'A FEEL expression, such as request.priority = "urgent"; '
            "without one it holds for every request.",
        },
    )
    calendar_id = Key(allow_none=True, metadata={"title": "Calendar"})
    first_response = WorkSpan(
        allow_none=True, metadata={"title": "First response within", "description": "Such as 4h."}
    )
    resolution = WorkSpan(
        allow_none=True, metadata={"title": "Resolution within", "description": "Such as 16h."}
    )
    at_risk_percent = WholeNumber(
        validate=validate.Range(1, 100), metadata={"title": "At risk after percent"}
    )
    position = WholeNumber(
        validate=validate.Range(1, MAX_POSITION),
        metadata={"title": "Position", "description": "The first policy that matches counts."},
    )
    active = fields.Boolean(metadata={"title": "In force"})


class CreatePolicy(_Policy):
    """A new service level policy."""

    name = Line(required=True, validate=validate.Length(max=100), metadata={"title": "Name"})


class UpdatePolicy(_Policy):
    """What changes of a service level policy; what is left out stays."""

    policy_id = Key(required=True, metadata={"title": "Policy"})
    version = VERSION
    name = Line(validate=validate.Length(max=100), metadata={"title": "Name"})


class DeletePolicy(Arguments):
    """Which service level policy goes."""

    policy_id = Key(required=True, metadata={"title": "Policy"})


@operation("sla_policy.create", Permission.SLA_WRITE, CreatePolicy)
def create_policy(uow: UnitOfWork, **values: Any) -> SlaPolicy:
    """Create a service level policy."""
    last = uow.session.scalar(select(func.max(SlaPolicy.position))) or 0
    values.setdefault("position", min(last + 1, MAX_POSITION))
    policy = SlaPolicy(**_columns(values))
    _check(uow, policy)
    return uow.add(policy)


@operation("sla_policy.update", Permission.SLA_WRITE, UpdatePolicy)
def update_policy(
    uow: UnitOfWork, *, policy_id: UUID, version: int | None = None, **values: Any
) -> SlaPolicy:
    """Change a service level policy; requests that are open keep what was promised."""
    policy = uow.get(SlaPolicy, policy_id, lock=True)
    check_version(uow, policy, version)
    for name, value in _columns(values).items():
        setattr(policy, name, value)
    with uow.session.no_autoflush:
        _check(uow, policy)
    uow.session.flush()
    return policy


@operation("sla_policy.delete", Permission.SLA_WRITE, DeletePolicy)
def delete_policy(uow: UnitOfWork, *, policy_id: UUID) -> None:
    """Delete a service level policy; requests that are open keep what was promised."""
    uow.session.delete(uow.get(SlaPolicy, policy_id, lock=True))
    uow.session.flush()


def list_policies(uow: UnitOfWork) -> Sequence[SlaPolicy]:
    """Return all service level policies in the order in which they are looked at."""
    order = (SlaPolicy.position, SlaPolicy.name)
    return uow.session.scalars(select(SlaPolicy).order_by(*order)).all()


def present_policy(policy: SlaPolicy) -> dict[str, Any]:
    """Return a policy as the operations take it, with ``id`` and ``version``."""
    shown = {
        name: getattr(policy, name)
        for name in ("id", "version", "name", "position", "active", "condition", "calendar_id")
    }
    spans = {
        target: None if seconds is None else format_span(seconds)
        for target in ("first_response", "resolution")
        for seconds in [policy.seconds_for(target)]
    }
    return {**shown, **spans, "at_risk_percent": policy.at_risk_percent}


def find_policy(
    uow: UnitOfWork, request: ServiceRequest, policies: Sequence[SlaPolicy] | None = None
) -> SlaPolicy | None:
    """Return the first policy in force that matches a request; None if none does.

    ``policies`` are those that ``list_policies`` returned before, if it was asked.
    """
    for policy in list_policies(uow) if policies is None else policies:
        if policy.active and _matches(uow, policy, request):
            return policy
    return None


def _matches(uow: UnitOfWork, policy: SlaPolicy, request: ServiceRequest) -> bool:
    if policy.condition is None:
        return True
    try:
        return holds(uow, policy.condition, request)
    except FeelError as error:
        # It was checked when it was written; what fails now must not keep requests out.
        log.warning("sla_condition_failed", policy=policy.name, error=str(error))
        return False


def _columns(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the operations' arguments as columns, without those that were left empty."""
    renamed = {"first_response": "first_response_seconds", "resolution": "resolution_seconds"}
    return {renamed.get(name, name): value for name, value in values.items()}


def _check(uow: UnitOfWork, policy: SlaPolicy) -> None:
    """Refuse a policy that makes no sense.

    Raises:
        Invalid: With messages by field.
    """
    errors: dict[str, list[str]] = {}
    if policy.first_response_seconds is None and policy.resolution_seconds is None:
        errors["first_response"] = ["Promise a first response or a resolution."]
    if policy.condition is not None and (problem := condition_problem(policy.condition, "request")):
        errors["condition"] = [problem]
    if policy.calendar_id is not None and not uow.session.get(CalendarRow, policy.calendar_id):
        errors["calendar_id"] = ["There is no such calendar."]
    same = uow.session.scalars(select(SlaPolicy.id).where(SlaPolicy.name == policy.name))
    if any(key != policy.id for key in same):
        errors["name"] = ["There is a policy of this name."]
    if errors:
        raise Invalid("Please check the marked fields.", errors)
