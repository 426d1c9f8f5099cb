"""Activities: calls, meetings, tasks and mails that are planned and done."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Timestamped, Versioned
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import (
    Field,
    RecordType,
    Relation,
    register_record_type,
    register_relation,
)


class ActivityStatus(StrEnum):
    """Whether it is still to be done."""

    PLANNED = "planned"
    DONE = "done"
    CANCELLED = "cancelled"


ACTIVITY_KINDS = {"call": "Call", "meeting": "Meeting", "task": "Task", "mail": "Mail"}
ACTIVITY_STATUSES = {
    ActivityStatus.PLANNED.value: "Planned",
    ActivityStatus.DONE.value: "Done",
    ActivityStatus.CANCELLED.value: "Cancelled",
}
HELD_KINDS = frozenset({"call", "meeting"})
"""What is at a time rather than by a time."""

PRIORITIES = {"low": "Low", "normal": "Normal", "high": "High"}
RESPONSES = {
    "needed": "No answer yet",
    "accepted": "Accepted",
    "tentative": "Perhaps",
    "declined": "Declined",
}
_OPEN = text("status = 'planned'")
_TO_REMIND = text("status = 'planned' AND reminded_at IS NULL AND remind_at IS NOT NULL")


class Activity(Record, Base):
    """Something that people do about a record.

    Attributes:
        starts_at: When it begins; midnight in the installation's zone if it takes whole days.
        ends_at: When it ends, the first moment after it.
        due_at: By when it is to be done; the end or beginning of what has one.
        reminder_minutes: How long before its beginning (or due time) to remind of it.
        remind_at: When that is; the database keeps it in step.
        reminded_at: When people were reminded; None again once ``remind_at`` is another.
        regarding_type: The type of the record that it is about; None for none.
        account_id: Of that record; the account's page shows it too.
        series_id: What it comes again in; None for what happens once.
        slot_at: When the rule of the series has it, even if it was moved since.
        varied: What was changed of this one alone, which the series then leaves: names of fields,
            and ``times`` for all that says when it is.
    """

    __tablename__ = "activities"
    __table_args__ = (
        *sort_indexes(
            "activities",
            "created_at",
            "updated_at",
            "due_at",
            "starts_at",
            text_columns=("subject",),
        ),
        Index("ix_activities_regarding", "regarding_id", "due_at"),
        Index("ix_activities_open_owner", "owner_id", "due_at", postgresql_where=_OPEN),
        Index("ix_activities_remind_at", "remind_at", postgresql_where=_TO_REMIND),
        # At the end only: a whole series may move by a day.
        UniqueConstraint("series_id", "slot_at", deferrable=True, initially="DEFERRED"),
        Index("ix_activities_calendar", "owner_id", "starts_at", "due_at"),
    )
    __search__ = ("subject", "location", "result")
    __participants__ = ("activity_participants", "activity_id", "user_id")

    subject: Mapped[str]
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default=ActivityStatus.PLANNED.value)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    all_day: Mapped[bool] = mapped_column(default=False)
    duration_minutes: Mapped[int | None]
    priority: Mapped[str] = mapped_column(default="normal")
    location: Mapped[str | None]
    description: Mapped[str | None]
    result: Mapped[str | None]
    reminder_minutes: Mapped[int | None]
    # Only the sweep of reminders reads these, and only in SQL.
    remind_at: Mapped[datetime | None] = mapped_column(deferred=True)
    reminded_at: Mapped[datetime | None] = mapped_column(deferred=True)
    completed_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    regarding_type: Mapped[str | None]
    regarding_id: Mapped[UUID | None] = mapped_column(info={"type_column": "regarding_type"})
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("accounts.id"), index=True)
    series_id: Mapped[UUID | None] = mapped_column(ForeignKey("activity_series.id"))
    slot_at: Mapped[datetime | None]
    varied: Mapped[list[Any]] = mapped_column(default=list, server_default=text("'[]'"))


class ActivitySeries(Versioned, Timestamped, Base):
    """What comes again by a rule; each time it does is an activity like any other.

    Attributes:
        name: The rule as people say it.
        rule: The RRULE of RFC 5545.
        timezone: In whose clock on the wall it is always at the same time.
        starts_at: The first time of all.
        made_until: The last time that there is an activity for, or was.
        extend_at: When more of them are to be made; None once there are all.
        invited_at: When people outside were sent the whole series, not one of it.
    """

    __tablename__ = "activity_series"
    __table_args__ = (
        Index(
            "ix_activity_series_extend_at",
            "extend_at",
            postgresql_where=text("extend_at IS NOT NULL"),
        ),
    )
    __audited__ = True

    name: Mapped[str]
    rule: Mapped[str]
    timezone: Mapped[str]
    starts_at: Mapped[datetime]
    made_until: Mapped[datetime]
    extend_at: Mapped[datetime | None]
    invited_at: Mapped[datetime | None]


register_relation(Relation("activity_series", ActivitySeries, ("name", "rule"), lambda _: ()))


class Participant(Keyed, Base):
    """A person who takes part: a user, a contact or a lead."""

    __tablename__ = "activity_participants"
    __table_args__ = (
        UniqueConstraint("activity_id", "user_id"),
        UniqueConstraint("activity_id", "contact_id"),
        UniqueConstraint("activity_id", "lead_id"),
        CheckConstraint("num_nonnulls(user_id, contact_id, lead_id) = 1", name="one_person"),
    )
    __audited__ = True

    activity_id: Mapped[UUID] = mapped_column(ForeignKey("activities.id"))
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contacts.id"), index=True)
    lead_id: Mapped[UUID | None] = mapped_column(ForeignKey("leads.id"), index=True)
    response: Mapped[str] = mapped_column(default="needed")
    responded_at: Mapped[datetime | None]


ACTIVITY = register_record_type(
    RecordType(
        name="activity",
        label="Activity",
        plural="Activities",
        model=Activity,
        fields=(
            Field("subject", "Subject"),
            Field("kind", "Kind", "choice", choices=ACTIVITY_KINDS),
            Field("status", "Status", "choice", choices=ACTIVITY_STATUSES, writable=False),
            Field("priority", "Priority", "choice", choices=PRIORITIES),
            Field("starts_at", "Start", "datetime"),
            Field("ends_at", "End", "datetime"),
            Field("due_at", "Due", "datetime"),
            Field("all_day", "All day", "boolean"),
            Field("duration_minutes", "Duration in minutes", "number"),
            Field("reminder_minutes", "Remind minutes before", "number"),
            Field("location", "Location"),
            Field("regarding_type", "About a", writable=False),
            Field("regarding_id", "About", "relation", writable=False),
            Field("account_id", "Account", "relation", relation="account", writable=False),
            Field(
                "series_id",
                "Repeats",
                "relation",
                relation="activity_series",
                writable=False,
                is_told=False,
            ),
            Field("completed_at", "Completed", "datetime", writable=False),
            Field("cancelled_at", "Cancelled", "datetime", writable=False),
            Field("description", "Description", "long_text"),
            Field("result", "Result", "long_text"),
            *COMMON_FIELDS,
        ),
        title_field="subject",
        required=("subject", "kind"),
        sorts=("subject", "due_at", "starts_at", "created_at", "updated_at"),
    )
)
