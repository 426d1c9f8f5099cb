"""All that is known of a person, as a ZIP file with JSON and files, for the one who asked."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from marshmallow import validate
from sqlalchemy import delete, func, select
from sqlalchemy.orm import undefer

from services.actors import SYSTEM, Permission, Verb
from services.arguments import Key, Line
from services.consents.model import PERSON_TYPES
from services.documents.files import safe_name
from services.documents.model import Document
from services.errors import Conflict, LanewiseError, NotAllowed, NotFound
from services.jobs import job
from services.mail.model import Mail
from services.operations import Arguments, operation
from services.people.model import User
from services.platform import Platform
from services.privacy.extent import conditions_of, find_mails
from services.privacy.model import Dossier, DossierStage
from services.privacy.subject import Subject, find_subject
from services.privacy.tables import LEFT_OUT
from services.records.types import present_record
from services.unit_of_work import Job, UnitOfWork
from services.upkeep import each_hour

KEPT: Final = timedelta(days=7)
MOST_UNDERWAY: Final = 3
MOST_FILE_BYTES: Final = 200 * 1024 * 1024
"""Files beyond are named, but not packed."""


class ExportPerson(Arguments):
    """Of whom all is handed out."""

    record_type = Line(
        required=True, validate=validate.OneOf(PERSON_TYPES), metadata={"title": "Record type"}
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})


@operation("person.export", Permission.PRIVACY_EXPORT, ExportPerson)
def export_person(uow: UnitOfWork, *, record_type: str, record_id: UUID) -> dict[str, Any]:
    """Write all that is known of a person to a file, for oneself to hand out."""
    find_subject(uow, record_type, record_id, verb=Verb.EXPORT)
    running = select(func.count()).where(
        Dossier.created_by == uow.actor.user_id, Dossier.stage == DossierStage.RUNNING.value
    )
    if (uow.session.scalar(running) or 0) >= MOST_UNDERWAY:
        raise Conflict("You have asked for several already. Please wait until they are there.")
    one = uow.add(
        Dossier(
            of_type=record_type,
            of_id=record_id,
            stage=DossierStage.RUNNING.value,
            created_at=uow.now,
            created_by=uow.actor.user_id,
            created_by_name=uow.actor.name,
            expires_at=uow.now + KEPT,
        )
    )
    uow.defer(Job("privacy.export", {"dossier_id": str(one.id)}))
    return {"dossier_id": one.id}


@job("privacy.export")
def write_dossier(platform: Platform, *, dossier_id: str) -> None:
    """Write the file; a job that died is begun anew, one that is done changes nothing."""

    def work(uow: UnitOfWork) -> None:
        one = uow.session.get(Dossier, UUID(dossier_id), with_for_update=True)
        if one is None or one.stage != DossierStage.RUNNING:
            return
        try:
            asker = _as_asker(uow, one)
            subject = find_subject(asker, one.of_type, one.of_id, verb=Verb.EXPORT)
            one.content = pack_dossier(uow, subject)
        except LanewiseError as error:
            one.stage, one.problem = DossierStage.FAILED.value, error.message
        else:
            one.stage, one.size_bytes = DossierStage.DONE.value, len(one.content)
        one.ended_at = uow.now

    platform.transact(SYSTEM, work, source="job")


def list_dossiers(uow: UnitOfWork, record_id: UUID) -> list[Dossier]:
    """Return the actor's own exports of a person that have not expired, the newest first."""
    statement = select(Dossier).where(
        Dossier.of_id == record_id,
        Dossier.created_by == uow.actor.user_id,
        Dossier.expires_at > uow.now,
    )
    return list(uow.session.scalars(statement.order_by(Dossier.id.desc())))


def get_dossier(uow: UnitOfWork, dossier_id: UUID) -> Dossier:
    """Return an export of the actor with its file.

    Raises:
        NotFound: There is none, it is somebody else's, or its time is over.
        Conflict: It is not written yet.
    """
    statement = select(Dossier).where(
        Dossier.id == dossier_id,
        Dossier.created_by == uow.actor.user_id,
        Dossier.expires_at > uow.now,
    )
    found = uow.session.scalars(statement.options(undefer(Dossier.content))).one_or_none()
    if found is None:
        raise NotFound("There is no such export.")
    if found.content is None:
        raise Conflict(f"This export is {found.stage}.")
    return found


@each_hour
def prune_dossiers(uow: UnitOfWork) -> None:
    """Delete the exports whose time is over."""
    uow.session.execute(delete(Dossier).where(Dossier.expires_at <= uow.now))


def pack_dossier(uow: UnitOfWork, subject: Subject) -> bytes:
    """Return the ZIP file: ``person.json``, and the files under ``files/``."""
    content = {
        "written_at": uow.now.isoformat(),
        "records": [{"type": one.record_type, **present_record(one)} for one in subject.records],
        **tell_rows(uow, subject),
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        left = MOST_FILE_BYTES
        for document in _documents(uow, subject):
            left -= document.size_bytes
            if left >= 0:
                name = f"files/{document.id}-{safe_name(document.name)}"
                archive.writestr(name, document.content)
        options = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
        archive.writestr("person.json", orjson.dumps(content, default=str, option=options))
    return target.getvalue()


def tell_rows(uow: UnitOfWork, subject: Subject) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of all tables in which keys of the person stand, and its mails.

    They are found from the tables themselves, so that a new one is told without a word.
    """
    found: dict[str, dict[Any, dict[str, Any]]] = {}
    for pointer, condition in conditions_of(subject).items():
        if pointer.table.name in LEFT_OUT:
            continue
        rows = found.setdefault(pointer.table.name, {})
        rows |= {row["id"]: row for row in _rows(uow, pointer.table, condition)}
    mails = found.setdefault("mails", {})
    table = Mail.__table__
    mails |= {row["id"]: row for row in _rows(uow, table, table.c.id.in_(find_mails(uow, subject)))}
    return {name: list(rows.values()) for name, rows in sorted(found.items()) if rows}


def _rows(uow: UnitOfWork, table: Any, condition: Any) -> Iterator[dict[str, Any]]:
    columns = [
        column
        for column in table.columns
        if not column.info.get("secret") and column.name not in {"search_text", "snapshot"}
    ]
    for row in uow.session.execute(select(*columns).where(condition)).mappings():
        yield {name: value for name, value in row.items() if value is not None}


def _documents(uow: UnitOfWork, subject: Subject) -> Iterator[Document]:
    statement = select(Document).where(Document.record_id.in_(subject.ids()))
    loaded = statement.order_by(Document.id).options(undefer(Document.content))
    yield from uow.session.scalars(loaded.execution_options(yield_per=5))


def _as_asker(uow: UnitOfWork, one: Dossier) -> UnitOfWork:
    """Return the transaction as seen by who asked.

    Raises:
        NotAllowed: That person may not have it any more.
    """
    user = None if one.created_by is None else uow.session.get(User, one.created_by)
    actor = user.actor() if user is not None and user.active else None
    if actor is None or not actor.may(Permission.PRIVACY_EXPORT):
        raise NotAllowed("Who asked for this may not have it any more.")
    return uow.acting_as(actor)
