"""Pipelines and stages, looked up."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select

from services.crm.pipeline_model import STAGE_NAMES, Category, LostReason, Pipeline, Stage
from services.errors import Conflict, Invalid, NotFound
from services.unit_of_work import UnitOfWork

DEFAULT_PIPELINE = "Sales"


def list_pipelines(uow: UnitOfWork, *, archived: bool = False) -> Sequence[Pipeline]:
    """Return the pipelines in their order, those that are archived only if asked for."""
    statement = select(Pipeline).order_by(Pipeline.position, Pipeline.name)
    if not archived:
        statement = statement.where(Pipeline.archived_at.is_(None))
    return uow.session.scalars(statement).all()


def default_pipeline(uow: UnitOfWork) -> Pipeline:
    """Return the pipeline in which deals begin where none is named."""
    return uow.session.scalars(select(Pipeline).where(Pipeline.is_default)).one()


def get_pipeline(uow: UnitOfWork, pipeline_id: UUID | None = None) -> Pipeline:
    """Return a pipeline by its key; with None the default one.

    Raises:
        NotFound: There is none.
    """
    return default_pipeline(uow) if pipeline_id is None else uow.get(Pipeline, pipeline_id)


def enter_pipeline(uow: UnitOfWork, pipeline_id: UUID | None = None) -> Pipeline:
    """Return a pipeline (None: the default one) that a deal may be put into, open.

    It is held to the commit, so that it is not archived between this look and that.

    Raises:
        NotFound: There is none.
        Conflict: It is archived.
    """
    which = Pipeline.is_default if pipeline_id is None else Pipeline.id == pipeline_id
    statement = select(Pipeline).where(which).with_for_update(read=True)
    fresh = statement.execution_options(populate_existing=True)
    pipeline = uow.session.scalars(fresh).one_or_none()
    if pipeline is None:
        raise NotFound("There is no such pipeline.")
    if pipeline.archived_at is not None:
        raise Conflict(
            f"The pipeline {pipeline.name} is archived, so that no open deal can be in it."
        )
    return pipeline


def all_stages(uow: UnitOfWork) -> Sequence[Stage]:
    """Return the stages of all pipelines, in the pipelines' order and then their own."""
    stages = uow.session.scalars(stages_in_order()).all()
    STAGE_NAMES.learn((stage.key, stage.name) for stage in stages)
    return stages


def stages_in_order() -> Select[Stage]:
    """Return the query of all stages, in the pipelines' order and then their own."""
    statement = select(Stage).join(Pipeline, Pipeline.id == Stage.pipeline_id)
    return statement.order_by(Pipeline.position, Pipeline.name, Stage.position, Stage.key)


def list_stages(uow: UnitOfWork, pipeline_id: UUID) -> list[Stage]:
    """Return the stages of a pipeline in their order, those that are archived among them."""
    return [stage for stage in all_stages(uow) if stage.pipeline_id == pipeline_id]


def find_stage(stages: Sequence[Stage], key: str) -> Stage:
    """Return the stage with this key.

    Raises:
        Invalid: There is none; the message names those there are.
    """
    for stage in stages:
        if stage.key == key:
            return stage
    known = ", ".join(stage.key for stage in stages if stage.archived_at is None)
    message = f"There is no stage {key}; use {known}."
    raise Invalid(message, {"stage": [message]})


def hold_stage(uow: UnitOfWork, stage: Stage) -> Stage:
    """Return a stage as it is now, held to the commit: a deal is about to be in it.

    Who changes, archives or deletes it meanwhile waits, and then finds the deal there.

    Raises:
        Invalid: It was deleted since it was looked up.
        Conflict: It is archived.
    """
    statement = select(Stage).where(Stage.id == stage.id).with_for_update(read=True)
    fresh = statement.execution_options(populate_existing=True)
    name = stage.name
    held = uow.session.scalars(fresh).one_or_none()
    if held is None:
        message = f"The stage {name} was deleted meanwhile."
        raise Invalid(message, {"stage": [message]})
    if held.archived_at is not None:
        raise Conflict(f"The stage {held.name} is archived.")
    return held


def get_stage(uow: UnitOfWork, pipeline_id: UUID, key: str) -> Stage:
    """Return the stage of a pipeline by its key.

    Raises:
        Invalid: There is none; the message names those there are.
    """
    return find_stage(list_stages(uow, pipeline_id), key)


def first_of(stages: Sequence[Stage], category: Category) -> Stage:
    """Return the first of ``stages`` that is of this category and not archived.

    Raises:
        NotFound: There is none.
    """
    for stage in stages:
        if stage.category == category and stage.archived_at is None:
            return stage
    raise NotFound(f"The pipeline has no stage that means {category.replace('_', ' ')}.")


def list_lost_reasons(uow: UnitOfWork, *, inactive: bool = False) -> Sequence[LostReason]:
    """Return why deals are lost, in order; those not offered any more only if asked for."""
    statement = select(LostReason).order_by(LostReason.position, LostReason.name)
    if not inactive:
        statement = statement.where(LostReason.active)
    return uow.session.scalars(statement).all()
