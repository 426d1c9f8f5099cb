"""A process ready to run: the elements as SpiffWorkflow's specs, shared by all its instances."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from SpiffWorkflow.specs import WorkflowSpec

from processes.engine.errors import EngineError
from processes.engine.model import Node
from processes.engine.process_model import Process
from processes.engine.tokens import TRIGGERED, Token

if TYPE_CHECKING:
    from processes.engine.elements.base import Element
    from processes.engine.elements.compensation import Undoing
    from processes.engine.elements.scopes import ProcessRoot


class ProcessSpec(WorkflowSpec):  # type: ignore[misc]  # SpiffWorkflow has no types
    """A compiled process: to be cached, shared by all instances and threads, never changed.

    Attributes:
        process: The process as it stands in the file.
        process_id: Its id.
        version: What tells its versions apart, as the layer above named it.
        root: The element that stands for the whole process.
        none_starts: Where it begins when it is started by hand or called; empty if it can't be.
        undoing: The element of tokens that compensate.
    """

    root: ProcessRoot
    none_starts: tuple[Element, ...]
    undoing: Undoing
    task_specs: Mapping[str, Element]

    def __init__(self, process: Process, version: str) -> None:
        super().__init__(name=process.id)
        self.process = process
        self.process_id = process.id
        self.version = version
        self.none_starts = ()

    def element(self, name: str) -> Element:
        """Return an element by its id.

        Raises:
            KeyError: There is none.
        """
        return self.task_specs[name]

    def begin(self, start_event: str | None, root: Token, result: Mapping[str, Any]) -> None:
        """Put the first tokens into a new instance.

        Args:
            start_event: See `start_element`.
            root: The token of the process.
            result: What the event brings.

        Raises:
            EngineError: See `start_element`.
        """
        begin = self.start_element(start_event)
        if begin in self.none_starts and self.process.implicit_starts:
            for element in self.none_starts:
                root.workflow.arrive(element, root)
            return
        gateway = self.process.openers.get(begin.name)
        if begin.whole is not begin and begin.whole.needs_all:
            whole: Any = begin.whole
            whole.open_by(root, begin, result)
        elif gateway is None:
            root.workflow.begin_at(begin, root, result, TRIGGERED)
        else:
            opener: Any = self.element(gateway)
            opener.open_by(root, begin, result)

    def start_element(self, start_event: str | None) -> Element:
        """Return the start event to begin at.

        Args:
            start_event: Its id; None for the one without a trigger, or the only one there is.

        Raises:
            EngineError: There is none, or several to choose from.
        """
        starts = {start.id: start for start in self.process.start_events}
        if start_event is not None:
            if start_event not in starts:
                raise EngineError(f"The process {self.name} has no start event {start_event}.")
            return self.element(start_event)
        if self.none_starts:
            return self.none_starts[0]
        if len(starts) == 1:
            return self.element(next(iter(starts)))
        raise EngineError(f"The process {self.name} has several start events: name one.")

    def freeze(self) -> None:
        """Let no element be added any more."""
        self.task_specs = MappingProxyType(self.task_specs)

    def __repr__(self) -> str:
        return f"ProcessSpec({self.process_id!r}, version={self.version!r})"


def root_node(process: Process) -> Node:
    """Return the node that stands for a whole process."""
    return Node(id=process.id, name=process.name, type="process", process_id=process.id)
