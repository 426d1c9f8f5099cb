"""The scan for records that are there twice: a job that goes through a whole record type.

When it is through, the pairs to be judged are those that the rules found this time.

It works in slices, each in a transaction of its own, so it can be watched, cancelled, and goes on
after a crash where it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from services.actors import SYSTEM, Permission
from services.arguments import Key, Line
from services.duplicates.anchors import can_be_double
from services.duplicates.blocks import read_slice, steps_of
from services.duplicates.book import rules_for
from services.duplicates.finding import labels_of
from services.duplicates.model import DuplicateScan
from services.duplicates.pairing import Pairing
from services.duplicates.pairs import forget_pairs, keep_pairs
from services.duplicates.rules import Rule, Use
from services.errors import Conflict, Invalid, NotFound
from services.jobs import job
from services.operations import Arguments, operation
from services.platform import Platform
from services.records.types import RecordType, find_record_type
from services.unit_of_work import Job, UnitOfWork

NOTED: Final = 5
"""So many of the blocks that were too large are named, the largest ones."""


class StartScan(Arguments):
    """What is scanned."""

    record_type = Line(required=True, metadata={"title": "Record type"})


class CancelScan(Arguments):
    """Which scan is stopped."""

    scan_id = Key(required=True, metadata={"title": "Scan"})


@operation("duplicates.scan", Permission.DATA_MANAGE, StartScan)
def start_scan(uow: UnitOfWork, *, record_type: str) -> dict[str, Any]:
    """Look for records of a type that are there twice."""
    found = find_record_type(record_type)
    if found is None or not can_be_double(found):
        message = f"Records of the type {record_type} can't be merged, so they are not scanned."
        raise Invalid(message, {"record_type": [message]})
    rules = rules_for(record_type, Use.SCAN)
    if not rules:
        message = f"No rule says how {found.plural.lower()} are found that are there twice."
        raise Invalid(message, {"record_type": [message]})
    model = found.model
    total = uow.session.scalar(
        select(func.count()).select_from(model).where(model.deleted_at.is_(None))
    )
    scan = DuplicateScan(
        record_type=record_type,
        plan=[rule.as_dict() for rule in rules],
        total=total or 0,
        started_at=uow.now,
        started_by=uow.actor.name,
    )
    try:
        with uow.session.begin_nested():
            uow.add(scan)
    except IntegrityError as error:
        raise Conflict("This scan is running already.") from error
    uow.defer(_next(scan))
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


@job("duplicates.scan")
def run_scan(platform: Platform, *, scan_id: str) -> None:
    """Do one slice of a scan, and leave the next to another job."""

    def work(uow: UnitOfWork) -> None:
        scan = uow.session.get(DuplicateScan, UUID(scan_id), with_for_update=True)
        if scan is None or scan.ended_at is not None:
            return
        found = find_record_type(scan.record_type)
        if found is None:  # its type was retired meanwhile
            scan.stage, scan.ended_at = "cancelled", uow.now
            return
        if _go_on(uow, scan, found):
            uow.defer(_next(scan))
        else:
            # What no rule calls the same any more, nobody need judge.
            forget_pairs(uow, scan.record_type, before=scan.started_at)
            scan.stage, scan.ended_at, scan.done = "done", uow.now, scan.total

    platform.transact(SYSTEM, work, source="job")


def list_scans(uow: UnitOfWork, limit: int = 10) -> Sequence[DuplicateScan]:
    """Return the newest scans."""
    return uow.session.scalars(
        select(DuplicateScan).order_by(DuplicateScan.id.desc()).limit(limit)
    ).all()


def _go_on(uow: UnitOfWork, scan: DuplicateScan, record_type: RecordType) -> bool:
    """Do the next slice; return whether there is another one."""
    steps = steps_of(record_type, map(Rule.of, scan.plan))
    if scan.step >= len(steps):
        return False
    step = steps[scan.step]
    read = read_slice(uow, record_type, step, scan.after)
    pairing = Pairing(step, labels_of(record_type))
    pairs = chain.from_iterable(map(pairing.pairs, read.blocks))
    scan.found += keep_pairs(uow, scan.record_type, pairs, since=scan.started_at)
    _note(scan, step.rule.name, pairing.cut)
    # Each step counts for its share of all records.
    share = scan.total / len(steps)
    if read.is_last:
        scan.step, scan.after = scan.step + 1, ""
        scan.done = round(share * scan.step)
    else:
        scan.after = read.after
        passed = scan.done + read.rows / len(steps)
        scan.done = min(round(passed), round(share * (scan.step + 1)))
    return scan.step < len(steps)


def _note(scan: DuplicateScan, rule: str, cut: Mapping[str, int]) -> None:
    """Remember which blocks were too large to compare each with each."""
    if cut:
        made = [{"rule": rule, "mark": mark, "size": size} for mark, size in cut.items()]
        scan.notes = sorted([*scan.notes, *made], key=lambda note: -note["size"])[:NOTED]


def _next(scan: DuplicateScan) -> Job:
    # One slice after the other, though a job be delivered twice.
    key = str(scan.id)
    return Job("duplicates.scan", {"scan_id": key}, lock=f"duplicates:{key}")
