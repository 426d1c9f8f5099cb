"""``flask clock``: moving the time of a demo or a test."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

import click
from flask.cli import AppGroup

from app.context import platform
from services.clock import AdjustableClock

clock = AppGroup("clock", help="Show or move the time (demos and tests only).")

_DURATION: Final = re.compile(
    r"P(?:(?P<weeks>\d+)W)?(?:(?P<days>\d+)D)?"
    r"(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+)S)?)?"
)


@clock.command()
def show() -> None:
    """Print the present time of the installation."""
    click.echo(platform().clock.now().isoformat(timespec="seconds"))


@clock.command()
@click.argument("duration")
def advance(duration: str) -> None:
    """Move the time of all processes forward by DURATION, such as P7D or PT2H30M."""
    found = platform().clock
    if not isinstance(found, AdjustableClock):
        raise click.ClickException(
            "The clock of this installation is the machine's. Start it with "
            "LANEWISE_CLOCK=adjustable (never in production) to move it."
        )
    click.echo(found.advance(read_duration(duration)).isoformat(timespec="seconds"))


def read_duration(text: str) -> timedelta:
    """Return an ISO 8601 duration of weeks, days and time; months and years have no fixed length.

    Raises:
        BadParameter: The text is none, or is zero.
    """
    match = _DURATION.fullmatch(text)
    parts = match.groupdict(default="0") if match else {}
    found = timedelta(**{name: int(value) for name, value in parts.items()})
    if not found:
        raise click.BadParameter(f"{text!r} is no duration; write it like P7D or PT2H30M")
    return found
