"""Groups: who belongs to each, and below which one it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import control_texts, editing, seen_before
from app.forms import reason_of
from app.views import view
from services.actors import Permission
from services.errors import Invalid, LanewiseError, StaleVersion
from services.operations import run
from services.people.groups import list_groups
from services.people.model import Group, User
from services.people.users import list_users
from services.unit_of_work import UnitOfWork


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of groups."""
    manage = Permission.USER_MANAGE
    blueprint.add_url_rule("/groups/<uuid:key>", "group", view(manage)(show))
    for rule, name, function, again in (
        ("/groups", "create_group", create, _explain),
        ("/groups/<uuid:key>", "set_members", update, show),
    ):
        decided = view(manage, again=again)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Add a group."""
    group = run(uow, "group.create", {"name": request.form.get("name", "")})
    return redirect(url_for("admin.group", key=group.id))


def show(uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID) -> ResponseReturnValue:
    """Show the form of a group: who belongs to it, and below which one it stands."""
    group = uow.get(Group, key)
    people = list_users(uow)
    stored = _stored(group, people)
    given = control_texts(_given(), stored) if request.method == "POST" else None
    edited = editing(group.version, control_texts(stored, stored), given, error, {"members"})
    above = {"": "None"} | {str(one.id): one.name for one in list_groups(uow) if one.id != key}
    if "parent_id" in edited.notes:
        edited.notes["parent_id"] = f"Saved now: {above.get(stored['parent_id'], 'None')}"
    members = edited.values["members"].splitlines()
    return render_template(
        "admin/group.html",
        group=group,
        values={**edited.values, "members": members},
        edited=edited,
        error=error,
        conflict=isinstance(error, StaleVersion),
        errors=error.fields if isinstance(error, Invalid) else {},
        people=sorted(people, key=lambda person: str(person.id) not in members),
        others=above.items(),
    )


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Set what a group is called, its team above, and who belongs to it, as far as that changes.

    If somebody else has changed the name or the team above since the form was shown, that is a
    conflict; of the members, the changes of both count. People who are switched off stay in the
    group.
    """
    group, given = uow.get(Group, key), _given()
    stored = _stored(group, list_users(uow))
    began = seen_before()
    seen = control_texts(stored, stored) | began
    version = request.form.get("version") or None
    named = {
        name: given[name] or None for name in ("name", "parent_id") if given[name] != seen[name]
    }
    if named:
        group = run(uow, "group.update", {"group_id": str(key), "version": version, **named})
        version = str(group.version)
    members = str(seen["members"]).splitlines()
    if given["members"] != members:
        changed = {"user_ids": given["members"], "seen_ids": members}
        if "members" not in began:
            changed["version"] = version
        run(uow, "group.set_members", {"group_id": str(key), **changed})
    flash("Saved.", "good")
    return redirect(url_for("admin.people"))


def _given() -> dict[str, Any]:
    """Return what the form sent."""
    return {
        "name": request.form.get("name", ""),
        "parent_id": request.form.get("parent_id", ""),
        "members": sorted(set(request.form.getlist("members"))),
    }


def _stored(group: Group, people: Sequence[User]) -> dict[str, Any]:
    return {
        "name": group.name,
        "parent_id": str(group.parent_id or ""),
        "members": sorted(str(person.id) for person in people if group in person.groups),
    }


def _explain(_uow: UnitOfWork, error: LanewiseError) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.people"))
