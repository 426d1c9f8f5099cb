"""``flask db`` and ``flask seed``: the schema, and the data to begin with."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.cli.data_model import describe_data_model
from app.cli.running import in_transaction
from app.context import platform
from config import ROOT
from services.demo import seed_demo
from services.essentials import seed_essentials
from services.migrations import migrate, newest_revision, write_revision
from services.platform import Platform

database = AppGroup("db", help="The database's schema.")
seed = AppGroup("seed", help="Put in the data that an installation begins with.")


@database.command("migrate")
def migrate_database() -> None:
    """Bring the database to the schema that this program needs."""
    migrate(database_url(platform()))
    click.echo(f"The database is at revision {newest_revision()}.")


@database.command()
@click.argument("message")
def revision(message: str) -> None:
    """Write a migration from the newest schema to what the models say; read it before use."""
    migrate(database_url(platform()))
    write_revision(database_url(platform()), message)


@database.command("model")
def write_data_model() -> None:
    """Write docs/data-model.md anew from the models."""
    page = ROOT / "docs" / "data-model.md"
    page.write_text(describe_data_model(), encoding="utf-8")
    click.echo(f"Written: {page.relative_to(ROOT)}")


@seed.command()
def essentials() -> None:
    """Put in the pipeline, groups and templates that every installation needs."""
    in_transaction(seed_essentials)
    click.echo("Pipeline, groups and templates are there.")


@seed.command()
def demo() -> None:
    """Put in people and records to try everything with; the password is public."""
    if platform().settings.is_production:
        raise click.ClickException("Demo people have a public password: not in production.")
    in_transaction(seed_essentials)
    seed_demo(platform())
    click.echo("The demo's people and records are there.")


def database_url(platform: Platform) -> str:
    """Return the address of the platform's database, as other processes are given it."""
    url = platform.engine.url.set(drivername="postgresql")
    return url.render_as_string(hide_password=False)
