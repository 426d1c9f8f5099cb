"""Applying the rules to all records: begun, watched, stopped, and what came of it."""

from __future__ import annotations

from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.titles import Title, find_titles
from services.errors import LanewiseError, NotFound
from services.operations import run as run_operation
from services.records.types import get_record_type
from services.territories.model import PLACED_TYPES, TerritoryRun
from services.territories.runs import count_records, find_run, list_changes
from services.territories.tree import from_the_top, list_territories
from services.unit_of_work import UnitOfWork

_VERBS = {"stop": "territory.stop_run", "resume": "territory.resume_run"}


def progress(uow: UnitOfWork) -> ResponseReturnValue:
    """Show how far the newest run is, as a piece of a page; at its end the page comes anew."""
    found = find_run(uow)
    response = make_response(render_template("territories/run_card.html", run=found))
    if found is None or found.state != "running":
        response.headers["HX-Refresh"] = "true"
    return response


def start(uow: UnitOfWork) -> ResponseReturnValue:
    """Begin to apply the rules, or to try what that would change."""
    is_trial = request.form.get("is_trial") == "1"
    begun = run_operation(uow, "territory.start_run", {"is_trial": is_trial})
    return redirect(url_for("territory_tree.run", key=begun["run_id"]))


def change(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Stop a run, or let it go on.

    Raises:
        NotFound: Neither of the two was asked for.
    """
    if verb not in _VERBS:
        raise NotFound("There is no such action.")
    run_operation(uow, _VERBS[verb], {"run_id": str(key)})
    return redirect(url_for("territory_tree.run", key=key))


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show what a run changes: numbers by territory, and each record."""
    found = uow.session.get(TerritoryRun, key)
    if found is None:
        raise NotFound("There is no such run.")
    territories = list_territories(uow)
    changes, rest = list_changes(uow, found, request.args.get("after", type=UUID))
    titles: dict[UUID, Title] = {}
    for name in PLACED_TYPES:
        keys = [one.record_id for one in changes if one.record_type == name]
        titles |= find_titles(uow, name, keys) if keys else {}
    return render_template(
        "territories/run.html",
        run=found,
        nodes=from_the_top(territories),
        names={one.id: one.name for one in territories},
        plurals={name: get_record_type(name).plural for name in PLACED_TYPES},
        counts=count_records(uow, found),
        changes=changes,
        rest=rest,
        titles=titles,
    )


def explain(
    _uow: UnitOfWork, error: LanewiseError, *, key: UUID | None = None, **_others: str
) -> ResponseReturnValue:
    """Say on the page why nothing was done."""
    flash(reason_of(error), "bad")
    if key is not None:
        return redirect(url_for("territory_tree.run", key=key))
    return redirect(url_for("territory_tree.index"))
