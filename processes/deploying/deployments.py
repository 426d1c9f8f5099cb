"""What is deployed, for those who look after processes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from processes.deploying.definition_tables import Deployment, Draft, ProcessVersion, Resource
from processes.deploying.stock import latest_active
from processes.running.instance_tables import Incident, InstanceState, ProcessInstance
from services.actors import Permission
from services.errors import NotAllowed, NotFound
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True)
class DeploymentItem:
    """One deployment.

    Attributes:
        files: ``{"kind", "key", "name", "version"}`` of each file whose content was new.
        processes: ``{"id", "key", "name", "version"}`` of each process version made.
    """

    id: UUID
    deployed_at: datetime
    note: str
    actor_name: str
    files: list[dict[str, Any]]
    processes: list[dict[str, Any]]


@dataclass(frozen=True)
class ProcessItem:
    """A process in its newest version.

    Attributes:
        version_id: Of the newest version.
        active_version: The one that new instances are made from; None if all are suspended.
        running: Live instances of all versions.
        incidents: Open ones of all versions.
        has_draft: Somebody is drawing it.
    """

    key: str
    name: str
    record_type: str | None
    version: int
    version_id: UUID
    active_version: int | None
    deployed_at: datetime
    running: int
    incidents: int
    has_draft: bool


@dataclass(frozen=True)
class VersionItem:
    """A version of a process.

    Attributes:
        is_current: New instances are made from it.
        granted: The rights that its service tasks act with.
        bindings: The forms, decisions and called processes that it keeps.
    """

    id: UUID
    key: str
    name: str
    version: int
    version_tag: str
    state: str
    is_current: bool
    deployed_at: datetime
    deployed_by: str
    note: str
    running: int
    incidents: int
    granted: tuple[str, ...]
    bindings: Mapping[str, Any]


def can_see_processes(uow: UnitOfWork) -> bool:
    """Tell whether the actor may look at diagrams and versions."""
    return uow.actor.may(Permission.PROCESS_READ)


def require_sight(uow: UnitOfWork) -> None:
    """Refuse whoever may not look at diagrams and versions.

    Raises:
        NotAllowed: The actor is one of those.
    """
    if not can_see_processes(uow):
        raise NotAllowed("Processes are for analysts and administrators.")


def list_deployments(uow: UnitOfWork, *, limit: int = 100) -> list[DeploymentItem]:
    """Return deployments, newest first.

    Raises:
        NotAllowed: The actor may not look at processes.
    """
    require_sight(uow)
    statement = select(Deployment).order_by(Deployment.id.desc()).limit(limit)
    deployments = uow.session.scalars(statement).all()
    keys = [deployment.id for deployment in deployments]
    files: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    for file in uow.session.scalars(select(Resource).where(Resource.deployment_id.in_(keys))):
        files[file.deployment_id].append(
            {"kind": file.kind, "key": file.key, "name": file.file_name, "version": file.version}
        )
    made: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
    versions = select(ProcessVersion).where(ProcessVersion.deployment_id.in_(keys))
    for row in uow.session.scalars(versions):
        made[row.deployment_id].append(
            {"id": row.id, "key": row.key, "name": row.name, "version": row.version}
        )
    return [
        DeploymentItem(
            deployment.id,
            deployment.deployed_at,
            deployment.note,
            deployment.actor_name,
            sorted(files[deployment.id], key=lambda file: (file["kind"], file["key"])),
            sorted(made[deployment.id], key=lambda process: process["key"]),
        )
        for deployment in deployments
    ]


def list_processes(uow: UnitOfWork) -> list[ProcessItem]:
    """Return every process in its newest version, by name.

    Raises:
        NotAllowed: The actor may not look at processes.
    """
    require_sight(uow)
    newest: dict[str, ProcessVersion] = {}
    active: dict[str, int] = {}
    for row in uow.session.scalars(select(ProcessVersion).order_by(ProcessVersion.version)):
        newest[row.key] = row
        if row.state == "active":
            active[row.key] = row.version
    running = _count(uow, ProcessInstance.process_key)
    incidents = _count_incidents(uow, ProcessInstance.process_key)
    drafts = set(uow.session.scalars(select(Draft.process_key)))
    items = [
        ProcessItem(
            key=key,
            name=version.name,
            record_type=version.record_type,
            version=version.version,
            version_id=version.id,
            active_version=active.get(key),
            deployed_at=version.deployed_at,
            running=running.get(key, 0),
            incidents=incidents.get(key, 0),
            has_draft=key in drafts,
        )
        for key, version in newest.items()
    ]
    return sorted(items, key=lambda item: item.name.lower())


def list_versions(uow: UnitOfWork, process_key: str) -> list[VersionItem]:
    """Return the versions of a process, newest first.

    Raises:
        NotAllowed: The actor may not look at processes.
        NotFound: There is no such process.
    """
    require_sight(uow)
    statement = (
        select(ProcessVersion, Deployment.actor_name, Deployment.note)
        .join(Deployment, Deployment.id == ProcessVersion.deployment_id)
        .where(ProcessVersion.key == process_key)
        .order_by(ProcessVersion.version.desc())
    )
    rows = uow.session.execute(statement).all()
    if not rows:
        raise NotFound("There is no such process.")
    current = latest_active(uow, process_key)
    running = _count(uow, ProcessInstance.version_id)
    incidents = _count_incidents(uow, ProcessInstance.version_id)
    return [
        VersionItem(
            id=version.id,
            key=version.key,
            name=version.name,
            version=version.version,
            version_tag=version.version_tag,
            state=version.state,
            is_current=current is not None and version.id == current.id,
            deployed_at=version.deployed_at,
            deployed_by=actor_name,
            note=note,
            running=running.get(version.id, 0),
            incidents=incidents.get(version.id, 0),
            granted=tuple(version.granted),
            bindings=version.bindings,
        )
        for version, actor_name, note in rows
    ]


def process_key_of(uow: UnitOfWork, version_id: UUID) -> str:
    """Return the key of the process that a version is of.

    Raises:
        NotAllowed: The actor may not look at processes.
        NotFound: There is no such version.
    """
    require_sight(uow)
    key = uow.session.scalar(select(ProcessVersion.key).where(ProcessVersion.id == version_id))
    if key is None:
        raise NotFound("There is no such version.")
    return key


def version_xml(uow: UnitOfWork, version_id: UUID) -> str:
    """Return the diagram of a version as it was deployed.

    Raises:
        NotAllowed: The actor may not look at processes.
        NotFound: There is no such version.
    """
    require_sight(uow)
    return read_xml(uow, version_id)


def read_xml(uow: UnitOfWork, version_id: UUID) -> str:
    """Return the diagram of a version; rights are the caller's to check.

    Raises:
        NotFound: There is no such version.
    """
    statement = (
        select(Resource.content)
        .join(ProcessVersion, ProcessVersion.resource_id == Resource.id)
        .where(ProcessVersion.id == version_id)
    )
    xml = uow.session.scalar(statement)
    if xml is None:
        raise NotFound("There is no such version.")
    return xml


def _count(uow: UnitOfWork, column: Any) -> dict[Any, int]:
    """Count running instances by process or version."""
    statement = (
        select(column, func.count())
        .where(ProcessInstance.state == InstanceState.RUNNING.value)
        .group_by(column)
    )
    return {row[0]: row[1] for row in uow.session.execute(statement)}


def _count_incidents(uow: UnitOfWork, column: Any) -> dict[Any, int]:
    statement = (
        select(column, func.count())
        .select_from(Incident)
        .join(ProcessInstance, ProcessInstance.id == Incident.instance_id)
        .where(Incident.resolved_at.is_(None))
        .group_by(column)
    )
    return {row[0]: row[1] for row in uow.session.execute(statement)}
