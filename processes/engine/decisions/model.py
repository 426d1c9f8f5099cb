"""Decision models: read once, evaluated any number of times."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from feel import Calendars, FeelLimitError, Run, Value, invoke, normalise
from processes.engine.decisions import boxed_flow, read_table
from processes.engine.decisions.boxed import Builder
from processes.engine.decisions.elements import children, fail, get_name, local_name
from processes.engine.decisions.graph import (
    DecisionNode,
    InputData,
    KnowledgeNode,
    Node,
    ServiceNode,
    Session,
)
from processes.engine.decisions.item_types import TypeTable
from processes.engine.decisions.read_graph import GraphReader
from processes.engine.decisions.scopes import Names
from processes.engine.errors import ModelError
from processes.engine.xml import Element, parse_xml

# Importing these makes their readers known.
_MODULES = (boxed_flow, read_table)
_MAX_IMPORTS = 50

# Returns the bytes of the model with a namespace; the second argument is the location that the
# import names, if any. None if there is no such model.
Resolver = Callable[[str, str | None], bytes | None]


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


def parse_decisions(
    xml: bytes, *, resolve: Resolver | None = None, lenient: bool = False
) -> DecisionModel:
    """Read a DMN model, of any version from 1.1 to 1.5.

    Args:
        xml: The file.
        resolve: Finds imported models.
        lenient: Whether a model with problems is returned, with the problems in `problems`;
            evaluating what is wrong then raises its problem.

    Raises:
        ModelError: The file is no DMN, or, unless `lenient`, something in it can't be run; the
            first such problem of the file.
    """
    model = _read(parse_xml(xml), _Library(resolve), [])
    if model.problems and not lenient:
        raise model.problems[0]
    return model


def check_decisions(xml: bytes, *, resolve: Resolver | None = None) -> list[ModelError]:
    """Return all that is wrong with a DMN model, in the order of the file. Never raises."""
    try:
        return _read(parse_xml(xml), _Library(resolve), []).problems
    except ModelError as problem:
        return [problem]


class _Library:
    """The models that are imported while one is read, each read once."""

    def __init__(self, resolve: Resolver | None) -> None:
        self._resolve = resolve
        self._models: dict[str, DecisionModel] = {}

    def find(self, element: Element, path: list[str]) -> DecisionModel:
        """Return what an import element imports.

        Raises:
            ModelError: It is not found, or imports in turn what imports it.
        """
        namespace = element.get("namespace", "")
        if namespace in path:
            raise fail(element, f"The models import one another: {namespace!r}.")
        if namespace not in self._models:
            data = None
            if self._resolve and len(self._models) < _MAX_IMPORTS:
                data = self._resolve(namespace, element.get("locationURI"))
            if data is None:
                raise fail(element, f"The imported model {namespace!r} was not found.")
            self._models[namespace] = _read(parse_xml(data), self, [*path, namespace])
        return self._models[namespace]


def _read(root: Element, library: _Library, path: list[str]) -> DecisionModel:
    if local_name(root) != "definitions":
        raise ModelError(
            "The file is no DMN model of a known version.",
            advice="Save it as DMN 1.3.",
        )
    builder = Builder()
    imports = _Imports(root, library, [*path, root.get("namespace", "")], builder)
    types = TypeTable(root, imports.types, builder.report)
    names = Names(frozenset(), _collect_keys(root) | imports.keys, types.plain, types.fitted)
    nodes = GraphReader(root, names, builder, imports.nodes).read()
    return DecisionModel(get_name(root), root.get("namespace", ""), nodes, types, builder.problems)


class _Imports:
    """The imported models of a model."""

    def __init__(self, root: Element, library: _Library, path: list[str], builder: Builder) -> None:
        self.types: dict[str, Any] = {}
        self.nodes: dict[str, tuple[str, Node]] = {}
        self.keys: frozenset[str] = frozenset()
        for element in children(root, "import"):
            if "DMN" not in element.get("importType", "").upper():
                continue
            try:
                model = library.find(element, path)
            except ModelError as problem:
                builder.report(problem)
                continue
            builder.problems += model.problems
            self._add(model, get_name(element))

    def _add(self, model: DecisionModel, prefix: str) -> None:
        for name, pair in model.types.own.items():
            self.types[f"{prefix}.{name}" if prefix else name] = pair
        for node in model.nodes.values():
            self.nodes[f"{model.namespace}#{node.id}"] = (prefix, node)
        self.keys |= {node.variable for node in model.nodes.values()}


_NAMED = ("itemComponent", "variable", "column", "output", "informationItem")


def _collect_keys(root: Element) -> frozenset[str]:
    """Return the names that entries of contexts may have, anywhere in a model."""
    return frozenset(
        name
        for element in root.iter()
        if local_name(element) in _NAMED and (name := get_name(element))
    )
