"""Why a record lies in its territory, and choosing another by hand."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import reason_of
from app.records.kinds import KINDS
from app.territories.territories import options
from services.actors import Verb
from services.errors import Invalid, LanewiseError, NotFound
from services.filtering import compile_filter, parse_filter
from services.operations import run
from services.records.types import get_record, get_record_type, related_title, title_of
from services.territories.model import PLACED_TYPES, Territory
from services.territories.placing import Placing, explain_placing
from services.unit_of_work import UnitOfWork


def show(uow: UnitOfWork, *, record_type: str, key: UUID) -> ResponseReturnValue:
    """Show which territories were asked, and which took the record."""
    if record_type not in PLACED_TYPES or "territory_id" in uow.actor.hidden_fields(record_type):
        raise NotFound("There is no such page.")
    record = get_record(uow, record_type, key)
    placing = explain_placing(uow, record)
    may_write = uow.actor.may(KINDS[record_type].write) and uow.may_do(Verb.UPDATE, record)
    return render_template(
        "territories/why.html",
        kind=KINDS[record_type],
        record=record,
        title=title_of(record),
        placing=placing,
        told=_told(uow, record_type, placing),
        name=related_title(uow, "territory", placing.territory_id),
        other=related_title(uow, "territory", placing.by_rule),
        territories=options(uow),
        may_change=may_write and "territory_id" not in uow.actor.locked_fields(record_type),
    )


def place(uow: UnitOfWork, *, record_type: str, key: UUID) -> ResponseReturnValue:
    """Put the record into the chosen territory, or leave it to the rules."""
    about = {"record_type": record_type, "record_id": str(key)}
    if chosen := request.form.get("territory_id"):
        run(uow, "territory.place", {**about, "territory_id": chosen})
    else:
        run(uow, "territory.release", about)
    flash("Saved.", "good")
    return redirect(url_for("territory_tree.why", record_type=record_type, key=key))


def explain(
    _uow: UnitOfWork, error: LanewiseError, *, record_type: str, key: UUID
) -> ResponseReturnValue:
    """Say on the page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("territory_tree.why", record_type=record_type, key=key))


def _told(uow: UnitOfWork, record_type: str, placing: Placing) -> set[UUID]:
    """Return the territories whose rules read no field that is hidden from the actor."""
    told = set()
    for one in placing.considered:
        territory = uow.session.get_one(Territory, one.territory_id)
        try:
            where = parse_filter(get_record_type(record_type), territory.rules.get(record_type))
            compile_filter(uow, where)
        except Invalid:
            continue
        told.add(one.territory_id)
    return told
