"""What people see who have no account: web forms, and the state of their own request."""

from __future__ import annotations

import re
from typing import Any, Final

from flask import Blueprint, Flask, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.context import settings
from app.forms import form_arguments
from app.limits import PUBLIC_FORM, limit_route
from app.records.kinds import KINDS
from app.records.pages import steps
from app.views import Audience, view
from services.actors import SYSTEM
from services.consents.purposes import INQUIRY, find_purpose, latest_text
from services.crm.request_links import read_link
from services.crm.request_model import REQUEST_TYPES, RequestStatus, ServiceRequest
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.unit_of_work import UnitOfWork

blueprint: Final = Blueprint("public", __name__)

_LEAD_FIELDS: Final = ("name", "company", "email", "phone", "wishes", "consent")
_REQUEST_FIELDS: Final = ("name", "email", "type", "subject", "description")
# Where advertisements put them, the more specific name first.
_CHANNEL_NAMES: Final = ("channel", "utm_source")
_KEYWORD_NAMES: Final = ("keyword", "utm_campaign", "utm_term")
_ORIGIN_LENGTH: Final = 200
# People don't see this field; programs that fill in every form give themselves away by it.
_TRAP: Final = "homepage"
_CONSENT_TEXT: Final = "You may contact me about this and keep what I wrote for it."
_REFERENCE: Final = re.compile(r"[LR]-\d{1,12}")
_ANSWERED: Final = {RequestStatus.ANSWERED, RequestStatus.RESOLVED, RequestStatus.CLOSED}


def register(app: Flask) -> None:
    """Add the public pages, none of them to be called without limit."""
    app.register_blueprint(blueprint)
    for endpoint in ("public.submit_lead", "public.submit_request", "public.status"):
        limit_route(app, endpoint, PUBLIC_FORM)


def _show_lead_form(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for whoever is interested."""
    return render_template(
        "public/lead.html",
        values=request.form,
        origin=_origin(),
        consent_text=_consent_text(uow),
        error=error,
        errors=_field_errors(error),
        trap=_TRAP,
    )


blueprint.add_url_rule("/form/lead", "lead_form", view(Audience.PUBLIC)(_show_lead_form))


@blueprint.post("/form/lead")
@view(Audience.PUBLIC, again=_show_lead_form)
def submit_lead(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a lead of what was sent."""
    if request.form.get(_TRAP):
        return redirect(url_for("public.thanks"))
    given: dict[str, Any] = form_arguments(_LEAD_FIELDS)
    given["consent"] = bool(given.get("consent"))
    result = run(uow, "lead.submit", {**given, **_origin()})
    return redirect(url_for("public.thanks", reference=result["reference"]))


@blueprint.get("/form/thanks")
@view(Audience.PUBLIC)
def thanks(_uow: UnitOfWork) -> ResponseReturnValue:
    """Thank for what was sent."""
    reference = request.args.get("reference", "")
    shown = reference if _REFERENCE.fullmatch(reference) else ""
    return render_template("public/thanks.html", reference=shown)


def _show_request_form(_uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for whoever needs help."""
    return render_template(
        "public/request.html",
        values=request.form,
        types=list(REQUEST_TYPES.items()),
        error=error,
        errors=_field_errors(error),
        trap=_TRAP,
    )


blueprint.add_url_rule("/form/request", "request_form", view(Audience.PUBLIC)(_show_request_form))


@blueprint.post("/form/request")
@view(Audience.PUBLIC, again=_show_request_form)
def submit_request(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a service request of what was sent, and show where it stands."""
    if request.form.get(_TRAP):
        return redirect(url_for("public.thanks"))
    result = run(uow, "request.submit", form_arguments(_REQUEST_FIELDS))
    return redirect(url_for("public.status", token=result["status_link"], new=1))


@blueprint.get("/status/<token>")
@view(Audience.PUBLIC)
def status(uow: UnitOfWork, *, token: str) -> ResponseReturnValue:
    """Show a client the stages of its request and the answer, nothing else."""
    found = read_link(settings(), token)
    # The signed link is the proof that this one request may be seen.
    record = uow.acting_as(SYSTEM).get(ServiceRequest, found)
    return render_template(
        "public/status.html",
        number=record.number,
        subject=record.subject,
        received_at=record.created_at,
        changed_at=record.updated_at,
        type=REQUEST_TYPES[record.type],
        steps=steps(KINDS["request"], record.status),
        answer=record.answer if record.status in _ANSWERED else None,
        is_new="new" in request.args,
    )


def _consent_text(uow: UnitOfWork) -> str:
    """Return the words that the form's tick agrees to, of which the consent keeps the version."""
    purpose = find_purpose(uow, INQUIRY)
    words = None if purpose is None else latest_text(uow, purpose)
    return _CONSENT_TEXT if words is None else str(words.texts["en"])


def _origin() -> dict[str, str]:
    """Return which channel and keyword of the campaign the address names."""
    found = {
        "channel": _first_argument(_CHANNEL_NAMES),
        "campaign_keyword": _first_argument(_KEYWORD_NAMES),
    }
    return {name: value for name, value in found.items() if value}


def _first_argument(names: tuple[str, ...]) -> str:
    value = next((request.args[name] for name in names if request.args.get(name)), "")
    return "".join(c for c in value if c.isprintable()).strip()[:_ORIGIN_LENGTH]


def _field_errors(error: LanewiseError | None) -> Any:
    return error.fields if isinstance(error, Invalid) else {}
