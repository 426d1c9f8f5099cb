"""The program with people and small processes in it, and short ways to act on it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import event, select, text

from processes.jobs.worker import drain
from processes.running.instance_tables import HistoryEntry, ProcessInstance, WorkItem
from processes.tasks.inbox import list_tasks
from services.actors import SYSTEM, Actor
from services.operations import run
from services.people.model import Group, User
from services.platform import Platform
from tests.engine.models import Drawing, extension

FORM_HEAD = {"type": "default", "schemaVersion": 19}
DMN_HEAD = (
    '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="rules" name="rules" '
    'namespace="t">'
)


@dataclass
class World:
    platform: Platform
    people: dict[str, Actor] = field(default_factory=dict)
    groups: dict[str, UUID] = field(default_factory=dict)

    def actor(self, who: Actor | str) -> Actor:
        return self.people[who] if isinstance(who, str) else who

    def ask(self, query: Callable[..., Any], *args: Any, actor: Actor | str = SYSTEM, **kw: Any):
        """Call a query (or anything that takes the unit of work) in its own transaction."""
        return self.platform.transact(self.actor(actor), lambda uow: query(uow, *args, **kw))

    def do(self, operation: str, actor: Actor | str = SYSTEM, **raw: Any) -> Any:
        return self.ask(lambda uow: run(uow, operation, raw), actor=actor)

    def deploy(self, *files: Drawing | tuple[str, str], actor: Actor | str = SYSTEM, note=""):
        return self.do("process.deploy", actor, files=[as_file(one) for one in files], note=note)

    def start(self, key: str, record_id: Any = None, actor: Actor | str = SYSTEM, **variables):
        result = self.do(
            "instance.start", actor, process_key=key, record_id=record_id, variables=variables
        )
        return result["instance_id"]

    def drain(self) -> int:
        return drain(self.platform)

    def tasks(self, actor: Actor | str = SYSTEM, view: str = "all", **settings: Any):
        return self.ask(list_tasks, actor=actor, view=view, **settings).items

    def task(self, name: str, actor: Actor | str = SYSTEM) -> UUID:
        """Return the key of the one open task called `name`."""
        (found,) = [task.id for task in self.tasks(actor) if task.name == name]
        return found

    def complete(self, name: str, actor: Actor | str, **data: Any) -> Any:
        return self.do("task.complete", actor, task_id=self.task(name), data=data)

    def row(self, model: type[Any], key: Any) -> Any:
        with self.platform.session() as session:
            return session.get_one(model, key)

    def rows(self, model: type[Any]) -> list[Any]:
        with self.platform.session() as session:
            order = list(model.__table__.primary_key.columns)
            return list(session.scalars(select(model).order_by(*order)))

    def state(self, instance_id: UUID) -> str:
        return self.row(ProcessInstance, instance_id).state

    def trace(self, instance_id: UUID | None = None) -> list[str | None]:
        """Return the elements in the order of their completion."""
        return [
            row.element_id
            for row in self.rows(HistoryEntry)
            if row.kind == "completed" and instance_id in {None, row.instance_id}
        ]

    def work_item(self, name: str) -> WorkItem:
        (found,) = [row for row in self.rows(WorkItem) if row.name == name]
        return found

    def sql(self, statement: str) -> list[Any]:
        with self.platform.engine.begin() as connection:
            result = connection.execute(text(statement))
            return list(result) if result.returns_rows else []

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """Collect the SQL statements of the block, savepoints included."""
        statements: list[str] = []

        def note(_connection, _cursor, statement, *_rest):
            statements.append(" ".join(statement.split()))

        event.listen(self.platform.engine, "before_cursor_execute", note)
        yield statements
        event.remove(self.platform.engine, "before_cursor_execute", note)


def add_people(world: World) -> None:
    """Anna and Boris sell, Sven serves, Maria leads and sees all, Ada draws, Olga administers."""

    def work(uow):
        for name in ("Sales", "Managers", "Service"):
            world.groups[name] = uow.add(Group(name=name)).id
        for name, groups, roles, scope in (
            ("Anna Berg", ["Sales"], ["employee"], "team"),
            ("Boris Demir", ["Sales"], ["employee"], "team"),
            ("Sven Aydin", ["Service"], ["employee"], "team"),
            ("Maria Holm", ["Managers", "Sales"], ["employee"], "all"),
            ("Ada Moen", [], ["analyst"], "team"),
            ("Olga Nilsen", [], ["administrator"], "all"),
        ):
            short = name.split()[0].lower()
            user = User(
                email=f"{short}@lanewise.example",
                name=name,
                password_hash="-",
                roles=roles,
                scope=scope,
            )
            keys = [world.groups[group] for group in groups]
            user.groups = [uow.session.get_one(Group, key) for key in keys]
            uow.add(user)
            world.people[short] = user.actor()

    world.platform.transact(SYSTEM, work)


def as_file(given: Drawing | tuple[str, str]) -> dict[str, str]:
    if isinstance(given, Drawing):
        return {"name": f"{given.process_id}.bpmn", "content": given.xml().decode()}
    return {"name": given[0], "content": given[1]}


def form(form_id: str, *fields: Mapping[str, Any]) -> tuple[str, str]:
    """Return a form file; a field is a form-js component, a key alone a text field."""
    components = [
        {"id": f"f{number}", "type": "textfield", **one} for number, one in enumerate(fields)
    ]
    schema = {**FORM_HEAD, "id": form_id, "components": components}
    return f"{form_id}.form", json.dumps(schema)


def table(decision_id: str, *rules: tuple[str, str]) -> tuple[str, str]:
    """Return a decision file with a unique-hit table from `amount` to the decision's result."""
    rows = "".join(
        f'<rule id="r{number}"><inputEntry id="i{number}"><text>{test}</text></inputEntry>'
        f'<outputEntry id="o{number}"><text>{value}</text></outputEntry></rule>'
        for number, (test, value) in enumerate(rules)
    )
    xml = (
        f'{DMN_HEAD}<decision id="{decision_id}" name="{decision_id}"><decisionTable id="t">'
        '<input id="in"><inputExpression id="e"><text>amount</text></inputExpression></input>'
        f'<output id="out" name="result"/>{rows}</decisionTable></decision></definitions>'
    )
    return f"{decision_id}.dmn", xml


def about(record: str, **properties: str) -> str:
    """Return the properties of a process that is about a record, to stand before its nodes."""
    named = {"record": record, **properties}
    inner = "".join(f'<zeebe:property name="{k}" value="{v}"/>' for k, v in named.items())
    return extension(f"<zeebe:properties>{inner}</zeebe:properties>")


def with_properties(drawing: Drawing, record: str, **properties: str) -> Drawing:
    drawing.parts.insert(0, about(record, **properties))
    return drawing


def user_task(form_id: str | None = None, **assignment: str) -> str:
    """Return the inside of a user task: its form and who does it."""
    settings = " ".join(f'{name}="{value}"' for name, value in assignment.items())
    named = f'<zeebe:formDefinition formId="{form_id}"/>' if form_id else ""
    who = f"<zeebe:assignmentDefinition {settings}/>" if settings else ""
    return extension(f"{named}{who}")


def one_task(process_id: str = "p", name: str = "Ask", inner: str | None = None) -> Drawing:
    """Return the smallest process with a task, for the group Sales."""
    inside = user_task(candidateGroups="Sales") if inner is None else inner
    drawing = Drawing(process_id, name=f"Process {process_id}")
    return (
        drawing.start().node("userTask", "ask", inside, name=name).end().path("start", "ask", "end")
    )
