"""What is wrong with a model, and what is likely to be, before it is deployed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from feel.analysis import Remark, Visible, find_remarks
from processes.engine.decisions.elements import fail
from processes.engine.decisions.graph import InputData, KnowledgeNode, Node, ServiceNode
from processes.engine.decisions.model import DecisionModel
from processes.engine.decisions.outlines import TextOutline
from processes.engine.decisions.read_model import Resolver, read_decisions
from processes.engine.decisions.table_checks import find_gaps, find_overlaps
from processes.engine.errors import ModelError

_MAX_WARNINGS = 200


@dataclass(frozen=True)
class Review:
    """The answer of a check.

    Attributes:
        errors: Why the model is refused; empty if it is not.
        warnings: What is likely to be a mistake.
    """

    errors: list[ModelError] = field(default_factory=list)
    warnings: list[ModelError] = field(default_factory=list)


def review_decisions(xml: bytes, *, resolve: Resolver | None = None) -> Review:
    """Check a DMN model. Never raises.

    Refused is what can't be read, and a table of unique hits two of whose rules certainly overlap.
    Warned of are other overlaps, values for which no rule holds, names that nothing has and calls
    that no function takes.
    """
    try:
        model, builder = read_decisions(xml, resolve=resolve)
    except ModelError as refusal:
        return Review([refusal])
    review = Review(list(model.problems))
    for table in builder.tables:
        for problem, is_certain in find_overlaps(table):
            (review.errors if is_certain else review.warnings).append(problem)
        review.warnings.extend(find_gaps(table))
    review.warnings.extend(_find_remarks(model, builder.texts))
    del review.warnings[_MAX_WARNINGS:]
    return review


def _find_remarks(model: DecisionModel, texts: list[TextOutline]) -> Iterator[ModelError]:
    # A model without inputs is handed its variables without saying so.
    says_inputs = any(isinstance(node, InputData) for node in model.nodes.values())
    functions = dict(_functions_of(model.nodes.values()))
    for text in texts:
        visible: Visible = {name: functions.get(name) for name in text.names.visible}
        for remark in _remarks_of(text, visible):
            if says_inputs or not remark.is_name:
                message = f"{text.place}: {remark}."
                yield fail(text.element, message, f"The text is `{text.text[:200]}`.")


def _remarks_of(text: TextOutline, visible: Visible) -> list[Remark]:
    names = text.names
    return find_remarks(
        text.text, visible, keys=names.keys, types=names.types, is_test=text.is_test
    )


def _functions_of(nodes: Iterable[Node]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for node in nodes:
        if isinstance(node, KnowledgeNode) and node.boxed is not None:
            yield node.variable, node.parameters
        elif isinstance(node, ServiceNode):
            yield node.variable, tuple(parameter.variable for parameter in node.parameters)
