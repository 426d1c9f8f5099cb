"""Which elements and flows of a process scenarios have taken."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select

from processes.deploying.definition_tables import ProcessVersion
from processes.deploying.definitions import get_definition
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry
from services.unit_of_work import UnitOfWork


@dataclass
class Coverage:
    """What there is in a process, and what of it was taken.

    An element was taken when a token completed it; one that was only begun was not.
    """

    elements: frozenset[str] = frozenset()
    flows: frozenset[str] = frozenset()
    taken: set[str] = field(default_factory=set)

    @property
    def missing(self) -> list[str]:
        """Elements and flows that no scenario took, by id."""
        return sorted((self.elements | self.flows) - self.taken)

    @property
    def percent(self) -> float:
        """How much was taken; 100 only if all was."""
        every = self.elements | self.flows
        return 100.0 if not self.missing else 100 * len(every & self.taken) / len(every)

    def add(self, uow: UnitOfWork, process: str) -> None:
        """Take into account what happened in this installation."""
        version = select(ProcessVersion.id).where(ProcessVersion.key == process)
        key = uow.session.scalars(version).first()
        if key is None:
            return
        found = get_definition(uow, key).process
        self.elements, self.flows = frozenset(found.nodes), frozenset(found.flows)
        taken = select(HistoryEntry.element_id).where(
            HistoryEntry.process_id == process,
            HistoryEntry.kind.in_([Kind.COMPLETED, Kind.FLOW]),
        )
        self.taken.update(one for one in uow.session.scalars(taken) if one)
