"""What can be done with imports once they were tried out, and who sees which."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, or_, select

from services.actors import Permission, Scope
from services.arguments import Key
from services.errors import Conflict, NotFound
from services.importing.model import Import, ImportChunk, ImportPiece, ImportStage
from services.importing.steps import job_for
from services.operations import Arguments, operation
from services.records.types import RecordType, all_record_types, find_record_type
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour

UNDERWAY: Final = frozenset(
    {ImportStage.CHECKING, ImportStage.RUNNING, ImportStage.PAUSED, ImportStage.REVERTING}
)
FILE_KEPT: Final = timedelta(days=7)
ROWS_KEPT: Final = timedelta(days=90)
MAX_UNDERWAY: Final = 3
"""So many imports of one person may be at work at the same time; one that rests is not."""

SHOWN: Final = 50
_IMPORT: Final = Permission.DATA_IMPORT


class WhichImport(Arguments):
    """Which import."""

    import_id = Key(required=True, metadata={"title": "Import"})


@operation("import.run", _IMPORT, WhichImport)
def run_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Carry out an import whose dry run was looked at."""
    one = lock_import(uow, import_id)
    expect_stage(one, ImportStage.CHECKED)
    check_quota(uow, one)
    one.stage, one.position, one.started_at = ImportStage.RUNNING, 0, uow.now
    uow.defer(job_for(one, "run", uow.actor))
    return told_of(one)


@operation("import.pause", _IMPORT, WhichImport)
def pause_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Let an import rest after the rows that it is just at."""
    one = lock_import(uow, import_id)
    expect_stage(one, ImportStage.RUNNING)
    one.stage = ImportStage.PAUSED
    return told_of(one)


@operation("import.resume", _IMPORT, WhichImport)
def resume_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Let an import go on where it rested."""
    one = lock_import(uow, import_id)
    expect_stage(one, ImportStage.PAUSED)
    check_quota(uow, one)
    one.stage, one.error = ImportStage.RUNNING, None
    uow.defer(job_for(one, "run", uow.actor))
    return told_of(one)


@operation("import.cancel", _IMPORT, WhichImport)
def cancel_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """End an import; what it has written stays, and can be reverted."""
    one = lock_import(uow, import_id)
    ended = {ImportStage.DONE, ImportStage.REVERTING, ImportStage.REVERTED, ImportStage.CANCELLED}
    if one.stage in ended:
        raise Conflict("This import has ended already.")
    if one.stage == ImportStage.CHECKING:
        one.stage = ImportStage.MAPPING
        return told_of(one)
    one.stage, one.ended_at = ImportStage.CANCELLED, uow.now
    return told_of(one)


@operation("import.revert", _IMPORT, WhichImport)
def revert_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Undo an import: what it made goes into the bin, what it changed is as it was before.

    What was touched since stays, and is listed.
    """
    one = lock_import(uow, import_id)
    expect_stage(one, ImportStage.DONE, ImportStage.CANCELLED, ImportStage.PAUSED)
    if not any(one.counts.get(name) for name in ("create", "update")):
        raise Conflict("This import has changed nothing.")
    check_quota(uow, one)
    one.stage, one.position, one.undone = ImportStage.REVERTING, 0, {}
    uow.defer(job_for(one, "revert", uow.actor))
    return told_of(one)


@operation("import.delete", _IMPORT, WhichImport)
def delete_import(uow: UnitOfWork, *, import_id: UUID) -> dict[str, Any]:
    """Forget an import with its file; the records stay, and can't be reverted any more."""
    one = lock_import(uow, import_id)
    if one.stage in UNDERWAY:
        raise Conflict("This import is underway. Stop it first.")
    uow.session.delete(one)
    return {"import_id": import_id}


def get_import(uow: UnitOfWork, import_id: UUID) -> Import:
    """Return an import of the actor, or anybody's for those who manage data and see all of it.

    Raises:
        NotFound: There is none, or it is somebody else's.
    """
    one = uow.session.get(Import, import_id)
    return _visible(uow, one)


def lock_import(uow: UnitOfWork, import_id: UUID) -> Import:
    """Return an import as ``get_import`` does, held to the commit."""
    found = uow.session.get(Import, import_id, with_for_update=True, populate_existing=True)
    return _visible(uow, found)


def list_imports(
    uow: UnitOfWork, record_type: str | None = None, limit: int = SHOWN
) -> Sequence[Import]:
    """Return the newest imports that the actor may see."""
    statement = select(Import).order_by(Import.id.desc()).limit(limit)
    if record_type is not None:
        statement = statement.where(Import.record_type == record_type)
    is_own = Import.created_by == uow.actor.user_id
    others = Import.record_type.in_([one.name for one in all_record_types() if _sees(uow, one)])
    statement = statement.where(or_(is_own, others))
    return uow.session.scalars(statement).all()


@each_hour
def forget_files(uow: UnitOfWork) -> None:
    """Delete uploaded files, and later the rows of imports, that nobody needs any more.

    What an import has written is not touched; without its rows it can't be reverted.
    """
    for table, kept in ((ImportPiece, FILE_KEPT), (ImportChunk, ROWS_KEPT)):
        old = select(Import.id).where(
            Import.created_at < uow.now - kept, Import.stage.not_in(UNDERWAY)
        )
        uow.session.execute(delete(table).where(table.import_id.in_(old)))


def check_quota(uow: UnitOfWork, one: Import) -> None:
    """Refuse to set one more import of a person to work where enough of them are.

    Raises:
        Conflict: They are.
    """
    if uow.actor.user_id is None:
        return
    place = func.hashtextextended(f"imports:{uow.actor.user_id}", 0)
    uow.session.execute(select(func.pg_advisory_xact_lock(place)))
    statement = select(Import.id).where(
        Import.created_by == uow.actor.user_id,
        Import.stage.in_([ImportStage.CHECKING, ImportStage.RUNNING, ImportStage.REVERTING]),
        Import.id != one.id,
    )
    if len(uow.session.scalars(statement.limit(MAX_UNDERWAY)).all()) >= MAX_UNDERWAY:
        raise Conflict(f"{MAX_UNDERWAY} of your imports are underway; wait until one is through.")


def told_of(one: Import) -> dict[str, Any]:
    """Return what an operation answers."""
    return {"import_id": one.id, "stage": str(one.stage)}


def expect_stage(one: Import, *stages: ImportStage) -> None:
    """Refuse what is not to be done with an import where it stands.

    Raises:
        Conflict: ``wrong_stage``.
    """
    if one.stage not in stages:
        raise Conflict(f"This can't be done while the import is {one.stage}.", code="wrong_stage")


def _visible(uow: UnitOfWork, one: Import | None) -> Import:
    is_own = one is not None and one.created_by == uow.actor.user_id
    record_type = None if one is None else find_record_type(one.record_type)
    is_others = record_type is not None and _sees(uow, record_type)
    if one is None or not (is_own or is_others):
        raise NotFound("There is no such import.")
    return one


def _sees(uow: UnitOfWork, record_type: RecordType) -> bool:
    """Tell whether the actor may look at the rows that others import of a type.

    Whose rows they are, and what stands in them, nobody asks any more: so who looks after data
    must see all records of the type and all of their fields.
    """
    actor, name = uow.actor, record_type.name
    manages = actor.may(Permission.DATA_MANAGE)
    return manages and actor.reach(name) is Scope.ALL and not actor.hidden_fields(name)
