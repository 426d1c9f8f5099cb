"""``flask user``: the first administrator of an installation, above all."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.cli.running import in_transaction
from services.actors import Role, Scope
from services.operations import run

user = AppGroup("user", help="People who may sign in.")


@user.command()
@click.argument("email")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    default=[Role.EMPLOYEE.value],
    type=click.Choice([role.value for role in Role]),
    help="May be given several times.",
)
@click.option(
    "--scope",
    default=Scope.TEAM.value,
    type=click.Choice([scope.value for scope in Scope]),
    help="Whose records the person sees.",
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
