"""The fields and types that administrators have added, as this process knows them.

They are part of the record types themselves, so whatever reads a type's fields sees them. Every
transaction asks at most once a second whether another process has changed them; after a change
of its own, a process looks at once.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from typing import Any, Final
from uuid import UUID

import psycopg
import structlog
from psycopg.errors import UndefinedTable
from sqlalchemy import Engine, event, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from feel import FeelError
from services.custom.attributes import drop_attribute, put_attribute
from services.custom.following import keep_formula
from services.custom.formulas import compile_formula
from services.custom.model import LAYOUT_ROW, CustomField, CustomType, LayoutVersion
from services.custom.operations import forget_type, put_type
from services.custom.options import FORMULA, UNSORTED_KINDS, attribute_of, field_of
from services.database import new_id
from services.platform import Platform, before_transactions
from services.records.field_kinds import FIELD_KINDS
from services.records.types import (
    RecordType,
    all_record_types,
    find_record_type,
    find_relation,
)
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

CHECK_SECONDS: Final = 1.0
_CHANGED: Final = "layout_changed"
_LOCK: Final = 0x4C61796F7574
_ASK: Final = "SELECT token FROM layout_versions"

Listener = Callable[[Sequence[CustomType]], None]
Reader = Callable[[Session | None], None]


class _Known:
    """What this process has taken over, and from which database."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.token: UUID | None = None
        self.engine: weakref.ref[Engine] | None = None
        self.check_at = 0.0
        self.attributes: dict[str, set[str]] = defaultdict(set)
        self.types: list[str] = []
        self.listeners: list[Listener] = []
        self.readers: list[Reader] = []

    def is_of(self, engine: Engine) -> bool:
        """Tell whether it was read from this database."""
        return self.engine is not None and self.engine() is engine


_KNOWN: Final = _Known()


@before_transactions
def refresh_layout(platform: Platform) -> None:
    """Take over what was changed since the last time, asking at most once a second."""
    engine = platform.engine
    if _KNOWN.is_of(engine) and time.monotonic() < _KNOWN.check_at:
        return
    with _KNOWN.lock:
        if _KNOWN.is_of(engine) and time.monotonic() < _KNOWN.check_at:
            return
        try:
            token = _stored_token(engine)
            if token != _KNOWN.token:
                _take_over(platform, token)
        except (psycopg.Error, SQLAlchemyError) as error:
            # Whatever is wrong with the database, the work itself will meet it and say so.
            log.warning("layout_not_read", error=type(error).__name__)
            return
        _KNOWN.engine = weakref.ref(engine)
        _KNOWN.check_at = time.monotonic() + CHECK_SECONDS


def look_again(platform: Platform) -> None:
    """Take over what was changed, even if this process asked within this second."""
    _KNOWN.check_at = 0.0
    refresh_layout(platform)


def lock_layout(uow: UnitOfWork) -> None:
    """Let fields and types be changed by one transaction after the other."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def change_layout(uow: UnitOfWork) -> None:
    """Let all processes look at the fields and types again, once this transaction is committed."""
    row = {"id": LAYOUT_ROW, "token": new_id()}
    statement = insert(LayoutVersion).values(row)
    uow.session.flush()
    uow.session.execute(
        statement.on_conflict_do_update(index_elements=["id"], set_={"token": row["token"]})
    )
    uow.session.info[_CHANGED] = True


def on_layout(listener: Listener) -> Listener:
    """Have ``listener`` called with the added types whenever fields or types have changed."""
    _KNOWN.listeners.append(listener)
    return listener


def on_reading(reader: Reader) -> Reader:
    """Have ``reader`` read what else belongs to the layout whenever any of it has changed.

    It gets a session; None where the database has nothing but what is shipped.
    """
    _KNOWN.readers.append(reader)
    return reader


@event.listens_for(Session, "after_commit")
def _take_over_own(session: Session) -> None:
    if session.info.pop(_CHANGED, False):
        look_again(session.info["uow"].platform)


def _stored_token(engine: Engine) -> UUID | None:
    """Return the token of the last change; None before the first one.

    It is asked for on the driver: what counts a request's statements counts its own.
    """
    with closing(engine.raw_connection()) as connection:
        cursor: Any = connection.cursor()
        try:
            row = cursor.execute(_ASK).fetchone()
        except UndefinedTable:
            return None  # the database is older than this program and not migrated yet
        except psycopg.OperationalError:
            connection.invalidate()
            raise
    return row[0] if row else None


def _take_over(platform: Platform, token: UUID | None) -> None:
    types: Sequence[CustomType] = ()
    rows: Sequence[CustomField] = ()
    if token is not None:
        with platform.session() as session:
            types = session.scalars(
                select(CustomType)
                .where(CustomType.retired_at.is_(None))
                .order_by(CustomType.position, CustomType.key)
            ).all()
            order = (CustomField.position, CustomField.key)
            rows = session.scalars(select(CustomField).order_by(*order)).all()
            for read in _KNOWN.readers:
                read(session)
    else:
        for read in _KNOWN.readers:
            read(None)
    apply_layout(types, rows)
    _KNOWN.token = token


def apply_layout(types: Sequence[CustomType], rows: Iterable[CustomField]) -> None:
    """Let the record types be as ``types`` and ``rows`` say."""
    for name in _KNOWN.types:
        if name not in {f"x_{one.key}" for one in types}:
            forget_type(name)
    _KNOWN.types = [put_type(one).name for one in types]
    by_type: defaultdict[str, list[CustomField]] = defaultdict(list)
    for row in rows:
        by_type[row.record_type].append(row)
    for record_type in all_record_types():
        _apply_fields(record_type, by_type[record_type.name])
    for listener in _KNOWN.listeners:
        listener(types)


def _apply_fields(record_type: RecordType, rows: Sequence[CustomField]) -> None:
    """Give the type its fields; those that are retired keep their attribute."""
    sound = [row for row in rows if _put(record_type, row)]
    before = _KNOWN.attributes[record_type.name]
    now = {row.key for row in sound}
    for key in before - now:
        drop_attribute(record_type.model, key)
        keep_formula(record_type.name, f"c_{key}", None)
    _KNOWN.attributes[record_type.name] = now
    shown = [row for row in sound if row.retired_at is None and _has_target(row)]
    record_type.model.__added_texts__ = tuple(attribute_of(row) for row in shown if _is_text(row))
    record_type.extend(
        [field_of(row) for row in shown],
        [attribute_of(row) for row in shown if row.is_required and row.kind != FORMULA],
        [
            attribute_of(row)
            for row in shown
            if row.index_ready_at is not None and row.kind not in UNSORTED_KINDS
        ],
    )


def _is_text(row: CustomField) -> bool:
    return row.kind != FORMULA and FIELD_KINDS[row.kind].is_textual


def _has_target(row: CustomField) -> bool:
    """Tell whether what the field points to is known: its type may be retired."""
    target = row.options.get("relation")
    return not target or bool(find_record_type(target) or find_relation(target))


def _put(record_type: RecordType, row: CustomField) -> bool:
    """Give the model the attribute of a field; return whether that was possible."""
    formula = None
    if row.kind == FORMULA:
        try:
            formula = compile_formula(row.options["formula"], row.options["result"])
        except (FeelError, KeyError) as error:
            log.warning("formula_not_read", field=row.key, error=str(error))
            return False
    put_attribute(record_type.model, row.key, row.kind, formula)
    keep_formula(record_type.name, attribute_of(row), formula)
    return True
