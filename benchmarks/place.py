"""A throw-away program: an embedded PostgreSQL (fsync on), migrated, with people in it."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select

import processes.catalogue  # noqa: F401 - its import registers the operations
from config import load_settings
from services.actors import SYSTEM, Actor
from services.clock import SystemClock
from services.database import create_database_engine
from services.embedded import start_embedded_server
from services.migrations import migrate
from services.operations import run
from services.people.model import Group, User
from services.platform import Platform
from services.unit_of_work import UnitOfWork

GROUPS = 20
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

EMAIL = "anna@lanewise.example"


@contextmanager
def bench_platform() -> Iterator[Platform]:
    """Give a program on an empty database, which is gone afterwards."""
    with tempfile.TemporaryDirectory(
        prefix="lanewise-bench-", ignore_cleanup_errors=True
    ) as folder:
        url = start_embedded_server(Path(folder))
        migrate(url)
        platform = open_place(url, folder)
        platform.transact(SYSTEM, _add_people)
        try:
            yield platform
        finally:
            platform.close()


def open_place(url: str, folder: str) -> Platform:
    """Open the program of ``bench_platform`` once more, in another process."""
    settings = load_settings(
        {"LANEWISE_ENV": "test", "LANEWISE_INSTANCE": folder, "DATABASE_URL": url}
    )
    return Platform(settings, create_database_engine(url), SystemClock())


def worker_of(platform: Platform) -> Actor:
    """Return the person who works on tasks."""

    def find(uow: UnitOfWork) -> Actor:
        return uow.session.scalars(select(User).where(User.email == EMAIL)).one().actor()

    return platform.transact(SYSTEM, find)


def do(platform: Platform, actor: Actor, operation: str, raw: Mapping[str, Any]) -> Any:
    """Run one operation in a transaction of its own."""
    return platform.transact(actor, lambda uow: run(uow, operation, raw))


def deploy(platform: Platform, files: Sequence[tuple[str, str]]) -> Any:
    """Deploy files given as name and content."""
    given = [{"name": name, "content": content} for name, content in files]
    return do(platform, SYSTEM, "process.deploy", {"files": given})


def _add_people(uow: UnitOfWork) -> None:
    groups = [Group(name="Sales"), *(Group(name=f"Group {number}") for number in range(GROUPS))]
    for group in groups:
        uow.add(group)
    user = User(
        email=EMAIL,
        name="Anna Berg",
        password_hash="-",  # noqa: S106 - nobody signs in with it
        roles=["employee"],
        scope="team",
    )
    user.groups = groups[:3]
    uow.add(user)
