"""Applying the rules to all records, or trying what that would change: a job in slices.

Each slice has a transaction of its own, so a run can be watched, stopped, and goes on where it
was, after a crash too. What somebody has chosen by hand stays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from marshmallow import fields
from sqlalchemy import Row, Select, delete, func, insert, or_, select

from services.actors import SYSTEM, Permission
from services.arguments import Key
from services.batches import BEHIND, one_entry
from services.database import new_id
from services.errors import Conflict, NotFound
from services.jobs import job
from services.operations import Arguments, operation
from services.platform import Platform
from services.records.changes import change_record
from services.records.types import get_record_type
from services.territories.book import territory_book
from services.territories.model import PLACED_TYPES, TerritoryChange, TerritoryRun
from services.territories.placing import placing_in_sql
from services.unit_of_work import Job, UnitOfWork

TASK: Final = "territory.run"
TRIED_AT_ONCE: Final = 5_000
MOVED_AT_ONCE: Final = 500
_KEPT_RUNS: Final = 5
_SHOWN: Final = 100
_LOCK: Final = 7_241_003


class StartTerritoryRun(Arguments):
    """Whether records are moved, or it is only said which would be."""

    is_trial = fields.Boolean(load_default=True, metadata={"title": "Only try it"})


class OfTerritoryRun(Arguments):
    """Which run."""

    run_id = Key(required=True, metadata={"title": "Run"})


@dataclass(frozen=True, slots=True)
class Count:
    """How many records lie in a territory, and what a run does to that.

    Attributes:
        now: Lying there at this moment.
        comes: What the run puts there, and ``goes`` what it takes away.
    """

    now: int = 0
    comes: int = 0
    goes: int = 0


@operation("territory.start_run", Permission.TERRITORY_WRITE, StartTerritoryRun)
def start_run(uow: UnitOfWork, *, is_trial: bool) -> dict[str, Any]:
    """Apply the rules of all territories to all records, or try what that would change."""
    _hold_runs(uow)
    if uow.session.scalar(select(TerritoryRun.id).where(TerritoryRun.state == "running")):
        raise Conflict("The rules are being applied already.")
    _forget_old(uow)
    total = sum(uow.session.scalar(_there(name)) or 0 for name in PLACED_TYPES)
    run = uow.add(
        TerritoryRun(is_trial=is_trial, total=total, started_at=uow.now, started_by=uow.actor.name)
    )
    _go_on(uow, run)
    return {"run_id": run.id}


@operation("territory.stop_run", Permission.TERRITORY_WRITE, OfTerritoryRun)
def stop_run(uow: UnitOfWork, *, run_id: UUID) -> dict[str, Any]:
    """Stop applying the rules; what is done stays, and it can go on from there."""
    run = _held(uow, run_id)
    if run.state == "running":
        run.state = "stopped"
    return {"run_id": run.id}


@operation("territory.resume_run", Permission.TERRITORY_WRITE, OfTerritoryRun)
def resume_run(uow: UnitOfWork, *, run_id: UUID) -> dict[str, Any]:
    """Go on applying the rules where it was stopped."""
    _hold_runs(uow)
    run = _held(uow, run_id)
    if run.state == "done":
        raise Conflict("This run is through.")
    others = select(TerritoryRun.id).where(
        TerritoryRun.id != run.id,
        or_(TerritoryRun.state == "running", TerritoryRun.id > run.id),
    )
    if uow.session.scalar(others.limit(1)):
        raise Conflict("The rules are being applied anew, or have been since.")
    if run.state == "stopped":
        run.state = "running"
        _go_on(uow, run)
    return {"run_id": run.id}


@job(TASK)
def do_slice(platform: Platform, *, run_id: str, record_type: str, after: str | None) -> None:
    """Do one slice of a run, and leave the next to another job."""

    def work(uow: UnitOfWork) -> None:
        run = uow.session.get(TerritoryRun, UUID(run_id), with_for_update=True)
        place = None if after is None else UUID(after)
        if (
            run is None
            or run.state != "running"
            or (run.record_type, run.after)
            != (
                record_type,
                place,
            )
        ):
            return  # it was stopped, or another delivery of this job has done it
        size = TRIED_AT_ONCE if run.is_trial else MOVED_AT_ONCE
        rows = uow.session.execute(_slice(uow, run, size)).all()
        moved = _moved(uow, rows)
        if not run.is_trial:
            _move(uow, run, moved)
        _note(uow, run, moved)
        run.done, run.changed = run.done + len(rows), run.changed + len(moved)
        run.after = rows[-1].id if rows else run.after
        if len(rows) == size or _next_type(run):
            _go_on(uow, run)
        else:
            run.state, run.ended_at, run.total = "done", uow.now, run.done

    platform.transact(SYSTEM, work, source="job")


def find_run(uow: UnitOfWork) -> TerritoryRun | None:
    """Return the newest run, or None."""
    newest = select(TerritoryRun).order_by(TerritoryRun.id.desc()).limit(1)
    return uow.session.scalars(newest).one_or_none()


def count_records(uow: UnitOfWork, run: TerritoryRun | None) -> dict[str, dict[UUID | None, Count]]:
    """Return type → territory → how many lie there, and what ``run`` does to that.

    Who looks after territories counts all records, whoever may see them.
    """
    changes = {} if run is None else _flows(uow, run.id)
    found: dict[str, dict[UUID | None, Count]] = {}
    for name in PLACED_TYPES:
        model = get_record_type(name).model
        counted = select(model.territory_id, func.count()).where(model.deleted_at.is_(None))
        rows = uow.session.execute(counted.group_by(model.territory_id))
        now: dict[UUID | None, int] = {row[0]: row[1] for row in rows}
        comes, goes = changes.get((name, "to"), {}), changes.get((name, "from"), {})
        found[name] = {
            key: Count(now.get(key, 0), comes.get(key, 0), goes.get(key, 0))
            for key in {*now, *comes, *goes}
        }
    return found


def list_changes(
    uow: UnitOfWork, run: TerritoryRun, after: UUID | None = None
) -> tuple[Sequence[TerritoryChange], UUID | None]:
    """Return what a run moves, from ``after`` on, and where the rest begins; None: no rest."""
    statement = select(TerritoryChange).where(TerritoryChange.run_id == run.id)
    if after is not None:
        statement = statement.where(TerritoryChange.id > after)
    rows = uow.session.scalars(statement.order_by(TerritoryChange.id).limit(_SHOWN + 1)).all()
    return rows[:_SHOWN], rows[_SHOWN - 1].id if len(rows) > _SHOWN else None


def _slice(uow: UnitOfWork, run: TerritoryRun, size: int) -> Select[Any]:
    """Return the query of the next records: where they lie, and where the rules put them."""
    model = get_record_type(run.record_type).model
    found = placing_in_sql(uow, run.record_type).label("found")
    columns = (model.id, model.territory_id, model.territory_is_manual, found)
    statement = select(*columns).where(model.deleted_at.is_(None)).order_by(model.id).limit(size)
    if run.after is not None:
        statement = statement.where(model.id > run.after)
    return statement if run.is_trial else statement.with_for_update(of=model)


def _moved(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    """Return those rows that lie elsewhere; a territory in the bin is nobody's choice any more."""
    known = territory_book(uow).known
    return [
        row
        for row in rows
        if row.found != row.territory_id
        and not (row.territory_is_manual and row.territory_id in known)
    ]


def _move(uow: UnitOfWork, run: TerritoryRun, moved: Sequence[Row[Any]]) -> None:
    model = get_record_type(run.record_type).model
    targets = {row.id: row.found for row in moved}
    records = uow.session.scalars(select(model).where(model.id.in_(list(targets)))).all()
    jobs = len(uow.jobs)
    about = ("territory_run", run.id)
    with one_entry(uow, TASK, about, {"record_type": run.record_type}):
        for record in sorted(records, key=lambda one: one.id):
            values = {"territory_id": targets[record.id], "territory_is_manual": False}
            change_record(uow, record, values, follows=False)
    for deferred in uow.jobs[jobs:]:
        deferred.priority = min(deferred.priority, BEHIND)


def _note(uow: UnitOfWork, run: TerritoryRun, moved: Sequence[Row[Any]]) -> None:
    if not moved:
        return
    rows = [
        {
            "id": new_id(),
            "run_id": run.id,
            "record_type": run.record_type,
            "record_id": row.id,
            "from_id": row.territory_id,
            "to_id": row.found,
        }
        for row in moved
    ]
    uow.session.execute(insert(TerritoryChange), rows)


def _next_type(run: TerritoryRun) -> bool:
    """Go on to the next record type; return whether there is one."""
    place = PLACED_TYPES.index(run.record_type) + 1
    if place == len(PLACED_TYPES):
        return False
    run.record_type, run.after = PLACED_TYPES[place], None
    return True


def _go_on(uow: UnitOfWork, run: TerritoryRun) -> None:
    after = None if run.after is None else str(run.after)
    arguments = {"run_id": str(run.id), "record_type": run.record_type, "after": after}
    uow.defer(Job(TASK, arguments, priority=BEHIND))


def _there(record_type: str) -> Select[Any]:
    model = get_record_type(record_type).model
    return select(func.count()).select_from(model).where(model.deleted_at.is_(None))


def _flows(uow: UnitOfWork, run_id: UUID) -> Mapping[tuple[str, str], dict[UUID | None, int]]:
    """Return (type, ``to`` or ``from``) → territory → number of records."""
    change = TerritoryChange
    statement = select(change.record_type, change.from_id, change.to_id, func.count())
    statement = statement.where(change.run_id == run_id)
    flows: dict[tuple[str, str], dict[UUID | None, int]] = {}
    for name, left, entered, number in uow.session.execute(
        statement.group_by(change.record_type, change.from_id, change.to_id)
    ):
        for way, key in (("from", left), ("to", entered)):
            of_way = flows.setdefault((name, way), {})
            of_way[key] = of_way.get(key, 0) + number
    return flows


def _forget_old(uow: UnitOfWork) -> None:
    """Delete all but the newest runs, with what they changed: records tell that themselves."""
    newest = select(TerritoryRun.id).order_by(TerritoryRun.id.desc()).limit(_KEPT_RUNS - 1)
    uow.session.execute(delete(TerritoryRun).where(TerritoryRun.id.not_in(newest)))


def _hold_runs(uow: UnitOfWork) -> None:
    """Let two who begin at once come one after the other."""
    uow.session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def _held(uow: UnitOfWork, run_id: UUID) -> TerritoryRun:
    run = uow.session.get(TerritoryRun, run_id, with_for_update=True)
    if run is None:
        raise NotFound("There is no such run.")
    return run
