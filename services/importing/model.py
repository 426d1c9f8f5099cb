"""What is kept of an import: the file, its rows in chunks, the plan, what became of each row."""

from __future__ import annotations

import zlib
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed


class ImportStage(StrEnum):
    """Where an import stands.

    ``reading`` → ``mapping`` → ``checking`` → ``checked`` → ``running`` (or ``paused``) → ``done``
    → ``reverting`` → ``reverted``; ``unreadable`` and ``cancelled`` are ends.
    """

    READING = "reading"
    UNREADABLE = "unreadable"
    MAPPING = "mapping"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    CANCELLED = "cancelled"
    REVERTING = "reverting"
    REVERTED = "reverted"


class Import(Keyed, Base):
    """One file that is, or was, imported.

    Attributes:
        options: How the file is read: ``encoding``, ``delimiter``, ``sheet``, ``header_row``
            (0: it has none), each as chosen or found; ``sheets`` are those there are.
        header: The columns' headings.
        samples: The first rows, for the preview.
        fingerprint: Of the headings; files alike get the mapping that was used last.
        plan: See ``plan.Plan``; empty until there is one.
        problem: Why the file can't be read; None if it can.
        position: How many chunks are through in the present stage.
        checked: Outcome → number of rows, of the dry run.
        counts: The same of the run itself.
        undone: The same of the revert: ``removed``, ``restored``, ``conflict``.
        error: Why it stands still although nobody stopped it; None if all is well.
        created_by: The person; None for the command line.
    """

    __tablename__ = "imports"
    __table_args__ = (Index(None, "record_type", "created_at"), Index(None, "created_by"))
    __audited__ = True

    record_type: Mapped[str]
    file_name: Mapped[str]
    file_kind: Mapped[str]
    size_bytes: Mapped[int]
    stage: Mapped[str]
    options: Mapped[dict[str, Any]]
    header: Mapped[list[Any]] = mapped_column(default=list)
    samples: Mapped[list[Any]] = mapped_column(default=list, info={"secret": True})
    fingerprint: Mapped[str] = mapped_column(default="")
    plan: Mapped[dict[str, Any]] = mapped_column(default=dict)
    problem: Mapped[str | None]
    row_count: Mapped[int] = mapped_column(default=0)
    chunk_count: Mapped[int] = mapped_column(default=0)
    position: Mapped[int] = mapped_column(default=0)
    checked: Mapped[dict[str, Any]] = mapped_column(default=dict)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    undone: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_by_name: Mapped[str]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class ImportPiece(Base):
    """A part of the uploaded file's bytes, in order."""

    __tablename__ = "import_pieces"

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportChunk(Base):
    """Some rows of the file, and what became of them; all packed by ``pack``.

    Attributes:
        rows: Lists: the row's number in the file, then its cells.
        checked: For each row: outcome, key of the record or None, messages by column or None.
        done: The same of the run; None until it was.
        undo: For each record made or changed: type, key, whether it was made, its version
            afterwards, and its fields before and after.
        conflicts: What the revert left alone: row, type, key, why.
    """

    __tablename__ = "import_chunks"
    __table_args__ = (Index("ix_import_chunks_problems", "import_id", "problems"),)

    import_id: Mapped[UUID] = mapped_column(
        ForeignKey("imports.id", ondelete="CASCADE"), primary_key=True
    )
    position: Mapped[int] = mapped_column(primary_key=True)
    rows: Mapped[bytes] = mapped_column(LargeBinary)
    row_count: Mapped[int]
    problems: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    checked: Mapped[bytes | None] = mapped_column(LargeBinary)
    done: Mapped[bytes | None] = mapped_column(LargeBinary)
    undo: Mapped[bytes | None] = mapped_column(LargeBinary)
    conflicts: Mapped[bytes | None] = mapped_column(LargeBinary)


class ImportMapping(Keyed, Base):
    """The plan that was last used for files with these headings."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("record_type", "fingerprint"),)

    record_type: Mapped[str]
    fingerprint: Mapped[str]
    plan: Mapped[dict[str, Any]]
    used_at: Mapped[datetime]


def pack(value: Any) -> bytes:
    """Return ``value`` as compressed JSON."""
    return zlib.compress(orjson.dumps(value, default=str), 1)


def unpack(content: bytes | None) -> Any:
    """Return what ``pack`` was given; an empty list for None."""
    return [] if content is None else orjson.loads(zlib.decompress(content))
