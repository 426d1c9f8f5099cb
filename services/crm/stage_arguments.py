"""What the operations of stages take."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import fields, validate

from services.arguments import Key, Line, WholeNumber
from services.crm.deal_move_arguments import MAX_REQUIREMENTS
from services.crm.pipeline_model import Category
from services.operations import Arguments
from services.records.named import even_if_used
from services.records.schemas import VERSION

MAX_STAGES: Final = 30
_MAX_DAYS: Final = 3_650


class _Like(validate.Regexp):
    """Checks a text against a pattern; an empty one is none."""

    def __call__(self, value: Any) -> Any:
        return None if value is None else super().__call__(value)


class _Stage(Arguments):
    name = Line(validate=validate.Length(max=60), metadata={"title": "Name"})
    category = Line(
        validate=validate.OneOf([one.value for one in Category]),
        metadata={"title": "Means", "description": "open, on_hold, won or lost."},
    )
    probability = WholeNumber(
        allow_none=True,
        validate=validate.Range(0, 100),
        metadata={"title": "Probability", "description": "Percent; won is 100 and lost is 0."},
    )
    rotting_days = WholeNumber(
        allow_none=True,
        validate=validate.Range(1, _MAX_DAYS),
        metadata={"title": "Rots after days", "description": "Nothing: never."},
    )
    required_fields = fields.List(
        Line(),
        validate=validate.Length(max=50),
        metadata={"title": "Required fields", "description": "Names of the deal's fields."},
    )
    requirements = fields.List(
        Line(),
        validate=validate.Length(max=MAX_REQUIREMENTS),
        metadata={"title": "To be confirmed", "description": "Asked when a deal is moved in."},
    )
    condition = Line(
        allow_none=True,
        metadata={
            "title": "Condition",
            "description": "FEEL over the deal, such as deal.amount <= 50000.",
        },
    )
    condition_message = Line(
        allow_none=True,
        metadata={"title": "Message", "description": "Said when the condition is not met."},
    )
    colour = Line(
        allow_none=True,
        validate=_Like(r"#[0-9a-fA-F]{6}\Z", error="Use six digits, such as #1f4e79."),
        metadata={"title": "Colour"},
    )


class CreateStage(_Stage):
    """A new stage of a pipeline."""

    pipeline_id = Key(required=True, metadata={"title": "Pipeline"})
    name = Line(required=True, validate=validate.Length(max=60), metadata={"title": "Name"})
    key = Line(
        allow_none=True,
        validate=_Like(r"[a-z][a-z0-9_]{0,39}\Z", error="Use a-z, 0-9 and _."),
        metadata={"title": "Key", "description": "Made from the name if left out."},
    )


class StageArguments(Arguments):
    """Which stage."""

    stage_id = Key(required=True, metadata={"title": "Stage"})


class UpdateStage(_Stage):
    """What changes of a stage; what is left out stays."""

    stage_id = Key(required=True, metadata={"title": "Stage"})
    version = VERSION


class ArchiveStage(StageArguments):
    """Which stage takes no deals any more."""

    even_if_used = even_if_used()


class DeleteStage(ArchiveStage):
    """Which stage goes, and where its deals go."""

    move_to = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Move its deals to", "description": "The key of a stage like it."},
    )


class OrderStages(Arguments):
    """The stages of a pipeline in their new order."""

    pipeline_id = Key(required=True, metadata={"title": "Pipeline"})
    stages = fields.List(
        Line(),
        required=True,
        validate=validate.Length(max=MAX_STAGES),
        metadata={"title": "Stages", "description": "All keys that are not archived, in order."},
    )
