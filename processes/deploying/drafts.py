"""Diagrams that are being drawn: kept as they are, broken or not, until they are deployed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from processes.deploying.definition_tables import Draft as DraftRow
from processes.deploying.definition_tables import ProcessVersion
from processes.deploying.deployment import deploy
from processes.deploying.deployments import read_xml, require_sight
from processes.deploying.findings import Finding, ModelRejected
from processes.deploying.unit import read_unit
from services.actors import Permission
from services.errors import Conflict, NotFound
from services.operations import Arguments, operation
from services.unit_of_work import UnitOfWork

MAX_XML = 8 * 1024 * 1024
_KEY = validate.Regexp(
    r"[A-Za-z_][\w.-]{0,99}\Z", error="Use letters, digits, dots, hyphens and underscores."
)


@dataclass(frozen=True)
class Draft:
    """A diagram to be drawn on.

    Attributes:
        version: Rises with each saving; 0 if nothing was saved yet.
        base_version_id: The deployed version that it was begun from; None for a new process.
        saved_by: None if nothing was saved yet, like ``saved_at``.
    """

    process_key: str
    xml: str
    version: int
    base_version_id: UUID | None
    saved_by: str | None
    saved_at: datetime | None


class OfDraft(Arguments):
    """Arguments of operations on a draft."""

    process_key = fields.String(required=True, validate=_KEY, metadata={"title": "Process"})


class SaveDraft(OfDraft):
    """Arguments of ``draft.save``."""

    xml = fields.String(required=True, validate=validate.Length(1, MAX_XML))
    version = fields.Integer(
        load_default=0, metadata={"title": "Version", "description": "Of the draft as it was read"}
    )


class DeployDraft(OfDraft):
    """Arguments of ``draft.deploy``."""

    note = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"title": "Note", "description": "What changes, and why"},
    )


@operation("draft.save", Permission.PROCESS_DRAFT, SaveDraft)
def save_draft(uow: UnitOfWork, *, process_key: str, xml: str, version: int = 0) -> dict[str, Any]:
    """Keep a diagram that is being drawn; a new process key begins a new process.

    Returns:
        ``{"process_key", "version"}``.

    Raises:
        Conflict: Somebody else saved it since it was read.
    """
    row = _find(uow, process_key, lock=True)
    if row is None:
        if version:
            raise Conflict("This draft was discarded or deployed by somebody else.")
        row = _new_row(uow, process_key)
    elif row.version != version:
        raise Conflict(f"{row.saved_by} saved this diagram since you opened it.")
    row.xml = xml
    row.saved_by_id, row.saved_by, row.saved_at = uow.actor.user_id, uow.actor.name, uow.now
    uow.session.add(row)
    try:
        uow.session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody else saved this diagram at the same moment.") from error
    return {"process_key": process_key, "version": row.version}


@operation("draft.deploy", Permission.PROCESS_DEPLOY, DeployDraft)
def deploy_draft(uow: UnitOfWork, *, process_key: str, note: str = "") -> dict[str, Any]:
    """Deploy the saved diagram with the forms and decisions that are in force.

    Returns:
        What ``process.deploy`` returns.

    Raises:
        NotFound: Nothing was saved.
        ModelRejected: With everything that is wrong; the draft is kept.
    """
    row = _get(uow, process_key)
    file = {"name": f"{process_key}.bpmn", "content": row.xml}
    unit = read_unit([file])
    if not unit.findings and process_key not in unit.process_ids:
        raise ModelRejected(
            [
                Finding(
                    f"The diagram has no process with the id {process_key}.",
                    file["name"],
                    advice="Give the process its former id, or import it as a new process.",
                )
            ]
        )
    result: dict[str, Any] = deploy(uow, files=[file], note=note)
    uow.session.delete(row)
    uow.session.flush()
    return result


@operation("draft.discard", Permission.PROCESS_DRAFT, OfDraft)
def discard_draft(uow: UnitOfWork, *, process_key: str) -> None:
    """Throw the saved diagram away; what is deployed stays.

    Raises:
        NotFound: Nothing was saved.
    """
    uow.session.delete(_get(uow, process_key))
    uow.session.flush()


def get_draft(uow: UnitOfWork, process_key: str) -> Draft:
    """Return the draft of a process; if nothing was saved, its newest version to begin from.

    Raises:
        NotAllowed: The actor may not look at processes.
        NotFound: There is neither.
    """
    require_sight(uow)
    row = _find(uow, process_key)
    if row is not None:
        return Draft(
            process_key, row.xml, row.version, row.base_version_id, row.saved_by, row.saved_at
        )
    newest = _newest(uow, process_key)
    if newest is None:
        raise NotFound("There is no such process.")
    return Draft(process_key, read_xml(uow, newest), 0, newest, None, None)


def list_drafts(uow: UnitOfWork) -> list[Draft]:
    """Return all saved drafts, last saved first, without their diagrams.

    Raises:
        NotAllowed: The actor may not look at processes.
    """
    require_sight(uow)
    rows = uow.session.scalars(select(DraftRow).order_by(DraftRow.saved_at.desc()))
    return [
        Draft(row.process_key, "", row.version, row.base_version_id, row.saved_by, row.saved_at)
        for row in rows
    ]


def _find(uow: UnitOfWork, process_key: str, *, lock: bool = False) -> DraftRow | None:
    statement = select(DraftRow).where(DraftRow.process_key == process_key)
    if lock:
        statement = statement.with_for_update()
    return uow.session.scalars(statement).one_or_none()


def _get(uow: UnitOfWork, process_key: str) -> DraftRow:
    row = _find(uow, process_key, lock=True)
    if row is None:
        raise NotFound("There is no draft of this process.")
    return row


def _new_row(uow: UnitOfWork, process_key: str) -> DraftRow:
    return DraftRow(process_key=process_key, base_version_id=_newest(uow, process_key))


def _newest(uow: UnitOfWork, process_key: str) -> UUID | None:
    statement = (
        select(ProcessVersion.id)
        .where(ProcessVersion.key == process_key)
        .order_by(ProcessVersion.version.desc())
        .limit(1)
    )
    return uow.session.scalar(statement)
