"""A deal's way through its pipeline: from stage to stage, on hold, won, lost, opened again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from services.actors import Permission
from services.crm.deal_endings import Closing, ending_of, ending_title
from services.crm.deal_model import Deal
from services.crm.deal_move_arguments import (
    HoldDeal,
    LoseDeal,
    MovePipeline,
    MoveStage,
    ReopenDeal,
    WinDeal,
)
from services.crm.deal_requirements import check_entry
from services.crm.deal_stays import begin_stay, rots_from, stays_of
from services.crm.pipeline_model import Category, Stage
from services.crm.pipelines import (
    enter_pipeline,
    find_stage,
    first_of,
    hold_stage,
    list_stages,
)
from services.errors import Conflict, Invalid, NotAllowed
from services.operations import operation
from services.records.changes import change_record, check_version
from services.unit_of_work import UnitOfWork


@operation("deal.move_stage", Permission.RECORD_WRITE, MoveStage, in_diagrams=True)
def move_stage(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    stage: str,
    confirmed: Sequence[str],
    version: int | None = None,
    **told: Any,
) -> Deal:
    """Move a deal to another stage."""
    deal = _held(uow, deal_id, version)
    entered = find_stage(list_stages(uow, deal.pipeline_id), stage)
    return _enter(uow, deal, entered, Closing(**told), confirmed)


@operation("deal.win", Permission.RECORD_WRITE, WinDeal, in_diagrams=True)
def win_deal(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    confirmed: Sequence[str],
    version: int | None = None,
    **told: Any,
) -> Deal:
    """Close a deal as won."""
    return _end(uow, _held(uow, deal_id, version), Category.WON, Closing(**told), confirmed)


@operation("deal.lose", Permission.RECORD_WRITE, LoseDeal, in_diagrams=True)
def lose_deal(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    confirmed: Sequence[str],
    version: int | None = None,
    **told: Any,
) -> Deal:
    """Close a deal as lost."""
    return _end(uow, _held(uow, deal_id, version), Category.LOST, Closing(**told), confirmed)


@operation("deal.hold", Permission.RECORD_WRITE, HoldDeal, in_diagrams=True)
def hold_deal(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    confirmed: Sequence[str],
    version: int | None = None,
    **told: Any,
) -> Deal:
    """Put a deal on hold until a day."""
    return _end(uow, _held(uow, deal_id, version), Category.ON_HOLD, Closing(**told), confirmed)


@operation("deal.reopen", Permission.RECORD_WRITE, ReopenDeal, in_diagrams=True)
def reopen_deal(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    confirmed: Sequence[str],
    stage: str | None = None,
    version: int | None = None,
) -> Deal:
    """Go on with a deal that was closed or on hold."""
    deal = _held(uow, deal_id, version)
    stages = list_stages(uow, deal.pipeline_id)
    if find_stage(stages, deal.stage).category == Category.OPEN:
        raise Conflict("This deal is open.")
    enter_pipeline(uow, deal.pipeline_id)
    entered = stage_before(uow, deal, stages) if stage is None else find_stage(stages, stage)
    if entered.category != Category.OPEN:
        message = "A deal goes on in an open stage."
        raise Invalid(message, {"stage": [message]})
    entered = hold_stage(uow, entered)
    if stage is not None:
        check_entry(uow, deal, entered, confirmed)
    was_closed = deal.closed_at is not None
    told = dict.fromkeys(("won_at", "lost_at", "closed_at", "closed_on"))
    told |= dict.fromkeys(("lost_reason", "lost_details"))
    title = f"Opened again in {entered.name}"
    _place(uow, deal, entered, told, title=title, confirmed=confirmed)
    if was_closed:
        uow.emit("deal.reopened", "deal", deal.id)
    return deal


@operation("deal.move_pipeline", Permission.RECORD_WRITE, MovePipeline, in_diagrams=True)
def move_pipeline(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    pipeline_id: UUID,
    stage: str | None = None,
    version: int | None = None,
) -> Deal:
    """Move a deal to another pipeline, into the stage that fits best."""
    deal = _held(uow, deal_id, version)
    if deal.pipeline_id == pipeline_id:
        return deal
    pipeline = enter_pipeline(uow, pipeline_id)
    here = find_stage(list_stages(uow, deal.pipeline_id), deal.stage)
    there = list_stages(uow, pipeline.id)
    entered = matching_stage(here, there) if stage is None else find_stage(there, stage)
    if entered.category != here.category:
        message = f"A deal that is {here.category.replace('_', ' ')} stays so in another pipeline."
        raise Invalid(message, {"stage": [message]})
    entered = hold_stage(uow, entered)
    if stage is not None:
        check_entry(uow, deal, entered, entered.requirements)
    title = f"Moved to {entered.name} of the pipeline {pipeline.name}"
    _place(uow, deal, entered, {"pipeline_id": pipeline.id}, title=title)
    return deal


def matching_stage(here: Stage, there: Sequence[Stage]) -> Stage:
    """Return the stage of another pipeline that is most like ``here``.

    That is one of the same category: by its name, else the one whose probability is closest.

    Raises:
        NotFound: The other pipeline has none of this category.
    """
    first_of(there, Category(here.category))
    alike = [one for one in there if one.category == here.category and one.archived_at is None]
    name = here.name.casefold()
    return min(
        alike,
        key=lambda one: (one.name.casefold() != name, abs(one.probability - here.probability)),
    )


def relocate(uow: UnitOfWork, deal: Deal, stage: Stage) -> None:
    """Put a deal into another stage of the same category because its own goes.

    Nothing is asked: that the stage goes is the administrator's decision.
    """
    _place(uow, deal, stage, {}, title=f"Moved to {stage.name}: its stage was taken away")


def _held(uow: UnitOfWork, deal_id: UUID, version: int | None) -> Deal:
    """Return the deal, locked to the commit, as it was seen.

    Raises:
        NotAllowed: The actor may not write the stages of deals.
    """
    deal = uow.get(Deal, deal_id, lock=True)
    if "stage" in uow.actor.locked_fields("deal"):
        raise NotAllowed("Your roles don't let you move deals.")
    check_version(uow, deal, version)
    return deal


def _end(
    uow: UnitOfWork, deal: Deal, category: Category, told: Closing, confirmed: Sequence[str]
) -> Deal:
    """Put a deal into the first stage of a category; one that is in such a stage stays there."""
    stages = list_stages(uow, deal.pipeline_id)
    here = find_stage(stages, deal.stage)
    entered = here if here.category == category else first_of(stages, category)
    return _enter(uow, deal, entered, told, confirmed)


def _enter(
    uow: UnitOfWork, deal: Deal, stage: Stage, told: Closing, confirmed: Sequence[str]
) -> Deal:
    """Put ``deal`` into ``stage``; being there already changes nothing."""
    if deal.stage == stage.key:
        return deal
    if deal.closed_at is not None:
        raise Conflict(f"This deal is closed as {'won' if deal.won_at else 'lost'}.")
    stage = hold_stage(uow, stage)
    values = ending_of(uow, stage, told)
    check_entry(uow, deal, stage, confirmed)
    _place(uow, deal, stage, values, title=ending_title(stage, values), confirmed=confirmed)
    if stage.category != Category.OPEN:
        uow.emit(f"deal.{stage.category}", "deal", deal.id, reason=told.reason)
    return deal


def _place(
    uow: UnitOfWork,
    deal: Deal,
    stage: Stage,
    told: Mapping[str, Any],
    *,
    title: str,
    confirmed: Sequence[str] = (),
) -> None:
    """Write that a deal is in a stage now: its history, what follows from it, its timeline."""
    begin_stay(uow, deal, deal.stage, stage, confirmed)
    values: dict[str, Any] = {"stage": stage.key, "stage_since": uow.now}
    values["rots_at"] = rots_from(stage, uow.now)
    if stage.category != Category.ON_HOLD:
        values |= {"hold_until": None, "hold_reason": None}
    if stage.closes:
        values |= {"probability": stage.probability, "probability_is_manual": False}
    elif stage.category == Category.OPEN and not deal.probability_is_manual:
        values["probability"] = stage.probability
    # Stage and pipeline belong together: neither may be written alone while links are checked.
    with uow.session.no_autoflush:
        change_record(uow, deal, {**values, **told}, kind="stage", title=title)


def stage_before(uow: UnitOfWork, deal: Deal, stages: Sequence[Stage]) -> Stage:
    """Return the open stage that a deal was in last, or the pipeline's first one."""
    known = {
        stage.key: stage
        for stage in stages
        if stage.category == Category.OPEN and stage.archived_at is None
    }
    for stay in reversed(stays_of(uow, deal.id)):
        if stay.stage in known:
            return known[stay.stage]
    return first_of(stages, Category.OPEN)
