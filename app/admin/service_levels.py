"""Service levels: what is promised for which requests, in the order in which they are matched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, editing
from app.forms import reason_of
from app.views import View, view
from services.actors import Permission
from services.calendars.calendars import list_calendars
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.service_levels.model import SlaPolicy
from services.service_levels.policies import list_policies, present_policy
from services.unit_of_work import UnitOfWork

_FIELDS: Final = (
    "name",
    "condition",
    "calendar_id",
    "first_response",
    "resolution",
    "at_risk_percent",
)


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of service levels."""
    manage = Permission.SLA_WRITE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/service-levels", "service_levels", index),
        ("/service-levels/new", "new_service_level", show_new),
        ("/service-levels/<uuid:key>", "service_level", show),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/service-levels/new", "create_service_level", create, show_new),
        ("/service-levels/<uuid:key>", "update_service_level", update, show),
        ("/service-levels/<uuid:key>/delete", "delete_service_level", delete, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the policies in the order in which they are matched."""
    names: dict[Any, str] = {calendar.id: calendar.name for calendar in list_calendars(uow)}
    shown = [
        {**present_policy(policy), "calendar": names.get(policy.calendar_id)}
        for policy in list_policies(uow)
    ]
    return render_template("admin/service_levels.html", policies=shown)


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for a new policy."""
    blank = {"at_risk_percent": 75, "active": True}
    values = _given() if request.method == "POST" else blank
    return _form(uow, None, values, Editing({}, {}, ""), error)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make the policy."""
    run(uow, "sla_policy.create", _given())
    flash("The policy holds for requests that come from now on.", "good")
    return redirect(url_for("admin.service_levels"))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the form of a policy."""
    policy = uow.get(SlaPolicy, key)
    stored = present_policy(policy)
    given = _flat(_given()) if request.method == "POST" else None
    edited = editing(policy.version, _flat(stored), given, error)
    if "calendar_id" in edited.notes:
        names = {calendar.id: calendar.name for calendar in list_calendars(uow)}
        name = names.get(stored["calendar_id"], "the default one")
        edited.notes["calendar_id"] = f"Saved now: {name}"
    if "active" in edited.notes:
        edited.notes["active"] = f"Saved now: {'' if policy.active else 'not '}in force"
    return _form(uow, policy, edited.values, edited, error)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change the policy."""
    arguments = {**_given(), "policy_id": str(key), "version": request.form.get("version")}
    run(uow, "sla_policy.update", arguments)
    flash("Saved. Open requests keep what they were promised.", "good")
    return redirect(url_for("admin.service_levels"))


def delete(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Delete the policy."""
    run(uow, "sla_policy.delete", {"policy_id": str(key)})
    flash("The policy is deleted. Open requests keep what they were promised.", "good")
    return redirect(url_for("admin.service_levels"))


def _form(
    uow: UnitOfWork,
    policy: SlaPolicy | None,
    values: Mapping[str, Any],
    edited: Editing,
    error: LanewiseError | None,
) -> ResponseReturnValue:
    calendars = list_calendars(uow)
    default = next((one.name for one in calendars if one.is_default), "none")
    options = [("", f"The default one ({default})"), *((one.id, one.name) for one in calendars)]
    return render_template(
        "admin/service_level.html",
        policy=policy,
        values=values,
        edited=edited,
        calendars=options,
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
    )


def _flat(values: Mapping[str, Any]) -> dict[str, str]:
    """Return a policy as texts by control."""
    texts = {name: str(values.get(name) or "") for name in (*_FIELDS, "position")}
    return {**texts, "active": "1" if values["active"] else ""}


def _given() -> dict[str, Any]:
    """Return what the form sent; an empty position is left to the operation."""
    found: dict[str, Any] = {name: request.form.get(name, "") for name in _FIELDS}
    found["active"] = "active" in request.form
    if position := request.form.get("position"):
        found["position"] = position
    return found


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.service_levels"))
