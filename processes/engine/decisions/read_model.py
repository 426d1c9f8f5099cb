"""From the XML of a model to the model."""

from collections.abc import Callable
from typing import Any

from processes.engine.decisions import boxed_flow, read_table
from processes.engine.decisions.boxed import Builder
from processes.engine.decisions.elements import children, fail, get_name, local_name
from processes.engine.decisions.graph import Node
from processes.engine.decisions.item_types import TypeTable
from processes.engine.decisions.model import DecisionModel
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
    model, _ = read_decisions(xml, resolve=resolve)
    if model.problems and not lenient:
        raise model.problems[0]
    return model


def is_decision_model(xml: bytes) -> bool:
    """Tell whether a file is a DMN model, sound or not."""
    try:
        return local_name(parse_xml(xml)) == "definitions"
    except ModelError:
        return False


def read_decisions(xml: bytes, *, resolve: Resolver | None = None) -> tuple[DecisionModel, Builder]:
    """Read a model leniently, and return it with what it was made by, for a review.

    Raises:
        ModelError: The file is no DMN.
    """
    return _read(parse_xml(xml), _Library(resolve), [])


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
            self._models[namespace], _ = _read(parse_xml(data), self, [*path, namespace])
        return self._models[namespace]


def _read(root: Element, library: _Library, path: list[str]) -> tuple[DecisionModel, Builder]:
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
    name, namespace = get_name(root), root.get("namespace", "")
    return DecisionModel(name, namespace, nodes, types, builder.problems), builder


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
