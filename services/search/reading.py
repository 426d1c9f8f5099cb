"""Reading the index of entries so that no search costs much, whatever it matches.

A common word, or one letter, matches a fifth of all records: the index of words would have to
collect and sort them all. But then a few of the newest match too. A rare word is found by the index
of words at once. Which is which is not left to the server's estimate, which takes a word that does
not exist for a common one: the newest records are looked at first, and only if too few of them
match are all that match collected, which can then not be many.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import SimpleNamespace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    false,
    literal,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.elements import BooleanClauseList

from services.access import row_condition
from services.records.types import RecordType
from services.search.conditions import has_words
from services.search.model import SearchEntry
from services.search.words import (
    Query,
    as_title_tsquery,
    as_tsquery,
    as_whole_tsquery,
    as_words_tsquery,
)
from services.unit_of_work import UnitOfWork

LOOKED_AT: Final = 2_000
"""How many of the newest records are looked at, those of all groups and types together."""

_LEAST: Final = 200
_SAME_NAME: Final = 200
_OWNERS: Final = frozenset({"owner_id", "team_id"})


class Rank(IntEnum):
    """How well a record matches; the best comes first, and what is spelled otherwise after it."""

    WHOLE = 1
    WORDS = 2
    WORDS_RESPELLED = 3
    TITLE = 4
    TITLE_RESPELLED = 5
    ELSEWHERE = 6
    ELSEWHERE_RESPELLED = 7


_WRITERS: Final[Mapping[Rank, Callable[..., str]]] = {
    Rank.WORDS: as_words_tsquery,
    Rank.WORDS_RESPELLED: as_words_tsquery,
    Rank.TITLE: as_title_tsquery,
    Rank.TITLE_RESPELLED: as_title_tsquery,
    Rank.ELSEWHERE: as_tsquery,
    Rank.ELSEWHERE_RESPELLED: as_tsquery,
}
_RESPELLED: Final = frozenset(rank for rank in Rank if rank.name.endswith("_RESPELLED"))


@dataclass(frozen=True, slots=True)
class Searching:
    """One search by one actor.

    Attributes:
        fully: The record types of which all words are searched, and ``by_title`` those of which
            only titles are.
        is_everything: It is not narrowed to some record types.
    """

    uow: UnitOfWork
    query: Query
    fully: tuple[RecordType, ...]
    by_title: tuple[RecordType, ...]
    is_everything: bool

    @property
    def types(self) -> tuple[RecordType, ...]:
        """All record types that are searched."""
        return (*self.fully, *self.by_title)

    def newest(self, limit: int) -> list[Any]:
        """Return matches among the newest records, and those that are called just so.

        Of the latter some, should there be hundreds; likewise of those whose titles have just
        these words among others, and no longer ones that only begin so.
        """
        streams = list(self._streams())
        most = max(_LEAST, LOOKED_AT // len(streams))
        recent = union_all(*(_newest_of(stream, most) for stream in streams)).subquery()
        columns = recent.c
        rank = self._rank(columns).label("rank")
        among = select(rank, columns.record_type, columns.id).where(
            self._matches(columns), self._visible(columns, self.types)
        )
        # One's own record of one's team is in two streams, and perhaps shared as well.
        parts = [among.order_by(rank, columns.id.desc()).limit(3 * limit)]
        parts += [
            self._entries(one, self._write(one), self.types).limit(_SAME_NAME)
            for one in self._ranks(Rank.WORDS, Rank.WORDS_RESPELLED)
        ]
        if self.fully:
            whole = self._entries(Rank.WHOLE, as_whole_tsquery(self.query), self.fully)
            parts.append(whole.limit(_SAME_NAME))
        return list(self._execute(parts))

    def all_by(self, rank: Rank, limit: int) -> list[Any]:
        """Return the newest of all that match in this way."""
        is_title = rank in {Rank.TITLE, Rank.TITLE_RESPELLED}
        types = self.types if is_title else self.fully
        if not types or rank not in self._ranks(rank):
            return []
        # Without the fence, the server would go through the newest once more.
        every = self._entries(rank, self._write(rank), types).offset(0).subquery()
        return list(self._execute([select(every).order_by(every.c.id.desc()).limit(limit)]))

    def _execute(self, parts: Sequence[Select[Any]]) -> Iterable[Any]:
        statement = union_all(*(select(part.subquery()) for part in parts))
        return self.uow.session.execute(statement).all()

    def _entries(self, rank: Rank, tsquery: str, types: Sequence[RecordType]) -> Select[Any]:
        columns: tuple[Any, ...] = (SearchEntry.record_type, SearchEntry.id)
        found = select(literal(int(rank)).label("rank"), *columns)
        words = has_words(SearchEntry.words, tsquery)
        return found.where(words, self._visible(SearchEntry, types))

    def _rank(self, columns: Any) -> ColumnElement[int]:
        whole = has_words(columns.words, as_whole_tsquery(self.query))
        *asked, last = self._ranks(*_WRITERS)
        ranked = [(has_words(columns.words, self._write(one)), int(one)) for one in asked]
        of_whole = (and_(self._is_fully(columns), whole), int(Rank.WHOLE))
        return case(of_whole, *ranked, else_=int(last))

    def _ranks(self, *ranks: Rank) -> list[Rank]:
        """Return those of some ranks that a record can have by this query."""
        return [one for one in ranks if self.query.is_respelled or one not in _RESPELLED]

    def _write(self, rank: Rank) -> str:
        return _WRITERS[rank](self.query, exactly=rank not in _RESPELLED)

    def _matches(self, columns: Any) -> ColumnElement[bool]:
        anywhere = and_(self._is_fully(columns), has_words(columns.words, as_tsquery(self.query)))
        if not self.by_title:
            return anywhere
        return or_(anywhere, has_words(columns.words, as_title_tsquery(self.query)))

    def _is_fully(self, columns: Any) -> ColumnElement[bool]:
        condition: ColumnElement[bool] = columns.record_type.in_([one.name for one in self.fully])
        return condition if self.fully else false()

    def _visible(self, columns: Any, types: Sequence[RecordType]) -> ColumnElement[bool]:
        """Return the condition of entries whose records the actor may see."""
        return or_(
            *(
                _among(columns, names, condition)
                for condition, names in self._grouped(columns, types)
            )
        )

    def _grouped(
        self, columns: Any, types: Sequence[RecordType]
    ) -> list[tuple[ColumnElement[bool] | None, list[str]]]:
        """Return each condition with the record types that are visible under it; mostly few."""
        groups: list[tuple[ColumnElement[bool] | None, list[str]]] = []
        for record_type in types:
            condition = row_condition(self.uow, _as_model(record_type, columns))
            for known, names in groups:
                if _is_same(known, condition):
                    names.append(record_type.name)
                    break
            else:
                groups.append((condition, [record_type.name]))
        return groups

    def _streams(self) -> Iterator[ColumnElement[bool] | None]:
        """Yield conditions, each with an index by age, that together hold all that is visible.

        None stands for all entries.
        """
        groups = self._grouped(SearchEntry, self.types)
        open_types = [name for condition, names in groups if condition is None for name in names]
        if self.is_everything and len(open_types) == len(self.types):
            yield None
            return
        for name in open_types:
            yield SearchEntry.record_type == name
        conditions = [condition for condition, _ in groups if condition is not None]
        if conditions:
            actor = self.uow.actor
            yield SearchEntry.owner_id == actor.user_id
            for team in sorted(actor.team_ids | actor.group_ids):
                yield SearchEntry.team_id == team
        for condition in conditions:
            parts = condition.clauses if isinstance(condition, BooleanClauseList) else [condition]
            for part in parts:
                if getattr(getattr(part, "left", None), "key", None) not in _OWNERS:
                    yield part


def visible_entries(uow: UnitOfWork, record_type: RecordType) -> ColumnElement[bool]:
    """Return the condition of entries of a type whose records the actor may see."""
    condition = row_condition(uow, _as_model(record_type, SearchEntry))
    return true() if condition is None else condition


def _newest_of(stream: ColumnElement[bool] | None, most: int) -> Select[Any]:
    entries: Select[Any] = select(
        SearchEntry.id,
        SearchEntry.record_type,
        SearchEntry.owner_id,
        SearchEntry.team_id,
        SearchEntry.words,
    )
    if stream is not None:
        entries = entries.where(stream)
    return select(entries.order_by(SearchEntry.id.desc()).limit(most).subquery())


def _among(
    columns: Any, names: Sequence[str], condition: ColumnElement[bool] | None
) -> ColumnElement[bool]:
    of_types: ColumnElement[bool] = columns.record_type.in_(names)
    return of_types if condition is None else and_(of_types, condition)


def _is_same(one: ColumnElement[bool] | None, other: ColumnElement[bool] | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(one.compare(other))


def _as_model(record_type: RecordType, columns: Any) -> Any:
    """Return what stands for a record type's model in conditions on the entries of its records."""
    model = record_type.model
    return SimpleNamespace(
        record_type=record_type.name,
        id=columns.id,
        owner_id=columns.owner_id,
        team_id=columns.team_id,
        __scoped__=getattr(model, "__scoped__", False),
        __participants__=getattr(model, "__participants__", None),
    )
