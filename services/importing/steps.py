"""The jobs of an import: reading, the dry run, the run, the revert; a transaction for each chunk.

Each transaction holds the import's row, does the chunk that is next, and notes that it did. So a
job that dies, or is delivered twice, does nothing twice and leaves nothing out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from services.actors import SYSTEM, Actor, Permission
from services.batches import BEHIND, one_entry
from services.changes import tell_watchers
from services.database import new_id
from services.errors import Invalid
from services.importing.carrying_out import carry_out, try_out, undo_entries
from services.importing.columns import RowReader
from services.importing.deciding import Decider, Decision, Outcome
from services.importing.matching import Seen
from services.importing.model import Import, ImportChunk, ImportStage, pack, unpack
from services.importing.plan import Plan, check_plan, importable_fields
from services.importing.reading import read_file
from services.importing.reverting import revert_chunk
from services.importing.types import import_type
from services.jobs import job
from services.people.model import User
from services.platform import Platform
from services.points.model import ContactPoint
from services.records.schemas import argument_with_rules
from services.unit_of_work import Job, UnitOfWork

SLICE_SECONDS: Final = 5.0
"""After so long a job leaves the rest to another, so that others have their turn."""

_STOCK_TAKEN: Final = frozenset(4**power for power in range(10))
"""Before which chunks the server looks how its tables have grown."""

_PROBLEMS: Final = frozenset({Outcome.ERROR, Outcome.SKIP})


def job_for(one: Import, task: str, actor: Actor) -> Job:
    """Return the job that does the next part of an import as ``actor``."""
    who = str(actor.user_id) if actor.user_id else None
    arguments = {"import_id": str(one.id), "actor_id": who}
    return Job(f"imports.{task}", arguments, lock=f"import:{one.id}")


@job("imports.read")
def read_import(platform: Platform, *, import_id: str, actor_id: str | None) -> None:
    """Read an uploaded file."""

    def work(uow: UnitOfWork) -> None:
        one = _lock(uow, import_id)
        if one is not None and one.stage == ImportStage.READING:
            read_file(_as_importer(uow, one, actor_id) or uow, one)

    platform.transact(SYSTEM, work, source="import")


@job("imports.check")
def check_import(platform: Platform, *, import_id: str, actor_id: str | None) -> None:
    """Find out what would become of each row, without changing anything."""
    kept: dict[int, Seen] = {}  # by the position that it leads up to

    def work(uow: UnitOfWork) -> bool:
        one = _lock(uow, import_id)
        if one is None or one.stage != ImportStage.CHECKING:
            return False
        importer = _as_importer(uow, one, actor_id)
        if importer is None:
            return False
        decider = _decider_or_end(importer, one)
        if decider is None:
            return False
        # Another process may have done some of it meanwhile.
        seen = kept.get(one.position) or _seen_so_far(uow, one, decider)
        kept.clear()
        kept.update({one.position: seen, one.position + 1: seen})
        _check_chunk(importer, one, decider, seen)
        return one.stage == ImportStage.CHECKING

    while platform.transact(SYSTEM, work, source="import"):
        pass


@job("imports.run")
def run_import(platform: Platform, *, import_id: str, actor_id: str | None) -> None:
    """Carry out the chunks that are next, for a while."""
    _in_slices(platform, (import_id, actor_id), "run", ImportStage.RUNNING, _run_chunk)


@job("imports.revert")
def revert_import(platform: Platform, *, import_id: str, actor_id: str | None) -> None:
    """Undo the chunks that are next, the last one first."""
    _in_slices(platform, (import_id, actor_id), "revert", ImportStage.REVERTING, _revert_chunk)


def _in_slices(
    platform: Platform,
    which: tuple[str, str | None],
    task: str,
    stage: ImportStage,
    do_chunk: Callable[[UnitOfWork, Import], None],
) -> None:
    """Do chunk after chunk while the import is in this stage, at most ``SLICE_SECONDS``."""
    import_id, actor_id = which
    deadline = time.monotonic() + SLICE_SECONDS

    def work(uow: UnitOfWork) -> bool:
        one = _lock(uow, import_id)
        if one is None or one.stage != stage:
            return False
        importer = _as_importer(uow, one, actor_id)
        if importer is None:
            return False
        do_chunk(importer, one)
        is_time = time.monotonic() >= deadline
        if one.stage == stage and is_time:
            uow.defer(job_for(one, task, importer.actor))
        return one.stage == stage and not is_time

    while platform.transact(SYSTEM, work, source="import"):
        pass


def _check_chunk(uow: UnitOfWork, one: Import, decider: Decider, seen: Seen) -> None:
    chunk = _chunk(uow, one.id, one.position)
    if chunk is not None:
        decisions, _ = decider.decide(uow, unpack(chunk.rows), seen, lock=False)
        try_out(uow, decider, decisions)
        chunk.checked = pack([decision.as_json() for decision in decisions])
        chunk.problems = _problems(decisions)
        one.checked = _add(one.checked, decisions)
        one.position += 1
    if one.position >= one.chunk_count:
        one.stage, one.position = ImportStage.CHECKED, 0


def _run_chunk(uow: UnitOfWork, one: Import) -> None:
    chunk = _chunk(uow, one.id, one.position)
    decider = _decider_or_end(uow, one)
    if decider is None:
        return
    if chunk is not None:
        if one.position in _STOCK_TAKEN:
            _take_stock(uow, one)
        uow.starts_processes = decider.plan.start_processes
        jobs = len(uow.jobs)
        arguments = {"import_id": str(one.id), "chunk": one.position, "file": one.file_name}
        with one_entry(uow, "import.run", ("imports", one.id), arguments) as changes:
            done = carry_out(uow, decider, unpack(chunk.rows))
        tell_watchers(uow)
        for left in uow.jobs[jobs:]:
            left.priority = min(left.priority, BEHIND)
        entries = undo_entries(uow, one.record_type, done, changes)
        # What is written about these records from now on was done by others; see reverting.
        chunk.undo = pack({"marker": str(new_id()), "entries": entries})
        chunk.done = pack([decision.as_json() for decision in done.decisions])
        chunk.problems = _problems(done.decisions)
        linked = Counter(one.counts) + Counter(
            {"linked": sum(len(keys) for keys in done.made.values())}
        )
        one.counts = _add(linked, done.decisions)
        one.position += 1
    if one.position >= one.chunk_count:
        one.stage, one.ended_at = ImportStage.DONE, uow.now


def _take_stock(uow: UnitOfWork, one: Import) -> None:
    """Let the server plan for what is there now.

    A plan from when there was next to nothing reads the whole table for each chunk: a run of
    100,000 contacts into an empty database took 67 s instead of 30.
    """
    for model in (import_type(one.record_type).model, ContactPoint):
        uow.session.execute(text(f'ANALYZE "{model.__tablename__}"'))


def _revert_chunk(uow: UnitOfWork, one: Import) -> None:
    place = one.chunk_count - 1 - one.position
    chunk = _chunk(uow, one.id, place)
    if chunk is not None and chunk.undo is not None:
        conflicts, counts = revert_chunk(uow, unpack(chunk.undo))
        chunk.conflicts = pack(conflicts)
        one.undone = dict(Counter(one.undone) + Counter(counts))
    one.position += 1
    if one.position >= one.chunk_count:
        one.stage, one.ended_at = ImportStage.REVERTED, uow.now


def _decider(uow: UnitOfWork, one: Import) -> Decider:
    """Return what decides about the rows.

    Raises:
        Invalid: A field of the plan can't be filled any more: it was retired, or closed to the
            person.
    """
    record_type = import_type(one.record_type)
    plan = check_plan(uow, record_type, Plan.of(one.plan), len(one.header))
    fields = importable_fields(uow, record_type)
    values = {
        name: argument_with_rules(fields[name]).deserialize(value)
        for name, value in plan.values.items()
        if name in fields
    }
    plan = replace(plan, values=values)
    return Decider(record_type, plan, RowReader(uow, record_type, plan, one.header))


def _decider_or_end(uow: UnitOfWork, one: Import) -> Decider | None:
    """Return what decides about the rows; None, and the import ends, if that is not possible."""
    try:
        return _decider(uow, one)
    except Invalid as error:
        _give_up(uow, one, error.message)
        return None


def _seen_so_far(uow: UnitOfWork, one: Import, decider: Decider) -> Seen:
    """Return what the chunks before hold; after a crash it has to be read once more."""
    seen = Seen(decider.record_type, decider.plan)
    for position in range(one.position):
        rows = uow.session.scalar(
            select(ImportChunk.rows).where(
                ImportChunk.import_id == one.id, ImportChunk.position == position
            )
        )
        decider.remember(unpack(rows), seen)
    return seen


def _as_importer(uow: UnitOfWork, one: Import, actor_id: str | None) -> UnitOfWork | None:
    """Return the transaction as seen by who imports; None, and the import ends, if that is over."""
    if actor_id is None:
        return uow
    user = uow.session.get(User, UUID(actor_id))
    actor = user.actor() if user is not None and user.active else None
    if actor is None or not actor.may(Permission.DATA_IMPORT):
        _give_up(uow, one, "Who began this may not import any more.")
        return None
    return uow.acting_as(actor)


def _give_up(uow: UnitOfWork, one: Import, reason: str) -> None:
    one.stage, one.ended_at, one.error = ImportStage.CANCELLED, uow.now, reason


def _lock(uow: UnitOfWork, import_id: str) -> Import | None:
    return uow.session.get(Import, UUID(import_id), with_for_update=True)


def _chunk(uow: UnitOfWork, import_id: UUID, position: int) -> ImportChunk | None:
    return uow.session.get(ImportChunk, (import_id, position))


def _problems(decisions: list[Decision]) -> int:
    return sum(decision.outcome in _PROBLEMS for decision in decisions)


def _add(counts: Mapping[str, int], decisions: list[Decision]) -> dict[str, int]:
    return dict(Counter(counts) + Counter(str(decision.outcome) for decision in decisions))
