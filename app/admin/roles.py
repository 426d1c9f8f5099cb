"""Roles: what each permits, whose records it gives, and which of their fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.conflicts import Editing, editing
from app.forms import reason_of
from app.records.kinds import KINDS
from app.records.titles import record_url
from app.views import View, view
from processes.tasks.explaining import explain_tasks
from services.actors import Permission
from services.errors import Invalid, LanewiseError, NotFound, StaleVersion
from services.operations import run
from services.people.model import User
from services.records.types import all_record_types, get_record, title_of
from services.rights import labels
from services.rights.explaining import explain, rights_of
from services.rights.reach import EVERY_TYPE, FieldRight, RoleRules, Verb
from services.rights.roles import count_holders, get_role, list_roles, version_of
from services.rights.shipped import RoleDefinition
from services.unit_of_work import UnitOfWork

_INHERITED = ""
_NEW = RoleDefinition("", "", "", frozenset(), RoleRules({EVERY_TYPE: {"read": "standard"}}))


def add_routes(blueprint: Blueprint) -> None:
    """Add the routes of roles."""
    manage = Permission.USER_MANAGE
    pages: tuple[tuple[str, str, View], ...] = (
        ("/roles", "roles", index),
        ("/roles/new", "new_role", show_new),
        ("/roles/<key>", "role", show_role),
        ("/people/<uuid:key>/rights", "rights", show_rights),
    )
    for rule, name, function in pages:
        blueprint.add_url_rule(rule, name, view(manage)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/roles/new", "create_role", create, show_new),
        ("/roles/<key>", "update_role", update, show_role),
        ("/roles/<key>/<verb>", "end_role", end, _explain),
    )
    for rule, name, function, again in changes:
        blueprint.add_url_rule(rule, name, view(manage, again=again)(function), methods=["POST"])


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """List the roles."""
    return render_template("admin/roles.html", roles=list_roles(uow), holders=count_holders(uow))


def show_new(uow: UnitOfWork, error: LanewiseError | None = None) -> ResponseReturnValue:
    """Show the form for a new role, filled with what another one says if it is to be a copy."""
    source = request.args.get("copy")
    role = get_role(uow, source) if source else _NEW
    return _form(uow, role, None, error)


def create(uow: UnitOfWork) -> ResponseReturnValue:
    """Make a role."""
    run(uow, "role.create", _given())
    flash("The role is there.", "good")
    return redirect(url_for("admin.roles"))


def show_role(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: str
) -> ResponseReturnValue:
    """Show the form of a role."""
    return _form(uow, get_role(uow, key), key, error)


def update(uow: UnitOfWork, *, key: str) -> ResponseReturnValue:
    """Change a role."""
    version = request.form.get("version") or None
    run(uow, "role.update", {"role": key, "version": version, **_given()})
    flash("Saved. It holds from everybody's next click on.", "good")
    return redirect(url_for("admin.roles"))


def end(uow: UnitOfWork, *, key: str, verb: str) -> ResponseReturnValue:
    """Delete a role, or let a shipped one be as it ships.

    Raises:
        NotFound: There is no such verb.
    """
    if verb not in {"delete", "reset"}:
        raise NotFound("There is no such action.")
    run(uow, f"role.{verb}", {"role": key})
    flash("Deleted." if verb == "delete" else "The role is as it ships.", "good")
    return redirect(url_for("admin.roles"))


def show_rights(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Show what a person may do, and for one record why."""
    person = uow.get(User, key)
    address = request.args.get("record", "").strip()
    record, problem = None, ""
    if address:
        try:
            record = _record_at(uow, address)
        except NotFound as error:
            problem = error.message
    names = {role.key: role.name for role in list_roles(uow)}
    return render_template(
        "admin/rights.html",
        person=person,
        roles=[names.get(role, role) for role in person.roles],
        rights=rights_of(person),
        verbs=labels.VERBS,
        cells=labels.CELLS,
        standard=labels.PERSON_SCOPES[person.scope],
        address=address,
        problem=problem,
        record=record,
        title="" if record is None else title_of(record),
        answers=[] if record is None else explain(uow, person, record),
        tasks=[] if record is None else explain_tasks(uow, person, record),
        url="" if record is None else record_url(record.record_type, record.id),
    )


def _record_at(uow: UnitOfWork, address: str) -> Any:
    """Return the record that an address such as ``/deals/<key>`` names.

    Raises:
        NotFound: It names none.
    """
    places = {kind.place: kind.record_type for kind in KINDS.values()}
    parts = address.partition("?")[0].strip("/").split("/")
    for place, key in pairwise(parts):
        if place in places:
            try:
                return get_record(uow, places[place], UUID(key))
            except ValueError:
                break
    raise NotFound("There is no record with this address.")


def _form(
    uow: UnitOfWork, role: RoleDefinition, key: str | None, error: LanewiseError | None
) -> ResponseReturnValue:
    given = _given() if request.method == "POST" else _stored(role, is_new=key is None)
    edited = None if key is None else _edited(uow, role, key, error)
    if edited is not None and isinstance(error, StaleVersion):
        given = _of_texts(edited.values)
    return render_template(
        "admin/role.html",
        role=role,
        key=key,
        edited=edited,
        values=given,
        saved=list(_notes(edited)),
        conflict=isinstance(error, StaleVersion),
        error=error,
        errors=error.fields if isinstance(error, Invalid) else {},
        groups=labels.PERMISSION_GROUPS,
        verbs=labels.VERBS,
        cells=labels.CELLS,
        field_rights=labels.FIELD_RIGHTS,
        types=list(all_record_types()),
    )


def _edited(
    uow: UnitOfWork, role: RoleDefinition, key: str, error: LanewiseError | None
) -> Editing:
    """Return what the form goes on from, where the role may have been changed since."""
    given = _texts(_given()) if request.method == "POST" else None
    stored = _texts(_stored(role, is_new=False))
    return editing(version_of(uow, key) or 0, stored, given, error)


def _texts(said: Mapping[str, Any]) -> dict[str, str]:
    """Return what a role says, each thing that one decides for itself."""
    texts = {"name": said["name"], "description": said["description"]}
    for permission in Permission:
        texts[f"permission:{permission}"] = "1" if permission in said["permissions"] else ""
    for name in (EVERY_TYPE, *(one.name for one in all_record_types())):
        row = said["records"].get(name)
        for verb in Verb:
            texts[f"scope:{name}:{verb}"] = "" if row is None else row.get(verb.value, "none")
    for one in all_record_types():
        closed = said["field_rights"].get(one.name, {})
        texts |= {f"field:{one.name}:{f.name}": closed.get(f.name, "") for f in one.fields}
    return texts


def _of_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    """Return the same as the form shows it."""
    return {
        "name": texts["name"],
        "description": texts["description"],
        "permissions": [one.value for one in Permission if texts[f"permission:{one}"]],
        "records": _rows(texts),
        "field_rights": _fields(texts),
    }


def _labels() -> dict[str, str]:
    """Return how people read the controls of a role that stand in a table or a closed part."""
    plurals = {EVERY_TYPE: "All others"} | {one.name: one.plural for one in all_record_types()}
    cells = {
        f"scope:{name}:{verb}": f"{plural}, {label.lower()}"
        for name, plural in plurals.items()
        for verb, label in labels.VERBS.items()
    }
    return cells | {
        f"field:{one.name}:{field.name}": f"{one.plural}, {field.label}"
        for one in all_record_types()
        for field in one.fields
    }


def _notes(edited: Editing | None) -> Iterator[str]:
    """Yield what is stored where both have changed it, and reword the notes at the controls."""
    if edited is None or not edited.notes:
        return
    words = {**labels.CELLS, _INHERITED: "As others", **labels.FIELD_RIGHTS}
    named = _labels()
    for name in [one for one in named if one in edited.notes]:
        said = edited.seen[name] or ("" if name.startswith("scope:") else FieldRight.WRITE.value)
        edited.notes[name] = f"Saved now: {words[said]}"
        yield f"{named[name]}: {words[said].lower()}"


def _given() -> dict[str, Any]:
    """Return what the form sent."""
    return {
        "name": request.form.get("name", ""),
        "description": request.form.get("description", ""),
        "permissions": request.form.getlist("permissions"),
        "records": _rows(request.form),
        "field_rights": _fields(request.form),
    }


def _rows(cells: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the rows of the matrix; a row that says the same as all others is left out."""
    others = {verb.value: cells.get(f"scope:{EVERY_TYPE}:{verb}", "none") for verb in Verb}
    rows = {EVERY_TYPE: others}
    for record_type in all_record_types():
        chosen = {
            verb.value: cells.get(f"scope:{record_type.name}:{verb}", _INHERITED) for verb in Verb
        }
        if any(chosen.values()):
            rows[record_type.name] = {verb: cell or others[verb] for verb, cell in chosen.items()}
    return rows


def _fields(rights: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return the fields of each type that are not open."""
    closed: dict[str, dict[str, str]] = {}
    for record_type in all_record_types():
        for field in record_type.fields:
            right = rights.get(f"field:{record_type.name}:{field.name}")
            if right and right != FieldRight.WRITE:
                closed.setdefault(record_type.name, {})[field.name] = right
    return closed


def _stored(role: RoleDefinition, *, is_new: bool) -> dict[str, Any]:
    copied = f"Copy of {role.name}" if role.name else ""
    return {
        "name": copied if is_new else role.name,
        "description": role.description,
        "permissions": sorted(role.permissions),
        "records": role.rules.records,
        "field_rights": role.rules.fields,
    }


def _explain(_uow: UnitOfWork, error: LanewiseError, **_arguments: Any) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.roles"))
