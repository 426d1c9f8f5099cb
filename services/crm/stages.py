"""What administrators do with the stages of pipelines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update

from services.actors import Permission
from services.crm.deal_model import DEAL, Deal
from services.crm.deal_moves import relocate
from services.crm.deal_stays import DAY
from services.crm.pipeline_model import Category, Pipeline, Stage
from services.crm.pipelines import all_stages, find_stage, list_stages
from services.crm.stage_arguments import (
    MAX_STAGES,
    ArchiveStage,
    CreateStage,
    DeleteStage,
    OrderStages,
    StageArguments,
    UpdateStage,
)
from services.crm.stage_keys import free_key
from services.crm.stage_names import tell_stages
from services.errors import Conflict, Invalid, NotFound
from services.operations import operation
from services.records.changes import check_version
from services.records.conditions import condition_problem
from services.records.named import Named, check_unused
from services.unit_of_work import UnitOfWork

MAX_MOVED = 1_000


@operation("stage.create", Permission.PIPELINE_WRITE, CreateStage)
def create_stage(
    uow: UnitOfWork, *, pipeline_id: UUID, name: str, key: str | None = None, **values: Any
) -> Stage:
    """Add a stage to a pipeline, after the others of its kind."""
    pipeline = uow.get(Pipeline, pipeline_id, lock=True)
    every = all_stages(uow)
    others = [stage for stage in every if stage.pipeline_id == pipeline.id]
    if len(others) >= MAX_STAGES:
        raise Conflict(f"A pipeline has at most {MAX_STAGES} stages.")
    taken = {stage.key for stage in every}
    if key in taken:
        message = "There is a stage with this key."
        raise Invalid(message, {"key": [message]})
    category = values.setdefault("category", Category.OPEN.value)
    stage = Stage(pipeline_id=pipeline.id, key=key or free_key(name, taken), name=name)
    _set(uow, stage, {"probability": None, **values}, others)
    before = [other for other in others if _rank(other.category) <= _rank(category)]
    for position, one in enumerate([*before, stage, *others[len(before) :]], start=1):
        one.position = position
    uow.session.add(stage)
    uow.session.flush()
    tell_stages(uow)
    return stage


@operation("stage.update", Permission.PIPELINE_WRITE, UpdateStage)
def update_stage(
    uow: UnitOfWork, *, stage_id: UUID, version: int | None = None, **values: Any
) -> Stage:
    """Change a stage; deals that are in it keep their probability."""
    stage = _held(uow, stage_id)
    check_version(uow, stage, version)
    stages = list_stages(uow, stage.pipeline_id)
    category = values.get("category", stage.category)
    if category != stage.category:
        if _count_deals(uow, stage):
            message = "Deals are in this stage; what it means can't be changed now."
            raise Invalid(message, {"category": [message]})
        _keep_enough(stages, stage)
    rotted_after = stage.rotting_days
    _set(uow, stage, values, [one for one in stages if one.id != stage.id])
    uow.session.flush()
    if stage.rotting_days != rotted_after:
        _rot_anew(uow, stage)
    tell_stages(uow)
    return stage


@operation("stage.reorder", Permission.PIPELINE_WRITE, OrderStages)
def reorder_stages(uow: UnitOfWork, *, pipeline_id: UUID, stages: list[str]) -> None:
    """Put the stages of a pipeline in another order."""
    uow.get(Pipeline, pipeline_id, lock=True)
    every = list_stages(uow, pipeline_id)
    known = {stage.key: stage for stage in every if stage.archived_at is None}
    if set(known) != set(stages) or len(known) != len(stages):
        message = "Name every stage that is not archived, once."
        raise Invalid(message, {"stages": [message]})
    archived = [stage for stage in every if stage.archived_at is not None]
    for position, stage in enumerate([*(known[key] for key in stages), *archived], start=1):
        stage.position = position
    uow.session.flush()
    tell_stages(uow)


@operation("stage.archive", Permission.PIPELINE_WRITE, ArchiveStage)
def archive_stage(uow: UnitOfWork, *, stage_id: UUID, even_if_used: bool = False) -> Stage:
    """Let no deal enter a stage any more; those in it stay.

    Raises:
        Conflict: It is the last stage of its kind, or processes name it.
    """
    stage = _held(uow, stage_id)
    _keep_enough(list_stages(uow, stage.pipeline_id), stage)
    check_unused(uow, [named_stage(stage)], even_if_used=even_if_used)
    stage.archived_at = stage.archived_at or uow.now
    uow.session.flush()
    return stage


@operation("stage.restore", Permission.PIPELINE_WRITE, StageArguments)
def restore_stage(uow: UnitOfWork, *, stage_id: UUID) -> Stage:
    """Use a stage again that was archived."""
    stage = uow.get(Stage, stage_id, lock=True)
    stage.archived_at = None
    uow.session.flush()
    return stage


@operation("stage.delete", Permission.PIPELINE_WRITE, DeleteStage)
def delete_stage(
    uow: UnitOfWork, *, stage_id: UUID, move_to: str | None = None, even_if_used: bool = False
) -> None:
    """Delete a stage; deals that are in it are moved to another one first.

    Raises:
        Conflict: Deals are in it and no other stage was named, there are too many of them, it is
            the last stage of its kind, or processes name it.
        Invalid: The other stage is of another kind.
    """
    stage = _held(uow, stage_id)
    stages = list_stages(uow, stage.pipeline_id)
    _keep_enough(stages, stage)
    count = _count_deals(uow, stage)
    if count and move_to is None:
        raise Conflict(f"{count:,} deals are in this stage. Archive it, or move them first.")
    if count > MAX_MOVED:
        raise Conflict(f"More than {MAX_MOVED:,} deals are in this stage. Archive it instead.")
    check_unused(uow, [named_stage(stage)], even_if_used=even_if_used)
    if move_to is not None:
        _relocate_all(uow, stage, find_stage(stages, move_to))
    uow.session.delete(stage)
    uow.session.flush()
    tell_stages(uow)


def count_deals(uow: UnitOfWork, pipeline_id: UUID) -> dict[str, int]:
    """Return how many deals are in each stage of a pipeline, those in the bin among them."""
    statement = select(Deal.stage, func.count()).where(Deal.pipeline_id == pipeline_id)
    rows = uow.session.execute(statement.group_by(Deal.stage))
    return {key: count for key, count in rows}  # noqa: C416 - rows are no pairs for the types


def named_stage(stage: Stage) -> Named:
    """Return what a stage is called by in diagrams."""
    return Named("deal", "stage", stage.key)


def _held(uow: UnitOfWork, stage_id: UUID) -> Stage:
    """Return a stage whose pipeline is held to the commit: two at once can't take its last ones.

    Raises:
        NotFound: There is none.
    """
    pipeline_id = uow.session.scalar(select(Stage.pipeline_id).where(Stage.id == stage_id))
    if pipeline_id is None:
        raise NotFound("There is no such stage.")
    uow.get(Pipeline, pipeline_id, lock=True)
    return uow.get(Stage, stage_id, lock=True)


def _relocate_all(uow: UnitOfWork, stage: Stage, other: Stage) -> None:
    if other.id == stage.id or other.category != stage.category or other.archived_at is not None:
        message = "Choose another stage that means the same."
        raise Invalid(message, {"move_to": [message]})
    deals = select(Deal).where(Deal.pipeline_id == stage.pipeline_id, Deal.stage == stage.key)
    for deal in uow.session.scalars(deals.order_by(Deal.id).with_for_update()).all():
        relocate(uow, deal, other)


def _set(uow: UnitOfWork, stage: Stage, values: dict[str, Any], others: list[Stage]) -> None:
    """Set what was given, after checking that it makes sense.

    Raises:
        Invalid: With messages by field.
    """
    name = values.get("name", stage.name)
    errors: dict[str, list[str]] = {}
    if any(one.name.casefold() == name.casefold() for one in others):
        errors["name"] = ["There is a stage of this name in the pipeline."]
    # A field that was retired after the stage asked for it may stay: it can be restored.
    kept = stage.required_fields or ()
    wanted = values.get("required_fields", ())
    unknown = [one for one in wanted if one not in kept and not _can_require(one)]
    if unknown:
        errors["required_fields"] = [f"A deal has no field {unknown[0]} to fill in."]
    condition = values.get("condition")
    if condition and (problem := condition_problem(condition, "deal")):
        errors["condition"] = [problem]
    if errors:
        raise Invalid("Please check the marked fields.", errors)
    with uow.session.no_autoflush:
        for column, value in values.items():
            setattr(stage, column, _unique(value) if isinstance(value, list) else value)
        fixed = {Category.WON: 100, Category.LOST: 0}.get(Category(stage.category))
        stage.probability = (stage.probability or 0) if fixed is None else fixed


def _can_require(name: str) -> bool:
    field = DEAL.field(name)
    return field is not None and field.writable and field.kind != "boolean"


def _unique(texts: list[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))


def _rank(category: str) -> int:
    return list(Category).index(Category(category))


def _keep_enough(stages: list[Stage], leaving: Stage) -> None:
    """Refuse that a pipeline loses its last open, won or lost stage.

    Raises:
        Conflict: It would.
    """
    if leaving.category == Category.ON_HOLD or leaving.archived_at is not None:
        return
    alike = [
        one
        for one in stages
        if one.category == leaving.category and one.archived_at is None and one.id != leaving.id
    ]
    if not alike:
        means = leaving.category.replace("_", " ")
        raise Conflict(f"A pipeline needs a stage that means {means}.")


def _count_deals(uow: UnitOfWork, stage: Stage) -> int:
    found = count_deals(uow, stage.pipeline_id)
    return found.get(stage.key, 0)


def _rot_anew(uow: UnitOfWork, stage: Stage) -> None:
    """Let the deals of a stage rot by its new number of days.

    It is derived from the stage, so neither the deals' versions nor their stories change.
    """
    days = stage.rotting_days if stage.category == Category.OPEN else None
    rots_at = None if days is None else Deal.stage_since + days * DAY
    uow.session.execute(
        update(Deal)
        .where(Deal.pipeline_id == stage.pipeline_id, Deal.stage == stage.key)
        .values(rots_at=rots_at)
        .execution_options(synchronize_session=False)
    )


def get_stage_row(uow: UnitOfWork, pipeline_id: UUID, stage_id: UUID) -> Stage:
    """Return a stage of a pipeline by its key in the database.

    Raises:
        NotFound: The pipeline has no such stage.
    """
    stage = uow.get(Stage, stage_id)
    if stage.pipeline_id != pipeline_id:
        raise NotFound("There is no such stage.")
    return stage
