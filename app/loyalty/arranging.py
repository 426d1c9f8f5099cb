"""What is done on a programme's page: rules, levels and prizes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission
from services.errors import LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

_PRIZE: Final = ("name", "description", "points", "stock", "valid_from", "valid_until")


@dataclass(frozen=True, slots=True)
class _Step:
    """Something that a form of the page does.

    Attributes:
        about: The argument for the key of the part that it changes; None where one is added.
    """

    operation: str
    fields: tuple[str, ...] = ()
    about: str | None = None


_STEPS: Final[Mapping[str, _Step]] = {
    "add_rule": _Step(
        "loyalty_rule.add", ("source", "points", "per_amount", "currency", "activity_kind")
    ),
    "end_rule": _Step("loyalty_rule.end", (), "rule_id"),
    "add_level": _Step("loyalty_level.add", ("name", "from_points")),
    "update_level": _Step("loyalty_level.update", ("name", "from_points"), "level_id"),
    "delete_level": _Step("loyalty_level.delete", (), "level_id"),
    "add_prize": _Step("loyalty_prize.add", _PRIZE),
    "update_prize": _Step("loyalty_prize.update", (*_PRIZE, "active"), "prize_id"),
}


def add_routes(blueprint: Blueprint) -> None:
    """Add what the forms of a programme's page do."""
    for name, step in _STEPS.items():
        rule = f"/programmes/<uuid:key>/{name.replace('_', '-')}"
        if step.about is not None:
            rule += "/<uuid:other>"
        decided = view(Permission.LOYALTY_MANAGE, again=_explain)(_doing(step))
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])


def _doing(step: _Step) -> Callable[..., ResponseReturnValue]:
    def do(uow: UnitOfWork, *, key: UUID, other: UUID | None = None) -> ResponseReturnValue:
        about = {"programme_id": str(key)} if step.about is None else {step.about: str(other)}
        given = form_arguments(step.fields)
        if step.about is None:
            given = {name: text for name, text in given.items() if text}
        run(uow, step.operation, {**given, **about})
        flash("Saved.", "good")
        return redirect(url_for("loyalty.show", key=key))

    return do


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID, **_others: object
) -> ResponseReturnValue:
    """Say on the programme's page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("loyalty.show", key=key))
