"""Decisions that need one another, functions, services, types and imports."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from feel import FeelLimitError
from processes.engine.decisions import parse_decisions, review_decisions
from processes.engine.errors import ModelError
from tests.decisions.conftest import (
    NAMESPACE,
    decision,
    definitions,
    function,
    input_data,
    table,
    text,
)

PRICE = [
    input_data("Unit price", "number"),
    input_data("Quantity", "number"),
    decision("Net", text("Unit price * Quantity"), ("Unit_price", "Quantity"), "number"),
    decision("Discount rate", table(["Net"], ["r||0"], [["> 100", "0.1"]]), ("!Net",)),
    decision("Total", text("Net - Net * Discount rate"), ("!Net", "!Discount_rate"), "number"),
]


def test_a_decision_uses_what_it_requires_when_evaluated_by_name_or_id(model):
    whole = model(*PRICE)
    inputs = {"Unit price": 20, "Quantity": 10}

    assert whole.evaluate("Total", inputs) == Decimal(180)
    assert whole.evaluate("Discount_rate", inputs) == Decimal("0.1")


def test_a_model_lists_its_decisions_with_their_inputs_when_asked(model):
    listed = {info.name: info for info in model(*PRICE).decisions}

    assert list(listed) == ["Net", "Discount rate", "Total"]
    assert listed["Total"].inputs == ("Unit price", "Quantity")
    assert listed["Total"].id == "Total"


def test_a_decision_is_computed_once_when_several_need_it(model):
    nested = "[" * 5 + "x" + "]" * 5
    parts = [decision("D0", text(f"count(for i in 1..20000 return {nested})"))]
    parts += [
        decision(f"D{i}", text(f"D{i - 1} + D{i - 1}"), (f"!D{i - 1}",)) for i in range(1, 15)
    ]

    assert model(*parts).evaluate("D14", {"x": 1}) == 20000 * 2**14


def test_an_input_is_visible_only_where_required_when_the_model_declares_it(model):
    whole = model(
        input_data("a"), decision("Blind", text("a")), decision("Seeing", text("a"), ("a",))
    )

    assert whole.evaluate("Blind", {"a": 1}) is None
    assert whole.evaluate("Seeing", {"a": 1}) == 1


def test_a_value_that_no_input_declares_is_visible_when_handed_in(model):
    assert model(decision("D", text("amount + 1"))).evaluate("D", {"amount": 1}) == 2


def test_an_input_is_null_when_it_is_not_of_its_type(model):
    whole = model(input_data("a", "number"), decision("D", text("a = null"), ("a",)))

    value, warnings = whole.explain("D", {"a": "text"})

    assert value is True
    assert warnings == ["input 'a': the value is not of its type or not allowed"]


def test_a_function_may_be_recursive_when_it_calls_itself(model):
    body = text("if n = 0 then 1 else n * factorial(n - 1)")
    whole = model(
        function("factorial", ["n: number"], body),
        decision("D", text("factorial(x)"), ("factorial()",)),
    )

    assert whole.evaluate("D", {"x": 10}) == 3628800
    with pytest.raises(FeelLimitError):
        whole.evaluate("D", {"x": -1})


def test_a_function_uses_other_functions_when_it_requires_them(model):
    whole = model(
        function("double", ["n"], text("n * 2")),
        function("quadruple", ["n"], text("double(double(n))"), ("double",)),
        decision("D", text("quadruple(3)"), ("quadruple()",)),
    )

    assert whole.evaluate("D", {}) == 12
    assert whole.invoke("quadruple", {"n": 5}) == 20


def service(name, outputs, decisions=(), inputs=()):
    parts = "".join(f'<outputDecision href="#{key}"/>' for key in outputs)
    parts += "".join(f'<inputDecision href="#{key}"/>' for key in decisions)
    parts += "".join(f'<inputData href="#{key}"/>' for key in inputs)
    variable = f'<variable name="{name}"/>'
    return f'<decisionService id="{name}" name="{name}">{variable}{parts}</decisionService>'


def test_a_service_takes_values_for_its_input_decisions_when_called(model):
    whole = model(
        *PRICE,
        service("Pricing", ["Total"], ["Net"]),
        decision("D", text("Pricing(200) + Pricing(Net: 10)"), ("Pricing()",)),
    )

    assert whole.evaluate("D", {}) == 190
    assert whole.evaluate("Pricing", {"Net": 1000}) == 900
    assert next(info for info in whole.decisions if info.is_service).inputs == ("Net",)


def test_a_service_answers_with_a_context_when_it_has_several_outputs(model):
    whole = model(*PRICE, service("Both", ["Net", "Total"], (), ["Unit_price", "Quantity"]))

    assert whole.evaluate("Both", {"Unit price": 20, "Quantity": 10}) == {"Net": 200, "Total": 180}


def test_a_service_fits_its_inputs_and_its_result_to_their_types(model):
    typed = service("S", ["C"], ["B"], ["a"]).replace('name="S"/>', 'name="S" typeRef="string"/>')
    whole = model(
        input_data("a", "number"),
        decision("B", text("a"), ("a",), "number"),
        decision("C", text('if a > 8 then a else string(a) + "," + string(B)'), ("a", "!B")),
        typed,
        decision("D", text("S(5, 2)"), ("S()",)),
    )

    assert whole.evaluate("D", {}) == "5,2", "input data come before input decisions"
    assert whole.evaluate("S", {"a": 5, "B": "2"}) is None, "B is no text"
    assert whole.evaluate("S", {"a": 9, "B": 2}) is None, "the result is a text"


def item(name, inner, *, collection=False):
    flag = ' isCollection="true"' if collection else ""
    return f'<itemDefinition name="{name}"{flag}>{inner}</itemDefinition>'


def component(name, kind):
    return f'<itemComponent name="{name}"><typeRef>{kind}</typeRef></itemComponent>'


TYPES = [
    item("tLevel", "<typeRef>string</typeRef>" + text('"high", "low"', "allowedValues")),
    item("tPerson", component("full name", "string") + component("level", "tLevel")),
    item("tPeople", "<typeRef>tPerson</typeRef>", collection=True),
    item(
        "tLevels", "<typeRef>string</typeRef>" + text('"a","b"', "allowedValues"), collection=True
    ),
]


@pytest.mark.parametrize(
    ("kind", "given", "fits"),
    [
        ("tLevel", "high", True),
        ("tLevel", "other", False),
        ("tPerson", {"full name": "Ada", "level": "low", "more": 1}, True),
        ("tPerson", {"full name": "Ada", "level": None}, True),
        ("tPerson", {"full name": "Ada"}, False),
        ("tPerson", {"full name": "Ada", "level": "x"}, False),
        ("tPeople", [{"full name": "Ada", "level": "low"}], True),
        ("tPeople", {"full name": "Ada", "level": "low"}, True),
        ("tPeople", [{"full name": 1, "level": "low"}], False),
        ("tLevels", ["a", "b"], True),
        ("tLevels", ["a", "c"], False),
        ("integer", 5, True),
        ("feel:number", 5, True),
    ],
)
def test_a_value_fits_a_type_when_it_conforms_and_is_allowed(model, kind, given, fits):
    whole = model(*TYPES, input_data("x", kind), decision("D", text("x != null"), ("x",)))

    assert whole.evaluate("D", {"x": given}) is fits


def test_names_with_spaces_in_types_are_known_when_paths_use_them(model):
    whole = model(
        *TYPES,
        input_data("people", "tPeople"),
        decision("D", text('people[full name = "Ada"].full name'), ("people",)),
    )
    people = [{"full name": name, "level": "low"} for name in ("Ada", "Bob")]

    assert whole.evaluate("D", {"people": people}) == ["Ada"]


def test_instance_of_ignores_allowed_values_when_a_type_has_some(model):
    whole = model(*TYPES, decision("D", text('"other" instance of tLevel')))

    assert whole.evaluate("D", {}) is True


def test_priority_follows_the_type_when_an_output_lists_no_values(model):
    body = table(["1"], ["y"], [["-", '"low"'], ["-", '"high"']], "PRIORITY")
    whole = model(*TYPES, decision("D", body.replace('name="y"', 'name="y" typeRef="tLevel"')))

    assert whole.evaluate("D", {}) == "high"


def test_the_clock_is_the_one_handed_in_when_a_decision_asks(model):
    whole = model(decision("D", text("string(today())")))

    assert whole.evaluate("D", {}, datetime(2026, 3, 14, tzinfo=UTC)) == "2026-03-14"


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_a_model_is_read_when_it_is_of_any_version(namespace):
    whole = parse_decisions(definitions(*PRICE, namespace=namespace))

    assert whole.evaluate("Total", {"Unit price": 1, "Quantity": 5}) == 5


LIBRARY = definitions(
    item("tAmount", "<typeRef>number</typeRef>"),
    input_data("Base", "number"),
    function("Add tax", ["amount: tAmount"], text("amount * 1.2")),
    decision("Doubled", text("Base * 2"), ("Base",)),
    own="library",
)


def importing(namespace="library"):
    kind = 'importType="https://www.omg.org/spec/DMN/20191111/MODEL/"'
    body = (
        '<knowledgeRequirement><requiredKnowledge href="library#Add_tax"/>'
        "</knowledgeRequirement><informationRequirement>"
        '<requiredDecision href="library#Doubled"/></informationRequirement>'
        + text("lib.Add tax(lib.Doubled)")
    )
    return definitions(
        f'<import name="lib" namespace="{namespace}" {kind}/>',
        f'<decision id="D" name="D"><variable name="D" typeRef="lib.tAmount"/>{body}</decision>',
    )


def test_elements_of_an_imported_model_are_used_when_prefixed():
    whole = parse_decisions(
        importing(), resolve=lambda namespace, _: {"library": LIBRARY}[namespace]
    )

    assert whole.evaluate("D", {"Base": 10}) == 24
    assert whole.evaluate("D", {"lib": {"Base": 10}}) == 24


def test_a_model_is_refused_when_its_import_is_not_found():
    with pytest.raises(ModelError, match="imported model 'library' was not found"):
        parse_decisions(importing())


def test_models_are_refused_when_they_import_one_another():
    kind = f'importType="{NAMESPACE}"'
    first = definitions(f'<import name="b" namespace="second" {kind}/>', own="first")
    second = definitions(f'<import name="a" namespace="first" {kind}/>', own="second")

    problems = review_decisions(
        second, resolve=lambda namespace, _: {"first": first, "second": second}[namespace]
    )

    assert [problem.message for problem in problems.errors] == [
        "The models import one another: 'second'."
    ]


def test_a_chain_of_decisions_is_evaluated_when_it_is_long():
    chain = [decision("d0", text("1"))]
    for number in range(1, 2000):
        before = f"d{number - 1}"
        chain.append(decision(f"d{number}", text(f"{before} + 1"), (f"!{before}",)))
    model = parse_decisions(definitions(*reversed(chain)))

    assert model.evaluate("d1999", {}) == 2000
