"""The installations that scenarios run on: people, deployed files, a mail server and a clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from email.message import EmailMessage
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import make_url

from config import Settings
from processes.deploying.definitions import Definitions
from processes.deploying.shipped import deploy_folder
from processes.laboratory.place import kept_servers
from processes.laboratory.scenarios.reading import Person, ScenarioFile
from services.actors import SYSTEM, Actor
from services.clock import VirtualClock
from services.database import create_database_engine
from services.essentials import seed_essentials
from services.mail.loopback import LoopbackMail
from services.people.model import User, find_group
from services.platform import Platform
from services.throwaway import throwaway_server
from services.unit_of_work import UnitOfWork

Setting = tuple[tuple[Path, ...], tuple[Person, ...]]


@dataclass(frozen=True)
class Office:
    """An installation for one scenario.

    Attributes:
        people: By their short names.
        earlier_mails: How many mails the server had taken before.
    """

    platform: Platform
    clock: VirtualClock
    people: dict[str, Actor]
    post: LoopbackMail
    earlier_mails: int

    @property
    def mails(self) -> list[EmailMessage]:
        """What the mail server took in this scenario, oldest first."""
        return self.post.messages[self.earlier_mails :]


@dataclass(frozen=True)
class _Prepared:
    """A database with everything in it that scenarios begin with, to be copied."""

    database: str
    people: dict[str, Actor]
    definitions: Definitions


class Offices:
    """Makes installations, each a copy of one that was set up before."""

    def __init__(self, settings: Settings, url: str, post: LoopbackMail) -> None:
        self._settings = replace(settings, timezone=ZoneInfo("UTC"), smtp_url=post.url)
        self._url = make_url(url)
        self._post = post
        self._prepared: dict[Setting, _Prepared] = {}
        self._numbers = count(1)
        admin = self._url.set(database="postgres").render_as_string(hide_password=False)
        self._server = psycopg.connect(admin, autocommit=True)

    @contextmanager
    def open(self, file: ScenarioFile) -> Iterator[Office]:
        """Set up an installation for one scenario of a file.

        Raises:
            ModelRejected: What the file deploys can't be.
        """
        setting = (tuple(path.resolve() for path in file.deploy), file.people)
        prepared = self._prepared.get(setting)
        if prepared is None:
            prepared = self._prepared[setting] = self._prepare(file)
        clock = VirtualClock(file.starts_at)
        database = self._copy_of(prepared.database)
        platform = self._platform(database, clock)
        platform.put_part(Definitions, prepared.definitions)
        try:
            yield Office(platform, clock, prepared.people, self._post, len(self._post.messages))
        finally:
            platform.close()
            self._server.execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def close(self) -> None:
        """Give the database connection back."""
        self._server.close()

    def _prepare(self, file: ScenarioFile) -> _Prepared:
        database = self._copy_of(str(self._url.database))
        platform = self._platform(database, VirtualClock(file.starts_at))
        try:
            people = platform.transact(SYSTEM, lambda uow: _add_people(uow, file.people))
            platform.transact(SYSTEM, lambda uow: deploy_folder(uow, file.deploy, "Scenarios"))
        finally:
            platform.close()
        return _Prepared(database, people, platform.part(Definitions))

    def _platform(self, database: str, clock: VirtualClock) -> Platform:
        url = self._url.set(database=database).render_as_string(hide_password=False)
        settings = replace(self._settings, database_url=url)
        return Platform(settings, create_database_engine(url), clock)

    def _copy_of(self, database: str) -> str:
        name = f"office_{next(self._numbers)}"
        self._server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{database}"')
        return name


@contextmanager
def open_offices(settings: Settings) -> Iterator[Offices]:
    """Run a database and a mail server for installations while the block runs."""
    with ExitStack() as stack:
        url = stack.enter_context(throwaway_server(kept_servers(settings)))
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="lanewise-mail-")))
        post = stack.enter_context(LoopbackMail(folder))
        offices = Offices(settings, url, post)
        stack.callback(offices.close)
        yield offices


def _add_people(uow: UnitOfWork, people: tuple[Person, ...]) -> dict[str, Actor]:
    seed_essentials(uow)
    found = {}
    for person in people:
        user = User(
            email=f"{person.short}@lanewise.example",
            name=person.name,
            password_hash="-",  # noqa: S106 - nobody signs in
            roles=[person.role],
            scope=person.scope,
        )
        groups = (find_group(uow, name) for name in person.groups)
        user.groups = [group for group in groups if group is not None]
        found[person.short] = uow.add(user).actor()
    return found
