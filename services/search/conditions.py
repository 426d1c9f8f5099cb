"""What searching for words means in SQL, within what the actor may read.

Words of hidden fields must not be found, and an index for each combination of rights would be out
of proportion: for those from whom a searched field of a record type is hidden, its records are
found by their titles alone, and not at all if it is the title that is hidden.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, bindparam, cast, false, select
from sqlalchemy.dialects.postgresql import TSQUERY

from services.records.types import RecordType
from services.search.model import SearchEntry
from services.search.words import as_title_tsquery, as_tsquery, matches_words, read_query
from services.unit_of_work import UnitOfWork


class Searched(IntEnum):
    """How much of a record type somebody may search."""

    NOTHING = 0
    TITLE = 1
    EVERYTHING = 2


def searched_part(uow: UnitOfWork, record_type: RecordType) -> Searched:
    """Return by what the actor may find records of a type."""
    names = set(record_type.model.searched_names())
    hidden = uow.actor.hidden_fields(record_type.name)
    if not names or record_type.title_field in hidden:
        return Searched.NOTHING
    # What is searched and is no field is made from others, which may be the hidden ones.
    if hidden and (names & hidden or any(record_type.field(name) is None for name in names)):
        return Searched.TITLE
    return Searched.EVERYTHING


def search_condition(
    uow: UnitOfWork, record_type: RecordType, text: str, model: Any = None
) -> ColumnElement[bool]:
    """Return the SQL condition of records that are found by ``text``.

    Every word must begin a word of the record; a number may also be part of a phone number.
    ``model`` is an alias of the record type's model, where there is one.
    """
    words = entry_condition(uow, record_type, text)
    if words is None:
        return false()
    found = select(SearchEntry.id).where(words)
    condition: ColumnElement[bool] = (model or record_type.model).id.in_(found)
    return condition


def entry_condition(
    uow: UnitOfWork, record_type: RecordType, text: str
) -> ColumnElement[bool] | None:
    """Return the SQL condition of entries of a type that ``text`` finds; None if it finds none."""
    query = read_query(text)
    part = searched_part(uow, record_type)
    if query is None or part is Searched.NOTHING:
        return None
    write = as_title_tsquery if part is Searched.TITLE else as_tsquery
    # Not asked of the index of words, which would read that of a million entries to its end.
    of_type = SearchEntry.record_type == record_type.name
    return and_(of_type, has_words(SearchEntry.words, write(query)))


def is_found(uow: UnitOfWork, record_type: RecordType, text: str, record: Any) -> bool:
    """Tell of one record what ``search_condition`` says in SQL."""
    query = read_query(text)
    part = searched_part(uow, record_type)
    if query is None or part is Searched.NOTHING or record.deleted_at is not None:
        return False
    return matches_words(query, record.search_text, by_title=part is Searched.TITLE)


def has_words(words: Any, query: str) -> ColumnElement[bool]:
    """Return the SQL condition that the column ``words`` matches the text of a ``tsquery``.

    It is written into the statement, so that the server plans each for how often its words occur.
    """
    value = bindparam(None, query, type_=Text, literal_execute=True)
    condition: ColumnElement[bool] = words.op("@@")(cast(value, TSQUERY))
    return condition
