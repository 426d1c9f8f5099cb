"""Boxed expressions."""

import pytest

from tests.decisions.conftest import decision, function, table, text


def entry(body, name="", type_ref=""):
    typed = f' typeRef="{type_ref}"' if type_ref else ""
    variable = f'<variable name="{name}"{typed}/>' if name else ""
    return f"<contextEntry>{variable}{body}</contextEntry>"


def wrap(tag, expression):
    return f"<{tag}>{text(expression)}</{tag}>"


def test_a_context_sees_its_earlier_entries_when_it_has_no_result(decide):
    body = f"<context>{entry(text('x + 1'), 'a b')}{entry(text('a b * 2'), 'c')}</context>"

    assert decide(body, x=1)[0] == {"a b": 2, "c": 4}


def test_a_context_is_its_result_when_the_last_entry_has_no_name(decide):
    body = f"<context>{entry(text('x + 1'), 'a')}{entry(text('a * 2'))}</context>"

    assert decide(body, x=1)[0] == 4


def test_an_entry_is_null_when_it_is_not_of_its_type(decide):
    body = f"<context>{entry(text('1'), 'a', 'string')}</context>"

    value, warnings = decide(body)

    assert value == {"a": None}
    assert warnings[0].startswith("decision 'D', entry 'a'")


def test_a_list_and_a_relation_hold_what_their_cells_come_to(decide):
    items = f"<list>{text('1')}{text('x + 1')}<list>{text('3')}</list></list>"
    rows = f"<row>{text('1')}{text('x')}</row><row>{text('2')}{text('x * 2')}</row>"
    relation = f'<relation><column name="a"/><column name="b"/>{rows}</relation>'

    assert decide(items, x=1)[0] == [1, 2, [3]]
    assert decide(relation, x=5)[0] == [{"a": 1, "b": 5}, {"a": 2, "b": 10}]


def test_a_function_definition_is_a_closure_when_in_a_context(decide):
    formal = '<formalParameter name="n" typeRef="number"/>'
    defined = f"<functionDefinition>{formal}{text('n * x')}</functionDefinition>"
    body = f"<context>{entry(defined, 'f')}{entry(text('f(3)'))}</context>"

    assert decide(body, x=5)[0] == 15


def test_an_external_function_is_null_when_called(decide):
    defined = f'<functionDefinition kind="Java">{text("{class: 1}")}</functionDefinition>'
    body = f"<context>{entry(defined, 'f')}{entry(text('f()'))}</context>"

    value, warnings = decide(body)

    assert value is None
    assert "Java" in warnings[0]


def invocation(target, **arguments):
    bindings = "".join(
        f'<binding><parameter name="{name}"/>{text(value)}</binding>'
        for name, value in arguments.items()
    )
    return f"<invocation>{text(target)}{bindings}</invocation>"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"a": "10", "b": "x"}, 5),
        ({"a": "10"}, None),
        ({"a": "10", "c": "1"}, None),
        ({"a": '"10"', "b": "1"}, None),
    ],
)
def test_an_invocation_binds_arguments_by_name_when_they_fit(model, arguments, expected):
    minus = function("minus", ["a: number", "b: number"], text("a - b"))
    whole = model(minus, decision("D", invocation("minus", **arguments), ("minus()",)))

    assert whole.evaluate("D", {"x": 5}) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("x > 1", "yes"), ("x > 9", "no"), ("null", "no"), ('"text"', None)],
)
def test_a_conditional_takes_a_branch_when_its_condition_is_boolean_or_null(
    decide, condition, expected
):
    parts = wrap("if", condition) + wrap("then", '"yes"') + wrap("else", '"no"')

    assert decide(f"<conditional>{parts}</conditional>", x=5)[0] == expected


@pytest.mark.parametrize(
    ("source", "match", "expected"),
    [
        ("[1, 2, 3]", "item > x", [2, 3]),
        ("[{a: 1}, {a: 2}]", "a = 2", [{"a": 2}]),
        ("[1, 2, 3]", "2", 2),
        ("5", "item = 5", [5]),
        ("null", "true", None),
        ("[1, 2]", '"text"', None),
    ],
)
def test_a_filter_keeps_items_when_its_condition_is_true(decide, source, match, expected):
    body = f"<filter>{wrap('in', source)}{wrap('match', match)}</filter>"

    assert decide(body, x=1)[0] == expected


@pytest.mark.parametrize(
    ("tag", "inner", "source", "expression", "expected"),
    [
        ("for", "return", "[1, 2]", "my item * 2", [2, 4]),
        ("for", "return", "[1..3]", "count(partial)", [0, 1, 2]),
        ("for", "return", "null", "1", None),
        ("some", "satisfies", "[1, 2]", "my item > 1", True),
        ("some", "satisfies", "[1, null]", "my item > 1", None),
        ("every", "satisfies", "[1, 2]", "my item > 1", False),
        ("every", "satisfies", "[]", "my item > 1", True),
        ("every", "satisfies", "[1]", '"text"', None),
        ("every", "satisfies", '["text", false]', "my item", None),
        ("some", "satisfies", '["text", true]', "my item", None),
    ],
)
def test_an_iteration_goes_through_its_items_when_boxed(  # noqa: PLR0917 - a table of cases
    decide, tag, inner, source, expression, expected
):
    body = (
        f'<{tag} iteratorVariable="my item">{wrap("in", source)}{wrap(inner, expression)}</{tag}>'
    )

    assert decide(body)[0] == expected


def test_a_table_sees_the_entries_before_it_when_in_a_context(decide):
    inner = table(["level"], ["y"], [["> 1", '"high"'], ["<= 1", '"low"']])
    body = f"<context>{entry(text('x + 1'), 'level')}{entry(inner)}</context>"

    assert decide(body, x=1)[0] == "high"
