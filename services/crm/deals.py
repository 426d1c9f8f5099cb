"""What can be done with deals; every step between stages leaves its trace."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import update

from services.actors import Permission
from services.arguments import Line
from services.crm.deal_model import DEAL, Deal, StageStay
from services.crm.pipeline_model import Category, Stage
from services.crm.pipelines import closing_stage, get_pipeline, get_stage, list_stages
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation
from services.people.positions import check_amount
from services.records.changes import add_record, change_record, check_links, check_version
from services.records.schemas import VERSION, create_schema, key_argument, update_schema
from services.unit_of_work import UnitOfWork

_STAGE = Line(
    load_default=None,
    allow_none=True,
    metadata={"title": "Stage", "description": "A stage's key; the first one if left out."},
)


class MoveStage(Arguments):
    """Which deal goes to which stage."""

    deal_id = key_argument(DEAL)
    stage = Line(
        required=True,
        metadata={"title": "Stage", "description": "The key of a stage of the deal's pipeline."},
    )
    reason = Line(
        load_default=None,
        allow_none=True,
        metadata={"title": "Reason", "description": "Needed when the stage means lost."},
    )
    version = VERSION


class WinDeal(Arguments):
    """Which deal is won."""

    deal_id = key_argument(DEAL)


class LoseDeal(Arguments):
    """Which deal is lost, and why."""

    deal_id = key_argument(DEAL)
    reason = Line(
        required=True, metadata={"title": "Reason", "description": "Why the deal was lost."}
    )


@operation(
    "deal.create",
    Permission.RECORD_WRITE,
    create_schema(DEAL, stage=_STAGE),
    in_diagrams=True,
)
def create_deal(uow: UnitOfWork, *, stage: str | None = None, **values: Any) -> Deal:
    """Open a deal."""
    deal = open_deal(uow, _checked(values), stage=stage)
    check_links(uow, deal)
    uow.emit("deal.opened", "deal", deal.id, lead_id=None)
    return deal


def open_deal(uow: UnitOfWork, values: dict[str, Any], *, stage: str | None = None) -> Deal:
    """Insert a deal in ``stage`` (None: the first of its pipeline) with its first history row.

    Raises:
        Invalid: There is no such stage, or it is one that ends a deal.
    """
    pipeline = get_pipeline(uow)
    if stage is None:
        entered = list_stages(uow, pipeline.id)[0]
    else:
        entered = get_stage(uow, pipeline.id, stage)
    if entered.category != Category.OPEN:
        message = "A deal begins in an open stage."
        raise Invalid(message, {"stage": [message]})
    given = {name: value for name, value in values.items() if value is not None}
    deal = Deal(**{"probability": entered.probability, **given})
    deal.pipeline_id, deal.stage, deal.stage_since = pipeline.id, entered.key, uow.now
    add_record(uow, deal, title=f"Opened deal “{deal.name}”")
    _keep_history(uow, deal, None, entered)
    return deal


@operation("deal.update", Permission.RECORD_WRITE, update_schema(DEAL), in_diagrams=True)
def update_deal(
    uow: UnitOfWork, *, deal_id: UUID, version: int | None = None, **values: Any
) -> Deal:
    """Change a deal."""
    deal = uow.get(Deal, deal_id)
    values = _checked(values)
    if "amount" in values:
        check_amount(uow, deal, values["amount"])
    if "probability" in values and values["probability"] is None:
        # An emptied probability follows the stage again.
        values["probability"] = get_stage(uow, deal.pipeline_id, deal.stage).probability
        values["probability_is_manual"] = False
    change_record(uow, deal, values, version=version)
    return deal


@operation("deal.move_stage", Permission.RECORD_WRITE, MoveStage, in_diagrams=True)
def move_stage(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    stage: str,
    reason: str | None = None,
    version: int | None = None,
) -> Deal:
    """Move a deal to another stage."""
    deal = uow.get(Deal, deal_id, lock=True)
    check_version(uow, deal, version)
    return _enter(uow, deal, get_stage(uow, deal.pipeline_id, stage), reason)


@operation("deal.win", Permission.RECORD_WRITE, WinDeal, in_diagrams=True)
def win_deal(uow: UnitOfWork, *, deal_id: UUID) -> Deal:
    """Close a deal as won."""
    deal = uow.get(Deal, deal_id, lock=True)
    return _enter(uow, deal, closing_stage(uow, deal.pipeline_id, Category.WON), None)


@operation("deal.lose", Permission.RECORD_WRITE, LoseDeal, in_diagrams=True)
def lose_deal(uow: UnitOfWork, *, deal_id: UUID, reason: str) -> Deal:
    """Close a deal as lost."""
    deal = uow.get(Deal, deal_id, lock=True)
    return _enter(uow, deal, closing_stage(uow, deal.pipeline_id, Category.LOST), reason)


def _enter(uow: UnitOfWork, deal: Deal, stage: Stage, reason: str | None) -> Deal:
    """Put ``deal`` into ``stage``; being there already changes nothing."""
    if deal.stage == stage.key:
        return deal
    if deal.closed_at is not None:
        raise Conflict(f"This deal is closed as {deal.stage}.")
    if stage.category == Category.LOST and not reason:
        message = "Please say why the deal was lost."
        raise Invalid(message, {"reason": [message]})
    _keep_history(uow, deal, deal.stage, stage)
    values: dict[str, Any] = {"stage": stage.key, "stage_since": uow.now}
    if stage.category != Category.OPEN or not deal.probability_is_manual:
        values["probability"] = stage.probability
    title = f"Moved to {stage.name}"
    if stage.category == Category.WON:
        values |= {"won_at": uow.now, "closed_at": uow.now}
        title = "Won the deal"
    elif stage.category == Category.LOST:
        values |= {"lost_at": uow.now, "closed_at": uow.now, "lost_reason": reason}
        title = f"Lost the deal: {reason}"
    change_record(uow, deal, values, kind="stage", title=title)
    if stage.category != Category.OPEN:
        uow.emit(f"deal.{stage.category}", "deal", deal.id, reason=reason)
    return deal


def _keep_history(uow: UnitOfWork, deal: Deal, before: str | None, stage: Stage) -> None:
    """End the stay in the stage that the deal leaves, and begin the one in the next."""
    current = update(StageStay).where(StageStay.deal_id == deal.id, StageStay.left_at.is_(None))
    if before is not None:
        uow.session.execute(current.values(left_at=uow.now))
    uow.session.add(
        StageStay(
            deal_id=deal.id,
            pipeline_id=stage.pipeline_id,
            from_stage=before,
            stage=stage.key,
            entered_at=uow.now,
            amount=deal.amount,
            currency=deal.currency,
            actor_id=uow.actor.user_id,
            actor_name=uow.actor.name,
        )
    )


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Check percent and currency; a probability that was given is a manual one."""
    probability, currency = values.get("probability"), values.get("currency")
    if probability is not None:
        if not 0 <= probability <= 100:  # noqa: PLR2004
            raise Invalid("A probability is 0 to 100.", {"probability": ["Use 0 to 100."]})
        values["probability_is_manual"] = True
    if currency is not None:
        if not (len(currency) == 3 and currency.isascii() and currency.isalpha()):  # noqa: PLR2004
            message = "Use a currency's three letters, such as EUR."
            raise Invalid(message, {"currency": [message]})
        values["currency"] = currency.upper()
    for name, empty in (("amount", 0), ("currency", "EUR")):
        if name in values and values[name] is None:
            values[name] = empty
    return values
