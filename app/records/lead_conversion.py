"""The page that asks what a lead becomes: which account, which contact, and whether a deal."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments
from app.records.titles import record_url
from app.views import view
from services.actors import Permission, Verb
from services.crm.conversion import conversion_targets
from services.crm.lead_model import LeadStatus
from services.errors import LanewiseError
from services.operations import run
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

_TARGETS: Final = ("account", "contact")


def conversion_blueprint() -> Blueprint:
    """Return the pages."""
    blueprint = Blueprint("conversion", __name__, url_prefix="/leads")
    asks = view(Permission.RECORD_WRITE)(show)
    does = view(Permission.RECORD_WRITE, again=show)(convert)
    blueprint.add_url_rule("/<uuid:key>/convert", "show", asks)
    blueprint.add_url_rule("/<uuid:key>/convert", "convert", does, methods=["POST"])
    return blueprint


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show what the lead would become; what was chosen stays after an error."""
    lead = get_record(uow, "lead", key, verb=Verb.UPDATE)
    if lead.status in {LeadStatus.QUALIFIED, LeadStatus.WORKED_OUT} and error is None:
        return redirect(url_for("leads.show", key=key))
    targets = conversion_targets(uow, lead)
    offered: dict[str, Any] = {"account": targets.account, "contact": targets.contact}
    if error is None:
        chosen = {name: str(record.id) if record else "" for name, record in offered.items()}
    else:
        chosen = {name: request.form.get(f"{name}_id", "") for name in offered}
        for name, text in chosen.items():
            offered[name] = _chosen(uow, name, text) or offered[name]
    return render_template(
        "records/convert.html",
        lead=lead,
        offered=offered,
        chosen=chosen,
        with_deal=error is None or "with_deal" in request.form,
        values=form_arguments(("deal_name", "amount")),
        error=error,
        errors=getattr(error, "fields", None) or {},
    )


def convert(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Convert the lead and go to the deal, or to the contact where none was wanted."""
    given: dict[str, Any] = form_arguments(("deal_name", "amount"), {"amount"})
    for name in _TARGETS:
        chosen = request.form.get(f"{name}_id")
        given |= {f"{name}_id": chosen} if chosen else {f"new_{name}": True}
    made = run(
        uow,
        "lead.convert",
        {"lead_id": str(key), "with_deal": "with_deal" in request.form, **given},
    )
    is_deal = made["deal_id"] is not None
    flash("The lead is converted.", "good")
    return redirect(
        record_url("deal" if is_deal else "contact", made["deal_id"] or made["contact_id"])
    )


def _chosen(uow: UnitOfWork, name: str, text: str) -> Any:
    """Return the record that was picked by a search, so that it is offered once more."""
    try:
        return uow.find(get_record_type(name).model, UUID(text))
    except ValueError:
        return None
