"""Putting diagrams, forms and decisions into force: one unit, checked as a whole, then written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import fields, validate

from forms import Form
from processes.deploying.definition_tables import Deployment, ProcessVersion, Resource, ResourceKind
from processes.deploying.definitions import Definitions
from processes.deploying.findings import Finding, ModelRejected
from processes.deploying.process_checks import Requirements, Surroundings
from processes.deploying.stock import Stock, load_contents, load_stock
from processes.deploying.unit import Unit, read_unit
from processes.deploying.versioning import Target, bind_targets, find_targets
from processes.engine.process_model import Process
from processes.running.starts import lock_versions, refresh_starts
from services.actors import Permission
from services.database import new_id
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork


class DeployedFile(Arguments):
    """A file of a deployment."""

    name = fields.String(required=True, validate=validate.Length(1, 255))
    content = fields.String(required=True)


class Deploy(Arguments):
    """Arguments of ``process.deploy``."""

    files = fields.List(
        fields.Nested(DeployedFile),
        required=True,
        metadata={"title": "Files", "description": ".bpmn, .dmn and .form files"},
    )
    note = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"title": "Note", "description": "What changes, and why"},
    )


@operation("process.deploy", Permission.PROCESS_DEPLOY, Deploy)
def deploy(
    uow: UnitOfWork, *, files: Sequence[Mapping[str, str]], note: str = ""
) -> dict[str, Any]:
    """Put diagrams, forms and decisions into force as one unit.

    Only what changed gets a new version; so does a process that is bound to a form, a decision
    or a called process that changed. New instances take the newest version, running ones stay.

    Returns:
        ``{"deployment_id", "is_new", "processes": [{"key", "name", "version", "id", "is_new"}],
        "resources": [{"kind", "key", "version", "is_new"}]}``; the id is None if nothing changed.

    Raises:
        ModelRejected: With every fault of every file; nothing is written.
    """
    unit = read_unit(files, uow.platform.part(Definitions).read_model)
    if unit.findings:
        raise ModelRejected(unit.findings)
    lock_versions(uow)
    stock = load_stock(uow)
    deployment = Deployment(
        id=new_id(),
        deployed_at=uow.now,
        note=note,
        actor_id=uow.actor.user_id,
        actor_name=uow.actor.name,
    )
    changed = _put_files(unit, stock, deployment)
    targets = find_targets(uow, unit, stock, changed)
    _check(uow, unit, stock, targets)
    bind_targets(targets, stock, deployment)
    _write(uow, deployment, changed, targets, unit)
    return _summary(unit, stock, deployment, changed, targets)


def grantable(uow: UnitOfWork, current: ProcessVersion | None) -> frozenset[Permission]:
    """Return the rights that the actor may give to the next version of a process.

    Those it holds, and those that the process was granted before by somebody who held them: an
    analyst may rearrange a process, but not make it do what nobody allowed it to.
    """
    granted = current.granted if current else []
    return uow.actor.permissions | {Permission(name) for name in granted}


def _put_files(unit: Unit, stock: Stock, deployment: Deployment) -> list[Resource]:
    """Add each file whose content is new to the stock and return those."""
    changed = []
    for file in unit.files:
        if stock.has(file):
            continue
        before = stock.resources.get((file.kind, file.key))
        resource = Resource(
            id=new_id(),
            deployment_id=deployment.id,
            kind=file.kind.value,
            key=file.key,
            version=before.version + 1 if before else 1,
            names=list(file.names),
            file_name=file.name,
            checksum=file.checksum,
            content=file.content,
        )
        stock.put(resource)
        changed.append(resource)
    return changed


def _check(uow: UnitOfWork, unit: Unit, stock: Stock, targets: Mapping[str, Target]) -> None:
    """Refuse the unit if any process can't be executed in what is there afterwards."""
    findings: list[Finding] = []
    requirements = uow.platform.part(Requirements)
    forms = forms_in(uow, stock, unit.forms, [target.process for target in targets.values()])
    decisions = {name for kind, name in stock.by_name if kind == ResourceKind.DECISION}
    for key, target in targets.items():
        there = Surroundings(
            rights=grantable(uow, stock.processes.get(key)),
            forms=forms,
            decisions=decisions,
            processes={*stock.processes, *targets},
        )
        findings.extend(requirements.check(target.process, there, target.file))
    if findings:
        raise ModelRejected(findings)


def forms_in(
    uow: UnitOfWork, stock: Stock, given: Mapping[str, Form], processes: Sequence[Process]
) -> dict[str, Form]:
    """Return the forms that ``processes`` name and that exist, the ``given`` ones first."""
    names = {name for process in processes for name in process.form_ids}
    kept = {
        name: stock.by_name[ResourceKind.FORM, name]
        for name in names
        if name not in given and (ResourceKind.FORM, name) in stock.by_name
    }
    load_contents(uow, list(kept.values()))
    cache = uow.platform.part(Definitions)
    return {**{name: cache.form(resource) for name, resource in kept.items()}, **given}


def _write(
    uow: UnitOfWork,
    deployment: Deployment,
    changed: Sequence[Resource],
    targets: Mapping[str, Target],
    unit: Unit,
) -> None:
    versions = [target.version for target in targets.values() if target.version is not None]
    if not changed and not versions:
        return
    uow.add(deployment)
    uow.session.add_all(changed)
    uow.session.flush()
    uow.session.add_all(versions)
    uow.session.flush()
    for resource in changed:
        # Reading it took most of the time; nobody finds what is rolled back.
        uow.platform.part(Definitions).keep(resource, unit.parsed(resource.kind, resource.key))
    for version in versions:
        refresh_starts(uow, version.key)


def _summary(
    unit: Unit,
    stock: Stock,
    deployment: Deployment,
    changed: Sequence[Resource],
    targets: Mapping[str, Target],
) -> dict[str, Any]:
    new = {resource.id for resource in changed}
    is_new = bool(new) or any(target.version for target in targets.values())
    return {
        "deployment_id": deployment.id if is_new else None,
        "is_new": is_new,
        "processes": [
            _shown_version(target.version or stock.processes[key], is_new=bool(target.version))
            for key, target in sorted(targets.items())
        ],
        "resources": [
            {
                "kind": file.kind.value,
                "key": file.key,
                "version": stock.resources[file.kind, file.key].version,
                "is_new": stock.resources[file.kind, file.key].id in new,
            }
            for file in unit.files
        ],
    }


def _shown_version(version: ProcessVersion, *, is_new: bool) -> dict[str, Any]:
    return {
        "key": version.key,
        "name": version.name,
        "version": version.version,
        "id": version.id,
        "is_new": is_new,
    }
