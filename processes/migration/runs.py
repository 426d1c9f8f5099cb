"""Migration runs: many instances, one after another, each in a transaction of its own.

A run can be stopped and resumed at any instance. One that is blocked, or fails, does not keep the
others; the worker that dies leaves the run to the next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, select, update

from processes.commands.common import note_of
from processes.deploying.definitions import get_definition
from processes.engine import EngineError, MigrationBlocked, StepFailed
from processes.migration.one_instance import take_over, way_back
from processes.migration.tables import ItemState, MigrationItem, MigrationRun, RunState
from processes.running.host import FAULTS
from processes.running.instance_tables import InstanceState, table_of
from processes.running.runtime import lock_instance
from services.actors import Actor, Permission
from services.errors import LanewiseError
from services.jobs import job
from services.platform import Platform
from services.unit_of_work import Job, UnitOfWork

log = structlog.get_logger(__name__)

AT_ONCE = 50
"""How many instances one job takes over, before others get their turn."""

_ITEMS = table_of(MigrationItem)


@job("migrations.run")
def go_on(platform: Platform, *, run_id: str) -> None:
    """Take over the next instances of a run, and leave the rest to another job."""
    key = UUID(run_id)
    actor = _actor_of(platform, key)
    for _ in range(AT_ONCE):
        if not _take_next(platform, actor, key):
            return
    platform.transact(actor, lambda uow: defer_run(uow, key), source="job")


def defer_run(uow: UnitOfWork, run_id: UUID) -> None:
    """Let the worker go on with a run; one job at a time does."""
    uow.defer(Job("migrations.run", {"run_id": str(run_id)}, lock=f"migration:{run_id}"))


def migrate_item(uow: UnitOfWork, run: MigrationRun, item: MigrationItem) -> None:
    """Take over one instance of a run and note what became of it.

    Raises:
        MigrationBlocked: It stands where the versions do not go together.
    """
    instance = lock_instance(uow, item.instance_id)
    item.at = uow.now
    if instance.state != InstanceState.RUNNING or instance.version_id != run.source_id:
        item.state = ItemState.SKIPPED.value
        return
    target = get_definition(uow, run.target_id)
    source = get_definition(uow, run.source_id)
    note = note_of(
        "instance.migrate",
        run.reason,
        run_id=str(run.id),
        from_version=source.version,
        to_version=target.version,
    )
    mapping = _mapping_for(uow, run, item)
    item.places = take_over(uow, instance, target, mapping, note)
    item.state = ItemState.MIGRATED.value


def blockers_of(error: Exception) -> list[dict[str, Any]]:
    """Return why an instance was not taken over, as JSON."""
    if isinstance(error, MigrationBlocked):
        return [{"element_id": one.element_id, "message": one.message} for one in error.blockers]
    told = error.message if isinstance(error, LanewiseError | StepFailed) else ""
    if isinstance(error, EngineError):
        told = str(error)
    return [{"element_id": None, "message": told or "It could not be taken over; see the log."}]


def count_items(uow: UnitOfWork, run_ids: Sequence[UUID]) -> dict[UUID, dict[str, int]]:
    """Return how many instances of each run are in each state."""
    statement = (
        select(_ITEMS.c.run_id, _ITEMS.c.state, func.count())
        .where(_ITEMS.c.run_id.in_(run_ids))
        .group_by(_ITEMS.c.run_id, _ITEMS.c.state)
    )
    found: dict[UUID, dict[str, int]] = {key: {} for key in run_ids}
    for run_id, state, count in uow.session.execute(statement):
        found[run_id][state] = count
    return found


def _mapping_for(uow: UnitOfWork, run: MigrationRun, item: MigrationItem) -> dict[str, str]:
    if run.undo_of is None:
        return dict(run.mapping)
    first = uow.session.get_one(MigrationRun, run.undo_of)
    came = uow.session.get_one(MigrationItem, (first.id, item.instance_id))
    source, target = (get_definition(uow, key) for key in (first.source_id, first.target_id))
    return way_back(source, target, first.mapping, came.places)


def _take_next(platform: Platform, actor: Actor, run_id: UUID) -> bool:
    """Take over the next instance that waits; return whether there was one to be taken."""
    taken: list[UUID] = []

    def work(uow: UnitOfWork) -> bool:
        taken.clear()
        found = _next_item(uow, run_id)
        if found is None:
            return False
        run, item = found
        taken.append(item.instance_id)
        migrate_item(uow, run, item)
        return True

    try:
        return platform.transact(actor, work, source="job")
    except (*FAULTS, EngineError, StepFailed, LanewiseError) as error:
        if not taken:
            raise
        _note_failure(platform, actor, (run_id, taken[0]), error)
        return True


def _next_item(uow: UnitOfWork, run_id: UUID) -> tuple[MigrationRun, MigrationItem] | None:
    """Return the run and its next instance, held; None if it is stopped or done."""
    held = select(MigrationRun).where(MigrationRun.id == run_id).with_for_update(read=True)
    run = uow.session.scalars(held.execution_options(populate_existing=True)).one_or_none()
    if run is None or run.state != RunState.RUNNING:
        return None
    statement = (
        select(MigrationItem)
        .where(MigrationItem.run_id == run_id, MigrationItem.state == ItemState.WAITING.value)
        .order_by(MigrationItem.instance_id)
        .limit(1)
        .with_for_update()
    )
    item = uow.session.scalars(statement).one_or_none()
    if item is None:
        end_run(uow, run_id)
        return None
    return run, item


def end_run(uow: UnitOfWork, run_id: UUID) -> None:
    """Note that a run has been through all its instances."""
    runs = table_of(MigrationRun)
    ended = update(runs).where(runs.c.id == run_id)
    uow.session.execute(ended.values(state=RunState.DONE.value, ended_at=uow.now))


def _note_failure(
    platform: Platform, actor: Actor, key: tuple[UUID, UUID], error: Exception
) -> None:
    is_blocked = isinstance(error, MigrationBlocked)
    if not is_blocked:
        log.error("migration_failed", run=str(key[0]), instance=str(key[1]), exc_info=error)

    def work(uow: UnitOfWork) -> None:
        item = uow.session.get_one(MigrationItem, key, with_for_update=True)
        if item.state == ItemState.WAITING:
            item.state = (ItemState.BLOCKED if is_blocked else ItemState.FAILED).value
            item.blockers, item.at = blockers_of(error), uow.now

    platform.transact(actor, work, source="job")


def _actor_of(platform: Platform, run_id: UUID) -> Actor:
    """Return who began the run: its instances' histories name that person."""
    with platform.session() as session:
        run = session.get_one(MigrationRun, run_id)
        return Actor(
            name=run.created_by,
            user_id=run.created_by_id,
            permissions=frozenset({Permission.INSTANCE_OPERATE}),
        )
