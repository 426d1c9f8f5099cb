"""Making the words of records anew, when what is searched has changed with the program.

The keys by which similar names are found are made anew along with them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import undefer

from services.actors import SYSTEM
from services.changes import match_key_of, search_text_of
from services.custom.layout import look_again
from services.jobs import job
from services.platform import Platform
from services.records.types import all_record_types, get_record_type
from services.unit_of_work import Job, UnitOfWork

AT_ONCE = 1_000
_MADE: Final[Mapping[str, Callable[[Any], str]]] = {
    "search_text": search_text_of,
    "match_key": match_key_of,
}


@job("search.rebuild")
def rebuild(
    platform: Platform,
    *,
    record_type: str | None = None,
    after: str | None = None,
    alone: bool = False,
) -> None:
    """Make the words of one slice of records anew, and leave the next to another job.

    Without a type it begins with the first, and it ends with the last unless ``alone``; those in
    the bin are done as well.
    """
    look_again(platform)
    names = [found.name for found in all_record_types() if found.model.__search__]
    name = record_type or names[0]

    def work(uow: UnitOfWork) -> None:
        last = rebuild_slice(uow, name, None if after is None else UUID(after))
        if last is not None:
            rest = {"record_type": name, "after": str(last), "alone": alone}
            uow.defer(Job("search.rebuild", rest))
        elif not alone and name != names[-1]:
            following = names[names.index(name) + 1]
            uow.defer(Job("search.rebuild", {"record_type": following}))

    platform.transact(SYSTEM, work, source="job")


def rebuild_type(record_type: str) -> Job:
    """Return the job that makes the words of all records of one type anew."""
    return Job("search.rebuild", {"record_type": record_type, "alone": True})


def rebuild_slice(uow: UnitOfWork, record_type: str, after: UUID | None) -> UUID | None:
    """Make the next records of a type found anew; return the key of the last, None at the end.

    What has not changed is not written, and no version is counted up: nothing of the records
    themselves is changed.
    """
    model = get_record_type(record_type).model
    statement = select(model).order_by(model.id).limit(AT_ONCE).options(undefer(model.search_text))
    if after is not None:
        statement = statement.where(model.id > after)
    rows: list[Any] = list(uow.session.scalars(statement.with_for_update(of=model)))
    table = model.__table__
    for column, made_of in _MADE.items():
        if column not in table.c:
            continue
        changed = [
            {"key": row.id, "made": made}
            for row in rows
            if (made := made_of(row)) != getattr(row, column)
        ]
        if changed:
            written = update(table).where(table.c.id == bindparam("key"))
            uow.session.connection().execute(written.values({column: bindparam("made")}), changed)
    return rows[-1].id if len(rows) == AT_ONCE else None
