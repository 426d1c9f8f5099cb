"""Tables of what administrators add: fields, record types, and the records of those types."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from services.database import Base, Timestamped, Versioned
from services.records.base import Matched, Record

LAYOUT_ROW = 1
"""The key of the one row of ``LayoutVersion``."""


class CustomField(Versioned, Timestamped, Base):
    """A field that an administrator has added to a record type.

    Attributes:
        key: Its attribute is ``c_<key>``; its values stand under ``key`` in ``custom``.
        options: What its kind needs, see ``options.FieldOptions``.
        position: Fields of a type stand in this order.
        is_indexed: Lists are to be sorted by it.
        index_ready_at: When its index was there; only from then on are they.
        retired_at: Since when nobody sees it; its values stay.
    """

    __tablename__ = "custom_fields"
    __table_args__ = (UniqueConstraint("record_type", "key"),)
    __audited__ = True

    record_type: Mapped[str]
    key: Mapped[str]
    label: Mapped[str]
    kind: Mapped[str]
    options: Mapped[dict[str, Any]]
    position: Mapped[int]
    is_required: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_unique: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_indexed: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_in_list: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_in_short_form: Mapped[bool] = mapped_column(default=False, server_default=false())
    index_ready_at: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]


class FieldSection(Versioned, Timestamped, Base):
    """A part of a type's forms and pages, below a heading of its own.

    Attributes:
        fields: Names of its fields, in their order; a field stands in one section at most.
        position: Sections of a type stand in this order.
        is_closed: One opens it to see its fields.
    """

    __tablename__ = "field_sections"
    __table_args__ = (Index(None, "record_type", "position"),)
    __audited__ = True

    record_type: Mapped[str]
    label: Mapped[str]
    fields: Mapped[list[Any]]
    position: Mapped[int]
    is_closed: Mapped[bool] = mapped_column(default=False, server_default=false())


class CustomType(Versioned, Timestamped, Base):
    """A record type that an administrator has added; its name is ``x_<key>``.

    Attributes:
        place: Of its pages and of its resource, below ``x/``.
        icon: The name of a picture.
        title_label: What the field ``name``, which stands for a record, is called.
        retired_at: Since when nobody sees it; its records stay.
    """

    __tablename__ = "custom_types"
    __audited__ = True

    key: Mapped[str] = mapped_column(unique=True)
    label: Mapped[str]
    plural: Mapped[str]
    place: Mapped[str] = mapped_column(unique=True)
    icon: Mapped[str]
    title_label: Mapped[str]
    position: Mapped[int]
    retired_at: Mapped[datetime | None]


class LayoutVersion(Base):
    """One row, whose token is another one after each change of fields and types."""

    __tablename__ = "layout_versions"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    token: Mapped[UUID]


class CustomRecord(Matched, Record, Base):
    """A record of a type that an administrator has added; each type is a class below this one."""

    __tablename__ = "custom_records"
    __table_args__ = (
        Index("ix_custom_records_sort_created_at", "type", "created_at", "id"),
        Index("ix_custom_records_sort_updated_at", "type", "updated_at", "id"),
        Index("ix_custom_records_sort_name", "type", text("lower(name)"), "id"),
    )
    __search__ = ("name",)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy's class-level hook
        return {
            "version_id_col": cls.version,
            "polymorphic_on": "type",
            "polymorphic_abstract": True,
        }

    type: Mapped[str]
    name: Mapped[str]
