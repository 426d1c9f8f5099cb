"""Finding the records that are the same as one: while typing, when saving, and in imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    Text,
    Uuid,
    any_,
    cast,
    false,
    func,
    select,
    true,
    type_coerce,
    union,
)
from sqlalchemy.dialects.postgresql import ARRAY

from services.access import row_condition
from services.actors import Verb
from services.duplicates.anchors import (
    POINT_COLUMNS,
    anchors_of,
    column_of,
    has_points,
    is_folded,
)
from services.duplicates.book import rules_for
from services.duplicates.comparing import Subject, Verdict, judge, subject_of
from services.duplicates.rules import Condition, Method, Rule, Use
from services.duplicates.wanted import Wanted, as_stored, wanted_of
from services.points.model import MIRRORED, ContactPoint
from services.records.base import Matched
from services.records.types import RecordType, find_record_type, title_of
from services.unit_of_work import UnitOfWork

MAX_CANDIDATES: Final = 500
"""So many records are looked at for each condition and each record that is looked for."""


@dataclass(frozen=True, slots=True)
class Match:
    """A record that may be the same.

    Attributes:
        score: 100 where something exact agrees, else how similar the names are.
        reasons: What agrees, for people.
    """

    record: Any
    score: int
    reasons: tuple[str, ...]


@dataclass(slots=True)
class Hit:
    """A record that rules call the same.

    Attributes:
        is_seen: Whether the actor may see it.
        rules: Those that do.
    """

    key: UUID
    is_seen: bool = True
    score: int = 0
    reasons: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)

    def add(self, rule: Rule, verdict: Verdict) -> None:
        """Take in what one more rule says."""
        self.rules.append(rule)
        self.score = max(self.score, verdict.score)
        self.reasons += [one for one in verdict.reasons if one not in self.reasons]


def find_duplicates(
    uow: UnitOfWork,
    record_type: str,
    values: Mapping[str, Any],
    *,
    exclude: UUID | None = None,
    limit: int = 5,
    use: Use = Use.TYPING,
) -> list[Match]:
    """Return the visible records that may be the same as one with these values, best first.

    Fields that are hidden from the actor are not compared: whether they agree would tell of them.

    Args:
        uow: Of whoever asks.
        record_type: One without a rule has no doubles.
        values: Field name → what was typed so far, as text or as it is stored.
        exclude: The record itself.
        limit: At most so many.
        use: Which rules are asked.
    """
    found = find_record_type(record_type)
    rules = open_rules(uow, record_type, use)
    if found is None or not rules:
        return []
    stored = as_stored(found, rules, values)
    wanted = wanted_of(found, rules, stored, exclude, own_points(uow, exclude))
    hits = find_hits(uow, found, rules, [wanted])[0]
    return present_hits(uow, found, [hit for hit in hits if hit.is_seen])[:limit]


def open_rules(uow: UnitOfWork, record_type: str, use: Use) -> tuple[Rule, ...]:
    """Return the rules for an occasion that compare nothing which is hidden from the actor."""
    hidden = uow.actor.hidden_fields(record_type)
    return tuple(rule for rule in rules_for(record_type, use) if hidden.isdisjoint(rule.fields))


def present_hits(uow: UnitOfWork, record_type: RecordType, hits: Sequence[Hit]) -> list[Match]:
    """Return records that were found, the surest first."""
    model = record_type.model
    keys = [hit.key for hit in hits]
    rows = uow.session.scalars(uow.select(model).where(model.id.in_(keys))) if keys else ()
    records = {row.id: row for row in rows}
    matches = [
        Match(records[hit.key], hit.score, tuple(hit.reasons)) for hit in hits if hit.key in records
    ]
    return sorted(matches, key=lambda match: (-match.score, title_of(match.record)))


def own_points(uow: UnitOfWork, key: UUID | None) -> dict[str, set[str]]:
    """Return all addresses and numbers of the record with this key, by their field."""
    return {} if key is None else points_by_record(uow, [key]).get(key, {})


def points_by_record(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, dict[str, set[str]]]:
    """Return the addresses and numbers of records, by record and field."""
    found: dict[UUID, dict[str, set[str]]] = {}
    statement = select(ContactPoint.record_id, ContactPoint.kind, ContactPoint.normalised).where(
        one_of(ContactPoint.record_id, keys), ContactPoint.kind.in_(list(MIRRORED))
    )
    for key, kind, value in uow.session.execute(statement):
        found.setdefault(key, {}).setdefault(MIRRORED[kind], set()).add(value)
    return found


def find_hits(
    uow: UnitOfWork, record_type: RecordType, rules: Sequence[Rule], wanted: Sequence[Wanted]
) -> list[list[Hit]]:
    """Return, for each record that is looked for, those that are there."""
    pool = _Pool(record_type, rules)
    for subject, is_seen in _candidates(uow, record_type, rules, wanted):
        pool.add(subject, is_seen=is_seen)
    return [pool.find(one.subject) for one in wanted]


class _Pool:
    """Records among which others are looked for, by the marks of each rule's anchors."""

    def __init__(self, record_type: RecordType, rules: Sequence[Rule]) -> None:
        self._labels = labels_of(record_type)
        self._anchors = [(rule, anchors_of(record_type, rule)) for rule in rules]
        self._seen: dict[UUID, bool] = {}
        self._marked: defaultdict[tuple[str, str, Any], list[Subject]] = defaultdict(list)

    def add(self, subject: Subject, *, is_seen: bool) -> None:
        if subject.key is None or subject.key in self._seen:
            return
        self._seen[subject.key] = is_seen
        for mark in self._marks(subject):
            self._marked[mark].append(subject)

    def find(self, wanted: Subject) -> list[Hit]:
        hits: dict[UUID, Hit] = {}
        for rule, anchors in self._anchors:
            for subject in self._alike(wanted, anchors):
                is_seen = self._seen[subject.key]
                if subject.key == wanted.key or not (is_seen or rule.tells_unseen):
                    continue
                verdict = judge(rule, self._labels, wanted, subject)
                if verdict is not None:
                    hits.setdefault(subject.key, Hit(subject.key, is_seen)).add(rule, verdict)
        return list(hits.values())

    def _marks(self, subject: Subject) -> set[tuple[str, str, Any]]:
        every = {one for _, anchors in self._anchors for one in anchors}
        return {(one.field, one.method, mark) for one in every for mark in subject.marks(one)}

    def _alike(self, wanted: Subject, anchors: Iterable[Condition]) -> Iterator[Any]:
        """Yield each record once that has an anchor's mark in common."""
        met = set()
        for one in anchors:
            for mark in wanted.marks(one):
                for subject in self._marked.get((one.field, one.method, mark), ()):
                    if subject.key not in met:
                        met.add(subject.key)
                        yield subject


def labels_of(record_type: RecordType) -> dict[str, str]:
    """Return what the fields of a type are called."""
    return {field.name: field.label for field in record_type.fields}


def read_columns(record_type: RecordType, rules: Iterable[Rule]) -> list[Any]:
    """Return the columns that rules compare, each under its field's name, with the name key."""
    names = dict.fromkeys(name for rule in rules for name in rule.fields)
    columns = [column_of(record_type, name).label(name) for name in names]
    if issubclass(record_type.model, Matched):
        columns.append(record_type.model.match_key.label("_name_key"))
    return columns


def read_subjects(
    uow: UnitOfWork, record_type: RecordType, rules: Sequence[Rule], rows: Sequence[RowMapping]
) -> list[Subject]:
    """Return what is compared of records that were read with their ``id`` and ``read_columns``."""
    pointed = {name for rule in rules for name in rule.fields if has_points(record_type, name)}
    points = points_by_record(uow, [row["id"] for row in rows]) if pointed and rows else {}
    return [
        subject_of(
            row["id"], rules, dict(row), points.get(row["id"]), name_key=row.get("_name_key", "")
        )
        for row in rows
    ]


def folded(column: Any) -> ColumnElement[str]:
    """Return a text's column without case, in the very words of its index."""
    return type_coerce(func.lower(column), Text())


def one_of(column: Any, values: Iterable[Any]) -> ColumnElement[bool]:
    """Return the condition that a column has one of many values, sent as one array."""
    found: ColumnElement[bool] = column == any_(cast(sorted(set(values)), ARRAY(column.type)))
    return found


def _candidates(
    uow: UnitOfWork, record_type: RecordType, rules: Sequence[Rule], wanted: Sequence[Wanted]
) -> Iterator[tuple[Subject, bool]]:
    """Yield the records that meet an anchor with what is looked for, and whether they are seen."""
    model = record_type.model
    visible = row_condition(uow, model, Verb.READ)
    limit = MAX_CANDIDATES * len(wanted)
    found: dict[Condition, bool] = {}
    for rule in rules:
        for one in anchors_of(record_type, rule):
            found[one] = found.get(one, False) or rule.tells_unseen
    parts = []
    for anchor, tells_unseen in found.items():
        condition = _meets(record_type, anchor, wanted)
        if condition is not None:
            part = select(model.id).where(condition, model.deleted_at.is_(None))
            if visible is not None and not tells_unseen:
                part = part.where(visible)
            # In parentheses: each part has a limit of its own.
            parts.append(select(part.limit(limit).subquery().c.id))
    if not parts:
        return
    seen = true() if visible is None else func.coalesce(visible, false())
    statement: Select[Any] = select(
        model.id, seen.label("_seen"), *read_columns(record_type, rules)
    ).where(model.id.in_(union(*parts)))
    rows = uow.session.execute(statement).mappings().all()
    for row, subject in zip(rows, read_subjects(uow, record_type, rules, rows), strict=True):
        yield subject, row["_seen"]


def _meets(
    record_type: RecordType, anchor: Condition, wanted: Sequence[Wanted]
) -> ColumnElement[bool] | None:
    """Return the condition of the records that meet an anchor; None if none can."""
    if anchor.method == Method.SIMILAR:
        keys = {one.subject.name_key for one in wanted} - {""}
        return one_of(record_type.model.match_key, keys) if keys else None
    name = anchor.field
    given = {one.raw[name] for one in wanted if one.raw.get(name) is not None}
    if has_points(record_type, name):
        given.update(*(one.points.get(name, ()) for one in wanted))
        if not given:
            return None
        holders = select(ContactPoint.record_id).where(
            ContactPoint.kind == POINT_COLUMNS[name],
            one_of(ContactPoint.normalised, given),
            ContactPoint.record_type == record_type.name,
        )
        found: ColumnElement[bool] = record_type.model.id.in_(holders)
        return found
    column = column_of(record_type, name)
    if isinstance(column.type, Uuid):  # in a file, a link may still be the text that stands for it
        given = {one for one in given if isinstance(one, UUID)}
    if is_folded(record_type, name):
        column, given = folded(column), {str(one).lower() for one in given}
    return one_of(column, given) if given else None
