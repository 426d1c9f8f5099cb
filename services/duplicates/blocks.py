"""Records in blocks of those that have something in common, some at a time, for going through all.

Only within a block is each compared with others. Blocks come in the order of what they share, so
that a scan can go on where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Select, Text, cast, func, select

from services.duplicates.anchors import (
    POINT_COLUMNS,
    anchors_of,
    column_of,
    has_points,
    is_folded,
)
from services.duplicates.comparing import Subject
from services.duplicates.finding import folded, one_of, read_columns, read_subjects
from services.duplicates.rules import Condition, Method, Rule
from services.points.model import ContactPoint
from services.records.types import RecordType
from services.unit_of_work import UnitOfWork

SLICE_ROWS: Final = 20_000
SLICE_GROUPS: Final = 5_000
MAX_BLOCK: Final = 50_000
"""Of a block with more records, only so many are looked at."""


@dataclass(frozen=True, slots=True)
class Step:
    """One way in which pairs are found: by one of a rule's anchors."""

    rule: Rule
    anchor: Condition

    @property
    def is_enough(self) -> bool:
        """Whether all that meet the anchor are the same, without a further look."""
        is_sure = self.anchor.method == Method.SAME
        return is_sure and self.rule.conditions == (self.anchor,)


@dataclass(slots=True)
class Block:
    """Records that may be the same, as far as the anchor tells.

    Attributes:
        size: How many there are; ``subjects`` may be fewer.
    """

    mark: str
    size: int
    subjects: list[Subject] = field(default_factory=list)


@dataclass(slots=True)
class Slice:
    """Some blocks.

    Attributes:
        after: The last mark that is in it.
        rows: How many records were read for it.
        is_last: Whether nothing follows.
    """

    blocks: list[Block]
    after: str
    rows: int
    is_last: bool


def steps_of(record_type: RecordType, rules: Iterable[Rule]) -> list[Step]:
    """Return the steps of a scan by these rules."""
    return [Step(rule, one) for rule in rules for one in anchors_of(record_type, rule)]


def read_slice(
    uow: UnitOfWork, record_type: RecordType, step: Step, after: str, rows: int | None = None
) -> Slice:
    """Return the blocks that follow ``after``.

    ``rows`` are how many records are read at most; blocks of one name have their rest besides.
    None: as many as a slice of a scan holds.
    """
    if step.anchor.method == Method.SIMILAR:
        return _by_name(uow, record_type, step, after, rows or SLICE_ROWS)
    return _by_value(uow, record_type, step, after, rows)


def _by_name(uow: UnitOfWork, record_type: RecordType, step: Step, after: str, rows: int) -> Slice:
    model = record_type.model
    there = model.deleted_at.is_(None)
    ordered = select(model.match_key).where(model.match_key > after, there)
    last = uow.session.scalar(ordered.order_by(model.match_key).offset(rows).limit(1))
    statement: Select[Any] = (
        select(model.id, *read_columns(record_type, [step.rule]))
        .where(model.match_key > after, there)
        .order_by(model.match_key, model.id)
        .limit(rows + MAX_BLOCK)
    )
    if last is not None:
        statement = statement.where(model.match_key <= last)
    read = uow.session.execute(statement).mappings().all()
    subjects = read_subjects(uow, record_type, [step.rule], read)
    blocks = []
    for mark, some in groupby(subjects, key=lambda subject: subject.name_key):
        alike = list(some)
        if len(alike) > 1:
            blocks.append(Block(mark, len(alike), alike))
    if last is not None and len(read) == rows + MAX_BLOCK and blocks:
        alone = select(func.count()).select_from(model).where(model.match_key == last, there)
        blocks[-1].size = uow.session.scalar(alone) or 0
    return Slice(blocks, last or "", len(read), last is None)


def _by_value(
    uow: UnitOfWork, record_type: RecordType, step: Step, after: str, rows: int | None
) -> Slice:
    values = _values(record_type, step.anchor, after, rows)
    found = uow.session.execute(_groups(values)).all()
    keys = {key for _, _, some in found for key in some}
    subjects = dict(_subjects(uow, record_type, step, keys))
    blocks = []
    for mark, size, some in found:
        present = [subjects[key] for key in sorted(set(some)) if key in subjects]
        if len(present) > 1:
            blocks.append(Block(mark, size, present))
    is_last = len(found) < SLICE_GROUPS
    if rows is not None:
        read = uow.session.scalar(select(func.count()).select_from(values.subquery())) or 0
        is_last = is_last and read < rows
    return Slice(blocks, found[-1][0] if found else "", len(keys), is_last)


def _values(
    record_type: RecordType, anchor: Condition, after: str, rows: int | None
) -> Select[Any]:
    """Return the query of the values of an anchor's field, each with its record's key.

    ``rows`` are the most that are read, in the order of the values; None: all.
    """
    model = record_type.model
    if has_points(record_type, anchor.field):
        key: Any = ContactPoint.record_id
        value: Any = ContactPoint.normalised
        where = (
            ContactPoint.kind == POINT_COLUMNS[anchor.field],
            ContactPoint.record_type == record_type.name,
        )
    else:
        key, column = model.id, column_of(record_type, anchor.field)
        value = folded(column) if is_folded(record_type, anchor.field) else cast(column, Text)
        where = (model.deleted_at.is_(None), column.is_not(None))
    found = select(key.label("key"), value.label("value")).where(*where, value > after)
    return found if rows is None else found.order_by(value).limit(rows)


def _groups(values: Select[Any]) -> Select[Any]:
    """Return the query of the values that several records have, with those records' keys."""
    of = values.subquery().c
    surplus = cast(func.greatest(func.count() - MAX_BLOCK, 0), Integer)
    some = func.trim_array(func.array_agg(of.key), surplus)
    return (
        select(of.value, func.count(), some)
        .group_by(of.value)
        .having(func.count() > 1)
        .order_by(of.value)
        .limit(SLICE_GROUPS)
    )


def _subjects(
    uow: UnitOfWork, record_type: RecordType, step: Step, keys: Sequence[UUID] | set[UUID]
) -> Iterator[tuple[UUID, Subject]]:
    """Yield what is compared of the records with these keys, but for those in the bin."""
    if not keys:
        return
    model = record_type.model
    there = (one_of(model.id, keys), model.deleted_at.is_(None))
    if step.is_enough:
        for key in uow.session.scalars(select(model.id).where(*there)):
            yield key, Subject(key)
        return
    statement = select(model.id, *read_columns(record_type, [step.rule])).where(*there)
    read = uow.session.execute(statement).mappings().all()
    for subject in read_subjects(uow, record_type, [step.rule], read):
        if subject.key is not None:
            yield subject.key, subject
