"""Trying a rule on the records that are there, before it is in force."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final

from sqlalchemy import func, select

from services.duplicates.blocks import read_slice, steps_of
from services.duplicates.finding import labels_of
from services.duplicates.pairing import Found, Pairing
from services.duplicates.rules import Rule
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

MOST_ROWS: Final = 20_000
MOST_PAIRS: Final = 1_000
EXAMPLES: Final = 20


@dataclass(frozen=True, slots=True)
class Example:
    """Two records that the rule calls the same."""

    first: Any
    second: Any
    score: int
    reason: str


@dataclass(slots=True)
class Trial:
    """What a rule finds.

    Attributes:
        total: How many records there are.
        pairs: How many it calls the same; at least so many if not ``is_whole``.
        is_whole: Whether all records were looked at, and not only the first ones.
        examples: Those of the pairs of which the actor may see both, the least sure first.
    """

    total: int
    pairs: int = 0
    is_whole: bool = True
    examples: list[Example] = field(default_factory=list)


def try_rule(uow: UnitOfWork, rule: Rule) -> Trial:
    """Return what a rule finds among the records; nothing is kept of it."""
    record_type = get_record_type(rule.record_type)
    model = record_type.model
    there = select(func.count()).select_from(model).where(model.deleted_at.is_(None))
    trial = Trial(uow.session.scalar(there) or 0)
    found: dict[frozenset[Any], Found] = {}
    for step in steps_of(record_type, [rule]):
        read = read_slice(uow, record_type, step, "", MOST_ROWS)
        pairing = Pairing(step, labels_of(record_type))
        pairs = (pair for block in read.blocks for pair in pairing.pairs(block))
        some = list(islice(pairs, MOST_PAIRS + 1))
        trial.is_whole = trial.is_whole and read.is_last and len(some) <= MOST_PAIRS
        found |= {frozenset(pair[:2]): pair for pair in some[:MOST_PAIRS]}
    trial.pairs = len(found)
    trial.examples = _examples(uow, model, sorted(found.values(), key=lambda pair: pair[2]))
    return trial


def _examples(uow: UnitOfWork, model: Any, pairs: list[Found]) -> list[Example]:
    some = pairs[: EXAMPLES * 5]
    keys = {key for pair in some for key in pair[:2]}
    rows = {row.id: row for row in uow.session.scalars(uow.select(model).where(model.id.in_(keys)))}
    seen = (
        Example(rows[one], rows[other], score, reason)
        for one, other, score, reason in some
        if one in rows and other in rows
    )
    return list(islice(seen, EXAMPLES))
