"""Migration runs as people look at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from processes.deploying.definition_tables import ProcessVersion
from processes.deploying.definitions import get_definition
from processes.migration.runs import count_items
from processes.migration.tables import ItemState, MigrationItem, MigrationRun
from processes.migration.trial import named
from processes.paging import Statement
from processes.running.instance_tables import ProcessInstance
from processes.running.record_cards import load_cards
from services.actors import Permission
from services.errors import NotFound
from services.unit_of_work import UnitOfWork

_LEFT = (ItemState.BLOCKED.value, ItemState.FAILED.value, ItemState.SKIPPED.value)


@dataclass(frozen=True)
class RunItem:
    """A migration run in a list.

    Attributes:
        state: ``running``, ``stopped`` or ``done``.
        counts: How many instances are ``waiting``, ``migrated``, ``blocked``, ``skipped``,
            ``failed``; only those that are.
        undo_of: The run whose instances it brings back.
        undone_by: The newest run that brings its own back.
    """

    id: UUID
    process_key: str
    process_name: str
    from_version: int
    to_version: int
    mapping: Mapping[str, str]
    reason: str
    state: str
    counts: Mapping[str, int]
    undo_of: UUID | None
    undone_by: UUID | None
    created_at: datetime
    created_by: str
    ended_at: datetime | None

    @property
    def total(self) -> int:
        """How many instances it is about."""
        return sum(self.counts.values())


@dataclass(frozen=True)
class LeftInstance:
    """An instance that a run did not take over, and why.

    Attributes:
        blockers: ``{"element_id", "name", "message"}`` of each.
    """

    instance_id: UUID
    record_title: str | None
    state: str
    blockers: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class RunView(RunItem):
    """A migration run in full; ``left`` holds at most 200 instances."""

    left: Sequence[LeftInstance]


def list_runs(uow: UnitOfWork, process_key: str | None = None, *, limit: int = 50) -> list[RunItem]:
    """Return migration runs, newest first, to those who operate processes.

    Raises:
        NotFound: The actor does not operate processes.
    """
    _check_sight(uow)
    statement = select(MigrationRun).order_by(MigrationRun.id.desc()).limit(limit)
    if process_key is not None:
        statement = statement.where(MigrationRun.process_key == process_key)
    return [RunItem(**fields) for fields in _fields(uow, uow.session.scalars(statement).all())]


def get_run(uow: UnitOfWork, run_id: UUID, *, limit: int = 200) -> RunView:
    """Return a migration run with what it did not take over.

    Raises:
        NotFound: There is none, or the actor does not operate processes.
    """
    _check_sight(uow)
    run = uow.session.get(MigrationRun, run_id, populate_existing=True)
    if run is None:
        raise NotFound("There is no such migration.")
    (fields,) = _fields(uow, [run])
    return RunView(**fields, left=_left(uow, run, limit))


def _check_sight(uow: UnitOfWork) -> None:
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotFound("There is no such migration.")


def _fields(uow: UnitOfWork, runs: Sequence[MigrationRun]) -> list[dict[str, Any]]:
    keys = {key for run in runs for key in (run.source_id, run.target_id)}
    found = uow.session.scalars(select(ProcessVersion).where(ProcessVersion.id.in_(keys)))
    versions = {version.id: version for version in found}
    own = [run.id for run in runs]
    undoing = select(MigrationRun.undo_of, MigrationRun.id).where(MigrationRun.undo_of.in_(own))
    undone = {row[0]: row[1] for row in uow.session.execute(undoing.order_by(MigrationRun.id))}
    counts = count_items(uow, own)
    return [
        {
            "id": run.id,
            "process_key": run.process_key,
            "process_name": versions[run.target_id].name,
            "from_version": versions[run.source_id].version,
            "to_version": versions[run.target_id].version,
            "mapping": run.mapping,
            "reason": run.reason,
            "state": run.state,
            "counts": counts[run.id],
            "undo_of": run.undo_of,
            "undone_by": undone.get(run.id),
            "created_at": run.created_at,
            "created_by": run.created_by,
            "ended_at": run.ended_at,
        }
        for run in runs
    ]


def _left(uow: UnitOfWork, run: MigrationRun, limit: int) -> list[LeftInstance]:
    statement: Statement = (
        select(MigrationItem, ProcessInstance.record_type, ProcessInstance.record_id)
        .join(ProcessInstance, ProcessInstance.id == MigrationItem.instance_id)
        .where(MigrationItem.run_id == run.id, MigrationItem.state.in_(_LEFT))
        .order_by(MigrationItem.state, MigrationItem.instance_id)
        .limit(limit)
    )
    rows: Sequence[Row[Any]] = uow.session.execute(statement).all()
    source = get_definition(uow, run.source_id)
    cards = load_cards(
        uow, ((row.record_type, row.record_id) for row in rows if row.record_id is not None)
    )
    left = []
    for row in rows:
        item: MigrationItem = row.MigrationItem
        card = cards.get((row.record_type, row.record_id))
        title = card.title if card else None
        blockers = named(source, item.blockers)
        left.append(LeftInstance(item.instance_id, title, item.state, blockers))
    return left
