"""What administrators do with pipelines."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import func, select

from services.actors import Permission
from services.arguments import Key, Line
from services.crm.deal_model import Deal
from services.crm.pipeline_model import Category, Pipeline, Stage
from services.crm.pipelines import all_stages, default_pipeline, list_pipelines, list_stages
from services.crm.stage_keys import free_key
from services.crm.stage_names import tell_stages
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.records.changes import check_version
from services.records.named import Named, check_unused, even_if_used
from services.records.schemas import VERSION
from services.unit_of_work import UnitOfWork

_NAME_LENGTH = 60
_MOST = 50
_COPIED = ("name", "probability", "category", "rotting_days", "required_fields", "requirements")
_FIRST_STAGES: tuple[tuple[str, int, Category], ...] = (
    ("New", 10, Category.OPEN),
    ("On hold", 10, Category.ON_HOLD),
    ("Won", 100, Category.WON),
    ("Lost", 0, Category.LOST),
)


def _name(**options: Any) -> Line:
    return Line(validate=validate.Length(max=_NAME_LENGTH), metadata={"title": "Name"}, **options)


class CreatePipeline(Arguments):
    """A new pipeline."""

    name = _name(required=True)
    copy_of = Key(
        load_default=None,
        allow_none=True,
        metadata={"title": "Stages like", "description": "The pipeline whose stages are copied."},
    )


class PipelineArguments(Arguments):
    """Which pipeline."""

    pipeline_id = Key(required=True, metadata={"title": "Pipeline"})


class ArchivePipeline(PipelineArguments):
    """Which pipeline takes no deals any more."""

    even_if_used = even_if_used()


class UpdatePipeline(PipelineArguments):
    """What a pipeline is called."""

    name = _name(required=True)
    version = VERSION


class OrderPipelines(Arguments):
    """The pipelines in their new order."""

    pipeline_ids = fields.List(
        Key(),
        required=True,
        validate=validate.Length(max=_MOST),
        metadata={"title": "Pipelines", "description": "All that are not archived, in order."},
    )


@operation("pipeline.create", Permission.PIPELINE_WRITE, CreatePipeline)
def create_pipeline(uow: UnitOfWork, *, name: str, copy_of: UUID | None = None) -> Pipeline:
    """Create a pipeline with its first stages."""
    _check_name(uow, name, None)
    source = list_stages(uow, uow.get(Pipeline, copy_of).id) if copy_of is not None else []
    if len(list_pipelines(uow)) >= _MOST:
        raise Conflict(f"There are {_MOST} pipelines already.")
    last = uow.session.scalar(select(func.max(Pipeline.position))) or 0
    pipeline = uow.add(Pipeline(name=name, position=last + 1))
    copies = [
        {column: getattr(stage, column) for column in (*_COPIED, "condition", "condition_message")}
        | {"colour": stage.colour}
        for stage in source
        if stage.archived_at is None
    ] or [
        {"name": label, "probability": percent, "category": category.value}
        for label, percent, category in _FIRST_STAGES
    ]
    taken = {stage.key for stage in all_stages(uow)}
    for position, values in enumerate(copies, start=1):
        key = free_key(values["name"], taken)
        taken.add(key)
        uow.session.add(Stage(pipeline_id=pipeline.id, key=key, position=position, **values))
    uow.session.flush()
    tell_stages(uow)
    return pipeline


@operation("pipeline.update", Permission.PIPELINE_WRITE, UpdatePipeline)
def update_pipeline(
    uow: UnitOfWork, *, pipeline_id: UUID, name: str, version: int | None = None
) -> Pipeline:
    """Rename a pipeline."""
    pipeline = uow.get(Pipeline, pipeline_id, lock=True)
    check_version(uow, pipeline, version)
    _check_name(uow, name, pipeline.id)
    pipeline.name = name
    uow.session.flush()
    return pipeline


@operation("pipeline.reorder", Permission.PIPELINE_WRITE, OrderPipelines)
def reorder_pipelines(uow: UnitOfWork, *, pipeline_ids: list[UUID]) -> None:
    """Put the pipelines in another order."""
    known = {pipeline.id: pipeline for pipeline in list_pipelines(uow)}
    if set(known) != set(pipeline_ids) or len(known) != len(pipeline_ids):
        message = "Name every pipeline that is not archived, once."
        raise Invalid(message, {"pipeline_ids": [message]})
    for position, key in enumerate(pipeline_ids, start=1):
        known[key].position = position
    uow.session.flush()
    tell_stages(uow)


@operation("pipeline.make_default", Permission.PIPELINE_WRITE, PipelineArguments)
def make_default(uow: UnitOfWork, *, pipeline_id: UUID) -> Pipeline:
    """Let new deals begin in a pipeline."""
    former = default_pipeline(uow)
    pipeline = uow.get(Pipeline, pipeline_id, lock=True)
    if pipeline.archived_at is not None:
        raise Conflict(f"The pipeline {pipeline.name} is archived.")
    former.is_default = False
    uow.session.flush()  # at no time are there two
    pipeline.is_default = True
    uow.session.flush()
    return pipeline


@operation("pipeline.archive", Permission.PIPELINE_WRITE, ArchivePipeline)
def archive_pipeline(uow: UnitOfWork, *, pipeline_id: UUID, even_if_used: bool = False) -> Pipeline:
    """Take a pipeline out of use; its closed deals stay in it.

    Raises:
        Conflict: It is the default one, open deals are in it, or processes name it or its stages.
    """
    pipeline = uow.get(Pipeline, pipeline_id, lock=True)
    if pipeline.is_default:
        raise Conflict("New deals begin in this pipeline; make another one the default first.")
    open_deals = select(func.count()).select_from(Deal)
    open_deals = open_deals.where(
        Deal.pipeline_id == pipeline.id, Deal.closed_at.is_(None), Deal.deleted_at.is_(None)
    )
    count = uow.session.scalar(open_deals) or 0
    if count:
        raise Conflict(f"{count:,} open deals are in this pipeline; move or close them first.")
    check_unused(uow, named_pipeline(uow, pipeline), even_if_used=even_if_used)
    pipeline.archived_at = pipeline.archived_at or uow.now
    uow.session.flush()
    return pipeline


@operation("pipeline.restore", Permission.PIPELINE_WRITE, PipelineArguments)
def restore_pipeline(uow: UnitOfWork, *, pipeline_id: UUID) -> Pipeline:
    """Use a pipeline again that was archived."""
    pipeline = uow.get(Pipeline, pipeline_id, lock=True)
    pipeline.archived_at = None
    uow.session.flush()
    return pipeline


def named_pipeline(uow: UnitOfWork, pipeline: Pipeline) -> list[Named]:
    """Return what a pipeline and its stages are called by in diagrams."""
    stages = (Named("deal", "stage", one.key) for one in list_stages(uow, pipeline.id))
    return [Named("deal", "pipeline_id", str(pipeline.id)), *stages]


def _check_name(uow: UnitOfWork, name: str, own: UUID | None) -> None:
    others = select(Pipeline.id).where(func.lower(Pipeline.name) == name.lower())
    if any(key != own for key in uow.session.scalars(others)):
        message = "There is a pipeline of this name."
        raise Invalid(message, {"name": [message]})
