"""What administrators do with roles: make, change, reset and delete them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any, Final

from marshmallow import fields, validate
from sqlalchemy import func, select

from services.actors import Permission, Role
from services.arguments import Line
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.people.model import User
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.records.types import RecordType, all_record_types, get_record_type
from services.rights.book import new_version, read_roles
from services.rights.giving import check_rules, check_within
from services.rights.model import RightsVersion, StoredRole
from services.rights.reach import CELLS, EVERY_TYPE, FieldRight, RoleRules, Verb
from services.rights.shipped import SHIPPED, RoleDefinition
from services.unit_of_work import UnitOfWork

MAX_ROLES: Final = 200
_KEY_LENGTH: Final = 60

_PERMISSIONS = fields.List(
    fields.String(validate=validate.OneOf([one.value for one in Permission])),
    validate=validate.Length(max=len(Permission)),
    metadata={"title": "Permissions"},
)
_RECORDS = fields.Dict(
    keys=fields.String(),
    values=fields.Dict(
        keys=fields.String(validate=validate.OneOf([verb.value for verb in Verb])),
        values=fields.String(validate=validate.OneOf(CELLS)),
    ),
    metadata={
        "title": "Records",
        "description": "By record type (* for all others) and verb: none, own, team, all, or "
        "standard for the person's own standard scope.",
    },
)
_FIELDS = fields.Dict(
    keys=fields.String(),
    values=fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf([right.value for right in FieldRight])),
    ),
    metadata={
        "title": "Fields",
        "description": "By record type and field: hidden, read or write.",
    },
)
_ROLE = Line(required=True, metadata={"title": "Role", "description": "Its key."})


class CreateRole(Arguments):
    """What a new role grants; what is left out it does not."""

    name = Line(required=True, validate=validate.Length(max=80), metadata={"title": "Name"})
    description = Line(load_default=None, allow_none=True, metadata={"title": "Description"})
    permissions = _PERMISSIONS
    records = _RECORDS
    field_rights = _FIELDS


class UpdateRole(Arguments):
    """What changes of a role; what is left out stays."""

    role = _ROLE
    version = VERSION
    name = Line(validate=validate.Length(max=80), metadata={"title": "Name"})
    description = Line(allow_none=True, metadata={"title": "Description"})
    permissions = _PERMISSIONS
    records = _RECORDS
    field_rights = _FIELDS


class OfRole(Arguments):
    """Which role."""

    role = _ROLE


@operation("role.create", Permission.USER_MANAGE, CreateRole)
def create_role(
    uow: UnitOfWork,
    *,
    name: str,
    description: str | None,
    permissions: Iterable[str] = (),
    records: Mapping[str, Any] | None = None,
    field_rights: Mapping[str, Any] | None = None,
) -> StoredRole:
    """Make a role that people can be given."""
    new_version(uow.session)  # held to the commit: roles change one after another
    roles = read_roles(uow.session)
    if len(roles) >= MAX_ROLES:
        raise Conflict(f"There can be {MAX_ROLES} roles.")
    _check_name(roles, name, None)
    role = StoredRole(
        key=_free_key(name, roles),
        name=name,
        description=description or "",
        permissions=_checked_permissions(uow, permissions),
        records=_checked_records(records or {}),
        field_rights=_checked_fields(field_rights or {}),
    )
    check_rules(uow, RoleRules(role.records, role.field_rights))
    return uow.add(role)


@operation("role.update", Permission.USER_MANAGE, UpdateRole)
def update_role(
    uow: UnitOfWork, *, role: str, version: int | None = None, **values: Any
) -> StoredRole:
    """Change a role; it holds for everybody from the next request on.

    The version of a role that is as it ships is 0.
    """
    new_version(uow.session)
    roles = read_roles(uow.session)
    definition = _changeable(roles, role)
    check_within(uow, definition.permissions)
    check_rules(uow, definition.rules)
    stored = uow.session.scalars(select(StoredRole).where(StoredRole.key == role)).one_or_none()
    if stored is not None:
        check_version(uow, stored, version)
    if "name" in values:
        _check_name(roles, values["name"], role)
    values = _checked(uow, values)
    if stored is None:
        stored = uow.add(_stored(definition, values))
    else:
        for name, value in values.items():
            setattr(stored, name, value)
        uow.session.flush()
    check_rules(uow, RoleRules(stored.records, stored.field_rights))
    return stored


@operation("role.reset", Permission.USER_MANAGE, OfRole)
def reset_role(uow: UnitOfWork, *, role: str) -> dict[str, Any]:
    """Let a shipped role be again as it ships."""
    new_version(uow.session)
    if role not in SHIPPED:
        raise NotFound("There is no such role that ships.")
    check_within(uow, SHIPPED[role].permissions)
    check_rules(uow, SHIPPED[role].rules)
    stored = uow.session.scalars(select(StoredRole).where(StoredRole.key == role)).one_or_none()
    if stored is not None:
        uow.session.delete(stored)
        uow.session.flush()
    return {"role": role}


@operation("role.delete", Permission.USER_MANAGE, OfRole)
def delete_role(uow: UnitOfWork, *, role: str) -> dict[str, Any]:
    """Delete a role that nobody holds any more."""
    new_version(uow.session)
    if role in SHIPPED:
        raise Conflict("This role ships with the program and stays.")
    stored = uow.session.scalars(select(StoredRole).where(StoredRole.key == role)).one_or_none()
    if stored is None:
        raise NotFound("There is no such role.")
    holders = uow.session.scalars(
        select(User.name).where(User.roles.contains([role])).order_by(User.name).limit(3)
    ).all()
    if holders:
        raise Conflict(f"This role is held by {', '.join(holders)}; take it from them first.")
    uow.session.delete(stored)
    uow.session.flush()
    return {"role": role}


def list_roles(uow: UnitOfWork) -> list[RoleDefinition]:
    """Return all roles: those that ship, and then the others by name."""
    return list(read_roles(uow.session).values())


def get_role(uow: UnitOfWork, key: str) -> RoleDefinition:
    """Return the role with this key.

    Raises:
        NotFound: There is none.
    """
    role = read_roles(uow.session).get(key)
    if role is None:
        raise NotFound("There is no such role.")
    return role


def version_of(uow: UnitOfWork, key: str) -> int | None:
    """Return the version of a role as it is stored; None for a shipped one as it ships."""
    return uow.session.scalar(select(StoredRole.version).where(StoredRole.key == key))


def check_roles(uow: UnitOfWork, keys: Iterable[str]) -> list[str]:
    """Return ``keys`` in order, each once, if all are roles that the actor may give.

    Raises:
        Invalid: There is no such role.
        NotAllowed: One grants what the actor itself may not do.
    """
    wanted = sorted(set(keys))
    if not SHIPPED.keys() >= set(wanted):
        # Held to the commit, so that the role is not deleted between this look and that.
        uow.session.scalar(select(RightsVersion.version).with_for_update(read=True))
    roles = read_roles(uow.session)
    for key in wanted:
        if key not in roles:
            message = f"There is no role {key}."
            raise Invalid(message, {"roles": [message]})
        check_within(uow, roles[key].permissions)
    return wanted


def _changeable(roles: Mapping[str, RoleDefinition], key: str) -> RoleDefinition:
    definition = roles.get(key)
    if definition is None:
        raise NotFound("There is no such role.")
    if key == Role.ADMINISTRATOR.value:
        raise Conflict("Administrators can do everything; this role can't be changed.")
    return definition


def _stored(definition: RoleDefinition, values: Mapping[str, Any]) -> StoredRole:
    """Return the row of a shipped role that is changed for the first time."""
    as_shipped = {
        "name": definition.name,
        "description": definition.description,
        "permissions": sorted(definition.permissions),
        "records": {name: dict(row) for name, row in definition.rules.records.items()},
        "field_rights": {},
    }
    return StoredRole(key=definition.key, **{**as_shipped, **values})


def _checked(uow: UnitOfWork, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given as it is stored."""
    checked = dict(values)
    if "description" in values:
        checked["description"] = values["description"] or ""
    if "permissions" in values:
        checked["permissions"] = _checked_permissions(uow, values["permissions"])
    if "records" in values:
        checked["records"] = _checked_records(values["records"])
    if "field_rights" in values:
        checked["field_rights"] = _checked_fields(values["field_rights"])
    return checked


def _check_name(roles: Mapping[str, RoleDefinition], name: str, key: str | None) -> None:
    if any(one.name.casefold() == name.casefold() and one.key != key for one in roles.values()):
        message = f"There is a role called {name} already."
        raise Invalid(message, {"name": [message]})


def _free_key(name: str, roles: Mapping[str, RoleDefinition]) -> str:
    """Return a key made of the name, such as ``sales_lead``; with a number if it is taken."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_KEY_LENGTH] or "role"
    key, number = base, 2
    while key in roles:
        key, number = f"{base}_{number}", number + 1
    return key


def _checked_permissions(uow: UnitOfWork, permissions: Iterable[str]) -> list[str]:
    wanted = {Permission(one) for one in permissions}
    check_within(uow, wanted)
    return sorted(wanted)


def _checked_records(records: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    known = {record_type.name for record_type in all_record_types()} | {EVERY_TYPE}
    unknown = sorted(records.keys() - known)
    if unknown:
        message = f"There is no record type {unknown[0]}."
        raise Invalid(message, {"records": [message]})
    return {
        name: {verb: cell for verb, cell in row.items() if cell != "none"}
        for name, row in sorted(records.items())
    }


def _checked_fields(given: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    checked = {}
    for name, row in sorted(given.items()):
        try:
            record_type = get_record_type(name)
        except NotFound as error:
            raise Invalid(error.message, {"field_rights": [error.message]}) from error
        for field_name, right in row.items():
            _check_field(record_type, field_name, right)
        closed = {field: right for field, right in row.items() if right != FieldRight.WRITE}
        if closed:
            checked[name] = closed
    return checked


def _check_field(record_type: RecordType, name: str, right: str) -> None:
    if record_type.field(name) is None:
        message = f"{record_type.plural} have no field {name}."
        raise Invalid(message, {"field_rights": [message]})
    if name == record_type.title_field and right == FieldRight.HIDDEN:
        message = f"{record_type.plural} are called by this field; it can't be hidden: {name}."
        raise Invalid(message, {"field_rights": [message]})


def count_holders(uow: UnitOfWork) -> dict[str, int]:
    """Return how many active people hold each role."""
    held = select(func.unnest(User.roles).label("key")).where(User.active).subquery()
    rows = uow.session.execute(select(held.c.key, func.count()).group_by(held.c.key))
    return {row.key: row[1] for row in rows}
