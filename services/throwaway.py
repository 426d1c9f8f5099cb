"""A PostgreSQL server for as long as a block runs, for playing and testing diagrams.

It keeps nothing: what is written is lost with the machine's power, and deleted at the end of the
block, also when the program is asked to stop by a signal. What a killed program left behind is
swept away by the next one. Each has a server of its own, so that none disturbs another.

Making and migrating an empty server takes a second and a half. It is done once for each state of
the migrations; the result is kept, stopped, and copied for each use.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from types import FrameType
from typing import Final
from uuid import uuid4

import psycopg

from config import ROOT
from services.embedded import find_server
from services.migrations import migrate

DATABASE: Final = "lanewise"

_PREFIX: Final = "lanewise-throwaway-"
_SERVER_SETTINGS: Final = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 40
jit = off
"""
_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - the folder below gets a name of its own
_ROOM_BYTES: Final = 1024**3
_KEPT_SECONDS: Final = 24 * 3600.0
_SIGNALS: Final = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def throwaway_server(kept: Path) -> Iterator[str]:
    """Run a server with one empty database of the present schema while the block runs.

    Args:
        kept: A folder in which the prepared server is kept between one use and the next.

    Yields:
        The URL of the database.
    """
    with _ended_by_signals():
        _sweep()
        folder = _place() / f"{_PREFIX}{uuid4().hex}"
        with _lock_of(folder).open("w") as held:
            fcntl.flock(held, fcntl.LOCK_EX)
            try:
                folder.mkdir(mode=0o755)
                _set_up(kept, folder / "data")
                server = find_server(folder / "data", cleanup_mode="delete")
                server.start()
                try:
                    yield server.get_uri(database=DATABASE)
                finally:
                    server.cleanup()
            finally:
                _remove(folder)


def empty_database(connection: psycopg.Connection) -> None:
    """Delete all rows, also those of jobs, but the migrations' stamp; count from 1 again."""
    connection.execute(_EMPTY)


# DELETE of a few rows is some twenty times quicker than TRUNCATE, which makes new files.
_EMPTY: Final = """
DO $$
DECLARE name text;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT tablename FROM pg_tables
    WHERE schemaname = 'public' AND tablename <> 'alembic_version'
  LOOP EXECUTE format('DELETE FROM %I', name); END LOOP;
  FOR name IN SELECT sequencename FROM pg_sequences
    WHERE schemaname = 'public' AND last_value IS NOT NULL
  LOOP PERFORM setval(format('%I', name)::regclass, 1, false); END LOOP;
END $$
"""


def _set_up(kept: Path, target: Path) -> None:
    """Copy the stopped server with the present schema, which is made if it is not there yet."""
    kept.mkdir(parents=True, exist_ok=True)
    prepared = kept / _schema_digest()
    with (kept / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not prepared.exists():
            _forget_unused(kept)
            _prepare(kept / "unfinished")
            (kept / "unfinished").rename(prepared)
        os.utime(prepared)
        _copy(prepared, target)


def _forget_unused(kept: Path) -> None:
    """Remove what was begun and not finished, and what nobody has used for long."""
    long_ago = time.time() - _KEPT_SECONDS
    for folder in kept.iterdir():
        if folder.name == "unfinished" or (folder.is_dir() and folder.stat().st_mtime < long_ago):
            shutil.rmtree(folder)


def _prepare(folder: Path) -> None:
    server = find_server(folder, cleanup_mode="stop")
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a") as settings:
        settings.write(_SERVER_SETTINGS)
    server.start()
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {DATABASE}")
        migrate(server.get_uri(database=DATABASE))
    finally:
        server.cleanup()


def _schema_digest() -> str:
    digest = sha256(_SERVER_SETTINGS.encode())
    for file in sorted((ROOT / "migrations").rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:20]


def _place() -> Path:
    """Return the folder for servers: in memory where there is room, as disks make files slowly."""
    if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        return _MEMORY
    return Path(tempfile.gettempdir())


def _copy(source: Path, target: Path) -> None:
    """Copy a server's folder with its owner: a server for root is run by a user of its own."""
    shutil.copytree(source, target)
    if os.geteuid() == 0:
        owner = source.stat()
        for path in (target, *target.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def _sweep() -> None:
    """Remove what a program that was killed left behind.

    Its lock is free. The server that it may have left running ends by itself, within a minute
    of its folder's removal.
    """
    places = {_MEMORY, Path(tempfile.gettempdir())}
    for path in (found for place in places for found in place.glob(f"{_PREFIX}*.lock")):
        if not os.access(path, os.W_OK):
            continue
        with path.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            _remove(path.with_suffix(""))


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    _lock_of(folder).unlink(missing_ok=True)


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.lock")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Let signals that end the program unwind the stack, so that blocks clean up after them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {number: signal.signal(number, _leave) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
