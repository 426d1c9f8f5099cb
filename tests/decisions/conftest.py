"""Small models, written in as few words as possible."""

from collections.abc import Callable
from typing import Any
from xml.sax.saxutils import escape

import pytest

from processes.engine.decisions import DecisionModel, parse_decisions

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def definitions(
    *parts: str, namespace: str = NAMESPACE, name: str = "Model", own: str = "own"
) -> bytes:
    """A model of some elements."""
    return (
        f'<definitions xmlns="{namespace}" id="model" name="{name}" namespace="{own}">'
        + "\n".join(parts)
        + "</definitions>"
    ).encode()


def text(expression: str, tag: str = "literalExpression", **attributes: str) -> str:
    """An element that holds a text."""
    written = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{tag}{written}><text>{escape(expression)}</text></{tag}>"


def table(
    inputs: list[str],
    outputs: list[str],
    rules: list[list[str]],
    policy: str = "UNIQUE",
    aggregation: str = "",
) -> str:
    """A table. An input is `expression` or `expression|allowed values`, an output
    `name|values in order|default`; rules are rows of cells."""
    head = f'<decisionTable hitPolicy="{policy}"'
    head += f' aggregation="{aggregation}">' if aggregation else ">"
    body = ""
    for expression in inputs:
        shown, _, allowed = expression.partition("|")
        values = text(allowed, "inputValues") if allowed else ""
        body += f'<input label="{escape(shown)}">{text(shown, "inputExpression")}{values}</input>'
    for output in outputs:
        name, values, default = [*output.split("|"), "", ""][:3]
        body += f'<output name="{name}">'
        body += text(values, "outputValues") if values else ""
        body += text(default, "defaultOutputEntry") if default else ""
        body += "</output>"
    for number, row in enumerate(rules, start=1):
        body += f'<rule id="rule{number}">'
        body += "".join(text(cell, "inputEntry") for cell in row[: len(inputs)])
        body += "".join(text(cell, "outputEntry") for cell in row[len(inputs) :])
        body += "</rule>"
    return f"{head}{body}</decisionTable>"


def decision(name: str, body: str, needs: tuple[str, ...] = (), type_ref: str = "") -> str:
    """A decision. Needs are ids, with `!` before a decision and `()` after a function."""
    requirements = ""
    for need in needs:
        if need.endswith("()"):
            target = f'<requiredKnowledge href="#{need[:-2]}"/>'
            requirements += f"<knowledgeRequirement>{target}</knowledgeRequirement>"
        else:
            tag = "requiredDecision" if need.startswith("!") else "requiredInput"
            target = f'<{tag} href="#{need.lstrip("!")}"/>'
            requirements += f"<informationRequirement>{target}</informationRequirement>"
    typed = f' typeRef="{type_ref}"' if type_ref else ""
    variable = f'<variable name="{name}"{typed}/>'
    return f'<decision id="{_id(name)}" name="{name}">{variable}{requirements}{body}</decision>'


def input_data(name: str, type_ref: str = "") -> str:
    """An input."""
    typed = f' typeRef="{type_ref}"' if type_ref else ""
    return f'<inputData id="{_id(name)}" name="{name}"><variable name="{name}"{typed}/></inputData>'


def function(name: str, parameters: list[str], body: str, needs: tuple[str, ...] = ()) -> str:
    """A business knowledge model. A parameter is `name` or `name: type`."""
    formal = ""
    for parameter in parameters:
        title, _, kind = parameter.partition(": ")
        typed = f' typeRef="{kind}"' if kind else ""
        formal += f'<formalParameter name="{title}"{typed}/>'
    required = "".join(
        f'<knowledgeRequirement><requiredKnowledge href="#{need}"/></knowledgeRequirement>'
        for need in needs
    )
    return (
        f'<businessKnowledgeModel id="{_id(name)}" name="{name}">'
        f'<variable name="{name}"/>{required}'
        f"<encapsulatedLogic>{formal}{body}</encapsulatedLogic></businessKnowledgeModel>"
    )


def _id(name: str) -> str:
    return name.replace(" ", "_")


@pytest.fixture
def model() -> Callable[..., DecisionModel]:
    def read(*parts: str) -> DecisionModel:
        return parse_decisions(definitions(*parts))

    return read


@pytest.fixture
def decide(model: Callable[..., DecisionModel]) -> Callable[..., Any]:
    """Evaluate a decision of one boxed expression, and say why it is null."""

    def run(body: str, **inputs: Any) -> tuple[Any, list[str]]:
        return model(decision("D", body)).explain("D", inputs)

    return run
