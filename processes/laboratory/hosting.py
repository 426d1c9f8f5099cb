"""What played diagrams find in place of operations, decisions, forms and other diagrams."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from processes.deploying.definitions import Definition, get_definition
from processes.deploying.findings import Finding
from processes.deploying.process_checks import Requirements, Surroundings
from processes.deploying.stock import latest_active
from processes.engine import Binding, Call, Host, ProcessSpec, StepFailed
from processes.engine.process_model import Process
from processes.running.host import InstanceFacts, InstanceHost, InstanceHosts
from services.calendars.stock import StockCalendars
from services.unit_of_work import UnitOfWork

Result = Mapping[str, Any]


class NoRequirements(Requirements):
    """Deploys a diagram without the operations, forms, decisions and rights that it names."""

    def check(
        self,
        process: Process,  # noqa: ARG002 - the interface of requirements
        there: Surroundings,  # noqa: ARG002 - likewise
        file: str | None = None,  # noqa: ARG002 - likewise
    ) -> Iterator[Finding]:
        """Yield nothing: what the engine can execute is played."""
        return iter(())


class PlayedHosts(InstanceHosts):
    """Answers for what is not there.

    Attributes:
        given: Results of tasks that a service or a decision does, by element, the first first.
    """

    def __init__(self) -> None:
        self.given: dict[str, list[Result]] = defaultdict(list)

    def make(self, uow: UnitOfWork, definition: Definition, about: InstanceFacts) -> Host:
        """Return what one step of one instance sees."""
        return _PlayedHost(uow, definition, about, self)

    def take(self, element_id: str) -> Result | None:
        """Return the next result of a task; None if none is given."""
        results = self.given.get(element_id)
        return results.pop(0) if results else None


class _PlayedHost(InstanceHost):
    def __init__(
        self, uow: UnitOfWork, definition: Definition, about: InstanceFacts, hosts: PlayedHosts
    ) -> None:
        super().__init__(uow, definition, about)
        self._hosts = hosts

    def call(self, call: Call) -> Result | None:
        """Return the next result that is given for this task, or an empty one."""
        return self._hosts.take(call.element_id)

    def decide(self, decision_id: str, inputs: Mapping[str, Any]) -> Any:
        """Return the next result that is given for a task with this decision, or null."""
        if decision_id in self._definition.decisions:
            return super().decide(decision_id, inputs)
        for process in self._definition.model.processes.values():
            for node in process.nodes.values():
                if node.work.decision_id == decision_id and self._hosts.given.get(node.id):
                    return self._hosts.take(node.id)
        return None

    def calendars(self) -> StockCalendars:
        """Return the calendars that every installation begins with."""
        return StockCalendars(insists=True)

    def spec_for(
        self,
        process_id: str,
        version: str | None,
        binding: Binding | None = None,  # noqa: ARG002 - there is only one version
    ) -> ProcessSpec:
        """Return a process of the same file, also one whose name is computed."""
        if version is not None or process_id in self._definition.called:
            return super().spec_for(process_id, version)
        found = latest_active(self._uow, process_id)
        if found is None:
            raise StepFailed(f"The file has no process {process_id}.")
        return get_definition(self._uow, found.id).spec
