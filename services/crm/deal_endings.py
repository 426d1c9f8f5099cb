"""How deals end or pause: what has to be told of it, and what is kept of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from services.crm.pipeline_model import Category, Stage
from services.crm.pipelines import list_lost_reasons
from services.days import show_day, today
from services.errors import Invalid
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Closing:
    """What is told of a deal that is put on hold or closed."""

    reason: str | None = None
    details: str | None = None
    competitor: str | None = None
    closed_on: date | None = None
    hold_until: date | None = None
    hold_reason: str | None = None


def ending_of(uow: UnitOfWork, stage: Stage, told: Closing) -> dict[str, Any]:
    """Return what a deal holds once it is in a stage, as far as that ends or pauses it.

    Raises:
        Invalid: Something that has to be told is missing.
    """
    return _ENDINGS[Category(stage.category)](uow, told)


def ending_title(stage: Stage, values: Mapping[str, Any]) -> str:
    """Return how the timeline tells that a deal came into a stage."""
    if stage.category == Category.WON:
        return "Won the deal"
    if stage.category == Category.LOST:
        return f"Lost the deal: {values['lost_reason']}"
    if stage.category == Category.ON_HOLD:
        return f"On hold until {show_day(values['hold_until'])}: {values['hold_reason']}"
    return f"Moved to {stage.name}"


def _no_ending(_uow: UnitOfWork, _told: Closing) -> dict[str, Any]:
    return {}


def _held_values(uow: UnitOfWork, told: Closing) -> dict[str, Any]:
    errors: dict[str, list[str]] = {}
    if told.hold_until is None:
        errors["hold_until"] = ["Please say until when."]
    elif told.hold_until <= today(uow):
        errors["hold_until"] = ["Please name a day to come."]
    if not told.hold_reason:
        errors["hold_reason"] = ["Please say why."]
    if errors:
        raise Invalid("Please say until when the deal is on hold, and why.", errors)
    return {"hold_until": told.hold_until, "hold_reason": told.hold_reason}


def _won_values(uow: UnitOfWork, told: Closing) -> dict[str, Any]:
    return {"won_at": uow.now, "closed_at": uow.now, "closed_on": _closing_day(uow, told)}


def _lost_values(uow: UnitOfWork, told: Closing) -> dict[str, Any]:
    values = {
        "lost_at": uow.now,
        "closed_at": uow.now,
        "closed_on": _closing_day(uow, told),
        "lost_reason": _lost_reason(uow, told),
        "lost_details": told.details,
    }
    return values | ({"competitor": told.competitor} if told.competitor else {})


_ENDINGS: Final[Mapping[Category, Callable[[UnitOfWork, Closing], dict[str, Any]]]] = {
    Category.OPEN: _no_ending,
    Category.ON_HOLD: _held_values,
    Category.WON: _won_values,
    Category.LOST: _lost_values,
}


def _lost_reason(uow: UnitOfWork, told: Closing) -> str:
    """Return the reason as it is called in the list, or in the words that were given.

    Raises:
        Invalid: There is none, or it is one that needs to be explained and isn't.
    """
    if not told.reason:
        message = "Please say why the deal was lost."
        raise Invalid(message, {"reason": [message]})
    name = told.reason.casefold()
    listed = next((one for one in list_lost_reasons(uow) if one.name.casefold() == name), None)
    if listed is None:
        return told.reason
    if listed.needs_details and not told.details:
        message = f"Please explain “{listed.name}”."
        raise Invalid(message, {"details": [message]})
    return listed.name


def _closing_day(uow: UnitOfWork, told: Closing) -> date:
    this_day = today(uow)
    if told.closed_on is not None and told.closed_on > this_day:
        message = "This day is still to come."
        raise Invalid(message, {"closed_on": [message]})
    return told.closed_on or this_day
