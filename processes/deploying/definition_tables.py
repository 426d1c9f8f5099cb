"""What was deployed: the files, the versions of processes made from them, and drafts."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed, Versioned


class ResourceKind(StrEnum):
    """What a deployed file holds."""

    PROCESS = "process"
    DECISION = "decision"
    FORM = "form"


class VersionState(StrEnum):
    """Whether new instances may start from a version."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class Deployment(Keyed, Base):
    """One unit of files that somebody put into force."""

    __tablename__ = "deployments"

    deployed_at: Mapped[datetime] = mapped_column(index=True)
    note: Mapped[str]
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str]


class Resource(Keyed, Base):
    """A file's content; a new one for each content that it ever had.

    Attributes:
        key: The form's id, the decision file's id, the id of the process file's first process.
        version: Counts from 1 within kind and key.
        names: The ids of the processes, decisions or the form that it holds.
        checksum: SHA-256 of the content, hexadecimal.
    """

    __tablename__ = "resources"
    __table_args__ = (UniqueConstraint("kind", "key", "version"),)

    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"), index=True)
    kind: Mapped[str]
    key: Mapped[str]
    version: Mapped[int]
    names: Mapped[list[str]] = mapped_column(ARRAY(String))
    file_name: Mapped[str]
    checksum: Mapped[str]
    content: Mapped[str] = mapped_column(deferred=True)


class ProcessVersion(Keyed, Base):
    """A process as it is executed: its diagram with the forms and decisions of that day.

    Attributes:
        version: Counts from 1 within the key.
        bindings: ``{"forms": {id: resource id}, "decisions": {…}, "processes": {id: version id}}``.
        granted: The permissions that its service tasks act with.
        record_type: The kind of record that an instance is linked to; None if to none.
        many_per_record: Whether a record may have several live instances started by events.
    """

    __tablename__ = "process_versions"
    __table_args__ = (UniqueConstraint("key", "version"),)

    key: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default=VersionState.ACTIVE.value)
    deployment_id: Mapped[UUID] = mapped_column(ForeignKey("deployments.id"), index=True)
    resource_id: Mapped[UUID] = mapped_column(ForeignKey("resources.id"), index=True)
    deployed_at: Mapped[datetime]
    version_tag: Mapped[str] = mapped_column(default="")
    bindings: Mapped[dict[str, Any]]
    granted: Mapped[list[str]] = mapped_column(ARRAY(String))
    record_type: Mapped[str | None]
    many_per_record: Mapped[bool] = mapped_column(default=False)


class ProcessStart(Keyed, Base):
    """A start event of the version that new instances of a process are made from.

    Attributes:
        kind: ``none``, ``message``, ``signal``, ``timer``, ``conditional``, or ``record`` for a
            message start event that waits for a change of a record.
        name: Of the message or signal; of a condition the type of record that it reads, or that
            it waits for; empty otherwise.
    """

    __tablename__ = "process_starts"
    __table_args__ = (Index(None, "kind", "name"), Index(None, "process_key"))

    version_id: Mapped[UUID] = mapped_column(ForeignKey("process_versions.id"))
    process_key: Mapped[str]
    element_id: Mapped[str]
    kind: Mapped[str]
    name: Mapped[str]


class Draft(Versioned, Base):
    """A diagram that is being drawn; kept even when it is broken."""

    __tablename__ = "process_drafts"

    process_key: Mapped[str] = mapped_column(unique=True)
    xml: Mapped[str]
    base_version_id: Mapped[UUID | None] = mapped_column(ForeignKey("process_versions.id"))
    saved_by_id: Mapped[UUID | None]
    saved_by: Mapped[str]
    saved_at: Mapped[datetime]
