"""``flask audit``: whether the log of who did what is whole."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.context import platform
from services.audit_chain import SEALED_AT_ONCE, Head, find_head, seal_audit, verify_audit

audit = AppGroup("audit", help="The log of who did what.")


@audit.command()
@click.option(
    "--head",
    "known",
    metavar="POSITION:HASH",
    help="An end of the chain that you kept elsewhere; the chain must still lead through it.",
)
def verify(known: str | None) -> None:
    """Read the whole log and say where an entry was altered, moved or removed."""
    seal_all()
    verdict = verify_audit(
        platform(), _read(known), lambda count: click.echo(f"{count:,} entries read …", err=True)
    )
    for fault in verdict.faults:
        click.echo(fault)
    if verdict.late:
        click.echo(f"{verdict.late:,} older entries are not sealed: is the worker running?")
    if verdict.faults:
        raise click.ClickException("The audit log is not what it was.")
    if verdict.erasures:
        click.echo(f"Entries were emptied for {verdict.erasures:,} erased persons, as attested.")
    click.echo(f"{verdict.count:,} entries are whole. The chain ends at {verdict.head}")


@audit.command()
def head() -> None:
    """Print the end of the chain, to be kept where this database can't reach."""
    seal_all()
    click.echo(find_head(platform()))


def seal_all() -> None:
    """Seal what is committed already, so that the answer covers it."""
    while seal_audit(platform()) == SEALED_AT_ONCE:
        pass


def _read(known: str | None) -> Head | None:
    if known is None:
        return None
    try:
        return Head.parse(known)
    except ValueError as error:
        raise click.BadParameter("it is POSITION:HASH as `flask audit head` prints it") from error
