"""Bringing a database to the present schema; used by start-up, the command line and tests."""

from __future__ import annotations

from functools import cache

from config import ROOT


@cache
def newest_revision() -> str | None:
    """Return the revision that a database is at when it lacks no migration."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see ``migrate``

    return ScriptDirectory(str(ROOT / "migrations")).get_current_head()


def migrate(database_url: str) -> None:
    """Run all migrations that ``database_url`` (``postgresql://…``) still lacks."""
    # Imported here: most processes never migrate, and alembic takes a tenth of a second to load.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["database_url"] = database_url
    command.upgrade(config, "head")
