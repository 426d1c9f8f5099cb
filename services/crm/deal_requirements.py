"""What a stage asks of a deal before it enters: fields, confirmations, a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from feel import FeelError
from services.crm.deal_model import DEAL, Deal
from services.crm.pipeline_model import Stage
from services.errors import Invalid
from services.records.conditions import holds
from services.records.types import Field
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Asked:
    """What a deal still lacks for a stage.

    Attributes:
        fields: Those that must be filled in.
        requirements: What must be confirmed.
        refusal: What is said because the stage's condition is not met; None if it is.
    """

    fields: tuple[Field, ...]
    requirements: tuple[str, ...]
    refusal: str | None

    def errors(self) -> dict[str, list[str]]:
        """Return a message for each thing that is missing, by the argument it belongs to."""
        found = {field.name: [f"{field.label}: please fill this in."] for field in self.fields}
        if self.requirements:
            found["confirmed"] = [f"Please confirm: {text}" for text in self.requirements]
        if self.refusal is not None:
            found["stage"] = [self.refusal]
        return found


def asked_of(uow: UnitOfWork, deal: Deal, stage: Stage, confirmed: Sequence[str] = ()) -> Asked:
    """Return what ``deal`` lacks for ``stage``, besides what is ``confirmed``.

    A required field that there is no more, such as a retired custom one, is not asked for.
    """
    found = [DEAL.field(name) for name in stage.required_fields]
    missing = [field for field in found if field is not None and _is_empty(deal, field)]
    unconfirmed = [text for text in stage.requirements if text not in confirmed]
    return Asked(tuple(missing), tuple(unconfirmed), _refusal(uow, deal, stage))


def check_entry(uow: UnitOfWork, deal: Deal, stage: Stage, confirmed: Sequence[str] = ()) -> None:
    """Refuse a deal that lacks what ``stage`` asks for.

    Raises:
        Invalid: With a message for each thing that is missing; code ``stage_requirements``.
    """
    errors = asked_of(uow, deal, stage, confirmed).errors()
    if errors:
        message = f"The stage {stage.name} asks for more."
        raise Invalid(message, errors, code="stage_requirements")


def _refusal(uow: UnitOfWork, deal: Deal, stage: Stage) -> str | None:
    if stage.condition is None:
        return None
    message = stage.condition_message or f"The deal does not meet the condition of {stage.name}."
    try:
        is_met = holds(uow, stage.condition, deal)
    except FeelError as error:
        # It was checked when it was written; a deal must not slip past it now.
        return f"{message} ({error})"
    return None if is_met else message


def _is_empty(deal: Deal, field: Field) -> bool:
    """Tell whether nothing was filled in; an amount of 0 is one that nobody knows yet."""
    value = getattr(deal, field.name)
    if field.kind == "money" and isinstance(value, Decimal):
        return value == 0
    return value is None or value in ("", [])
