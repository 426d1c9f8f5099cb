"""From the XML of a model to its graph."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from processes.engine.decisions.boxed import Builder, find_expression
from processes.engine.decisions.boxed_data import read_function
from processes.engine.decisions.elements import (
    children,
    fail,
    find_child,
    get_name,
    local_name,
)
from processes.engine.decisions.graph import (
    DecisionNode,
    InputData,
    KnowledgeNode,
    Node,
    ServiceNode,
)
from processes.engine.decisions.scopes import Names
from processes.engine.xml import Element

_NodeType = TypeVar("_NodeType", bound=Node)

# The elements that stand for what an expression needs, and their attribute's target.
_REQUIREMENTS = {
    "informationRequirement": ("requiredDecision", "requiredInput"),
    "knowledgeRequirement": ("requiredKnowledge",),
}
_CLASSES: dict[str, type[Node]] = {
    "inputData": InputData,
    "decision": DecisionNode,
    "businessKnowledgeModel": KnowledgeNode,
    "decisionService": ServiceNode,
}


class GraphReader:
    """Reads the nodes of one model and joins them to a graph.

    Args:
        definitions: The root element.
        names: The types and keys of the model, with nothing visible yet.
        builder: Makes the expressions.
        imported: The nodes of imported models by `namespace#id`, with the name of the import.
    """

    def __init__(
        self,
        definitions: Element,
        names: Names,
        builder: Builder,
        imported: dict[str, tuple[str, Node]],
    ) -> None:
        self.names = names
        self.builder = builder
        self.namespace = definitions.get("namespace", "")
        self.elements: dict[str, Element] = {}
        self.nodes: dict[str, Node] = {}
        self._imported = imported
        for element in children(definitions, *_CLASSES):
            node = self._make_node(element)
            if node.id in self.nodes:
                builder.report(fail(element, f"The id {node.id!r} stands twice."))
            self.elements[node.id] = element
            self.nodes[node.id] = node

    def read(self) -> dict[str, Node]:
        """Return the nodes by id, joined and with their expressions."""
        hidden = frozenset(node.variable for node in self.nodes.values())
        for key, node in self.nodes.items():
            node.hidden = hidden
            if isinstance(node, ServiceNode):
                self._join_service(node, self.elements[key])
            else:
                node.needs = list(self._find_needs(node, self.elements[key]))
        self._refuse_cycles()
        for key, node in self.nodes.items():
            self._read_expression(node, self.elements[key])
        return self.nodes

    def _make_node(self, element: Element) -> Node:
        name = get_name(element)
        variable = find_child(element, "variable")
        kind = None if variable is None else self.builder.find_type(variable, self.names)
        title = (get_name(variable) if variable is not None else "") or name
        if not title:
            self.builder.report(fail(element, "The element has no name."))
        return _CLASSES[local_name(element)](element.get("id") or name, name, title, kind)

    def _find_needs(self, node: Node, element: Element) -> Iterable[tuple[str, Node]]:
        for requirement in children(element, *_REQUIREMENTS):
            for target in children(requirement, *_REQUIREMENTS[local_name(requirement)]):
                found = self._find(target)
                if found:
                    yield found
                else:
                    node.problem = self.builder.problems[-1]

    def _find(self, reference: Element) -> tuple[str, Node] | None:
        href = reference.get("href", "")
        namespace, _, key = href.rpartition("#")
        if namespace in {"", self.namespace} and key in self.nodes:
            return "", self.nodes[key]
        found = self._imported.get(f"{namespace}#{key}")
        if found is None:
            self.builder.report(fail(reference, f"What {href!r} refers to is not in the model."))
        return found

    def _join_service(self, node: ServiceNode, element: Element) -> None:
        inputs = self._referenced(element, "inputData", InputData)
        decisions = self._referenced(element, "inputDecision", DecisionNode)
        node.parameters = [*inputs, *decisions]
        node.outputs = self._referenced(element, "outputDecision", DecisionNode)
        if not node.outputs:
            self.builder.report(fail(element, "The decision service has no output decision."))

    def _referenced(self, element: Element, name: str, kind: type[_NodeType]) -> list[_NodeType]:
        found = [self._find(reference) for reference in children(element, name)]
        return [pair[1] for pair in found if pair and isinstance(pair[1], kind)]

    def _refuse_cycles(self) -> None:
        """Report the requirements that lead back to where they come from, and drop them."""
        done: set[Node] = set()
        for start in self.nodes.values():
            if start not in done:
                _walk(start, done, self._refuse_cycle)

    def _refuse_cycle(self, node: Node, needed: Node) -> None:
        if node is not needed:
            element = self.elements.get(node.id)
            if element is not None:
                message = f"{node.name!r} requires {needed.name!r}, which requires it in turn."
                node.problem = fail(element, message)
                self.builder.report(node.problem)
        node.needs = [pair for pair in node.needs if pair[1] is not needed]

    def _read_expression(self, node: Node, element: Element) -> None:
        visible = {prefix or needed.variable for prefix, needed in node.needs}
        names = self.names.adding([*visible, node.variable])
        if isinstance(node, DecisionNode):
            inner = find_expression(element)
            place = f"decision {node.name!r}"
            node.boxed = None if inner is None else self.builder.build(inner, names, place)
        elif isinstance(node, KnowledgeNode):
            logic = find_child(element, "encapsulatedLogic")
            place = f"function {node.name!r}"
            if logic is not None:
                node.parameters = tuple(map(get_name, children(logic, "formalParameter")))
                node.boxed = read_function(self.builder, logic, names, place)


def _walk(start: Node, done: set[Node], refuse: Callable[[Node, Node], None]) -> None:
    """Go through all that a node needs, and refuse what leads back; without recursion."""
    waiting = [(start, iter(list(start.needs)))]
    open_nodes = {start}
    while waiting:
        node, needs = waiting[-1]
        needed = next((needed for _, needed in needs if needed not in done), None)
        if needed is None:
            waiting.pop()
            open_nodes.discard(node)
            done.add(node)
        elif needed in open_nodes:
            refuse(node, needed)
        else:
            open_nodes.add(needed)
            waiting.append((needed, iter(list(needed.needs))))
