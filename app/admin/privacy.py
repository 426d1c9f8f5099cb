"""Personal data: purposes, how long persons are kept, who may be erased, and who was."""

from __future__ import annotations

from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.views import view
from services.actors import Permission
from services.consents.model import PERSON_TYPES
from services.errors import LanewiseError
from services.operations import run
from services.privacy.retention import SHOWN, find_rule, list_erasures, persons_to_erase
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_MANAGE = Permission.DATA_MANAGE


def add_routes(blueprint: Blueprint) -> None:
    """Add the pages of personal data."""
    blueprint.add_url_rule("/privacy", "privacy", view(_MANAGE)(index))
    blueprint.add_url_rule("/privacy/<record_type>", "retention", view(_MANAGE)(due))
    decided = view(_MANAGE, again=_explain)(set_retention)
    blueprint.add_url_rule("/privacy", "set_retention", decided, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show what there is to look after."""
    types = [(get_record_type(name), find_rule(uow, name)) for name in PERSON_TYPES]
    return render_template("admin/privacy.html", types=types, erasures=list_erasures(uow))


def due(uow: UnitOfWork, *, record_type: str) -> ResponseReturnValue:
    """List the persons whom the rule of a type puts forward."""
    found = get_record_type(record_type)
    after = request.args.get("after", type=UUID)
    rows = persons_to_erase(uow, found.name, after=after, limit=SHOWN + 1)
    return render_template(
        "admin/retention.html",
        type=found,
        rule=find_rule(uow, found.name),
        persons=rows[:SHOWN],
        after=rows[SHOWN - 1].id if len(rows) > SHOWN else None,
    )


def set_retention(uow: UnitOfWork) -> ResponseReturnValue:
    """Say how long persons of a type are kept."""
    run(uow, "retention.set", form_arguments(("record_type", "months")))
    flash("Saved. Nobody is erased by itself.", "good")
    return redirect(url_for("admin.privacy"))


def _explain(_uow: UnitOfWork, error: LanewiseError) -> ResponseReturnValue:
    """Say on the page why nothing was saved."""
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.privacy"))
