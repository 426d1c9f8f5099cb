"""People and records that the service tests begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, text

import services.catalogue
from services.actors import SYSTEM, Actor
from services.essentials import seed_essentials
from services.operations import run
from services.people.model import find_user
from services.platform import Platform

PASSWORD = "a long enough phrase"


@dataclass
class Desk:
    """The program with its essentials, and short ways to act on it."""

    platform: Platform
    people: dict[str, Actor] = field(default_factory=dict)

    def do(self, operation: str, actor: Actor | str = SYSTEM, **raw: Any) -> Any:
        """Run one operation in a transaction of its own."""
        return self.platform.transact(
            self.actor(actor), lambda uow: run(uow, operation, raw), source="test"
        )

    def ask(self, query: Callable[..., Any], *args: Any, actor: Actor | str = SYSTEM, **kw: Any):
        return self.platform.transact(self.actor(actor), lambda uow: query(uow, *args, **kw))

    def actor(self, who: Actor | str) -> Actor:
        return self.people[who] if isinstance(who, str) else who

    def add_person(self, name: str, *groups: str, scope: str = "team", roles=("employee",)):
        email = f"{name}@lanewise.example"
        self.do(
            "user.create",
            name=name.capitalize(),
            email=email,
            password=PASSWORD,
            roles=list(roles),
            scope=scope,
            groups=list(groups),
        )
        self.people[name] = self.ask(lambda uow: find_user(uow, email).actor())
        return self.people[name]

    def jobs(self, task: str | None = None) -> list[dict[str, Any]]:
        """Return the deferred jobs' arguments, in order."""
        with self.platform.session() as session:
            rows = session.execute(
                text("SELECT task_name, args FROM procrastinate_jobs ORDER BY id")
            ).all()
        return [row.args for row in rows if task is None or row.task_name == task]

    def events(self) -> list[str]:
        return [args["event"] for args in self.jobs("events.deliver")]

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Collect the SQL statements of the block."""
        statements: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            statements.append(statement)

        event.listen(self.platform.engine, "before_cursor_execute", note)
        yield statements
        event.remove(self.platform.engine, "before_cursor_execute", note)


@pytest.fixture
def desk(platform) -> Desk:
    assert services.catalogue
    platform.transact(SYSTEM, seed_essentials)
    return Desk(platform)


@pytest.fixture
def staff(desk) -> Desk:
    """Anna and Boris sell, Sven serves, Maria leads and sees all, Olga administers."""
    desk.add_person("anna", "Sales", scope="own")
    desk.add_person("boris", "Sales")
    desk.add_person("sven", "Service")
    desk.add_person("maria", "Managers", "Sales", scope="all")
    desk.add_person("olga", roles=("administrator",), scope="all")
    return desk
