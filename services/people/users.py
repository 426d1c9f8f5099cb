"""What can be done with users and tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from marshmallow import fields, validate
from sqlalchemy import exists, select

from services.actors import Permission, Role, Scope
from services.arguments import Email, Key, Line, Moment
from services.errors import Conflict, Invalid, NotFound
from services.operations import Arguments, operation
from services.people.model import Group, User, find_group, mark_changed
from services.people.passwords import check_password, hash_password
from services.people.sign_in import ApiToken, hash_token, new_token
from services.records.changes import check_version
from services.records.schemas import VERSION
from services.rights.giving import check_person
from services.rights.reach import PERSON_SCOPES
from services.rights.roles import check_roles
from services.unit_of_work import UnitOfWork

_ROLES = fields.List(Line(), metadata={"title": "Roles", "description": "Their keys."})
_SCOPE = fields.String(
    validate=validate.OneOf([scope.value for scope in PERSON_SCOPES]),
    metadata={
        "title": "Standard scope",
        "description": "Whose records, where a role leaves that to the person: own, those of its "
        "teams, or all.",
    },
)
_GROUPS = fields.List(Line(), metadata={"title": "Groups", "description": "Their names."})


def _password(title: str = "Password", **options: Any) -> fields.String:
    return fields.String(metadata={"title": title, "secret": True}, **options)


class CreateUser(Arguments):
    """A person who is to sign in."""

    name = Line(required=True, metadata={"title": "Name"})
    email = Email(required=True, metadata={"title": "E-mail"})
    password = _password(required=True)
    roles = fields.List(
        Line(), load_default=lambda: [Role.EMPLOYEE.value], metadata={"title": "Roles"}
    )
    scope = fields.String(
        load_default=Scope.TEAM.value,
        validate=validate.OneOf([scope.value for scope in PERSON_SCOPES]),
        metadata={"title": "Standard scope"},
    )
    groups = fields.List(Line(), load_default=list, metadata={"title": "Groups"})


class UpdateUser(Arguments):
    """What changes of a person; what is left out stays."""

    user_id = Key(required=True, metadata={"title": "User"})
    version = VERSION
    name = Line(metadata={"title": "Name"})
    email = Email(metadata={"title": "E-mail"})
    password = _password()
    roles = _ROLES
    scope = _SCOPE
    groups = _GROUPS
    active = fields.Boolean(metadata={"title": "May sign in"})


class ChangePassword(Arguments):
    """One's own password, the old and the new one."""

    current_password = _password("Current password", required=True)
    new_password = _password("New password", required=True)


class SignOut(Arguments):
    """Nothing: one signs out oneself."""


class CreateToken(Arguments):
    """A token for one's own use of the API."""

    name = Line(required=True, metadata={"title": "Name", "description": "What it is for."})
    expires_at = Moment(load_default=None, allow_none=True, metadata={"title": "Valid until"})


class RevokeToken(Arguments):
    """Which token is no longer valid."""

    token_id = Key(required=True, metadata={"title": "Token"})


@operation("user.create", Permission.USER_MANAGE, CreateUser, secret_fields=frozenset({"password"}))
def create_user(uow: UnitOfWork, *, password: str, groups: list[str], **values: Any) -> User:
    """Create a user."""
    _check_address(uow, values["email"], None)
    values["roles"] = check_roles(uow, values["roles"])
    user = User(password_hash=hash_password(password), **values)
    user.groups = [_get_group(uow, name) for name in groups]
    uow.add(user)
    check_person(uow, user.actor())
    return user


@operation("user.update", Permission.USER_MANAGE, UpdateUser, secret_fields=frozenset({"password"}))
def update_user(
    uow: UnitOfWork, *, user_id: UUID, version: int | None = None, **values: Any
) -> User:
    """Change a user; a new password, role or scope, or switching off, ends all its sessions.

    A new password, or switching off, ends its tokens, too.

    Raises:
        NotAllowed: The person may do more than the actor, or would.
        StaleVersion: Somebody else has changed it since.
    """
    user = uow.get(User, user_id, lock=True)
    check_person(uow, user.actor())  # nobody takes over who may do more
    check_version(uow, user, version)
    if "roles" in values:
        values["roles"] = check_roles(uow, values["roles"])
    if "email" in values:
        _check_address(uow, values["email"], user.id)
    if "password" in values:
        user.password_hash = hash_password(values.pop("password"))
        user.session_epoch += 1
        _end_tokens(uow, user.id)
    elif {"roles", "scope", "active"} & values.keys():
        user.session_epoch += 1
    if values.get("active") is False:
        _end_tokens(uow, user.id)
    if "groups" in values:
        _set_groups(uow, user, values.pop("groups"))
    for name, value in values.items():
        setattr(user, name, value)
    uow.session.flush()
    check_person(uow, user.actor())
    _keep_an_administrator(uow)
    return user


@operation(
    "user.change_password",
    Permission.PROFILE_WRITE,
    ChangePassword,
    secret_fields=frozenset({"current_password", "new_password"}),
)
def change_password(uow: UnitOfWork, *, current_password: str, new_password: str) -> User:
    """Change one's own password, which ends all one's sessions and tokens."""
    user = uow.get(User, _own_key(uow), lock=True)
    if not check_password(user.password_hash, current_password):
        message = "This is not your current password."
        raise Invalid(message, {"current_password": [message]})
    user.password_hash = hash_password(new_password)
    user.session_epoch += 1
    _end_tokens(uow, user.id)
    return user


@operation("user.sign_out", Permission.PROFILE_WRITE, SignOut)
def sign_out(uow: UnitOfWork) -> None:
    """Sign out, which ends all one's sessions."""
    uow.get(User, _own_key(uow), lock=True).session_epoch += 1


@operation("token.create", Permission.PROFILE_WRITE, CreateToken)
def create_token(uow: UnitOfWork, *, name: str, expires_at: Any = None) -> dict[str, Any]:
    """Create a token for one's own use of the API; it is shown this once."""
    token = new_token()
    kept = ApiToken(
        user_id=_own_key(uow),
        name=name,
        hint=token[-4:],
        token_hash=hash_token(token),
        created_at=uow.now,
        expires_at=expires_at,
    )
    uow.add(kept)
    uow.mark_secret()
    return {"token_id": kept.id, "token": token}


@operation("token.revoke", Permission.PROFILE_WRITE, RevokeToken)
def revoke_token(uow: UnitOfWork, *, token_id: UUID) -> None:
    """End a token; only administrators may end those of others."""
    token = uow.get(ApiToken, token_id)
    if token.user_id != uow.actor.user_id and not uow.actor.may(Permission.USER_MANAGE):
        raise NotFound("There is no such token.")
    token.revoked_at = token.revoked_at or uow.now


def list_users(uow: UnitOfWork, *, include_inactive: bool = False) -> Sequence[User]:
    """Return the users by name."""
    statement = select(User).order_by(User.name)
    if not include_inactive:
        statement = statement.where(User.active)
    return uow.session.scalars(statement).all()


def list_tokens(uow: UnitOfWork) -> Sequence[ApiToken]:
    """Return the actor's own tokens that are not revoked, newest first."""
    statement = select(ApiToken).where(
        ApiToken.user_id == uow.actor.user_id, ApiToken.revoked_at.is_(None)
    )
    return uow.session.scalars(statement.order_by(ApiToken.id.desc())).all()


def _end_tokens(uow: UnitOfWork, user_id: UUID) -> None:
    """End all tokens of a person: whoever knew the old password may have made one.

    Nor do they come to life again with a person who is switched on later.
    """
    live = select(ApiToken).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None))
    for token in uow.session.scalars(live):
        token.revoked_at = uow.now


def _own_key(uow: UnitOfWork) -> UUID:
    if uow.actor.user_id is None:
        raise NotFound("Only a person has this.")
    return uow.actor.user_id


def _set_groups(uow: UnitOfWork, user: User, names: Iterable[str]) -> None:
    """Let a person belong to these groups, which change by that as the person does."""
    wanted = [_get_group(uow, name) for name in names]
    changed = {group.id for group in wanted} ^ {group.id for group in user.groups}
    user.groups = wanted
    if changed:
        mark_changed(uow, Group, changed)
        mark_changed(uow, User, [user.id])


def _get_group(uow: UnitOfWork, name: str) -> Group:
    group = find_group(uow, name)
    if group is None:
        message = f"There is no group called {name}."
        raise Invalid(message, {"groups": [message]})
    return group


def _check_address(uow: UnitOfWork, email: str, user_id: UUID | None) -> None:
    taken = select(exists().where(User.email == email, User.id.is_distinct_from(user_id)))
    if uow.session.scalar(taken):
        raise Conflict(f"There is a user with the address {email} already.")


def _keep_an_administrator(uow: UnitOfWork) -> None:
    """Refuse to leave the installation without anybody who can manage it.

    They are held, so that two who take the role from each other at once do so in turn.
    """
    administrators = select(User.id).where(
        User.active, User.roles.contains([Role.ADMINISTRATOR.value])
    )
    if not uow.session.scalars(administrators.order_by(User.id).with_for_update()).all():
        raise Conflict("There must be an active administrator.")
