"""``flask message``: sending messages and signals to processes, and what waits of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click
import orjson
from flask.cli import AppGroup

from app.context import platform
from processes.events.messages import list_messages
from services.actors import SYSTEM
from services.errors import Invalid, LanewiseError
from services.operations import run

message = AppGroup("message", help="Messages and signals to processes.")


@message.command()
@click.argument("name")
@click.option("--key", "keys", multiple=True, help="A correlation key as NAME=VALUE.")
@click.option("--payload", default="{}", help="The variables, as a JSON object.")
@click.option("--time-to-live", default="PT1H", show_default=True, help="How long it may wait.")
@click.option("--id", "message_id", help="A second message with this id is not delivered.")
def correlate(
    name: str, keys: tuple[str, ...], payload: str, time_to_live: str, message_id: str | None
) -> None:
    """Send the message NAME to the process that waits for it, or comes to wait for it."""
    result = _run(
        "message.correlate",
        name=name,
        keys=_pairs(keys),
        payload=_object(payload),
        time_to_live=time_to_live,
        message_id=message_id,
    )
    known = "" if result["is_new"] else " came before: it is not sent again"
    click.echo(f"Message {result['message_id']}{known}")


@message.command()
@click.argument("name")
@click.option("--payload", default="{}", help="The variables, as a JSON object.")
def broadcast(name: str, payload: str) -> None:
    """Send the signal NAME to every process that waits for it or begins with it."""
    result = _run("signal.broadcast", name=name, payload=_object(payload))
    click.echo(f"Signal {result['signal_id']}")


@message.command("list")
@click.option("--name", help="Only those of this name.")
def list_waiting(name: str | None) -> None:
    """List the messages that wait for their receiver."""
    found = platform().transact(SYSTEM, lambda uow: list_messages(uow, name), source="cli")
    for item in found:
        keys = ", ".join(f"{key}={value}" for key, value in item.keys.items())
        click.echo(f"{item.id}  {item.name}  {keys or '-'}  until {item.expires_at:%F %T}")
    if not found:
        click.echo("No message waits.")


@message.command()
@click.argument("message_id", type=click.UUID)
def delete(message_id: Any) -> None:
    """Drop the message MESSAGE_ID that waits."""
    result = _run("message.delete", message_id=str(message_id))
    click.echo(f"Dropped: {result['name']}")


def _run(operation: str, **arguments: Any) -> Any:
    try:
        return platform().transact(SYSTEM, lambda uow: run(uow, operation, arguments), source="cli")
    except Invalid as error:
        reasons = "; ".join(f"{name}: {' '.join(told)}" for name, told in error.fields.items())
        raise click.ClickException(f"{error.message} {reasons}".strip()) from error
    except LanewiseError as error:
        raise click.ClickException(error.message) from error


def _pairs(given: Sequence[str]) -> dict[str, str]:
    pairs = [text.partition("=") for text in given]
    for name, sign, _ in pairs:
        if not (name and sign):
            raise click.BadParameter("Give a key as NAME=VALUE.", param_hint="--key")
    return {name: value for name, _, value in pairs}


def _object(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise click.BadParameter(f"This is no JSON: {error}", param_hint="--payload") from error
    if not isinstance(found, dict):
        raise click.BadParameter("Give a JSON object.", param_hint="--payload")
    return found
