"""Bringing a database to the present schema; used by start-up, the command line and tests."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from config import ROOT

if TYPE_CHECKING:
    from alembic.config import Config


@cache
def newest_revision() -> str | None:
    """Return the revision that a database is at when it lacks no migration."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see ``migrate``

    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def migrate(database_url: str) -> None:
    """Run all migrations that ``database_url`` (``postgresql://…``) still lacks."""
    # Imported where used: most processes never migrate, and alembic takes a tenth of a second.
    from alembic import command  # noqa: PLC0415

    command.upgrade(_configuration(database_url), "head")


def write_revision(database_url: str, message: str) -> None:
    """Write the migration from the schema at ``database_url``, the newest one, to the models."""
    from alembic import command  # noqa: PLC0415

    number = f"{int(newest_revision() or '0') + 1:04}"
    command.revision(_configuration(database_url), message, autogenerate=True, rev_id=number)


def _configuration(database_url: str) -> Config:
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes["database_url"] = database_url
    return config


def follows_models(name: str | None, kind: str) -> bool:
    """Tell whether a table, index or the like is to be as the models say.

    The job engine's tables have a schema of their own, and administrators ask for the indexes of
    the fields that they add.
    """
    prefix = {"table": "procrastinate_", "index": "ix_added_"}.get(kind)
    return prefix is None or name is None or not name.startswith(prefix)
