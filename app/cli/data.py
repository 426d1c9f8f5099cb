"""``flask import`` and ``flask export``: files into records, and lists into files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from uuid import UUID

import click
from flask.cli import with_appcontext

from app.cli.running import in_transaction
from app.context import platform
from services.actors import SYSTEM, Actor
from services.errors import NotFound
from services.exporting.exports import get_export, pieces_of, write_export
from services.exporting.writers import CONTENT_TYPES
from services.importing.imports import get_import
from services.importing.model import Import
from services.importing.plan import (
    DATE_ORDERS,
    DECIMALS,
    KEY_FIELD,
    Plan,
    Policy,
    importable_fields,
)
from services.importing.reports import report_rows, write_refused
from services.importing.steps import check_import, read_import, run_import
from services.importing.types import import_type
from services.operations import run
from services.people.model import find_user
from services.unit_of_work import UnitOfWork

_SHOWN: Final = 20
_DATES: Final = click.Choice([order for order in DATE_ORDERS if order])
_DECIMALS: Final = click.Choice([mark for mark in DECIMALS if mark])


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--type", "record_type", required=True, help="Such as contact.")
@click.option(
    "--mapping",
    multiple=True,
    help="HEADING=FIELD, or HEADING= to leave a column out. May be given several times; "
    "what is not named is guessed.",
)
@click.option("--policy", type=click.Choice([one.value for one in Policy]), help="What is done.")
@click.option("--match", multiple=True, help="A field by which records are found, or similar.")
@click.option("--create", multiple=True, help="A link's field whose records may be created.")
@click.option("--dates", type=_DATES, help="How dates are written that don't tell it.")
@click.option("--decimal", type=_DECIMALS, help="What stands before fractions that don't tell it.")
@click.option("--only-empty", is_flag=True, help="Updates fill empty fields only.")
@click.option("--no-processes", is_flag=True, help="No process begins by what is imported.")
@click.option("--user", help="The e-mail address of the person in whose name it is done.")
@click.option("--dry-run", is_flag=True, help="Write nothing.")
@click.option(
    "--refused",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the rows with errors go.",
)
@with_appcontext
def import_file(file: Path, record_type: str, user: str | None, **given: Any) -> None:
    """Import the records of a CSV or XLSX FILE."""
    actor = _actor(user)
    who = str(actor.user_id) if actor.user_id else None
    with file.open("rb") as content:
        arguments = {"record_type": record_type, "file_name": file.name, "content": content}
        key = str(_do(actor, "import.create", arguments)["import_id"])
    one = _see(key)
    if one.stage == "reading":
        read_import(platform(), import_id=key, actor_id=who)
        one = _see(key)
    if one.stage == "unreadable":
        raise click.ClickException(str(one.problem))
    plan = in_transaction(lambda uow: _plan(uow, one, given))
    _do(actor, "import.check", {"import_id": key, **plan})
    check_import(platform(), import_id=key, actor_id=who)
    one = _see(key)
    _tell("Dry run", one.checked)
    if not given["dry_run"]:
        one = _carry_out(actor, one, who)
        _tell("Import", one.counts)
    _tell_refused(one, given["refused"])


@click.command("export")
@click.argument("record_type")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--filter", "filters", multiple=True, help="FIELD=VALUE, such as stage=won.")
@click.option("--search", help="Words to search for.")
@click.option("--sort", default="-created_at", show_default=True)
@click.option("--column", "columns", multiple=True, help="A field; all if none is named.")
@click.option("--keys", is_flag=True, help="With the records' keys, to import the file again.")
@with_appcontext
def export_file(record_type: str, file: Path, filters: tuple[str, ...], **given: Any) -> None:
    """Write the records of a type to FILE, CSV or XLSX by its ending."""
    kind = file.suffix.removeprefix(".").lower()
    if kind not in CONTENT_TYPES:
        raise click.ClickException("The file's name must end in .csv or .xlsx.")
    chosen = dict(_pair(one) for one in filters)
    arguments = {"record_type": record_type, "kind": kind, "filters": chosen, **given}
    arguments["columns"] = list(given["columns"])
    made = in_transaction(lambda uow: run(uow, "export.start", arguments))
    key = made["export_id"]
    if made["stage"] == "running":
        write_export(platform(), export_id=str(key))
    count = in_transaction(lambda uow: _save(uow, key, file))
    click.echo(f"{count:,} rows are in {file}.")


def _plan(uow: UnitOfWork, one: Import, given: dict[str, Any]) -> dict[str, Any]:
    """Return the guessed plan with what the command line says otherwise.

    Raises:
        NotFound: A heading or a field is not there.
    """
    plan = Plan.of(one.plan).as_dict()
    fields = {KEY_FIELD, "name", *importable_fields(uow, import_type(one.record_type))}
    chosen = {column["column"]: column for column in plan["columns"]}
    for text in given["mapping"]:
        heading, name = _pair(text)
        if heading not in one.header or (name and name not in fields):
            raise NotFound(f"There is no heading or field as in {text}.")
        place = one.header.index(heading)
        chosen = {at: kept for at, kept in chosen.items() if at != place and kept["field"] != name}
        if name:
            chosen[place] = {"column": place, "field": name}
    for column in chosen.values():
        column["create"] = column["field"] in given["create"]
        column["order"] = column.get("order") or given["dates"] or ""
        column["decimal"] = column.get("decimal") or given["decimal"] or ""
    plan["columns"] = [chosen[place] for place in sorted(chosen)]
    plan["match"] = list(given["match"] or plan["match"])
    plan["policy"] = given["policy"] or plan["policy"]
    plan["only_empty"] = given["only_empty"]
    plan["start_processes"] = not given["no_processes"]
    return plan


def _carry_out(actor: Actor, one: Import, who: str | None) -> Import:
    """Run the import here; a worker that takes part does no harm."""
    key = str(one.id)
    _do(actor, "import.run", {"import_id": key})
    with click.progressbar(length=one.chunk_count, label="Importing") as bar:
        while (now := _see(key)).stage == "running":
            run_import(platform(), import_id=key, actor_id=who)
            bar.update(_see(key).position - bar.pos)
    return now


def _tell(what: str, counts: dict[str, Any]) -> None:
    parts = ", ".join(f"{count:,} {name}" for name, count in sorted(counts.items()))
    click.echo(f"{what}: {parts or 'nothing'}.")


def _tell_refused(one: Import, target: Path | None) -> None:
    rows = in_transaction(lambda uow: report_rows(uow, one, "error"))
    for row in rows[:_SHOWN]:
        told = " ".join(f"{heading}: {text}".removeprefix(": ") for heading, text in row.messages)
        click.echo(f"  row {row.number}: {told}")
    if target is not None and rows:
        with target.open("wb") as file:
            in_transaction(lambda uow: write_refused(uow, one, file))
        click.echo(f"The rows with errors are in {target}.")


def _actor(user: str | None) -> Actor:
    """Return in whose name it is done: the platform's own if nobody is named.

    Raises:
        ClickException: There is no such person.
    """
    if user is None:
        return SYSTEM

    def work(uow: UnitOfWork) -> Actor:
        found = find_user(uow, user)
        if found is None:
            raise NotFound(f"There is no user {user}.")
        return found.actor()

    return in_transaction(work)


def _do(actor: Actor, operation: str, arguments: dict[str, Any]) -> Any:
    return in_transaction(lambda uow: run(uow.acting_as(actor), operation, arguments))


def _see(key: str) -> Import:
    return in_transaction(lambda uow: get_import(uow, UUID(key)))


def _save(uow: UnitOfWork, key: UUID, file: Path) -> int:
    one = get_export(uow, key)
    with file.open("wb") as out:
        for piece in pieces_of(uow, one):
            out.write(piece)
    return one.done


def _pair(text: str) -> tuple[str, str]:
    """Return both sides of the last ``=``.

    Raises:
        ClickException: There is none.
    """
    name, sign, value = text.rpartition("=")
    if not sign:
        raise click.ClickException(f"{text} has no =.")
    return name.strip(), value.strip()
