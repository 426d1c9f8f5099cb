"""``flask user``: the first administrator of an installation, above all."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.cli.running import in_transaction
from services.actors import Role, Scope
from services.operations import run
from services.rights.reach import PERSON_SCOPES

user = AppGroup("user", help="People who may sign in.")


@user.command()
@click.argument("email")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=[Role.EMPLOYEE.value],
    help="A role's key; may be given several times.",
)
@click.option(
    "--scope",
    default=Scope.TEAM.value,
    type=click.Choice([scope.value for scope in PERSON_SCOPES]),
    help="Whose records, where a role leaves that to the person.",
)
@click.password_option(help="Asked for if it is not given.")
def create(email: str, name: str, roles: tuple[str, ...], scope: str, password: str) -> None:
    """Create a person who may sign in as EMAIL."""
    arguments = {
        "email": email,
        "name": name,
        "roles": list(roles),
        "scope": scope,
        "password": password,
    }
    in_transaction(lambda uow: run(uow, "user.create", arguments))
    click.echo(f"{name} may sign in as {email}.")
