"""Decision models: read once, evaluated any number of times."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from feel import Calendars, FeelLimitError, Run, Value, invoke, normalise
from processes.engine.decisions.graph import (
    DecisionNode,
    InputData,
    KnowledgeNode,
    Node,
    ServiceNode,
    Session,
)
from processes.engine.decisions.item_types import TypeTable
from processes.engine.errors import ModelError


class Invocable(Enum):
    """What of a model can be evaluated."""

    DECISION = "decision"
    SERVICE = "decisionService"
    KNOWLEDGE = "bkm"


_CLASSES: dict[Invocable, type[Node]] = {
    Invocable.DECISION: DecisionNode,
    Invocable.SERVICE: ServiceNode,
    Invocable.KNOWLEDGE: KnowledgeNode,
}


@dataclass(frozen=True)
class DecisionInfo:
    """A decision or decision service, for lists and editors.

    Attributes:
        id: Its id.
        name: Its name.
        inputs: The names of the values that it needs from outside, directly or through others.
        is_service: Whether it is a decision service.
    """

    id: str
    name: str
    inputs: tuple[str, ...]
    is_service: bool = False


class DecisionModel:
    """A model of decisions.

    Attributes:
        name: Its name.
        namespace: Its namespace, by which other models import it.
        problems: What is wrong with it; empty unless it was read leniently.
        nodes: Its elements by id.
        types: The types that it defines.
    """

    def __init__(
        self,
        name: str,
        namespace: str,
        nodes: dict[str, Node],
        types: TypeTable,
        problems: list[ModelError],
    ) -> None:
        self.name = name
        self.namespace = namespace
        self.problems = problems
        self.types = types
        self.nodes = nodes

    @property
    def decisions(self) -> list[DecisionInfo]:
        """The decisions and decision services in the order of the file."""
        return [
            DecisionInfo(node.id, node.name, _inputs_of(node), isinstance(node, ServiceNode))
            for node in self.nodes.values()
            if isinstance(node, DecisionNode | ServiceNode)
        ]

    def evaluate(
        self,
        decision: str,
        inputs: Mapping[str, Any],
        now: datetime | None = None,
        calendars: Calendars | None = None,
    ) -> Value:
        """Evaluate a decision, or a decision service with its inputs by name.

        Args:
            decision: Its id or its name.
            inputs: The values of input data by name. Values that no input data of the model stands
                for are visible to all expressions.
            now: The aware time that `now()` and `today()` answer with.
            calendars: Where functions of working time find their calendars.

        Returns:
            The result; null where the language says so (`explain` tells why).

        Raises:
            ModelError: There is no such decision, or its model was read leniently and what is
                wrong with it is needed.
            FeelLimitError: It takes too long, goes too deep or makes too large a value.
        """
        return self._run(decision, inputs, Run(now, calendars=calendars))

    def explain(
        self,
        decision: str,
        inputs: Mapping[str, Any],
        now: datetime | None = None,
        calendars: Calendars | None = None,
    ) -> tuple[Value, list[str]]:
        """Evaluate a decision and say why anything in it became null, each with its place.

        Arguments and errors as for `evaluate`.
        """
        run = Run(now, explain=True, calendars=calendars)
        value = self._run(decision, inputs, run)
        return value, run.warnings or []

    def invoke(
        self,
        name: str,
        inputs: Mapping[str, Any],
        now: datetime | None = None,
        *,
        calendars: Calendars | None = None,
        prefer: Invocable = Invocable.SERVICE,
    ) -> Value:
        """Call a decision service or business knowledge model with arguments by name.

        Other arguments and errors as for `evaluate`.

        Args:
            name: Its name or id.
            inputs: The arguments; what is missing is null.
            now: As for `evaluate`.
            calendars: As for `evaluate`.
            prefer: Which is meant where several kinds have the name.
        """
        return self._run(name, inputs, Run(now, calendars=calendars), prefer)

    def _run(
        self,
        name: str,
        inputs: Mapping[str, Any],
        run: Run,
        prefer: Invocable = Invocable.DECISION,
    ) -> Value:
        node = self._find(name, prefer)
        session = Session(inputs, run)
        try:
            if isinstance(node, ServiceNode):
                return node.evaluate(inputs, run)
            value = node.value(session)
            if isinstance(node, KnowledgeNode):
                names = [slot.name for slot in value.parameters]
                arguments = {name: normalise(inputs.get(name)) for name in names}
                return invoke(value, run, arguments, f"function {node.name!r}")
        except RecursionError as problem:
            raise FeelLimitError("The evaluation goes too deep.") from problem
        return value

    def _find(self, name: str, prefer: Invocable) -> Node:
        wanted = " ".join(name.split())
        kinds = [prefer, *(kind for kind in Invocable if kind is not prefer)]
        for kind in kinds:
            for node in self.nodes.values():
                if isinstance(node, _CLASSES[kind]) and wanted in {node.id, node.name}:
                    return node
        raise ModelError(f"There is no decision {name[:200]!r} in the model {self.name!r}.")


def _inputs_of(node: Node) -> tuple[str, ...]:
    if isinstance(node, ServiceNode):
        return tuple(parameter.variable for parameter in node.parameters)
    found: dict[str, None] = {}
    seen: set[Node] = set()
    waiting = list(node.needs)
    while waiting:
        _, needed = waiting.pop(0)
        if needed in seen:
            continue
        seen.add(needed)
        if isinstance(needed, InputData):
            found[needed.variable] = None
        waiting += needed.needs
    return tuple(found)
