"""The scan for records that are there twice: a job that goes through a whole record type.

It works in slices, each in a transaction of its own, so it can be watched, cancelled, and goes on
after a crash where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, combinations, islice
from typing import Any, TypeAlias
from uuid import UUID

from marshmallow import validate
from sqlalchemy import Row, Select, UniqueConstraint, and_, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from services.access import visible_to
from services.actors import SYSTEM, Permission
from services.arguments import Key, Line
from services.database import Base, Keyed, new_id
from services.errors import Conflict, NotFound
from services.jobs import job
from services.operations import Arguments, operation
from services.platform import Platform
from services.points.model import ContactPoint
from services.records.duplicates import (
    POINT_COLUMNS,
    RULES,
    SIMILAR,
    Rule,
    similarity,
    supported,
)
from services.records.folding import name_words
from services.unit_of_work import Job, UnitOfWork

KEYS_AT_ONCE = 2_000
WINDOW = 20
"""In a large group only neighbours by name are compared, so that it can't cost quadratically."""

KEPT_AT_ONCE = 5_000
SHOWN = 100

Found: TypeAlias = tuple[UUID, UUID, int, str]
"""Two keys, a score, and what agrees."""


class DuplicateScan(Keyed, Base):
    """One run over a record type.

    Attributes:
        stage: ``exact``, then ``names``; ``done`` or ``cancelled`` at the end.
        after: The last ``match_key`` that is through.
        done: Records looked at, of ``total``.
    """

    __tablename__ = "duplicate_scans"

    record_type: Mapped[str]
    stage: Mapped[str] = mapped_column(default="exact")
    after: Mapped[str] = mapped_column(default="")
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    found: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime]
    started_by: Mapped[str]
    ended_at: Mapped[datetime | None]


class DuplicatePair(Keyed, Base):
    """Two records that may be the same; ``first_id`` is the smaller key."""

    __tablename__ = "duplicate_pairs"
    __table_args__ = (UniqueConstraint("first_id", "second_id"),)

    record_type: Mapped[str] = mapped_column(index=True)
    first_id: Mapped[UUID]
    second_id: Mapped[UUID] = mapped_column(index=True)
    score: Mapped[int]
    reason: Mapped[str]
    found_at: Mapped[datetime]
    dismissed_at: Mapped[datetime | None]
    dismissed_by: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Pair:
    """Two visible records that may be the same."""

    id: UUID
    first: Any
    second: Any
    score: int
    reason: str


class StartScan(Arguments):
    """What is scanned."""

    record_type = Line(
        required=True, validate=validate.OneOf(list(RULES)), metadata={"title": "Record type"}
    )


class CancelScan(Arguments):
    """Which scan is stopped."""

    scan_id = Key(required=True, metadata={"title": "Scan"})


class DismissPair(Arguments):
    """Which two records are not the same."""

    pair_id = Key(required=True, metadata={"title": "Pair"})


@operation("duplicates.scan", Permission.DATA_MANAGE, StartScan)
def start_scan(uow: UnitOfWork, *, record_type: str) -> dict[str, Any]:
    """Look for records of a type that are there twice."""
    running = select(DuplicateScan.id).where(
        DuplicateScan.record_type == record_type, DuplicateScan.ended_at.is_(None)
    )
    if uow.session.scalar(running):
        raise Conflict("This scan is running already.")
    model = RULES[record_type].model
    total = uow.session.scalar(
        select(func.count()).select_from(model).where(model.deleted_at.is_(None))
    )
    scan = DuplicateScan(
        record_type=record_type,
        total=total or 0,
        started_at=uow.now,
        started_by=uow.actor.name,
    )
    uow.add(scan)
    uow.defer(Job("duplicates.scan", {"scan_id": str(scan.id)}))
    return {"scan_id": scan.id}


@operation("duplicates.cancel", Permission.DATA_MANAGE, CancelScan)
def cancel_scan(uow: UnitOfWork, *, scan_id: UUID) -> dict[str, Any]:
    """Stop a scan; what it has found stays."""
    scan = uow.session.get(DuplicateScan, scan_id, with_for_update=True)
    if scan is None:
        raise NotFound("There is no such scan.")
    if scan.ended_at is None:
        scan.stage, scan.ended_at = "cancelled", uow.now
    return {"scan_id": scan.id}


@operation("duplicates.dismiss", Permission.RECORD_WRITE, DismissPair)
def dismiss_pair(uow: UnitOfWork, *, pair_id: UUID) -> dict[str, Any]:
    """Say that two records are not the same; no scan brings them up again."""
    pair = uow.session.get(DuplicatePair, pair_id, with_for_update=True)
    if pair is None or _shown(uow, [pair]) == []:
        raise NotFound("There is no such pair.")
    pair.dismissed_at, pair.dismissed_by = uow.now, uow.actor.name
    return {"pair_id": pair.id}


@job("duplicates.scan")
def run_scan(platform: Platform, *, scan_id: str) -> None:
    """Do one slice of a scan, and leave the next to another job."""

    def work(uow: UnitOfWork) -> None:
        scan = uow.session.get(DuplicateScan, UUID(scan_id), with_for_update=True)
        if scan is None or scan.ended_at is not None:
            return
        if scan.stage == "exact":
            scan.found += _scan_exact(uow, scan)
            scan.stage = "names"
        elif not _scan_names(uow, scan):
            scan.stage, scan.ended_at, scan.done = "done", uow.now, scan.total
            return
        uow.defer(Job("duplicates.scan", {"scan_id": scan_id}))

    platform.transact(SYSTEM, work, source="job")


def list_scans(uow: UnitOfWork, limit: int = 10) -> Sequence[DuplicateScan]:
    """Return the newest scans."""
    return uow.session.scalars(
        select(DuplicateScan).order_by(DuplicateScan.id.desc()).limit(limit)
    ).all()


def list_pairs(uow: UnitOfWork, record_type: str) -> list[Pair]:
    """Return pairs that are neither merged nor dismissed, the surest first.

    Only those of which the actor may see both.
    """
    model = RULES[record_type].model
    visible = visible_to(uow, model, select(model)).with_only_columns(model.id)
    statement = select(DuplicatePair).where(
        DuplicatePair.record_type == record_type,
        DuplicatePair.dismissed_at.is_(None),
        DuplicatePair.first_id.in_(visible),
        DuplicatePair.second_id.in_(visible),
    )
    best = statement.order_by(DuplicatePair.score.desc(), DuplicatePair.id).limit(SHOWN)
    return _shown(uow, uow.session.scalars(best).all())


def _shown(uow: UnitOfWork, pairs: Sequence[DuplicatePair]) -> list[Pair]:
    if not pairs:
        return []
    model = RULES[pairs[0].record_type].model
    keys = {key for pair in pairs for key in (pair.first_id, pair.second_id)}
    rows = uow.session.scalars(uow.select(model).where(model.id.in_(keys)))
    records = {row.id: row for row in rows}
    return [
        Pair(pair.id, records[pair.first_id], records[pair.second_id], pair.score, pair.reason)
        for pair in pairs
        if pair.first_id in records and pair.second_id in records
    ]


def _scan_exact(uow: UnitOfWork, scan: DuplicateScan) -> int:
    return _keep(uow, scan, _agreeing(uow, RULES[scan.record_type]))


def _agreeing(uow: UnitOfWork, rule: Rule) -> Iterator[Found]:
    """Yield the pairs of which something exact agrees."""
    for name, label in rule.exact.items():
        groups = _groups(rule, name)
        for keys in uow.session.scalars(groups).all():
            for one, other in combinations(sorted(keys)[:WINDOW], 2):
                yield one, other, 100, f"same {label.lower()}"


def _groups(rule: Rule, name: str) -> Select[Any]:
    """Return the query of the keys that agree in a column, or in any contact point of its kind."""
    model = rule.model
    keys = select(func.array_agg(model.id)).where(model.deleted_at.is_(None))
    column: Any = getattr(model, name)
    if name in POINT_COLUMNS:
        column = ContactPoint.normalised
        of_type = ContactPoint.record_type == model.record_type
        keys = keys.join(ContactPoint, and_(ContactPoint.record_id == model.id, of_type))
        keys = keys.where(ContactPoint.kind == POINT_COLUMNS[name])
    keys = keys.where(column.is_not(None), column != "")
    return keys.group_by(column).having(func.count() > 1)


def _scan_names(uow: UnitOfWork, scan: DuplicateScan) -> bool:
    """Compare the next groups of names; return whether there were any."""
    rule = RULES[scan.record_type]
    model = rule.model
    there = model.deleted_at.is_(None)
    keys = uow.session.scalars(
        select(model.match_key)
        .where(model.match_key > scan.after, there)
        .group_by(model.match_key)
        .order_by(model.match_key)
        .limit(KEYS_AT_ONCE)
    ).all()
    if not keys:
        return False
    beside = getattr(model, rule.support)
    rows = uow.session.execute(
        select(model.id, model.name, beside.label("beside"), model.match_key)
        .where(model.match_key.in_(keys), there)
        .order_by(model.match_key)
    ).all()
    groups: dict[str, list[Row[Any]]] = {}
    for row in rows:
        groups.setdefault(row.match_key, []).append(row)
    scan.found += _keep(uow, scan, chain.from_iterable(map(_alike, groups.values())))
    scan.after, scan.done = keys[-1], min(scan.done + len(rows), scan.total)
    return True


def _alike(group: Sequence[Row[Any]]) -> Iterator[Found]:
    """Compare the names of a group, in a large one only those that stand near each other."""
    ordered = sorted(group, key=lambda row: sorted(name_words(row.name)))
    for place, one in enumerate(ordered):
        for other in islice(ordered, place + 1, place + 1 + WINDOW):
            if supported(one.beside, other.beside):
                score = similarity(one.name, other.name)
                if score >= SIMILAR:
                    yield one.id, other.id, min(score, 99), "similar name"


def _keep(uow: UnitOfWork, scan: DuplicateScan, pairs: Iterable[Found]) -> int:
    """Store pairs that are not known yet, and return how many those are."""
    rows = (
        {
            "id": new_id(),
            "record_type": scan.record_type,
            "first_id": min(one, other),
            "second_id": max(one, other),
            "score": score,
            "reason": reason,
            "found_at": uow.now,
        }
        for one, other, score, reason in pairs
    )
    statement = insert(DuplicatePair).on_conflict_do_nothing().returning(DuplicatePair.id)
    kept = 0
    while some := list(islice(rows, KEPT_AT_ONCE)):
        kept += len(uow.session.scalars(statement, some).all())
    return kept
