"""Bringing a database to the present schema; used by start-up, the command line and tests."""

from __future__ import annotations

from alembic import command
from alembic.config import Config

from config import ROOT


def migrate(database_url: str) -> None:
    """Run all migrations that ``database_url`` (``postgresql://…``) still lacks."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
