"""Pipelines and stages: looked up here, written by ``essentials``."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from services.crm.pipeline_model import Category, Pipeline, Stage
from services.errors import Invalid, NotFound
from services.unit_of_work import UnitOfWork

DEFAULT_PIPELINE = "Sales"


def get_pipeline(uow: UnitOfWork, name: str = DEFAULT_PIPELINE) -> Pipeline:
    """Return the pipeline called ``name``.

    Raises:
        NotFound: There is none.
    """
    found = uow.session.scalars(select(Pipeline).where(Pipeline.name == name)).one_or_none()
    if found is None:
        raise NotFound(f"There is no pipeline called {name}.")
    return found


def list_stages(uow: UnitOfWork, pipeline_id: UUID) -> Sequence[Stage]:
    """Return the stages of a pipeline in their order."""
    statement = select(Stage).where(Stage.pipeline_id == pipeline_id).order_by(Stage.position)
    return uow.session.scalars(statement).all()


def get_stage(uow: UnitOfWork, pipeline_id: UUID, key: str) -> Stage:
    """Return the stage of a pipeline by its key.

    Raises:
        Invalid: There is none; the message names those there are.
    """
    stages = list_stages(uow, pipeline_id)
    for stage in stages:
        if stage.key == key:
            return stage
    message = f"There is no stage {key}; use {', '.join(stage.key for stage in stages)}."
    raise Invalid(message, {"stage": [message]})


def closing_stage(uow: UnitOfWork, pipeline_id: UUID, category: Category) -> Stage:
    """Return the first stage of a pipeline of this category.

    Raises:
        NotFound: The pipeline has none.
    """
    for stage in list_stages(uow, pipeline_id):
        if stage.category == category:
            return stage
    raise NotFound(f"The pipeline has no stage that means {category.value}.")
