"""Finding the records that rows are about: those that are there, and earlier rows of the file."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, any_, cast, func
from sqlalchemy.dialects.postgresql import ARRAY

from services.importing.columns import Row
from services.importing.plan import KEY_FIELD, SIMILAR, Plan
from services.records.contact_points import website_domain
from services.records.duplicates import RULES, Rule, similarity, supported
from services.records.duplicates import SIMILAR as ALIKE
from services.records.folding import match_key
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
    """What earlier rows of the file were about, so that doubles within it are found."""

    def __init__(self, record_type: RecordType, plan: Plan) -> None:
        self._type = record_type
        self._match = plan.match
        self._rows: dict[Hashable, int] = {}
        self._names: defaultdict[str, list[tuple[int, str, Any]]] = defaultdict(list)

    def find(self, row: Row) -> int | None:
        """Return the number of an earlier row that is about the same; None if there is none."""
        for key in marks(self._type, self._match, row):
            # A chunk that is tried once more finds itself.
            if self._rows.get(key, row.number) < row.number:
                return self._rows[key]
        if SIMILAR not in self._match:
            return None
        name, beside = name_and_support(self._type, row)
        for number, other, others in self._names.get(match_key(name), ()) if name else ():
            is_before = number < row.number and supported(beside, others)
            if is_before and similarity(name, other) >= ALIKE:
                return number
        return None

    def add(self, row: Row) -> None:
        """Remember a row."""
        for key in marks(self._type, self._match, row):
            self._rows.setdefault(key, row.number)
        if SIMILAR in self._match:
            name, beside = name_and_support(self._type, row)
            known = self._names[match_key(name)] if name else []
            is_new = name and (not known or known[-1][0] < row.number)
            if is_new and len(known) < MOST_ALIKE:
                known.append((row.number, name, beside))


def marks(record_type: RecordType, match: Sequence[str], row: Row) -> Iterator[Hashable]:
    """Yield what rows about the same record have in common."""
    for name in match:
        if name == KEY_FIELD:
            if row.key is not None:
                yield row.key
        elif name == SIMILAR:
            rule = RULES.get(record_type.name)
            for column in rule.exact if rule else ():
                value = _value(row, column)
                if value:
                    yield column, value
        elif (value := row.values.get(name)) is not None:
            yield name, value.casefold() if isinstance(value, str) else value


def name_and_support(record_type: RecordType, row: Row) -> tuple[str, Any]:
    """Return the name that is compared, and what must not speak against it."""
    rule = RULES.get(record_type.name)
    if rule is None:
        return "", None
    name = row.values.get(record_type.title_field)
    if name is None and record_type.name == "contact":
        parts = (row.values.get("first_name"), row.values.get("last_name"))
        name = " ".join(part for part in parts if part)
    beside = row.values.get(rule.support) or row.links.get(rule.support)
    return str(name or ""), beside


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


def one_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values, sent as one array."""
    found: ColumnElement[bool] = column == any_(cast(sorted(set(values)), ARRAY(column.type)))
    return found


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
    compared = func.lower(column) if folded else column
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
    """Find rows by the rules of doubles: what is exact, then names that are alike."""
    rule = RULES.get(record_type.name)
    if rule is None:
        return
    for column in rule.exact:
        _by_field(uow, record_type, column, {r.number: _value(r, column) for r in rows}, found)
    _by_names(uow, record_type, rule, [row for row in rows if not found[row.number].keys], found)


def _by_names(
    uow: UnitOfWork,
    record_type: RecordType,
    rule: Rule,
    rows: Sequence[Row],
    found: Mapping[int, Matches],
) -> None:
    named = [(row, *name_and_support(record_type, row)) for row in rows]
    keyed = [(row, name, beside, match_key(name)) for row, name, beside in named if name]
    model = rule.model
    statement = (
        uow.select(model)
        .with_only_columns(model.id, model.name, getattr(model, rule.support), model.match_key)
        .where(one_of(model.match_key, {key for *_, key in keyed if key}))
    )
    groups: defaultdict[str, list[tuple[UUID, str, Any]]] = defaultdict(list)
    for key, name, beside, group in uow.session.execute(statement):
        groups[group].append((key, name, beside))
    for row, name, beside, group in keyed:
        best: tuple[int, UUID] | None = None
        for key, other, others in groups.get(group, ()):
            score = similarity(name, other)
            if score >= ALIKE and supported(beside, others) and (best is None or score > best[0]):
                best = (score, key)
        if best is not None:
            found[row.number].keys.add(best[1])


def _value(row: Row, column: str) -> Any:
    """Return what a row has in a column of a rule; a domain comes from the website."""
    if column == "domain":
        return website_domain(row.values.get("website"))
    return row.values.get(column)
