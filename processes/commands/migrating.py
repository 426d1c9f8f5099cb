"""Taking running instances over to another version: trying, doing, stopping, undoing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import ColumnElement, func, insert, select

from processes.commands.common import WithReason
from processes.deploying.definitions import Definition, get_definition
from processes.engine import MigrationBlocked
from processes.migration.one_instance import check_mapping
from processes.migration.runs import (
    blockers_of,
    count_items,
    defer_run,
    end_run,
    migrate_item,
)
from processes.migration.tables import ItemState, MigrationItem, MigrationRun, RunState
from processes.migration.trial import named, try_instances
from processes.running.instance_tables import InstanceState, ProcessInstance, table_of
from processes.running.instances import condition_of
from services.actors import Permission
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

FILTERS = ("record_id", "incidents", "state")


class PlanMigration(Arguments):
    """Arguments of ``instance.plan_migration``."""

    version_id = fields.UUID(required=True, metadata={"title": "From version"})
    target_version_id = fields.UUID(required=True, metadata={"title": "To version"})
    mapping = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={
            "title": "Mapping",
            "description": "Ids of elements, old to new; those in both versions go by themselves",
        },
    )
    instance_ids = fields.List(
        fields.UUID(),
        load_default=None,
        allow_none=True,
        metadata={"title": "Instances", "description": "All of the version if left out"},
    )
    filters = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        load_default=dict,
        metadata={
            "title": "Filters",
            "description": "Only those that match: record_id, incidents (open), state (suspended)",
        },
    )


class Migrate(PlanMigration, WithReason):
    """Arguments of ``instance.migrate``."""


class OfRun(WithReason):
    """Arguments of operations on a migration run."""

    run_id = fields.UUID(required=True, metadata={"title": "Run"})


@operation("instance.plan_migration", Permission.INSTANCE_OPERATE, PlanMigration)
def try_migration(
    uow: UnitOfWork,
    *,
    version_id: UUID,
    target_version_id: UUID,
    mapping: Mapping[str, str],
    instance_ids: Sequence[UUID] | None = None,
    filters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Say what a migration would do to each instance, without doing it.

    Each is taken over and put back.

    Returns:
        ``{"total", "checked", "unmapped": [element ids], "instances": [{"instance_id",
        "record_title", "ok", "blockers": [{"element_id", "name", "message"}]}]}``.

    Raises:
        NotFound: There is no such version.
        Invalid: The versions do not go together, or the mapping names what is not there.
    """
    source, target = get_definition(uow, version_id), get_definition(uow, target_version_id)
    unmapped = check_mapping(source, target, mapping)
    chosen = _chosen(version_id, instance_ids, filters)
    tried = try_instances(uow, chosen, source, target, mapping)
    return {
        "total": uow.session.scalar(select(func.count(ProcessInstance.id)).where(*chosen)),
        "checked": len(tried),
        "unmapped": unmapped,
        "instances": tried,
    }


@operation("instance.migrate", Permission.INSTANCE_OPERATE, Migrate)
def migrate_instances(
    uow: UnitOfWork,
    *,
    version_id: UUID,
    target_version_id: UUID,
    mapping: Mapping[str, str],
    reason: str,
    instance_ids: Sequence[UUID] | None = None,
    filters: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Take running instances over to another version of their process.

    One is taken over at once, several by the worker, one after another.

    Returns:
        ``{"run_id", "state", "counts"}``; counts are by state: ``waiting``, ``migrated``,
        ``blocked``, ``skipped``, ``failed``.

    Raises:
        NotFound: There is no such version.
        Invalid: The versions do not go together, or the mapping names what is not there.
        Conflict: Nothing runs that could be taken over, or the only instance is blocked.
    """
    source, target = get_definition(uow, version_id), get_definition(uow, target_version_id)
    check_mapping(source, target, mapping)
    chosen = _chosen(version_id, instance_ids, filters)
    keys = uow.session.scalars(select(ProcessInstance.id).where(*chosen)).all()
    run = MigrationRun(
        process_key=source.key,
        source_id=source.id,
        target_id=target.id,
        mapping=dict(mapping),
        reason=reason,
        undo_of=None,
    )
    return _begin(uow, run, keys, source)


@operation("migration.stop", Permission.INSTANCE_OPERATE, OfRun)
def stop_migration(uow: UnitOfWork, *, run_id: UUID, reason: str) -> dict[str, Any]:
    """Take no more instances over; those that have been stay.

    Raises:
        NotFound: There is no such run.
        Conflict: It is not running.
    """
    del reason  # kept by the audit, which holds every operation's arguments
    run = uow.get(MigrationRun, run_id, lock=True)
    if run.state != RunState.RUNNING:
        raise Conflict("This run does not go on any more.")
    run.state, run.ended_at = RunState.STOPPED.value, uow.now
    return _shown(uow, run)


@operation("migration.resume", Permission.INSTANCE_OPERATE, OfRun)
def resume_migration(uow: UnitOfWork, *, run_id: UUID, reason: str) -> dict[str, Any]:
    """Go on with a run that was stopped.

    Raises:
        NotFound: There is no such run.
        Conflict: It was not stopped.
    """
    del reason
    run = uow.get(MigrationRun, run_id, lock=True)
    if run.state != RunState.STOPPED:
        raise Conflict("This run was not stopped.")
    run.state, run.ended_at = RunState.RUNNING.value, None
    defer_run(uow, run.id)
    return _shown(uow, run)


@operation("migration.undo", Permission.INSTANCE_OPERATE, OfRun)
def undo_migration(uow: UnitOfWork, *, run_id: UUID, reason: str) -> dict[str, Any]:
    """Take the instances of a run back to the version that they came from.

    Those that have ended or gone to another version since are left out; those that stand where
    the old version has nothing are blocked.

    Raises:
        NotFound: There is no such run.
        Conflict: It still goes on, or nothing is left of it to be undone.
    """
    first = uow.get(MigrationRun, run_id, lock=True)
    if first.state == RunState.RUNNING:
        raise Conflict("Stop this run before you undo it.")
    came = select(MigrationItem.instance_id).where(
        MigrationItem.run_id == run_id, MigrationItem.state == ItemState.MIGRATED.value
    )
    keys = uow.session.scalars(
        select(ProcessInstance.id).where(
            *_chosen(first.target_id, None, None), ProcessInstance.id.in_(came)
        )
    ).all()
    run = MigrationRun(
        process_key=first.process_key,
        source_id=first.target_id,
        target_id=first.source_id,
        mapping={},
        reason=reason,
        undo_of=first.id,
    )
    return _begin(uow, run, keys, get_definition(uow, first.target_id))


def _chosen(
    version_id: UUID, instance_ids: Sequence[UUID] | None, filters: Mapping[str, str] | None
) -> list[ColumnElement[bool]]:
    given = filters or {}
    if unknown := given.keys() - set(FILTERS):
        raise Invalid(
            "There is no such filter.", {name: ["This can't be filtered by."] for name in unknown}
        )
    running = ProcessInstance.state == InstanceState.RUNNING.value
    conditions = [ProcessInstance.version_id == version_id, running]
    conditions += [condition_of(name, value) for name, value in given.items()]
    if instance_ids is not None:
        conditions.append(ProcessInstance.id.in_(instance_ids))
    return conditions


def _begin(
    uow: UnitOfWork, run: MigrationRun, keys: Sequence[UUID], source: Definition
) -> dict[str, Any]:
    if not keys:
        raise Conflict("Nothing runs that could be taken over.")
    run.created_at, run.created_by = uow.now, uow.actor.name
    run.created_by_id = uow.actor.user_id
    uow.add(run)
    rows = [
        {
            "run_id": run.id,
            "instance_id": key,
            "state": ItemState.WAITING.value,
            "places": [],
            "blockers": [],
        }
        for key in keys
    ]
    uow.session.execute(insert(table_of(MigrationItem)), rows)
    if len(keys) > 1:
        defer_run(uow, run.id)
    else:
        _do_now(uow, run, keys[0], source)
    return _shown(uow, run)


def _do_now(uow: UnitOfWork, run: MigrationRun, key: UUID, source: Definition) -> None:
    item = uow.session.get_one(MigrationItem, (run.id, key))
    try:
        migrate_item(uow, run, item)
    except MigrationBlocked as error:
        reasons = (f"{one['name']}: {one['message']}" for one in named(source, blockers_of(error)))
        raise Conflict(f"This instance can't be taken over. {' '.join(reasons)}") from error
    if item.state == ItemState.SKIPPED:
        raise Conflict("This instance has ended or gone to another version meanwhile.")
    end_run(uow, run.id)
    uow.session.refresh(run)


def _shown(uow: UnitOfWork, run: MigrationRun) -> dict[str, Any]:
    uow.session.flush()
    return {"run_id": run.id, "state": run.state, "counts": count_items(uow, [run.id])[run.id]}
