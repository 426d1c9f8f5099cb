"""What a scenario expects, held against what is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import select

from processes.laboratory.scenarios.acting import Acting
from processes.laboratory.scenarios.reading import Section
from processes.laboratory.scenarios.values import Difference, UnclearError, differences, plain
from processes.laboratory.values import simple_all
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, Incident, ProcessInstance
from processes.running.runtime import look_at
from processes.tasks.inbox import list_tasks, task_form
from processes.tasks.items import TaskItem
from services.records.timeline import timeline_of
from services.records.types import get_record, present_record
from services.unit_of_work import UnitOfWork


class Expecting:
    """Looks at an installation for what a scenario expects of it."""

    def __init__(self, acting: Acting, process: str) -> None:
        self._acting = acting
        self._process = process

    def differences(self, expected: Section) -> list[Difference]:
        """Return everything that is not as expected.

        Raises:
            UnclearError: An expectation can't be understood.
        """
        return [
            found
            for name, value in expected.items()
            for found in _EXPECTATIONS[name](self, self._acting.meant(value))
        ]

    def unexpected_incidents(self) -> list[Difference]:
        """Return the incidents that there are though none are expected."""
        found = self._acting.ask(self._incidents)
        return [Difference("incidents", [], found)] if found else []

    def path(self, expected: list[Any]) -> list[Difference]:
        """Compare the elements in the order of their completion."""
        actual = self._acting.ask(self._path)
        if expected == actual:
            return []
        pairs = zip(expected, actual, strict=False)
        shared = len(min(expected, actual, key=len))
        place = next((n for n, (one, other) in enumerate(pairs) if one != other), shared)
        after = f" after {expected[place - 1]}" if place else ""
        wanted, found = (path[place : place + 4] or None for path in (expected, actual))
        return [Difference(f"path at step {place + 1}{after}", wanted, found)]

    def tasks(self, expected: list[Any]) -> list[Difference]:
        """Compare the open tasks, in any order."""
        open_tasks = self._acting.ask(
            lambda uow: list_tasks(uow, view="all", sort="created", limit=200).items
        )
        left, found = list(open_tasks), []
        for one in expected:
            wanted = one if isinstance(one, Mapping) else {"task": one}
            task = next((t for t in left if wanted.get("task") in {t.element_id, t.name}), None)
            if task is None:
                found.append(Difference("tasks", wanted.get("task"), _names_of(open_tasks)))
            else:
                left.remove(task)
                found += self._differences_of_task(task, wanted)
        return found + [Difference("tasks", None, task.element_id) for task in left]

    def variables(self, expected: Mapping[str, Any]) -> list[Difference]:
        """Compare variables of the process."""
        return differences("variables", expected, self._acting.ask(self._variables))

    def record(self, expected: Mapping[str, Any]) -> list[Difference]:
        """Compare fields of the record that the scenario is about."""
        return self._differences_of_record("record", *self._about(), expected)

    def records(self, expected: list[Any]) -> list[Difference]:
        """Compare fields of other records."""
        found = []
        for one in expected:
            if not isinstance(one, Mapping) or not {"type", "id", "fields"} == one.keys():
                raise UnclearError("Of each of records, say type, id and fields.")
            key = UUID(str(one["id"]))
            found += self._differences_of_record(one["type"], one["type"], key, one["fields"])
        return found

    def timeline(self, expected: list[Any]) -> list[Difference]:
        """Look for what is told on the record's page."""
        record_type, key = self._about()
        entries = self._acting.ask(lambda uow: timeline_of(uow, record_type, key))
        told = [one.body or one.title for one in entries]
        return [Difference("timeline", one, told) for one in expected if one not in told]

    def mails(self, expected: list[Any]) -> list[Difference]:
        """Compare the mails that were sent, in their order."""
        mails = self._acting.office.mails
        if len(expected) != len(mails):
            wanted = [one["to"] if isinstance(one, Mapping) else one for one in expected]
            shown = [f"{mail['To']}: {mail['Subject']}" for mail in mails]
            return [Difference("mails", wanted, shown)]
        return [
            found
            for number, (one, mail) in enumerate(zip(expected, mails, strict=True), 1)
            for found in _differences_of_mail(f"mail {number}", one, mail)
        ]

    def status(self, expected: Any) -> list[Difference]:
        """Compare how the process is."""
        return differences("status", expected, self._acting.ask(self._states).get(self._process))

    def processes(self, expected: Mapping[str, Any]) -> list[Difference]:
        """Compare how processes are, each in its newest instance."""
        return differences("processes", expected, self._acting.ask(self._states))

    def incidents(self, expected: list[Any]) -> list[Difference]:
        """Compare the elements at which incidents are open."""
        return differences("incidents", expected, self._acting.ask(self._incidents))

    def _about(self) -> tuple[str, UUID]:
        if self._acting.record is None:
            raise UnclearError("The scenario is about no record.")
        return self._acting.record

    # What is there -----------------------------------------------------------------------------

    def _instance(self, uow: UnitOfWork) -> ProcessInstance:
        statement = select(ProcessInstance).where(ProcessInstance.process_key == self._process)
        if self._acting.record is not None:
            statement = statement.where(ProcessInstance.record_id == self._acting.record[1])
        found = uow.session.scalars(statement.order_by(ProcessInstance.id)).first()
        if found is None:
            raise UnclearError(f"No process {self._process} has begun.")
        return found

    def _path(self, uow: UnitOfWork) -> list[str | None]:
        statement = (
            select(HistoryEntry.element_id)
            .where(HistoryEntry.instance_id == self._instance(uow).id)
            .where(HistoryEntry.kind == Kind.COMPLETED)
            .order_by(HistoryEntry.id)
        )
        return list(uow.session.scalars(statement))

    def _variables(self, uow: UnitOfWork) -> dict[str, Any]:
        return simple_all(look_at(uow, self._instance(uow)).variables)

    def _states(self, uow: UnitOfWork) -> dict[str, str]:
        rows = uow.session.scalars(select(ProcessInstance).order_by(ProcessInstance.id))
        return {row.process_key: row.state for row in rows}

    def _incidents(self, uow: UnitOfWork) -> list[str]:
        statement = select(Incident).where(Incident.resolved_at.is_(None)).order_by(Incident.id)
        found = [one.element_id or one.message for one in uow.session.scalars(statement)]
        return found + [element for element, _ in self._acting.play.failures]

    def _differences_of_task(self, task: TaskItem, wanted: Mapping[str, Any]) -> list[Difference]:
        actual = {
            "task": wanted["task"],
            "name": task.name,
            "assignee": task.assignee_name,
            "groups": list(task.candidate_groups),
            "due_at": plain(task.due_at),
            "priority": task.priority,
        }
        if "form" in wanted:
            actor = self._acting.actor(wanted.get("as", "system"))
            actual["form"] = plain(self._acting.ask(lambda uow: task_form(uow, task), actor).data)
        seen = {name: value for name, value in wanted.items() if name != "as"}
        return differences(f"task {wanted['task']}", seen, actual)

    def _differences_of_record(
        self, place: str, record_type: str, key: UUID, expected: Mapping[str, Any]
    ) -> list[Difference]:
        def fields(uow: UnitOfWork) -> Any:
            return plain(present_record(get_record(uow, record_type, key)))

        return differences(place, expected, self._acting.ask(fields))


_EXPECTATIONS: dict[str, Callable[[Expecting, Any], list[Difference]]] = {
    "path": Expecting.path,
    "tasks": Expecting.tasks,
    "variables": Expecting.variables,
    "record": Expecting.record,
    "records": Expecting.records,
    "timeline": Expecting.timeline,
    "mails": Expecting.mails,
    "status": Expecting.status,
    "processes": Expecting.processes,
    "incidents": Expecting.incidents,
}


def _names_of(tasks: Sequence[TaskItem]) -> list[str]:
    return [task.element_id for task in tasks]


def _differences_of_mail(place: str, expected: Any, mail: EmailMessage) -> list[Difference]:
    """Compare one mail: the address as a whole, subject and text by what stands in them."""
    wanted = expected if isinstance(expected, Mapping) else {"to": expected}
    body = mail.get_body(("plain",))
    actual = {
        "to": str(mail["To"]),
        "subject": str(mail["Subject"]),
        "text": body.get_content() if body else "",
        "attachments": [part.get_content_type() for part in mail.iter_attachments()],
    }
    unknown = ", ".join(wanted.keys() - actual.keys())
    if unknown:
        raise UnclearError(f"Of a mail, {unknown} can't be expected.")
    for name in ("subject", "text"):
        if name in wanted and str(wanted[name]) in actual[name]:
            actual[name] = wanted[name]
    return differences(place, wanted, actual)
