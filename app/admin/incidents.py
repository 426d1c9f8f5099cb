"""What failed: steps, jobs and mails that wait for an administrator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from app.forms import reason_of
from app.records.titles import record_url
from app.views import view
from processes.jobs.incidents import list_incidents
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.mail.model import Mail, MailState
from services.operations import run
from services.unit_of_work import UnitOfWork

_STATES: Final = (("open", "Open"), ("resolved", "Resolved"), ("all", "All"))
_STUCK: Final = (MailState.FAILED.value, MailState.UNKNOWN.value)
_MAILS_SHOWN: Final = 100


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of incidents."""
    operate = Permission.INSTANCE_OPERATE
    blueprint.add_url_rule("/incidents", "incidents", view(operate)(index))
    for rule, name, function in (
        ("/incidents/<uuid:key>/retry", "retry_incident", retry),
        ("/mails/<uuid:key>/<verb>", "settle_mail", settle_mail),
    ):
        run_view = view(operate, again=_explain)(function)
        blueprint.add_url_rule(rule, name, run_view, methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List incidents, and mails of which something must be said."""
    state = request.args.get("state", "open")
    return render_template(
        "admin/incidents.html",
        incidents=list_incidents(uow, state),
        mails=_stuck_mails(uow),
        state=state,
        states=_STATES,
        record_url=record_url,
    )


def retry(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Try the failed step or job again."""
    result = run(uow, "incident.retry", {"incident_id": str(key)})
    if result["resolved"]:
        flash("It went through.", "good")
    else:
        flash("It was tried again; the incident stays open until it goes through.", "warn")
    return redirect(url_for("admin.incidents"))


def settle_mail(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Send a stuck mail again, or say that it did arrive.

    Raises:
        NotFound: There is no such verb.
    """
    if verb not in {"resend", "mark_sent"}:
        raise NotFound("There is no such action.")
    run(uow, f"mail.{verb}", {"mail_id": str(key)})
    flash("The mail is on its way." if verb == "resend" else "The mail counts as sent.", "good")
    return redirect(url_for("admin.incidents"))


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.incidents"))


def _stuck_mails(uow: UnitOfWork) -> Sequence[Mail]:
    """Return the newest mails that failed or may have been sent."""
    statement = select(Mail).where(Mail.state.in_(_STUCK)).order_by(Mail.id.desc())
    return uow.session.scalars(statement.limit(_MAILS_SHOWN)).all()
