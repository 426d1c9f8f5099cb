"""What happens in a scenario: its record is made, and its steps are done as people do them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy import select

from processes.deploying.definition_tables import ProcessVersion
from processes.deploying.definitions import get_definition
from processes.laboratory.budget import Budget
from processes.laboratory.playing import Play
from processes.laboratory.scenarios.office import Office
from processes.laboratory.scenarios.reading import Scenario, Section, Step
from processes.laboratory.scenarios.values import UnclearError, meant, plain
from processes.running.instance_tables import ProcessInstance
from processes.tasks.inbox import list_tasks
from services.actors import PUBLIC, SYSTEM, Actor
from services.errors import Invalid, LanewiseError
from services.operations import run
from services.people.model import Group
from services.records.types import get_record, get_record_type, present_record
from services.unit_of_work import UnitOfWork

MAX_JOBS = 10_000
MAX_SECONDS = 60.0

_EVERYBODY = {"system": SYSTEM, "public": PUBLIC}


class Acting:
    """Does what a scenario says in an installation of its own.

    Attributes:
        record: Type and key of the record that it is about; None for none.
    """

    def __init__(self, office: Office, scenario: Scenario, process: str) -> None:
        self.office = office
        self.record: tuple[str, UUID] | None = None
        self.play = Play(office.platform, office.clock, Budget(MAX_JOBS, MAX_SECONDS))
        self._scenario = scenario
        self._process = process
        self._saved: dict[str, tuple[str, UUID]] = {}
        self._others: dict[str, Any] = {}

    def begin(self) -> None:
        """Make the record, and start the process if it did not begin by itself.

        Raises:
            LanewiseError: An operation is refused.
            UnclearError: The process can't begin with what is given.
        """
        section, variables = self._scenario.record, self.meant(self._scenario.variables)
        if section is not None:
            self._make_record(section)
        if self.ask(self._has_begun):
            if variables:
                raise UnclearError("The process begins by itself, so without given variables.")
        elif self.ask(self._begins_by_hand):
            self._start(self._process, variables, SYSTEM)
        self.play.settle()

    def do(self, step: Step) -> None:
        """Do one step and all that follows from it.

        Raises:
            LanewiseError: It is refused though the scenario does not say so.
            UnclearError: It can't be done, or is not refused though the scenario says so.
        """
        refused = step.values.get("refused")
        try:
            _STEPS[step.kind](self, step.values)
        except LanewiseError as problem:
            if refused is None or refused not in {problem.code, problem.message}:
                raise
        else:
            if refused is not None:
                raise UnclearError(f"This was expected to be refused: {refused}")
        self.play.settle()

    def ask(self, query: Callable[[UnitOfWork], Any], actor: Actor = SYSTEM) -> Any:
        """Return what a query finds, in a transaction of its own."""
        return self.office.platform.transact(actor, query)

    def meant(self, value: Any) -> Any:
        """Return what a value of the file means now."""
        return meant(value, self.names(), self.office.clock.now())

    def names(self) -> dict[str, Any]:
        """Return what expressions of the file find: records, people, groups, saved results."""
        found: dict[str, Any] = self.ask(self._names)
        return found

    def actor(self, name: Any) -> Actor:
        """Return who acts.

        Raises:
            UnclearError: There is nobody of this name.
        """
        found = self.office.people.get(str(name)) or _EVERYBODY.get(str(name))
        if found is None:
            known = ", ".join([*self.office.people, *_EVERYBODY])
            raise UnclearError(f"There is nobody called {name}; there are {known}.")
        return found

    # Steps -------------------------------------------------------------------------------------

    def complete(self, values: Mapping[str, Any]) -> None:
        """Complete the oldest open task of this element or name."""
        name, who = values["complete"], values.get("as")
        if who is None:
            raise UnclearError("Say with `as` who completes the task.")
        actor = self.actor(who)
        tasks = self.ask(lambda uow: list_tasks(uow, view="all", sort="created", limit=200).items)
        found = next((task.id for task in tasks if name in {task.element_id, task.name}), None)
        if found is None:
            there = ", ".join(task.element_id for task in tasks) or "none"
            raise UnclearError(f"No task {name} is open; open are: {there}.")
        raw = {"task_id": str(found), "data": self.meant(values.get("with") or {})}
        self.ask(lambda uow: run(uow, "task.complete", raw), actor)

    def advance(self, values: Mapping[str, Any]) -> None:
        """Let time pass."""
        self.play.advance(values["advance"])

    def message(self, values: Mapping[str, Any]) -> None:
        """Send a message to the process."""
        keys = self.meant(values.get("correlation") or {})
        self._send("message.correlate", values, {"name": values["message"], "keys": keys})

    def signal(self, values: Mapping[str, Any]) -> None:
        """Broadcast a signal."""
        self._send("signal.broadcast", values, {"name": values["signal"]})

    def start(self, values: Mapping[str, Any]) -> None:
        """Start a process by hand."""
        actor = self.actor(values.get("as", "system"))
        self._start(values["start"], self.meant(values.get("variables") or {}), actor)

    def operation(self, values: Mapping[str, Any]) -> None:
        """Do an operation."""
        raw = self.meant(values.get("with") or {})
        actor = self.actor(values.get("as", "system"))
        result = self.ask(lambda uow: run(uow, values["do"], raw), actor)
        if name := values.get("save"):
            self._save(name, result)

    def mail(self, values: Mapping[str, Any]) -> None:
        """Take in a mail from outside, perhaps an answer to one of ours."""
        given = self.meant(values["mail"])
        mail = EmailMessage()
        mail["From"], mail["Subject"] = given.get("from", ""), given.get("subject", "")
        mail["To"] = "crm@lanewise.example"
        mail["Message-ID"] = f"<{self.play.spent}.{len(self.office.mails)}@scenario.example>"
        if given.get("answers"):
            ours = [one for one in self.office.mails if given["from"] in one["To"]]
            if not ours:
                raise UnclearError(f"No mail was sent to {given['from']} that could be answered.")
            mail["In-Reply-To"] = ours[-1]["Message-ID"]
        mail.set_content(given.get("text", ""))
        self.ask(lambda uow: run(uow, "mail.receive", {"raw": mail.as_bytes()}))

    # How it is done ----------------------------------------------------------------------------

    def _make_record(self, section: Section) -> None:
        record_type = section["type"]
        name = section.get("by", f"{record_type}.create")
        raw = self.meant(section.get("with") or {})
        actor = self.actor(section.get("as", "system"))
        self.ask(lambda uow: run(uow, name, raw), actor)
        model = get_record_type(record_type).model
        newest = select(model.id).order_by(model.id.desc()).limit(1)
        self.record = (record_type, self.ask(lambda uow: uow.session.scalars(newest).one()))
        self.play.settle()

    def _has_begun(self, uow: UnitOfWork) -> bool:
        statement = select(ProcessInstance.id).where(ProcessInstance.process_key == self._process)
        return uow.session.scalars(statement).first() is not None

    def _begins_by_hand(self, uow: UnitOfWork) -> bool:
        statement = select(ProcessVersion.id).where(ProcessVersion.key == self._process)
        version = uow.session.scalars(statement).first()
        if version is None:
            raise UnclearError(f"No process {self._process} is deployed.")
        events = get_definition(uow, version).process.start_events
        return any(event.kind == "none" for event in events)

    def _start(self, process: str, variables: Mapping[str, Any], actor: Actor) -> None:
        raw: dict[str, Any] = {"process_key": process, "variables": dict(variables)}
        if self.record is not None and self.ask(lambda uow: _record_type(uow, process)):
            raw["record_id"] = str(self.record[1])
        self.ask(lambda uow: run(uow, "instance.start", raw), actor)

    def _send(self, operation: str, values: Mapping[str, Any], raw: dict[str, Any]) -> None:
        raw["payload"] = self.meant(values.get("payload") or {})
        if self.record is not None:
            raw["record_type"], raw["record_id"] = self.record[0], str(self.record[1])
        self.ask(lambda uow: run(uow, operation, raw))

    def _save(self, name: str, result: Any) -> None:
        if record_type := getattr(result, "record_type", None):
            self._saved[name] = (record_type, result.id)
        else:
            self._others[name] = plain(result)

    def _names(self, uow: UnitOfWork) -> dict[str, Any]:
        names: dict[str, Any] = {
            "people": {
                short: {"id": str(one.user_id), "name": one.name}
                for short, one in self.office.people.items()
            },
            "groups": {group.name: str(group.id) for group in uow.session.scalars(select(Group))},
            **self._others,
        }
        if self.record is not None:
            names["record"] = names[self.record[0]] = _fields(uow, *self.record)
        return names | {name: _fields(uow, *found) for name, found in self._saved.items()}


def _record_type(uow: UnitOfWork, process: str) -> str | None:
    statement = select(ProcessVersion.record_type).where(ProcessVersion.key == process)
    return uow.session.scalars(statement).first()


def _fields(uow: UnitOfWork, record_type: str, key: UUID) -> dict[str, Any]:
    found: dict[str, Any] = plain(present_record(get_record(uow, record_type, key)))
    return found


_STEPS: dict[str, Callable[[Acting, Mapping[str, Any]], None]] = {
    "complete": Acting.complete,
    "advance": Acting.advance,
    "message": Acting.message,
    "signal": Acting.signal,
    "start": Acting.start,
    "do": Acting.operation,
    "mail": Acting.mail,
}


def refusal(problem: Exception) -> str:
    """Return what a refused step is told as."""
    if isinstance(problem, Invalid) and problem.fields:
        fields = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in problem.fields.items())
        return f"{problem.message} {fields}"
    return str(problem)
