"""What a contact or a lead agreed to, as employees see and note it."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Blueprint, Flask, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from app.forms import form_arguments, reason_of
from app.records.kinds import KINDS
from app.records.titles import record_url
from app.views import view
from services.actors import Permission, Verb
from services.consents.contacting import may_contact
from services.consents.keeping import consent_history, present_consents, purposes_by_id, texts_by_id
from services.consents.model import CHANNELS, CONSENT_STATES, PERSON_TYPES
from services.consents.purposes import list_purposes
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.points.keeping import points_of
from services.records.types import get_record, title_of
from services.unit_of_work import UnitOfWork

_OPERATIONS: Final = {
    "give": ("consent.give", "Noted."),
    "withdraw": ("consent.withdraw", "Noted; it holds for all records with this address."),
    "request": ("consent.request", "A mail with a link to confirm is on its way."),
}
_SAID: Final = ("source", "evidence")


def register(app: Flask) -> None:
    """Add the page of a person's consents."""
    blueprint = Blueprint("consents", __name__, url_prefix="/consents")
    rule = "/<record_type>/<uuid:key>"
    blueprint.add_url_rule(rule, "show", view(Permission.RECORD_READ)(show))
    decided = view(Permission.RECORD_WRITE, again=_explain)(change)
    blueprint.add_url_rule(f"{rule}/<verb>", "change", decided, methods=["POST"])
    app.register_blueprint(blueprint)


def show(uow: UnitOfWork, *, record_type: str, key: UUID) -> ResponseReturnValue:
    """Show what a person agreed to, whether it may be contacted, and all that it said.

    Raises:
        NotFound: There is no such contact or lead, or the person may not see it.
    """
    if record_type not in PERSON_TYPES:
        raise NotFound("There is no such person.")
    record = get_record(uow, record_type, key)
    present = present_consents(uow, key)
    history = consent_history(uow, key)
    purposes = list_purposes(uow)
    rows = [
        {
            "purpose": purpose,
            "cells": [
                {
                    "channel": channel,
                    "entry": present.get((channel, purpose.id)),
                    "allowed": may_contact(uow, record, channel, purpose.key),
                }
                for channel in CHANNELS
            ],
        }
        for purpose in purposes
    ]
    return render_template(
        "records/consents.html",
        record=record,
        kind=KINDS[record_type],
        title=title_of(record),
        back=record_url(record_type, key),
        rows=rows,
        history=history,
        held={point.normalised for point in points_of(uow, record)},
        named=purposes_by_id(uow, {entry.purpose_id for entry in history}),
        texts=texts_by_id(uow, {entry.text_id for entry in history if entry.text_id}),
        channels=CHANNELS,
        states=CONSENT_STATES,
        purposes=[(one.key, one.title()) for one in purposes],
        # It may name addresses, which not everybody may read.
        shows_evidence=not uow.actor.hidden_fields(record_type) & {"email", "phone"},
        may_change=uow.actor.may(Permission.RECORD_WRITE) and uow.may_do(Verb.UPDATE, record),
    )


def change(uow: UnitOfWork, *, record_type: str, key: UUID, verb: str) -> ResponseReturnValue:
    """Note what a person said, or ask it by mail.

    Raises:
        NotFound: There is no such thing to do.
    """
    if verb not in _OPERATIONS:
        raise NotFound("There is no such action.")
    name, message = _OPERATIONS[verb]
    given = form_arguments(("purpose", "channel"))
    said = {} if verb == "request" else form_arguments(_SAID)
    run(uow, name, {"record_type": record_type, "record_id": str(key), **given, **said})
    flash(message, "good")
    return redirect(url_for("consents.show", record_type=record_type, key=key))


def _explain(
    _uow: UnitOfWork, error: LanewiseError, *, record_type: str, key: UUID, verb: str
) -> ResponseReturnValue:
    """Say on the person's page why nothing was noted."""
    del verb
    flash(reason_of(error), "bad")
    return redirect(url_for("consents.show", record_type=record_type, key=key))
