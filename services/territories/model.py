"""The tables of territories, and the columns of what lies in one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from services.database import Base, Keyed
from services.records.base import COMMON_FIELDS, Record, sort_indexes
from services.records.types import Field, RecordType, register_record_type

PLACED_TYPES = ("account", "lead")
"""The record types that lie in territories."""

MAX_TERRITORIES = 500
DEFAULT_PRIORITY = 100


class InTerritory:
    """A record that lies in a territory.

    Attributes:
        territory_is_manual: Somebody chose the territory, so rules leave it as it is.
    """

    territory_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"), index=True)
    territory_is_manual: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class Territory(Record, Base):
    """A part of the market that somebody looks after.

    Attributes:
        parent_id: The territory that this one is a part of; ``tree`` refuses circles.
        priority: Among those side by side the lowest number is asked first.
        rules: Record type → filter; what fulfils it falls into this territory. A type that is
            missing here falls into it by hand alone.
        is_active: Out of use, its rules take nothing.
    """

    __tablename__ = "territories"
    __table_args__ = sort_indexes(
        "territories", "created_at", "updated_at", "priority", text_columns=("name",)
    )
    __scoped__ = False
    __search__ = ("name",)

    name: Mapped[str]
    parent_id: Mapped[UUID | None] = mapped_column(ForeignKey("territories.id"), index=True)
    manager_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"), index=True)
    priority: Mapped[int] = mapped_column(default=DEFAULT_PRIORITY)
    rules: Mapped[dict[str, Any]] = mapped_column(default=dict)
    is_active: Mapped[bool] = mapped_column(default=True)
    description: Mapped[str | None]


class TerritoryMember(Keyed, Base):
    """Somebody who works in a territory."""

    __tablename__ = "territory_members"
    __table_args__ = (UniqueConstraint("territory_id", "user_id"),)
    __audited__ = True

    territory_id: Mapped[UUID] = mapped_column(ForeignKey("territories.id", ondelete="CASCADE"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class TerritoryRun(Keyed, Base):
    """One time that the rules were applied to all records.

    Attributes:
        is_trial: It only says what would change.
        state: ``running``, ``stopped`` or ``done``.
        record_type: The one that it is at; the types follow each other as in ``PLACED_TYPES``.
        after: The last record of it that is through; None before the first.
        done: Records looked at, of ``total``.
        changed: How many of them lie, or would lie, elsewhere.
    """

    __tablename__ = "territory_runs"
    __table_args__ = (
        Index(
            "uq_territory_runs_running",
            "state",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
    )

    is_trial: Mapped[bool]
    state: Mapped[str] = mapped_column(default="running")
    record_type: Mapped[str] = mapped_column(default=PLACED_TYPES[0])
    after: Mapped[UUID | None]
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]


class TerritoryChange(Keyed, Base):
    """A record that a run put, or would put, into another territory."""

    __tablename__ = "territory_changes"
    __table_args__ = (Index(None, "run_id", "id"),)

    run_id: Mapped[UUID] = mapped_column(ForeignKey("territory_runs.id", ondelete="CASCADE"))
    record_type: Mapped[str]
    record_id: Mapped[UUID]
    from_id: Mapped[UUID | None]
    to_id: Mapped[UUID | None]


TERRITORY_FIELD = Field("territory_id", "Territory", "relation", relation="territory")

TERRITORY = register_record_type(
    RecordType(
        name="territory",
        label="Territory",
        plural="Territories",
        model=Territory,
        fields=(
            Field("name", "Name"),
            Field("parent_id", "Part of", "relation", relation="territory"),
            Field("manager_id", "Manager", "relation", relation="user"),
            Field(
                "priority",
                "Order",
                "number",
                hint="Among territories side by side the lowest number is asked first",
            ),
            Field("is_active", "In use", "boolean"),
            Field("description", "Description", "long_text"),
            *COMMON_FIELDS,
        ),
        required=("name",),
        sorts=("name", "priority", "created_at", "updated_at"),
    )
)
