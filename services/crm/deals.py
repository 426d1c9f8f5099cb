"""Deals: opened and changed; ``deal_moves`` takes them from stage to stage."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from services.actors import Permission
from services.arguments import CHOICES, Key, Line
from services.crm.deal_model import DEAL, Deal
from services.crm.deal_requirements import check_entry
from services.crm.deal_stays import begin_stay, rots_from
from services.crm.pipeline_model import STAGE_NAMES, Category
from services.crm.pipelines import enter_pipeline, find_stage, first_of, get_stage, list_stages
from services.days import today
from services.duplicates.saving import DOUBLE_ARGUMENTS, asks_about_doubles
from services.errors import Invalid
from services.money import known_currency, round_money
from services.operations import operation
from services.records.changes import (
    add_record,
    change_record,
    check_given_links,
    check_version,
)
from services.records.schemas import create_schema, update_schema
from services.sales.currencies import CONVERT, RatesOfDay, own_currency
from services.sales.positions import (
    check_amount,
    convert_positions,
    refuse_amount,
    total_of,
)
from services.unit_of_work import UnitOfWork

_STAGE = Line(
    load_default=None,
    allow_none=True,
    metadata={
        "title": "Stage",
        "description": "A stage's key; the first one if left out.",
        CHOICES: STAGE_NAMES,
    },
)


_PIPELINE = Key(
    load_default=None,
    allow_none=True,
    metadata={"title": "Pipeline", "description": "The default one if left out."},
)


@operation(
    "deal.create",
    Permission.RECORD_WRITE,
    create_schema(DEAL, stage=_STAGE, pipeline_id=_PIPELINE, **DOUBLE_ARGUMENTS),
    in_diagrams=True,
)
@asks_about_doubles("deal")
def create_deal(
    uow: UnitOfWork, *, stage: str | None = None, pipeline_id: UUID | None = None, **values: Any
) -> Deal:
    """Open a deal."""
    check_given_links(uow, DEAL, values)  # a key of nothing would fail only in the database
    deal = open_deal(uow, _checked(values), stage=stage, pipeline_id=pipeline_id)
    uow.emit("deal.opened", "deal", deal.id, lead_id=None)
    return deal


def open_deal(
    uow: UnitOfWork,
    values: dict[str, Any],
    *,
    stage: str | None = None,
    pipeline_id: UUID | None = None,
) -> Deal:
    """Insert a deal in ``stage`` (None: the first of its pipeline) with its first history row.

    What a stage asks for is asked where the stage is named; what is to be confirmed when moving
    in is not.

    Raises:
        Invalid: There is no such stage, it is not one that deals begin in, or it asks for more.
        Conflict: The pipeline is archived.
    """
    pipeline = enter_pipeline(uow, pipeline_id)
    stages = list_stages(uow, pipeline.id)
    entered = first_of(stages, Category.OPEN) if stage is None else find_stage(stages, stage)
    if entered.category != Category.OPEN or entered.archived_at is not None:
        message = "A deal begins in an open stage."
        raise Invalid(message, {"stage": [message]})
    given = {name: value for name, value in values.items() if value is not None}
    deal = Deal(**{"probability": entered.probability, "amount": 0, **given})
    deal.currency = deal.currency or own_currency(uow)
    deal.amount = round_money(Decimal(deal.amount), deal.currency)
    deal.pipeline_id, deal.stage, deal.stage_since = pipeline.id, entered.key, uow.now
    deal.rots_at = rots_from(entered, uow.now)
    if stage is not None:
        check_entry(uow, deal, entered, entered.requirements)
    add_record(uow, deal, title=f"Opened deal “{deal.name}”")
    begin_stay(uow, deal, None, entered)
    return deal


@operation(
    "deal.update",
    Permission.RECORD_WRITE,
    update_schema(DEAL, convert=CONVERT),
    in_diagrams=True,
)
def update_deal(
    uow: UnitOfWork,
    *,
    deal_id: UUID,
    version: int | None = None,
    convert: bool = True,
    **values: Any,
) -> Deal:
    """Change a deal; in another currency, its amount and prices are converted if none is given."""
    deal = uow.get(Deal, deal_id)
    check_version(uow, deal, version)
    values = _checked(values)
    if "currency" in values and values["currency"] is None:
        values["currency"] = own_currency(uow)
    _settle_amount(uow, deal, values, convert=convert)
    if "probability" in values and deal.closed_at is not None:
        message = "A closed deal's probability is that of its end."
        raise Invalid(message, {"probability": [message]})
    if "probability" in values and values["probability"] is None:
        # An emptied probability follows the stage again.
        values["probability"] = get_stage(uow, deal.pipeline_id, deal.stage).probability
        values["probability_is_manual"] = False
    change_record(uow, deal, values, version=version)
    return deal


def _settle_amount(uow: UnitOfWork, deal: Deal, values: dict[str, Any], *, convert: bool) -> None:
    """Round an amount to its currency's digits; in another currency, add the lines up anew.

    Args:
        uow: Of whoever does it.
        deal: As it was.
        values: What changes; the amount that goes with another currency is put to it.
        convert: Whether prices and amount become what they are worth in another currency.
    """
    currency = values.get("currency", deal.currency)
    if "amount" in values:
        values["amount"] = round_money(values["amount"], known_currency(currency))
    if currency != deal.currency:
        if convert:
            convert_positions(uow, deal, currency)
        summed = total_of(uow, deal, currency)
        if summed is not None:
            values.setdefault("amount", summed)
            if values["amount"] != summed:
                refuse_amount()
        elif convert and deal.amount and "amount" not in values:
            before = known_currency(deal.currency)
            values["amount"] = RatesOfDay(uow, today(uow)).convert(deal.amount, before, currency)
        else:
            values.setdefault("amount", round_money(deal.amount, currency))
    elif "amount" in values:
        check_amount(uow, deal, values["amount"])


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Check the percentage; a probability that was given is a manual one."""
    probability = values.get("probability")
    if probability is not None:
        if not 0 <= probability <= 100:  # noqa: PLR2004
            raise Invalid("A probability is 0 to 100.", {"probability": ["Use 0 to 100."]})
        values["probability_is_manual"] = True
    if "amount" in values and values["amount"] is None:
        values["amount"] = Decimal(0)
    return values
