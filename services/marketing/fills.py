"""Taking many records into a segment or a campaign: a slice at a time, with progress.

Each slice is a transaction of its own that notes how far it came, so a fill can be stopped, goes on
after a crash where it was, and nobody comes in twice. It looks for records with the rights of
whoever began it: of a person those that it has now, of a process those it was deployed with.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, func, literal, not_, select, true

from services.actors import SYSTEM, Actor, Permission, process_actor
from services.errors import Conflict, LanewiseError, NotAllowed, NotFound
from services.filtering import compile_filter, parse_filter
from services.jobs import job
from services.marketing.campaign_model import Campaign, CampaignStatus
from services.marketing.fill_model import Fill, FillStage
from services.marketing.membership import belongs_to
from services.marketing.segment_model import Segment
from services.people.model import User
from services.platform import Platform
from services.records.timeline import add_entry
from services.records.types import get_record_type
from services.unit_of_work import Job, UnitOfWork

SLICE: Final = 2_000
_JOB: Final = "marketing.fill"

Target = Segment | Campaign
Put = Callable[[UnitOfWork, Any, Mapping[str, Any], Sequence[UUID]], int]
"""Takes keys of a source into the target, and tells how many were not in it yet."""

May = Callable[[UnitOfWork, Any, Any], ColumnElement[bool]]
"""Makes the SQL condition of rows of a model that the target may take in."""

_PUT: dict[type[Target], tuple[Put, May]] = {}


def takes_in(target: type[Target], put: Put, may: May | None = None) -> None:
    """Say how records come into targets of this class, and which of them may."""
    _PUT[target] = put, may or (lambda _uow, _target, _model: true())


def source_of(
    record_type: str, filter_: Mapping[str, Any], segment_id: UUID | None = None
) -> dict[str, Any]:
    """Return a source of a fill: the records that a filter finds."""
    key = None if segment_id is None else str(segment_id)
    return {"record_type": record_type, "filter": dict(filter_), "segment_id": key}


def begin_fill(
    uow: UnitOfWork,
    target: Target,
    sources: Sequence[Mapping[str, Any]],
    left_out: Iterable[UUID] = (),
) -> Fill:
    """Begin to take records into ``target``, which the caller holds; few are in at once.

    Args:
        uow: Of whoever begins it.
        target: What they come into.
        sources: See ``source_of``.
        left_out: Keys of segments whose members are passed over.

    Raises:
        Conflict: It is just being filled.
        Invalid: A source can't be read.
    """
    if running_fill(uow, target) is not None:
        raise Conflict("This is just being filled.")
    fill = Fill(
        **_target_key(target),
        sources=[dict(source) for source in sources],
        left_out=[str(key) for key in left_out],
        stage=FillStage.RUNNING.value,
        position=0,
        after=None,
        done=0,
        added=0,
        refused=0,
        total=0,
        started_at=uow.now,
        started_by=uow.actor.user_id,
        started_by_name=uow.actor.name,
        granted=_granted(uow.actor),
    )
    fill.total = sum(_count(uow, fill, source) for source in fill.sources)
    uow.add(fill)
    _go_on(uow, uow, fill, target)
    return fill


def running_fill(uow: UnitOfWork, target: Target) -> Fill | None:
    """Return the filling of ``target`` that is underway, or None."""
    found = newest_fill(uow, target)
    return found if found is not None and found.stage == FillStage.RUNNING else None


def newest_fill(uow: UnitOfWork, target: Target) -> Fill | None:
    """Return the last filling of ``target``, or None."""
    column = Fill.segment_id if isinstance(target, Segment) else Fill.campaign_id
    statement = select(Fill).where(column == target.id).order_by(Fill.id.desc()).limit(1)
    return uow.session.scalars(statement).one_or_none()


def stop_fill(uow: UnitOfWork, target: Target) -> Fill:
    """Stop the filling of ``target``; who came in stays in.

    Raises:
        Conflict: Nothing is underway.
    """
    fill = _lock(uow, newest_fill(uow, target))
    if fill is None or fill.stage != FillStage.RUNNING:
        raise Conflict("Nothing is being filled.")
    fill.stage, fill.ended_at = FillStage.STOPPED.value, uow.now
    return fill


def resume_fill(uow: UnitOfWork, target: Target) -> Fill:
    """Let a filling that was stopped, or that failed, go on where it was.

    Raises:
        Conflict: Nothing was stopped.
    """
    fill = _lock(uow, newest_fill(uow, target))
    if fill is None or fill.stage not in {FillStage.STOPPED, FillStage.FAILED}:
        raise Conflict("Nothing was stopped.")
    fill.stage, fill.ended_at, fill.problem = FillStage.RUNNING.value, None, None
    _defer(uow, fill)
    return fill


@job(_JOB)
def run_fill(platform: Platform, *, fill_id: str, done: int) -> None:
    """Take in one slice, and leave the next to another job; ``done`` is how far it should be."""

    def work(uow: UnitOfWork) -> None:
        fill = uow.session.get(Fill, UUID(fill_id), with_for_update=True)
        if fill is None or fill.stage != FillStage.RUNNING or fill.done != done:
            return  # it was stopped, or this job was delivered before
        target = _target_of(uow, fill)
        try:
            if target is None or target.deleted_at is not None:
                raise NotFound("It was deleted.")
            if isinstance(target, Campaign) and target.status == CampaignStatus.ENDED:
                raise Conflict("This campaign has ended.")
            with uow.savepoint():
                _go_on(uow, _as_starter(uow, fill), fill, target)
        except LanewiseError as error:
            uow.session.refresh(fill)
            fill.stage, fill.ended_at = FillStage.FAILED.value, uow.now
            fill.problem = error.message

    platform.transact(SYSTEM, work, source="job")


def _go_on(uow: UnitOfWork, starter: UnitOfWork, fill: Fill, target: Target) -> None:
    """Take in one slice of the source that the fill is at."""
    room = SLICE
    while fill.position < len(fill.sources):
        room -= _take_slice(starter, fill, target, room)
        if room <= 0:
            _defer(uow, fill)
            return
        fill.position, fill.after = fill.position + 1, None
    fill.stage, fill.ended_at, fill.total = FillStage.DONE.value, uow.now, fill.done
    _tell(starter, fill, target)


def _take_slice(uow: UnitOfWork, fill: Fill, target: Target, room: int) -> int:
    """Look at the next records of a source, and return how many there were."""
    put, may = _PUT[type(target)]
    source = fill.sources[fill.position]
    model: Any = get_record_type(source["record_type"]).model
    statement = uow.select(model).where(*_conditions(uow, fill, source))
    if fill.after is not None:
        statement = statement.where(model.id > fill.after)
    allowed = func.coalesce(may(uow, target, model), literal(value=False)).label("allowed")
    rows = uow.session.execute(
        statement.with_only_columns(model.id, allowed).order_by(model.id).limit(room)
    ).all()
    if rows:
        keys = [row.id for row in rows if row.allowed]
        fill.added += put(uow, target, source, keys)
        fill.refused += len(rows) - len(keys)
        fill.done += len(rows)
        fill.after = rows[-1].id
        uow.session.flush()
    return len(rows)


def _conditions(
    uow: UnitOfWork, fill: Fill, source: Mapping[str, Any]
) -> list[ColumnElement[bool]]:
    record_type = get_record_type(source["record_type"])
    model = record_type.model
    conditions = [compile_filter(uow, parse_filter(record_type, source["filter"]))]
    for key in fill.left_out:
        segment = uow.session.get(Segment, UUID(key))
        if segment is not None and segment.of_type == record_type.name:
            conditions.append(not_(func.coalesce(belongs_to(uow, segment.id, model), False)))
    return conditions


def _count(uow: UnitOfWork, fill: Fill, source: Mapping[str, Any]) -> int:
    model: Any = get_record_type(source["record_type"]).model
    keys = uow.select(model).where(*_conditions(uow, fill, source)).with_only_columns(model.id)
    return uow.session.scalar(select(func.count()).select_from(keys.subquery())) or 0


def _defer(uow: UnitOfWork, fill: Fill) -> None:
    uow.defer(Job(_JOB, {"fill_id": str(fill.id), "done": fill.done}))


def _tell(uow: UnitOfWork, fill: Fill, target: Target) -> None:
    """Tell the target's timeline, and the processes, that all are in."""
    name = target.record_type
    add_entry(uow, target, "changed", f"Took in {fill.added:,} of {fill.done:,} records")
    uow.emit(f"{name}.filled", name, target.id, added=fill.added, refused=fill.refused)


def _target_key(target: Target) -> dict[str, UUID]:
    return {"segment_id" if isinstance(target, Segment) else "campaign_id": target.id}


def _target_of(uow: UnitOfWork, fill: Fill) -> Target | None:
    if fill.segment_id is not None:
        return uow.session.get(Segment, fill.segment_id)
    return uow.session.get(Campaign, fill.campaign_id)


def _lock(uow: UnitOfWork, fill: Fill | None) -> Fill | None:
    if fill is not None:
        uow.session.refresh(fill, with_for_update=True)
    return fill


def _granted(actor: Actor) -> list[str] | None:
    """Return what a process may do; None for a person, whose rights may change, and for SYSTEM."""
    if actor.user_id is not None or actor == SYSTEM:
        return None
    return sorted(permission.value for permission in actor.permissions)


def _as_starter(uow: UnitOfWork, fill: Fill) -> UnitOfWork:
    """Return the transaction as seen by who began the fill.

    Raises:
        NotAllowed: It may not do this, or not any more.
    """
    actor = _starter(uow, fill)
    if actor is None or not actor.may(Permission.RECORD_WRITE):
        raise NotAllowed("Who began this may not change records any more.")
    return uow.acting_as(actor)


def _starter(uow: UnitOfWork, fill: Fill) -> Actor | None:
    """Return who began a fill; None if that person is there no longer."""
    if fill.started_by is not None:
        user = uow.session.get(User, fill.started_by)
        return user.actor() if user is not None and user.active else None
    if fill.granted is None:
        return SYSTEM
    known = {permission.value: permission for permission in Permission}
    may = frozenset(known[name] for name in fill.granted if name in known)
    return process_actor(fill.started_by_name, may)
