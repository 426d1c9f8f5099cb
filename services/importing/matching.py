"""Finding the records that rows are about: those that are there, and earlier rows of the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func

from services.duplicates.anchors import anchors_of
from services.duplicates.book import rules_for
from services.duplicates.comparing import SURE, Subject, judge
from services.duplicates.finding import (
    Hit,
    find_hits,
    labels_of,
    one_of,
    open_rules,
)
from services.duplicates.rules import Rule, Use
from services.duplicates.wanted import Wanted, wanted_of, with_made
from services.importing.columns import Row
from services.importing.plan import KEY_FIELD, SIMILAR, Plan
from services.importing.prices import find_places, place_of
from services.importing.types import PLACE
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork

MOST_ALIKE = 50
"""In a file, a name is compared with so many others that begin alike."""


@dataclass(slots=True)
class Matches:
    """What was found for one row.

    Attributes:
        keys: Of records that are there.
        unseen: Its own key is given, and there is no such record.
    """

    keys: set[UUID] = field(default_factory=set)
    unseen: bool = False


class Seen:
    """What earlier rows of the file were about, so that doubles within it are found.

    Attributes:
        titles: Their folded titles, where rows may link to others of their kind.
    """

    def __init__(self, record_type: RecordType, plan: Plan) -> None:
        self.titles: set[str] = set()
        self._type = record_type
        self._match = plan.match
        self._rows: dict[Hashable, int] = {}
        rules = rules_for(record_type.name, Use.IMPORT) if SIMILAR in self._match else ()
        self._anchors = [(rule, anchors_of(record_type, rule)) for rule in rules]
        self._labels = labels_of(record_type)
        self._marked: defaultdict[Hashable, list[tuple[int, Subject]]] = defaultdict(list)

    def find(self, row: Row) -> int | None:
        """Return the number of an earlier row that is about the same; None if there is none."""
        for key in marks(self._match, row):
            # A chunk that is tried once more finds itself.
            if self._rows.get(key, row.number) < row.number:
                return self._rows[key]
        return self._find_alike(row) if self._anchors else None

    def add(self, row: Row) -> None:
        """Remember a row."""
        for key in marks(self._match, row):
            self._rows.setdefault(key, row.number)
        if not self._anchors:
            return
        subject = self._subject(row)
        for mark in self._marks(subject):
            known = self._marked[mark]
            is_new = not known or known[-1][0] < row.number
            if is_new and len(known) < MOST_ALIKE:
                known.append((row.number, subject))

    def _find_alike(self, row: Row) -> int | None:
        subject = self._subject(row)
        for rule, anchors in self._anchors:
            for one in anchors:
                for mark in subject.marks(one):
                    for number, other in self._marked.get((one.field, one.method, mark), ()):
                        if number < row.number and judge(rule, self._labels, subject, other):
                            return number
        return None

    def _marks(self, subject: Subject) -> set[Hashable]:
        every = {one for _, anchors in self._anchors for one in anchors}
        return {(one.field, one.method, mark) for one in every for mark in subject.marks(one)}

    def _subject(self, row: Row) -> Subject:
        return _wanted(self._type, [rule for rule, _ in self._anchors], row).subject


def marks(match: Sequence[str], row: Row) -> Iterator[Hashable]:
    """Yield what rows about the same record have in common, but for the rules of doubles."""
    for name in match:
        if name == KEY_FIELD:
            if row.key is not None:
                yield row.key
        elif name == PLACE:
            if (place := place_of(row)) is not None:
                yield place
        elif name != SIMILAR and (value := row.values.get(name)) is not None:
            yield name, value.casefold() if isinstance(value, str) else value


def find_matches(
    uow: UnitOfWork, record_type: RecordType, plan: Plan, rows: Sequence[Row]
) -> dict[int, Matches]:
    """Return row number → which visible records it may be about."""
    found = {row.number: Matches() for row in rows}
    for name in plan.match:
        if name == KEY_FIELD:
            _by_key(uow, record_type, rows, found)
        elif name == SIMILAR:
            _by_rules(uow, record_type, rows, found)
        elif name == PLACE:
            for number, keys in find_places(uow, rows).items():
                found[number].keys |= keys
        else:
            values = {row.number: row.values.get(name) for row in rows}
            _by_field(uow, record_type, name, values, found)
    return found


def load_records(
    uow: UnitOfWork, record_type: RecordType, keys: Iterable[UUID], *, lock: bool
) -> dict[UUID, Any]:
    """Return the visible records with these keys; ``lock`` holds them to the commit."""
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    model = record_type.model
    statement = uow.select(model).where(one_of(model.id, wanted)).order_by(model.id)
    if lock:
        statement = statement.with_for_update(of=model).execution_options(populate_existing=True)
    return {record.id: record for record in uow.session.scalars(statement)}


def _by_key(
    uow: UnitOfWork, record_type: RecordType, rows: Sequence[Row], found: Mapping[int, Matches]
) -> None:
    model = record_type.model
    wanted = {row.key for row in rows if row.key is not None}
    if not wanted:
        return
    statement = uow.select(model).with_only_columns(model.id).where(one_of(model.id, wanted))
    there = set(uow.session.scalars(statement))
    for row in rows:
        if row.key is not None and row.key in there:
            found[row.number].keys.add(row.key)
        elif row.key is not None:
            found[row.number].unseen = True


def _by_field(
    uow: UnitOfWork,
    record_type: RecordType,
    name: str,
    values: Mapping[int, Any],
    found: Mapping[int, Matches],
) -> None:
    """Find rows by one field; texts are compared without case, but for addresses and numbers."""
    model = record_type.model
    column: Any = getattr(model, name)
    one = record_type.field(name)
    folded = one is not None and one.kind == "text"
    wanted = {
        number: value.lower() if folded and isinstance(value, str) else value
        for number, value in values.items()
        if value not in {None, ""}
    }
    if not wanted:
        return
    compared = func.lower(column, type_=column.type) if folded else column
    statement = (
        uow.select(model)
        .with_only_columns(model.id, compared)
        .where(one_of(compared, wanted.values()))
    )
    keys: defaultdict[Any, set[UUID]] = defaultdict(set)
    for key, value in uow.session.execute(statement):
        keys[value].add(key)
    for number, value in wanted.items():
        found[number].keys |= keys.get(value, set())


def _by_rules(
    uow: UnitOfWork, record_type: RecordType, rows: Sequence[Row], found: Mapping[int, Matches]
) -> None:
    """Find rows by the rules of doubles: all that agree exactly, or else the one most alike."""
    rules = open_rules(uow, record_type.name, Use.IMPORT)
    if not rules:
        return
    wanted = [_wanted(record_type, rules, row) for row in rows]
    for row, hits in zip(rows, find_hits(uow, record_type, rules, wanted), strict=True):
        found[row.number].keys |= _best(hits)


def _best(hits: Sequence[Hit]) -> set[UUID]:
    seen = [hit for hit in hits if hit.is_seen]
    sure = {hit.key for hit in seen if hit.score == SURE}
    return sure or {hit.key for hit in sorted(seen, key=lambda hit: -hit.score)[:1]}


def _wanted(record_type: RecordType, rules: Sequence[Rule], row: Row) -> Wanted:
    """Return what rules compare of a row; a link that was not found stays a text, like no key."""
    if row.wanted is None:
        given = {
            name: value
            for name in dict.fromkeys(name for rule in rules for name in rule.fields)
            if (value := row.values.get(name) or row.links.get(name)) is not None
        }
        row.wanted = wanted_of(record_type, rules, with_made(record_type, given, row.values))
    return row.wanted
