"""Service requests: what clients report, wish or ask."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type


class RequestStatus(StrEnum):
    """The stages that a client follows."""

    NEW = "new"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    ANSWERED = "answered"
    RESOLVED = "resolved"
    CLOSED = "closed"


REQUEST_STATUSES: dict[str, str] = {
    RequestStatus.NEW.value: "New",
    RequestStatus.IN_PROGRESS.value: "In progress",
    RequestStatus.WAITING.value: "Waiting for the client",
    RequestStatus.ANSWERED.value: "Answered",
    RequestStatus.RESOLVED.value: "Resolved",
    RequestStatus.CLOSED.value: "Closed",
}
REQUEST_TYPES = {"error": "Error", "wish": "Wish", "question": "Question"}
PRIORITIES = {"low": "Low", "normal": "Normal", "high": "High", "urgent": "Urgent"}
REQUEST_CHANNELS = {"form": "Web form", "mail": "Mail", "phone": "Phone", "person": "In person"}
REQUEST_NUMBERS = Sequence("request_numbers", metadata=Base.metadata)


class ServiceRequest(Record, Base):
    """A client's request.

    Attributes:
        number: Such as ``R-000123``; clients name it.
        escalation_level: 0 at first, raised each time a target time is missed.
    """

    __tablename__ = "requests"
    __table_args__ = (
        *sort_indexes(
            "requests",
            "created_at",
            "updated_at",
            "resolution_due_at",
            "number",
            text_columns=("subject",),
        ),
        Index(
            "ix_requests_open_owner",
            "owner_id",
            postgresql_where=text("status NOT IN ('resolved', 'closed')"),
        ),
    )
    __search__ = ("number", "subject", "requester_name", "requester_email")

    number: Mapped[str] = mapped_column(unique=True)
    subject: Mapped[str]
    description: Mapped[str | None]
    type: Mapped[str] = mapped_column(default="question")
    status: Mapped[str] = mapped_column(default=RequestStatus.NEW.value)
    priority: Mapped[str] = mapped_column(default="normal")
    channel: Mapped[str] = mapped_column(default="person")
    requester_name: Mapped[str | None]
    requester_email: Mapped[str | None] = mapped_column(index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    answer: Mapped[str | None]
    first_response_due_at: Mapped[datetime | None]
    resolution_due_at: Mapped[datetime | None]
    first_responded_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    escalation_level: Mapped[int] = mapped_column(default=0)


REQUEST = register_record_type(
    RecordType(
        name="request",
        label="Service request",
        plural="Service requests",
        model=ServiceRequest,
        fields=(
            Field("number", "Number", writable=False),
            Field("subject", "Subject"),
            Field("description", "Description", "long_text"),
            Field("type", "Type", "choice", choices=REQUEST_TYPES),
            Field("status", "Status", "choice", choices=REQUEST_STATUSES, writable=False),
            Field("priority", "Priority", "choice", choices=PRIORITIES),
            Field("channel", "Channel", "choice", choices=REQUEST_CHANNELS, writable=False),
            Field("requester_name", "Requester"),
            Field("requester_email", "Requester's e-mail", "email"),
            Field("contact_id", "Contact", "relation", relation="contact"),
            Field("account_id", "Account", "relation", relation="account"),
            Field("answer", "Answer", "long_text"),
            Field("first_response_due_at", "First response due", "datetime"),
            Field("resolution_due_at", "Resolution due", "datetime"),
            Field("first_responded_at", "First response", "datetime", writable=False),
            Field("resolved_at", "Resolved", "datetime", writable=False),
            Field("closed_at", "Closed", "datetime", writable=False),
            Field("escalated_at", "Escalated", "datetime", writable=False),
            Field("escalation_level", "Escalation level", "number"),
            *COMMON_FIELDS,
        ),
        title_field="subject",
        required=("subject",),
        sorts=("subject", "number", "created_at", "updated_at", "resolution_due_at"),
    )
)
