"""Decisions, business knowledge models and decision services, and how they need each other.

DMN 1.5, 6.2 (the requirements) and 10.4 (what they mean).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from feel import FeelContext, Function, Run, Value, make_parameter, normalise
from feel.types import Type
from processes.engine.decisions.boxed import Boxed
from processes.engine.decisions.item_types import fit
from processes.engine.decisions.scopes import Hidden, Layer
from processes.engine.errors import ModelError


@dataclass(eq=False)
class Node:
    """An element of a decision requirements graph.

    Attributes:
        id: Its id, or its name where it has none.
        name: Its name.
        variable: The name under which others see its value.
        kind: The type of its value; None if any.
        needs: What it requires: pairs of the name of the import it comes by, empty for the own
            model, and the node.
        hidden: The names of the model's elements, which are visible only where required.
        problem: What it requires and is not there; None if nothing is missing.
    """

    id: str
    name: str
    variable: str
    kind: Type | None
    needs: list[tuple[str, "Node"]] = field(default_factory=list)
    hidden: frozenset[str] = frozenset()
    problem: ModelError | None = None

    def value(self, session: "Session") -> Value:
        """Return the value that others see."""
        raise NotImplementedError


@dataclass(eq=False)
class InputData(Node):
    """A value that is handed in."""

    def value(self, session: "Session") -> Value:
        """Return what was handed in under its name, fitted to its type."""
        place = f"input {self.name!r}"
        if self.variable not in session.inputs:
            return session.run.null(f"{place}: no value was given")
        given = normalise(session.inputs[self.variable])
        return fit(given, self.kind, session.run, place)


@dataclass(eq=False)
class DecisionNode(Node):
    """A decision."""

    boxed: Boxed | None = None

    def value(self, session: "Session") -> Value:
        """Return its result, computed once in a session."""
        return session.once(self)

    def compute(self, session: "Session") -> Value:
        """Compute its result."""
        place = f"decision {self.name!r}"
        if self.boxed is None:
            return session.run.null(f"{place}: there is no expression")
        value = fit(self.boxed(session.scope_of(self), session.run), self.kind, session.run, place)
        if value is None and self.problem:
            # It is null for want of what it requires: say so instead.
            raise self.problem
        return value


@dataclass(eq=False)
class KnowledgeNode(Node):
    """A business knowledge model: a function.

    Attributes:
        boxed: Makes the function; None if it has no logic.
        parameters: The names of its parameters.
    """

    boxed: Boxed | None = None
    parameters: tuple[str, ...] = ()

    def value(self, session: "Session") -> Value:
        """Return the function, computed once in a session."""
        return session.once(self)

    def compute(self, session: "Session") -> Value:
        """Make the function over the knowledge that it requires itself."""
        if self.boxed is None:
            return session.run.null(f"function {self.name!r}: there is no expression")
        # The function sees itself: it may be recursive.
        own: dict[str, Value] = {}
        own[self.variable] = self.boxed(Layer(own, session.scope_of(self)), session.run)
        return own[self.variable]


@dataclass(eq=False)
class ServiceNode(Node):
    """A decision service: a function over its inputs.

    Attributes:
        parameters: Its input data, then its input decisions.
        outputs: Its output decisions.
    """

    parameters: list[Node] = field(default_factory=list)
    outputs: list[DecisionNode] = field(default_factory=list)

    def value(self, session: "Session") -> Value:
        """Return the service as a function."""
        del session

        def call(run: Run, values: list[Value]) -> Value:
            names = (parameter.variable for parameter in self.parameters)
            return self.evaluate(dict(zip(names, values, strict=True)), run)

        slots = tuple(
            make_parameter(parameter.variable, parameter.kind) for parameter in self.parameters
        )
        return Function(slots, call, name=f"service {self.name!r}")

    def evaluate(self, arguments: Mapping[str, Any], run: Run) -> Value:
        """Return its output, or a context of its outputs, for values of its parameters by name."""
        session = Session(arguments, run)
        for parameter in self.parameters:
            if isinstance(parameter, DecisionNode):
                given = normalise(arguments.get(parameter.variable))
                place = f"service {self.name!r}, input {parameter.name!r}"
                session.results[parameter] = fit(given, parameter.kind, run, place)
        if len(self.outputs) == 1:
            result = self.outputs[0].value(session)
        else:
            result = FeelContext(
                (output.variable, output.value(session)) for output in self.outputs
            )
        return fit(result, self.kind, run, f"service {self.name!r}")


class Session:
    """One evaluation of a graph.

    Attributes:
        inputs: The values that were handed in.
        run: The budget, clock and warnings.
        results: The values of the nodes that were computed.
    """

    def __init__(self, inputs: Mapping[str, Any], run: Run) -> None:
        self.inputs = inputs
        self.run = run
        self.results: dict[Node, Value] = {}
        self._groups: dict[str, Session] = {}

    def once(self, node: "DecisionNode | KnowledgeNode") -> Value:
        """Return the value of a node, computing it and what it needs the first time.

        What it needs comes first, so that no chain of decisions is too long for the stack.
        """
        waiting: list[DecisionNode | KnowledgeNode] = [node]
        while waiting:
            current = waiting[-1]
            missing = [
                needed
                for prefix, needed in current.needs
                if not prefix
                and isinstance(needed, DecisionNode | KnowledgeNode)
                and needed not in self.results
            ]
            if missing and current not in self.results:
                waiting += missing
                continue
            waiting.pop()
            if current not in self.results:
                self.run.enter()
                self.results[current] = current.compute(self)
                self.run.leave()
        return self.results[node]

    def scope_of(self, node: Node) -> Mapping[str, Any]:
        """Return what the expression of a node sees.

        That is what it requires and, of what was handed in, all that no input data stands for: an
        input that a node does not require is not visible to it (DMN 1.5, 10.4).
        """
        values: dict[str, Value] = {}
        for prefix, needed in node.needs:
            if prefix:
                imported = values.setdefault(prefix, FeelContext())
                imported[needed.variable] = needed.value(self._session_of(prefix))
            else:
                values[needed.variable] = needed.value(self)
        return Layer(values, Hidden(node.hidden, self.inputs))

    def _session_of(self, prefix: str) -> "Session":
        """Return the evaluation of an imported model.

        Its inputs may be handed in as a group under the name of the import.
        """
        group = self.inputs.get(prefix)
        if not isinstance(group, Mapping):
            return self
        if prefix not in self._groups:
            self._groups[prefix] = Session({**self.inputs, **group}, self.run)
        return self._groups[prefix]
