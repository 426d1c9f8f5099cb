"""What can be done with service requests."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import validate

from services.actors import SYSTEM, Permission, Verb
from services.arguments import Email, Line, LongText
from services.crm.contact_model import Contact
from services.crm.request_links import make_link
from services.crm.request_model import (
    REQUEST,
    REQUEST_NUMBERS,
    REQUEST_STATUSES,
    REQUEST_TYPES,
    RequestStatus,
    ServiceRequest,
)
from services.database import new_id
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.errors import Conflict
from services.operations import Arguments, operation
from services.records.changes import add_record, change_record, check_links, check_version
from services.records.schemas import (
    VERSION,
    argument_for,
    create_schema,
    key_argument,
    update_schema,
)
from services.service_levels.clock import (
    DUE_FIELDS,
    add_clocks,
    begin_clocks,
    follow_changes,
    follow_status,
    matched_before,
)
from services.timers import tell_timers
from services.unit_of_work import UnitOfWork

_OPEN = {RequestStatus.IN_PROGRESS, RequestStatus.WAITING, RequestStatus.ANSWERED}
_ENDED = {RequestStatus.RESOLVED, RequestStatus.CLOSED}
# The client has heard from somebody: also a question back is a response.
_RESPONDED = {RequestStatus.ANSWERED, RequestStatus.WAITING} | _ENDED
_NEXT: dict[str, set[RequestStatus]] = {
    RequestStatus.NEW: _OPEN | _ENDED,
    RequestStatus.IN_PROGRESS: _OPEN | _ENDED,
    RequestStatus.WAITING: _OPEN | _ENDED,
    RequestStatus.ANSWERED: _OPEN | _ENDED,
    RequestStatus.RESOLVED: {RequestStatus.IN_PROGRESS, RequestStatus.CLOSED},
    RequestStatus.CLOSED: set(),
}


class SubmitRequest(Arguments):
    """What the public web form sends."""

    name = Line(required=True, metadata={"title": "Your name"})
    email = Email(required=True, metadata={"title": "E-mail"})
    subject = Line(required=True, metadata={"title": "Subject"})
    description = LongText(load_default=None, allow_none=True, metadata={"title": "What happened?"})
    type = Line(
        load_default="question",
        validate=validate.OneOf(list(REQUEST_TYPES), list(REQUEST_TYPES.values())),
        metadata={"title": "Type"},
    )


class SetStatus(Arguments):
    """Which request gets which status."""

    request_id = key_argument(REQUEST)
    status = Line(
        required=True,
        validate=validate.OneOf(list(REQUEST_STATUSES), list(REQUEST_STATUSES.values())),
        metadata={"title": "Status"},
    )
    version = VERSION


@operation("request.submit", Permission.REQUEST_SUBMIT, SubmitRequest)
def submit_request(uow: UnitOfWork, *, name: str, email: str, **values: Any) -> dict[str, Any]:
    """Send a request by the public form."""
    request = open_request(
        uow,
        ServiceRequest(channel="form", requester_name=name, requester_email=email, **values),
        title="Came in by the web form",
    )
    link = make_link(uow.platform.settings, request.id)
    return {"reference": request.number, "status_link": link}


_CHANNEL = REQUEST.field("channel")


@operation(
    "request.create",
    Permission.RECORD_WRITE,
    create_schema(
        REQUEST,
        **({"channel": argument_for(_CHANNEL)} if _CHANNEL else {}),
        **DOUBLE_ARGUMENTS,
    ),
    in_diagrams=True,
)
@asks_about_doubles("request")
def create_request(uow: UnitOfWork, **values: Any) -> ServiceRequest:
    """Create a service request."""
    given = {name: value for name, value in values.items() if value is not None}
    request = ServiceRequest(**given)
    return open_request(uow, request, title=f"Created request “{request.subject}”")


def open_request(uow: UnitOfWork, request: ServiceRequest, *, title: str) -> ServiceRequest:
    """Number and insert ``request``, linked to the contact who writes from its address."""
    check_links(uow, request)
    _link_requester(uow, request)
    number = uow.session.scalar(REQUEST_NUMBERS.next_value().select())
    request.number = f"R-{number:06d}"
    _fill_in(request)
    clocks = begin_clocks(uow, request)
    add_record(uow, request, title=title)
    add_clocks(uow, clocks)
    uow.emit("request.created", "request", request.id, type=request.type, channel=request.channel)
    return request


@operation("request.update", Permission.RECORD_WRITE, update_schema(REQUEST), in_diagrams=True)
def update_request(
    uow: UnitOfWork, *, request_id: UUID, version: int | None = None, **values: Any
) -> ServiceRequest:
    """Change a service request."""
    request = uow.get(ServiceRequest, request_id)
    for name in ("type", "priority", "escalation_level"):
        if name in values and values[name] is None:
            del values[name]
    if values.get("escalation_level", 0) > request.escalation_level:
        values["escalated_at"] = uow.now
    matched = matched_before(uow, request)
    change_record(uow, request, values, version=version)
    if due_times := follow_changes(uow, request, values, matched):
        change_record(uow, request, due_times, title="Due times changed with the service level")
    if due_times or DUE_FIELDS & values.keys():
        tell_timers(uow, "request", request.id)
    return request


@operation("request.set_status", Permission.RECORD_WRITE, SetStatus, in_diagrams=True)
def set_status(
    uow: UnitOfWork, *, request_id: UUID, status: str, version: int | None = None
) -> ServiceRequest:
    """Set the status of a service request."""
    request = uow.get(ServiceRequest, request_id, lock=True)
    check_version(uow, request, version)
    previous = request.status
    if status == previous:
        return request
    if status not in _NEXT[previous]:
        before, after = REQUEST_STATUSES[previous], REQUEST_STATUSES[status]
        raise Conflict(f"A request can't go from {before} to {after}.")
    times = _times(uow, request, status)
    due_times = follow_status(uow, request, status, times)
    values = {"status": status, **times, **due_times}
    title = f"Status: {REQUEST_STATUSES[status]}"
    due_before = {name: getattr(request, name) for name in due_times}
    change_record(uow, request, values, kind="status", title=title)
    if due_times != due_before:
        tell_timers(uow, "request", request.id)
    uow.emit("request.status_changed", "request", request.id, status=status, previous=previous)
    return request


def note_first_response(uow: UnitOfWork, request_id: UUID) -> None:
    """Note that the client heard of somebody for the first time without a change of status.

    Whoever may write to the client about a request answers it, even who may not change it.
    """
    request = uow.acting_as(SYSTEM).get(ServiceRequest, request_id, lock=True)
    if request.first_responded_at is not None or request.status in _ENDED:
        return
    writer = uow if uow.may_do(Verb.UPDATE, request) else uow.acting_as(SYSTEM)
    times = {"first_responded_at": uow.now}
    due_times = follow_status(uow, request, request.status, times)
    change_record(writer, request, {**times, **due_times}, title="Answered for the first time")


def _times(uow: UnitOfWork, request: ServiceRequest, status: str) -> dict[str, Any]:
    """Return the times that entering ``status`` sets; a reopened request is not resolved."""
    times: dict[str, Any] = {}
    if status in _RESPONDED and request.first_responded_at is None:
        times["first_responded_at"] = uow.now
    if status in _ENDED:
        times["resolved_at"] = request.resolved_at or uow.now
        times["closed_at"] = uow.now if status == RequestStatus.CLOSED else None
    else:
        times["resolved_at"] = None
    return times


def _fill_in(request: ServiceRequest) -> None:
    """Give a new request its key and its defaults, which policies look at, before it is kept."""
    request.id = request.id or new_id()
    request.status = request.status or RequestStatus.NEW.value
    request.type = request.type or "question"
    request.priority = request.priority or "normal"


def _link_requester(uow: UnitOfWork, request: ServiceRequest) -> None:
    """Link the contact with the requester's address, whoever may see it: the desk must know."""
    if request.requester_email is None or request.contact_id is not None:
        return
    everyone = uow.acting_as(SYSTEM)
    statement = everyone.select(Contact).where(Contact.email == request.requester_email)
    contact = uow.session.scalars(statement.order_by(Contact.id).limit(1)).one_or_none()
    if contact is not None:
        request.contact_id = contact.id
        request.account_id = request.account_id or contact.account_id
