"""People: who may sign in, as what, and what they see."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, control_texts, editing
from app.forms import reason_of
from app.views import View, view
from services.actors import Permission, Scope
from services.errors import Invalid, LanewiseError, NotFound, StaleVersion
from services.operations import run
from services.people.groups import list_groups
from services.people.model import User
from services.people.users import list_users
from services.rights.labels import PERSON_SCOPES
from services.rights.roles import list_roles
from services.unit_of_work import UnitOfWork

_SETS: Final = ("roles", "groups")


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of people."""
    manage = Permission.USER_MANAGE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/people", "people", index),
        ("/people/new", "new_person", show_new),
        ("/people/<uuid:key>", "person", show_person),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/people/new", "create_person", create, show_new),
        ("/people/<uuid:key>", "update_person", update, show_person),
        ("/people/<uuid:key>/<verb>", "switch_person", switch, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List people and groups."""
    people = list_users(uow, include_inactive=True)
    members = {group.id: 0 for group in list_groups(uow)}
    for person in people:
        for group in person.groups if person.active else ():
            members[group.id] += 1
    return render_template(
        "admin/people.html",
        people=people,
        groups=list_groups(uow),
        members=members,
        roles={role.key: role.name for role in list_roles(uow)},
        scopes=PERSON_SCOPES,
        above={group.id: group.name for group in list_groups(uow)},
    )


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for a new person."""
    given = _given() if request.method == "POST" else {"roles": ["employee"], "scope": "team"}
    return _form(uow, None, given, error)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Let a new person in."""
    run(uow, "user.create", {**_given(), "password": request.form.get("password", "")})
    flash("The person may sign in now.", "good")
    return redirect(url_for("admin.people"))


def show_person(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID
) -> ResponseReturnValue:
    """Show the form of a person."""
    person = uow.get(User, key)
    stored = _stored(person)
    given = control_texts(_given(), stored) if request.method == "POST" else None
    edited = editing(person.version, control_texts(stored, stored), given, error, _SETS)
    if "scope" in edited.notes:
        edited.notes["scope"] = f"Saved now: {PERSON_SCOPES[stored['scope']]}"
    lists = {name: edited.values[name].splitlines() for name in _SETS}
    return _form(uow, person, {**edited.values, **lists}, error, edited)


def update(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Change a person; only what was changed is sent, since a new role ends all sessions.

    What somebody else has changed since the form was shown is a conflict.
    """
    stored = _stored(uow.get(User, key))
    changed = {name: value for name, value in _given().items() if value != stored[name]}
    if password := request.form.get("password"):
        changed["password"] = password
    if changed:
        version = request.form.get("version") or None
        run(uow, "user.update", {"user_id": str(key), "version": version, **changed})
        flash("Saved.", "good")
    return redirect(url_for("admin.people"))


def switch(uow: UnitOfWork, *, key: UUID, verb: str) -> ResponseReturnValue:
    """Let a person sign in again, or no longer.

    Raises:
        NotFound: There is no such verb.
    """
    if verb not in {"activate", "deactivate"}:
        raise NotFound("There is no such action.")
    run(uow, "user.update", {"user_id": str(key), "active": verb == "activate"})
    flash("The person may sign in." if verb == "activate" else "The person is signed out.", "good")
    return redirect(url_for("admin.people"))


def _form(
    uow: UnitOfWork,
    person: User | None,
    values: dict[str, Any],
    error: LanewiseError | None,
    edited: Editing | None = None,
) -> ResponseReturnValue:
    return render_template(
        "admin/person.html",
        person=person,
        values=values,
        edited=edited,
        conflict=isinstance(error, StaleVersion),
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
        groups=list_groups(uow),
        roles=[(role.key, role.name, role.description) for role in list_roles(uow)],
        scopes=PERSON_SCOPES.items(),
    )


def _given() -> dict[str, Any]:
    """Return what the form sent."""
    return {
        "name": request.form.get("name", ""),
        "email": request.form.get("email", ""),
        "roles": sorted(request.form.getlist("roles")),
        "scope": request.form.get("scope", Scope.TEAM.value),
        "groups": sorted(request.form.getlist("groups")),
    }


def _stored(person: User) -> dict[str, Any]:
    return {
        "name": person.name,
        "email": person.email,
        "roles": sorted(person.roles),
        "scope": person.scope,
        "groups": sorted(group.name for group in person.groups),
    }


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.people"))
