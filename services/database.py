"""Tables and connections: the declarative base, common columns, and the engine.

Every record has a UUIDv7 key (RFC 9562, so that keys sort by age), a ``version`` for
optimistic locking, and UTC times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

import orjson
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Engine,
    MetaData,
    SelectBase,
    Uuid,
    create_engine,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column
from sqlalchemy.orm.attributes import manager_of_class
from uuid_utils.compat import uuid7

from services.connections import keep_ready

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

new_id: Callable[[], UUID] = uuid7


class Base(DeclarativeBase):
    """The parent of all tables; ``dict`` columns are JSONB and times are aware."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute
        datetime: DateTime(timezone=True),
        UUID: Uuid(as_uuid=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
    }


Read = TypeVar("Read", bound=Base)


class Keyed:
    """A primary key that sorts by age."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)


class Versioned(Keyed):
    """Optimistic locking: a write with an old ``version`` is refused and retried."""

    version: Mapped[int] = mapped_column(default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805 - SQLAlchemy's class-level hook
        return {"version_id_col": cls.version}


class Timestamped:
    """When the row came to be and when it last changed; both set by the unit of work."""

    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


# An even number of backslashes before it makes it an escape, not the text that looks like one.
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def to_json_text(value: Any) -> str:
    """Return ``value`` as JSON that the server can keep: NUL becomes the replacement character.

    What is no JSON (keys, times, decimals) becomes its text.
    """
    document = orjson.dumps(value, default=str).decode()
    return _NUL.sub(r"\1\\ufffd", document) if "\\u0000" in document else document


def is_among(column: Any, values: SelectBase) -> ColumnElement[bool]:
    """Return the condition that ``column`` is one of the values that a query finds.

    They come as an array from a subquery that runs once. Beside other conditions in an ``OR`` each
    is then found by an index of its own, where ``IN`` would read the whole table; and the plan is
    the same however many rows the server believes there to be.
    """
    found: ColumnElement[bool] = column == func.any(func.array(values.scalar_subquery()))
    return found


# What begins with a word is collected in this much memory. Where it does not fit, PostgreSQL 18
# loses some of it as soon as another word must be there too: searches in millions of records
# would find fewer than there are.
_OPTIONS: Final = "-c timezone=UTC -c work_mem=64MB"


def as_read(model: type[Read], names: Sequence[str], values: Sequence[Any]) -> Read:
    """Return a row that a statement has read as an object of its model, to be read only.

    It belongs to no session: what is set on it is not written, and what it points to not loaded.
    """
    made: Read = manager_of_class(model).new_instance()
    vars(made).update(zip(names, values, strict=True))
    return made


def create_database_engine(url: str, *, pool_size: int = 10) -> Engine:
    """Open a connection pool on ``url`` (``postgresql://…``), UTC on every connection."""
    address = url.replace("postgresql://", "postgresql+psycopg://", 1)
    engine = create_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_use_lifo=True,  # the one used last has most statements prepared
        hide_parameters=True,  # they are customers' data, and errors go to logs and incidents
        json_serializer=to_json_text,
        json_deserializer=orjson.loads,
        connect_args={"options": _OPTIONS},
    )
    keep_ready(engine)
    return engine
