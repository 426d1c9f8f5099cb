"""People and records that the service tests begin with."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import event, select, text

import services.catalogue
from processes.jobs.draining import drain
from services.actors import SYSTEM, Actor
from services.crm.contact_model import Contact
from services.essentials import seed_essentials
from services.importing.imports import get_import
from services.importing.model import Import, ImportChunk, unpack
from services.operations import run
from services.people.model import find_user
from services.platform import Platform
from tests.beginnings import begin_with

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
    begin_with(platform, "desk", lambda: platform.transact(SYSTEM, seed_essentials))
    return Desk(platform)


@pytest.fixture
def staff(desk) -> Desk:
    """Anna and Boris sell, Sven serves, Maria leads and sees all, Olga administers."""
    desk.people |= begin_with(desk.platform, "staff", lambda: _hire(desk))
    return desk


def _hire(desk: Desk) -> dict[str, Actor]:
    desk.add_person("anna", "Sales", scope="own")
    desk.add_person("boris", "Sales")
    desk.add_person("sven", "Service")
    desk.add_person("maria", "Managers", "Sales", scope="all")
    desk.add_person("olga", roles=("administrator",), scope="all")
    return dict(desk.people)


@pytest.fixture
def define(desk):
    """Add a field to deals, and return how it is presented."""

    def add(kind="text", label="Extra", record_type="deal", **raw):
        return desk.do(
            "custom_field.create", record_type=record_type, label=label, kind=kind, **raw
        )

    return add


@pytest.fixture
def importing(staff):
    """Import texts as Olga, who may."""
    return Importing(staff)


class Importing:
    """Short ways through an import."""

    def __init__(self, desk) -> None:
        self.desk = desk

    def upload(self, content: str | bytes, record_type="contact", name="people.csv") -> Import:
        raw = content.encode() if isinstance(content, str) else content
        made = self.desk.do(
            "import.create",
            "olga",
            record_type=record_type,
            file_name=name,
            content=base64.b64encode(raw).decode(),
        )
        drain(self.desk.platform)
        return self.desk.ask(get_import, made["import_id"], actor="olga")

    def see(self, one: Import) -> Import:
        return self.desk.ask(get_import, one.id, actor="olga")

    def check(self, one: Import, **plan: Any) -> Import:
        self.desk.do("import.check", "olga", import_id=str(one.id), **plan)
        drain(self.desk.platform)
        return self.see(one)

    def go(self, one: Import, operation="run") -> Import:
        self.desk.do(f"import.{operation}", "olga", import_id=str(one.id))
        drain(self.desk.platform)
        return self.see(one)

    def whole(self, content: str | bytes, record_type="contact", **plan: Any) -> Import:
        one = self.upload(content, record_type)
        assert one.stage == "mapping", one.problem
        self.check(one, **plan)
        return self.go(one)

    def rows(self, one: Import, kind="done") -> list[Any]:
        with self.desk.platform.session() as session:
            chunks = session.scalars(
                select(ImportChunk)
                .where(ImportChunk.import_id == one.id)
                .order_by(ImportChunk.position)
            )
            return [row for chunk in chunks for row in unpack(getattr(chunk, kind))]

    def all(self, model=Contact) -> list[Any]:
        with self.desk.platform.session() as session:
            return list(
                session.scalars(
                    select(model).where(model.deleted_at.is_(None)).order_by(model.name)
                )
            )
