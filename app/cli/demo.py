"""``flask demo``: made-up data, as much of it as one asks for."""

from __future__ import annotations

import time
from typing import Final

import click
from flask.cli import AppGroup

from app.cli.running import in_transaction
from app.context import platform
from services.errors import LanewiseError
from services.essentials import seed_essentials
from services.scale.seeding import LARGEST, SMALLEST, seed_at_scale

demo = AppGroup("demo", help="Made-up data to try things out with.")

_EVERY_SECONDS: Final = 2.0


@demo.command()
@click.option(
    "--scale",
    type=click.FloatRange(SMALLEST, LARGEST),
    required=True,
    help="1 is a million contacts, 200,000 accounts and five million timeline entries.",
)
@click.option("--force", is_flag=True, help="Do it in production too.")
def seed(scale: float, force: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Put in made-up records in large numbers; what was cut off goes on when called again."""
    if platform().settings.is_production and not force:
        raise click.ClickException(
            "Made-up records can't be told from true ones: not in production, but with --force."
        )
    in_transaction(seed_essentials)
    progress = _Progress()
    try:
        seed_at_scale(platform(), scale, progress.tell)
    except KeyboardInterrupt as error:
        raise click.ClickException("Stopped. What is in stays; call it again to go on.") from error
    except LanewiseError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"The made-up records are there, after {progress.seconds:,.0f} seconds.")


class _Progress:
    """Tells now and then how far it is, and how long it may still take."""

    def __init__(self) -> None:
        self._begin = time.monotonic()
        self._told = 0.0
        self._first: int | None = None

    @property
    def seconds(self) -> float:
        """How long it has taken until now."""
        return time.monotonic() - self._begin

    def tell(self, done: int, count: int) -> None:
        """Print a line, unless one was printed just now."""
        if self._first is None:
            self._first = done
        new = done - self._first
        if done != count and (not new or self.seconds - self._told < _EVERY_SECONDS):
            return
        self._told = self.seconds
        left = self.seconds / new * (count - done) if new else 0.0
        click.echo(f"{done / count:6.1%}, {left:,.0f} seconds to go", err=True)
