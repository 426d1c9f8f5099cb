"""What the operations that move a deal are told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from services.arguments import CHOICES, Day, Key, Line, LongText
from services.crm.deal_model import DEAL
from services.crm.pipeline_model import STAGE_NAMES
from services.operations import Arguments
from services.records.schemas import VERSION, key_argument

MAX_REQUIREMENTS = 20


def _optional(
    kind: type[Any], title: str, description: str = "", choices: Mapping[str, str] | None = None
) -> Any:
    metadata: dict[str, Any] = {"title": title}
    metadata |= {"description": description} if description else {}
    metadata |= {} if choices is None else {CHOICES: choices}
    return kind(load_default=None, allow_none=True, metadata=metadata)


def _confirmed() -> fields.List[Any]:
    return fields.List(
        Line(),
        load_default=list,
        validate=validate.Length(max=MAX_REQUIREMENTS),
        metadata={
            "title": "Confirmed",
            "description": "The stage's requirements that are met, word for word.",
        },
    )


class WinDeal(Arguments):
    """Which deal is won."""

    deal_id = key_argument(DEAL)
    closed_on = _optional(Day, "Closed on", "Today if left out.")
    confirmed = _confirmed()
    version = VERSION


class LoseDeal(Arguments):
    """Which deal is lost, and why."""

    deal_id = key_argument(DEAL)
    reason = Line(
        required=True,
        metadata={"title": "Reason", "description": "One of the listed reasons, or other words."},
    )
    details = _optional(LongText, "Details")
    competitor = _optional(Line, "Competitor", "Who got the business.")
    closed_on = _optional(Day, "Closed on", "Today if left out.")
    confirmed = _confirmed()
    version = VERSION


class HoldDeal(Arguments):
    """Which deal waits, until when, and why."""

    deal_id = key_argument(DEAL)
    hold_until = Day(required=True, metadata={"title": "On hold until"})
    hold_reason = Line(required=True, metadata={"title": "On hold because"})
    confirmed = _confirmed()
    version = VERSION


class MoveStage(Arguments):
    """Which deal goes to which stage, and what that stage asks for."""

    deal_id = key_argument(DEAL)
    stage = Line(
        required=True,
        metadata={
            "title": "Stage",
            "description": "The key of a stage of the deal's pipeline.",
            CHOICES: STAGE_NAMES,
        },
    )
    reason = _optional(Line, "Reason", "Needed when the stage means lost.")
    details = _optional(LongText, "Details", "More about why it was lost.")
    competitor = _optional(Line, "Competitor", "Who got the business.")
    closed_on = _optional(Day, "Closed on", "For won and lost; today if left out.")
    hold_until = _optional(Day, "On hold until", "Needed when the stage means on hold.")
    hold_reason = _optional(Line, "On hold because", "Needed when the stage means on hold.")
    confirmed = _confirmed()
    version = VERSION


class ReopenDeal(Arguments):
    """Which closed or held deal goes on, and where."""

    deal_id = key_argument(DEAL)
    stage = _optional(
        Line, "Stage", "An open stage; the one it was in before if left out.", STAGE_NAMES
    )
    confirmed = _confirmed()
    version = VERSION


class MovePipeline(Arguments):
    """Which deal goes to which pipeline."""

    deal_id = key_argument(DEAL)
    pipeline_id = Key(required=True, metadata={"title": "Pipeline"})
    stage = _optional(Line, "Stage", "The one that fits best if left out.", STAGE_NAMES)
    version = VERSION
