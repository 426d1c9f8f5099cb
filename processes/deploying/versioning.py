"""Which processes a deployment touches, and the new versions that they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from processes.deploying.definition_tables import Deployment, ProcessVersion, Resource, ResourceKind
from processes.deploying.definitions import Definitions
from processes.deploying.process_checks import many_per_record, record_type_of, rights_needed
from processes.deploying.stock import Stock, load_contents
from processes.deploying.unit import Unit
from processes.engine.process_model import Process
from services.database import new_id
from services.unit_of_work import UnitOfWork


@dataclass
class Target:
    """A process that the unit touches: one of its own, or one bound to what it changes."""

    process: Process
    resource: Resource
    file: str | None
    bindings: dict[str, dict[str, str]]
    version: ProcessVersion | None = None


def find_targets(
    uow: UnitOfWork, unit: Unit, stock: Stock, changed: Sequence[Resource]
) -> dict[str, Target]:
    """Return the unit's processes and those whose forms or decisions the unit changes."""
    found: dict[str, Target] = {}
    for file, process in unit.processes():
        resource = stock.resources[file.kind, file.key]
        found[process.id] = Target(process, resource, file.name, {})
    names = {(resource.kind, name) for resource in changed for name in resource.names}
    others = [
        version
        for key, version in stock.processes.items()
        if key not in found and (_bound(version) & names or _calls(version) & set(found))
    ]
    # A process that calls a touched one is touched, too, and so on upwards.
    while more := _callers(stock, {*found, *(version.key for version in others)}):
        others.extend(more)
    resources = [_resource_of(uow, version) for version in others]
    load_contents(uow, resources)
    for version, resource in zip(others, resources, strict=True):
        model = uow.platform.part(Definitions).model(resource)
        found[version.key] = Target(model.processes[version.key], resource, None, {})
    return found


def _resource_of(uow: UnitOfWork, version: ProcessVersion) -> Resource:
    return uow.get(Resource, version.resource_id)


def _bound(version: ProcessVersion) -> set[tuple[str, str]]:
    forms = {(ResourceKind.FORM.value, name) for name in version.bindings["forms"]}
    decisions = {(ResourceKind.DECISION.value, name) for name in version.bindings["decisions"]}
    return forms | decisions


def _calls(version: ProcessVersion) -> set[str]:
    return set(version.bindings["processes"])


def _callers(stock: Stock, touched: set[str]) -> list[ProcessVersion]:
    return [
        version
        for key, version in stock.processes.items()
        if key not in touched and _calls(version) & touched
    ]


def bind_targets(targets: Mapping[str, Target], stock: Stock, deployment: Deployment) -> None:
    """Make the versions of all targets that changed; a changed callee changes its callers."""
    pending = dict(targets)
    keys = {key: str(new_id()) for key in targets}
    current = {key: str(version.id) for key, version in stock.processes.items()}
    while pending:
        changed = []
        for key, target in pending.items():
            target.bindings = _bindings(target.process, stock, current)
            if _differs(target, stock.processes.get(key)):
                changed.append(key)
        for key in changed:
            current[key] = keys[key]
            target = pending.pop(key)
            target.version = _new_version(target, stock.processes.get(key), deployment, keys[key])
        if not changed:
            break
    for target in targets.values():
        if target.version is not None:
            target.version.bindings = _bindings(target.process, stock, current)


def _bindings(
    process: Process, stock: Stock, current: Mapping[str, str]
) -> dict[str, dict[str, str]]:
    return {
        "forms": stock.bound_to(ResourceKind.FORM, process.form_ids),
        "decisions": stock.bound_to(ResourceKind.DECISION, process.decision_ids),
        "processes": {
            key: current[key] for key in sorted(process.called_process_ids) if key in current
        },
    }


def _differs(target: Target, before: ProcessVersion | None) -> bool:
    if before is None or before.resource_id != target.resource.id:
        return True
    return before.bindings != target.bindings


def _new_version(
    target: Target, before: ProcessVersion | None, deployment: Deployment, key: str
) -> ProcessVersion:
    process = target.process
    return ProcessVersion(
        id=UUID(key),
        key=process.id,
        version=before.version + 1 if before else 1,
        name=process.name or process.id,
        deployment_id=deployment.id,
        resource_id=target.resource.id,
        deployed_at=deployment.deployed_at,
        version_tag=process.version_tag,
        bindings=target.bindings,
        granted=sorted(rights_needed(process)),
        record_type=record_type_of(process),
        many_per_record=many_per_record(process),
    )
