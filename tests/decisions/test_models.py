"""Models over several files, the types of values, and functions from elsewhere."""

import pytest

from processes.engine.decisions import parse_decisions
from tests.decisions.conftest import NAMESPACE, decision, definitions, input_data, text


def imported(namespace, name):
    return f'<import namespace="{namespace}" name="{name}" importType="{NAMESPACE}"/>'


def required(href, kind="Decision"):
    if kind == "Knowledge":
        return f'<knowledgeRequirement><requiredKnowledge href="{href}"/></knowledgeRequirement>'
    return f'<informationRequirement><required{kind} href="{href}"/></informationRequirement>'


def deciding(name, expression, *requirements, type_ref="Any"):
    """A decision that requires elements of any model."""
    variable = f'<variable name="{name}" typeRef="{type_ref}"/>'
    body = variable + "".join(requirements) + text(expression)
    return f'<decision id="{name}" name="{name}">{body}</decision>'


FAR = definitions(
    input_data("Person name", "string"),
    deciding("Greeting", '"Hello " + Person name', required("#Person_name", "Input")),
    '<itemDefinition name="tName"><typeRef>string</typeRef></itemDefinition>',
    own="far",
)
MIDDLE = definitions(
    imported("far", "people"),
    deciding("Polite", 'people.Greeting + "!"', required("far#Greeting")),
    own="middle",
)
OTHER = definitions(
    imported("far", "people"),
    deciding("Rude", '"Oi, " + people.Person name', required("far#Person_name", "Input")),
    own="other",
)
NEAR = definitions(
    imported("middle", "My middle"),
    imported("other", "other"),
    deciding(
        "Both",
        'My middle.Polite + " " + other.Rude',
        required("middle#Polite"),
        required("other#Rude"),
    ),
    own="near",
)
LIBRARY = {"far": FAR, "middle": MIDDLE, "other": OTHER}


def read(xml):
    return parse_decisions(xml, resolve=lambda namespace, _: LIBRARY.get(namespace))


def test_inputs_go_to_each_import_when_they_are_grouped_by_the_names_of_imports():
    grouped = {
        "My middle": {"people": {"Person name": "Ada"}},
        "other": {"people": {"Person name": "Bob"}},
    }

    assert read(NEAR).evaluate("Both", grouped) == "Hello Ada! Oi, Bob"


@pytest.mark.parametrize("inputs", [{"Person name": "Ada"}, {"people": {"Person name": "Ada"}}])
def test_an_input_serves_all_imports_when_it_is_not_grouped(inputs):
    assert read(NEAR).evaluate("Both", inputs) == "Hello Ada! Oi, Ada"


def test_imported_elements_have_no_prefix_when_the_import_has_no_name():
    model = definitions(
        imported("far", ""), deciding("D", 'Greeting + "?"', required("far#Greeting"))
    )

    assert read(model).evaluate("D", {"Person name": "Ada"}) == "Hello Ada?"


def test_an_imported_type_is_known_when_its_name_is_prefixed():
    model = definitions(imported("far", "p"), deciding("D", "1", type_ref="p.tName"))

    assert read(model).evaluate("D", {}) is None


def test_a_reference_is_found_when_it_names_the_own_namespace():
    model = definitions(
        input_data("x"),
        deciding("y", "x + 1", required("own#x", "Input")),
        deciding("z", "y * 2", required("own#y")),
    )

    assert read(model).evaluate("z", {"x": 2}) == 6


@pytest.mark.parametrize("kind", ["Java", "PMML", "JAVA"])
def test_knowledge_in_another_language_is_null_when_called(kind):
    entries = "".join(
        f'<contextEntry><variable name="{name}"/>{text(value)}</contextEntry>'
        for name, value in (("class", '"java.lang.Math"'), ("method signature", '"cos(double)"'))
    )
    function = (
        '<businessKnowledgeModel id="cos" name="cos"><variable name="cos"/>'
        f'<encapsulatedLogic kind="{kind}"><formalParameter name="x" typeRef="number"/>'
        f"<context>{entries}</context></encapsulatedLogic></businessKnowledgeModel>"
    )
    model = read(definitions(function, deciding("D", "cos(0)", required("#cos", "Knowledge"))))

    value, reasons = model.explain("D", {})
    assert value is None
    assert "not run" in reasons[0]


@pytest.mark.parametrize("body", ["", "<literalExpression/>", text("")])
def test_a_decision_is_null_when_it_has_no_logic(body):
    value, reasons = read(definitions(decision("D", body))).explain("D", {})

    assert value is None
    assert "there is no expression" in reasons[0]


SERVICE = definitions(
    input_data("i", "number"),
    deciding("given", "100", type_ref="number"),
    deciding("inside", "i + given", required("#i", "Input"), required("#given")),
    deciding("out", "inside * 2", required("#inside")),
    '<decisionService id="s" name="service"><variable name="service"/>'
    '<outputDecision href="#out"/><encapsulatedDecision href="#inside"/>'
    '<inputDecision href="#given"/><inputData href="#i"/></decisionService>',
    *(
        deciding(name, expression, required("#s", "Knowledge"))
        for name, expression in {
            "positional": "service(1, 2)",
            "named": "service(given: 2, i: 1)",
            "few": "service(1)",
            "wrong": 'service("x", 1)',
            "kind": "service instance of function<number, number> -> number",
        }.items()
    ),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("positional", 6), ("named", 6), ("few", None), ("wrong", None), ("kind", True), ("out", 202)],
)
def test_a_service_is_a_function_of_its_inputs_when_feel_calls_it(name, expected):
    assert read(SERVICE).evaluate(name, {"i": 1}) == expected


NUMBER = "<typeRef>number</typeRef>"
PAIR = f"{NUMBER}<typeConstraint><text>count(?) = 2</text></typeConstraint>"


@pytest.mark.parametrize(
    ("definition", "expression", "expected"),
    [
        (f">{NUMBER}<allowedValues><text>[1..5]</text></allowedValues>", "5", "5"),
        (f">{NUMBER}<allowedValues><text>[1..5]</text></allowedValues>", "6", "null"),
        (
            f' isCollection="true">{NUMBER}<allowedValues><text>1, 2</text></allowedValues>',
            "[1, 2]",
            "[1, 2]",
        ),
        (
            f' isCollection="true">{NUMBER}<allowedValues><text>1, 2</text></allowedValues>',
            "[1, 3]",
            "null",
        ),
        (
            f' isCollection="true">{PAIR}',
            "[1, 2]",
            "[1, 2]",
        ),
        (
            f' isCollection="true">{PAIR}',
            "[1]",
            "null",
        ),
        (f' isCollection="true">{NUMBER}', "1", "[1]"),
        (f' isCollection="true">{NUMBER}', '[1, "a"]', "null"),
        (f">{NUMBER}", "[1]", "1"),
        (f">{NUMBER}", "[1, 2]", "null"),
        (f">{NUMBER}", "null", "null"),
        ("><typeRef>date and time</typeRef>", '@"2026-03-14"', '@"2026-03-14T00:00:00Z"'),
        ("><typeRef>date</typeRef>", '@"2026-03-14T00:00:00Z"', "null"),
        (
            f'><itemComponent name="a b">{NUMBER}</itemComponent>',
            "{a b: 1, c: 2}",
            "{a b: 1, c: 2}",
        ),
        (f'><itemComponent name="a">{NUMBER}</itemComponent>', '{a: "x"}', "null"),
        (f'><itemComponent name="a">{NUMBER}</itemComponent>', "{b: 1}", "null"),
        (f'><itemComponent name="a">{NUMBER}</itemComponent>', "{a: null}", "{a: null}"),
    ],
)
def test_a_value_is_fitted_to_its_type_when_it_conforms_and_null_otherwise(
    definition, expression, expected
):
    model = definitions(
        f'<itemDefinition name="t"{definition}</itemDefinition>',
        deciding("D", expression, type_ref="t"),
        deciding("same", f"is(D, {expected})", required("#D")),
    )

    assert read(model).evaluate("same", {}) is True


def test_a_function_is_fitted_by_its_signature_when_a_type_has_one():
    item = (
        '<itemDefinition name="t"><functionItem outputTypeRef="number">'
        '<parameters name="n" typeRef="number"/></functionItem></itemDefinition>'
    )
    model = definitions(
        item,
        deciding("fits", "function(n: number) n + 1", type_ref="t"),
        deciding("other", "function(n: string) n", type_ref="t"),
        deciding("called", "fits(1)", required("#fits")),
    )

    assert read(model).evaluate("called", {}) == 2
    assert read(model).evaluate("other", {}) is None
