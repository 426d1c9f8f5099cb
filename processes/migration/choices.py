"""What an administrator chooses from when elements of two versions are matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from processes.deploying.definitions import get_definition
from processes.engine import Process
from processes.engine.model import Node
from processes.migration.one_instance import check_mapping
from processes.running.element_names import kind_of, name_of
from processes.running.instance_tables import IS_OPEN, WorkItem
from services.actors import Permission
from services.errors import NotFound
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class MappingRow:
    """An element of the old version and what may take its place.

    Attributes:
        is_gone: The new version has nothing by its id.
        chosen: What takes its place by itself, or is likely meant; empty for nothing.
        choices: Id and name of the new version's elements of the same kind.
        open_tasks: How many of its tasks are open now.
    """

    id: str
    name: str
    kind: str
    is_gone: bool
    chosen: str
    choices: Sequence[tuple[str, str]]
    open_tasks: int


def mapping_rows(uow: UnitOfWork, version_id: UUID, target_id: UUID) -> list[MappingRow]:
    """Return the old version's elements, those without a counterpart first.

    Raises:
        NotFound: There is no such version, or the actor does not operate processes.
        Invalid: The versions do not go together.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotFound("There is no such version.")
    old, new = get_definition(uow, version_id), get_definition(uow, target_id)
    gone = set(check_mapping(old, new, {}))
    counts = _open_tasks(uow, version_id)
    rows = [
        MappingRow(
            id=node.id,
            name=name_of(old.process, node.id),
            kind=kind_of(node.type),
            is_gone=node.id in gone,
            chosen=_likely(old.process, new.process, node) if node.id in gone else node.id,
            choices=_alike(new.process, node),
            open_tasks=counts.get(node.id, 0),
        )
        for node in old.process.nodes.values()
    ]
    return sorted(rows, key=lambda row: (not row.is_gone, -row.open_tasks, row.name.lower()))


def _open_tasks(uow: UnitOfWork, version_id: UUID) -> dict[str, int]:
    statement = (
        select(WorkItem.element_id, func.count())
        .where(WorkItem.version_id == version_id, IS_OPEN)
        .group_by(WorkItem.element_id)
    )
    return {row[0]: row[1] for row in uow.session.execute(statement)}


def _alike(process: Process, node: Node) -> list[tuple[str, str]]:
    found = [one for one in process.nodes.values() if one.type == node.type]
    named = [(one.id, name_of(process, one.id)) for one in found]
    return sorted(named, key=lambda pair: pair[1].lower())


def _likely(old: Process, new: Process, node: Node) -> str:
    """Return the one new element of the same kind and name; empty if there is not just one."""
    same = [
        one.id
        for one in new.nodes.values()
        if one.type == node.type and node.name and one.name == node.name and one.id not in old.nodes
    ]
    return same[0] if len(same) == 1 else ""
