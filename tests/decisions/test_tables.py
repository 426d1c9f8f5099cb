"""Decision tables: matching, hit policies, defaults and allowed values."""

from decimal import Decimal

import pytest

from tests.decisions.conftest import decision, input_data, table

ROUTING = [
    ["> 100", "-", '"manager"'],
    ["<= 100", '"new"', '"sales"'],
    ["<= 100", '"old"', '"service"'],
]
OVERLAPPING = [["> 0", '"low"', "1"], ["> 10", '"high"', "5"], ["> 20", '"middle"', "3"]]
LEVELS = 'level|"high","middle","low"'


@pytest.mark.parametrize(
    ("amount", "kind", "expected"),
    [(101, "new", "manager"), (100, "new", "sales"), (1, "old", "service"), (1, "other", None)],
)
def test_the_rule_whose_cells_all_hold_is_hit_when_unique(decide, amount, kind, expected):
    body = table(["amount", "kind"], ["who"], ROUTING)

    assert decide(body, amount=amount, kind=kind)[0] == expected


@pytest.mark.parametrize(
    ("policy", "aggregation", "amount", "expected"),
    [
        ("FIRST", "", 25, "low"),
        ("PRIORITY", "", 25, "high"),
        ("PRIORITY", "", 5, "low"),
        ("RULE ORDER", "", 25, ["low", "high", "middle"]),
        ("OUTPUT ORDER", "", 25, ["high", "middle", "low"]),
        ("COLLECT", "", 15, ["low", "high"]),
        ("COLLECT", "COUNT", 25, 3),
        ("COLLECT", "MIN", 25, "high"),
        ("COLLECT", "MAX", 25, "middle"),
        ("UNIQUE", "", 5, "low"),
        ("ANY", "", 5, "low"),
        ("COLLECT", "", 0, None),
    ],
)
def test_several_hits_come_to_what_the_policy_says_when_rules_overlap(
    decide, policy, aggregation, amount, expected
):
    rules = [row[:2] for row in OVERLAPPING]
    body = table(["amount"], [LEVELS], rules, policy, aggregation)

    assert decide(body, amount=amount)[0] == expected


@pytest.mark.parametrize(
    ("aggregation", "expected"), [("SUM", 9), ("MIN", 1), ("MAX", 5), ("COUNT", 3)]
)
def test_numbers_are_aggregated_when_collected(decide, aggregation, expected):
    body = table(["x"], ["points"], [[a, c] for a, _, c in OVERLAPPING], "COLLECT", aggregation)

    assert decide(body, x=25)[0] == Decimal(expected)


def test_the_result_is_null_and_names_the_rules_when_several_are_hit_but_one_may(decide):
    body = table(["x"], ["y"], [[a, b] for a, b, _ in OVERLAPPING])

    value, warnings = decide(body, x=15)

    assert value is None
    assert warnings == ["decision 'D': rules 1, 2 match, but only one may"]


def test_equal_outputs_are_one_result_when_the_policy_is_any(decide):
    rules = [["> 0", '"a"'], ["> 10", '"a"'], ["> 20", '"b"']]
    body = table(["x"], ["y"], rules, "ANY")

    assert decide(body, x=15)[0] == "a"
    value, warnings = decide(body, x=25)
    assert value is None
    assert "rules 1, 2, 3 match with different outputs" in warnings[0]


def test_outputs_make_a_context_when_there_are_several(decide):
    rules = [["> 0", '"low"', "1 + 1"], ["> 10", '"high"', "x * 2"]]
    body = table(["x"], [LEVELS, "points"], rules, "PRIORITY")

    assert decide(body, x=5)[0] == {"level": "low", "points": 2}
    assert decide(body, x=15)[0] == {"level": "high", "points": 30}


def test_priority_goes_from_left_to_right_when_outputs_have_orders(decide):
    rules = [["-", '"low"', '"x"'], ["-", '"high"', '"y"'], ["-", '"high"', '"x"']]
    body = table(["1"], [LEVELS, 'b|"x","y"'], rules, "OUTPUT ORDER")

    assert [(row["level"], row["b"]) for row in decide(body)[0]] == [
        ("high", "x"),
        ("high", "y"),
        ("low", "x"),
    ]


def test_a_value_comes_last_when_the_order_of_outputs_does_not_name_it(decide):
    rules = [["-", '"other"'], ["-", '"low"'], ["-", '"high"']]

    assert decide(table(["1"], [LEVELS], rules, "PRIORITY"))[0] == "high"
    assert decide(table(["1"], [LEVELS], rules, "OUTPUT ORDER"))[0] == ["high", "low", "other"]


def test_the_default_is_the_result_when_no_rule_matches(decide):
    body = table(["x"], ['y||"none"', "z"], [["> 10", '"some"', "1"]])

    assert decide(body, x=11)[0] == {"y": "some", "z": 1}
    assert decide(body, x=1)[0] == {"y": "none", "z": None}


def test_a_reason_is_told_when_no_rule_matches_and_there_is_no_default(decide):
    value, warnings = decide(table(["x"], ["y"], [["> 10", "1"]]), x=1)

    assert value is None
    assert warnings == ["decision 'D': no rule matches"]


def test_the_result_is_null_when_an_input_is_not_among_the_allowed_values(decide):
    body = table(['x|"a","b"'], ["y"], [["-", "1"]])

    assert decide(body, x="a")[0] == 1
    assert decide(body, x=1)[0] is None, "a value of another kind"
    value, warnings = decide(body, x="c")
    assert value is None
    assert warnings == ["decision 'D', input 'x': the value is not among the allowed ones"]


@pytest.mark.parametrize(
    ("cell", "value", "hit"),
    [
        ("", 5, True),
        ("-", None, True),
        ("[1..5)", 5, False),
        ("< limit", 6, True),
        ("not(1, 2)", 3, True),
        ('contains(?, "x")', "axb", True),
        ('? = "a" or other', "b", True),
        ('"a", null', None, True),
        ('date("2026-01-01")', "2026-01-01", False),
    ],
)
def test_a_cell_holds_any_unary_test_when_written_in_feel(decide, cell, value, hit):
    body = table(["x"], ["y"], [[cell, '"hit"']])

    assert decide(body, x=value, limit=7, other=True)[0] == ("hit" if hit else None)


def test_a_table_without_inputs_takes_every_rule_when_evaluated(decide):
    assert decide(table([], ["y"], [["1"], ["2"]], "RULE ORDER"))[0] == [1, 2]


def test_values_are_fitted_when_columns_have_types(model):
    body = table(["x"], ["y"], [["-", "[x]"]]).replace('name="y"', 'name="y" typeRef="number"')
    typed = model(input_data("x"), decision("D", body, ("x",), "string"))

    value, warnings = typed.explain("D", {"x": 5})

    assert value is None
    assert warnings == ["decision 'D': the value is not of its type or not allowed"]


def test_a_reason_names_the_cell_when_an_expression_is_null(decide):
    body = table(["x"], ["a", "b"], [["> limt", "1", "2"], ["-", "1", "x + missing"]], "FIRST")

    value, warnings = decide(body, x=1)

    assert value == {"a": 1, "b": None}
    assert warnings[0].startswith("decision 'D', rule 1, input 'x': there is no variable 'limt'")
    assert any(
        warning.startswith("decision 'D', rule 2, output 'b': there is no variable 'missing'")
        for warning in warnings
    )
