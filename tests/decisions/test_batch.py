"""Decisions evaluated line by line."""

import json
from decimal import Decimal

import pytest
from click.testing import CliRunner

from app.cli.dmn import dmn
from feel.json_text import read_json_text
from processes.engine.decisions.batch import evaluate_line
from tests.decisions.conftest import decision, definitions, function, input_data, table, text

SERVICE = (
    '<decisionService id="s1" name="Serve both"><outputDecision href="#Greeting"/>'
    '<outputDecision href="#Third"/><inputData href="#Name"/></decisionService>'
)
MODEL = definitions(
    input_data("Name", "string"),
    input_data("Due", "date"),
    input_data("Amount", "number"),
    decision("Greeting", text('"Hello " + Name'), ("Name",)),
    decision("Later", text('Due + @"P1D"'), ("Due",)),
    decision("Third", text("1 / 3")),
    decision("Huge", text("2 * 10 ** 6000")),
    decision("Same", text("Amount"), ("Amount",)),
    decision("Whole", text("{n: 2.0, l: [true, null]}")),
    decision("Broken", text("1 +")),
    decision("Range", text('(1..@"P1D"]')),
    decision("Interval", text("(1..2]")),
    decision("Function", text("function(a, b) a")),
    decision("Table", table(["Amount"], ["size"], [["< 1", '"s"'], ["< 5 +", '"m"']]), ("Amount",)),
    decision("Tagged", text('{"@type": 1}')),
    decision("Recursive", text("{f: function(n) f(n + 1), r: f(1)}.r")),
    decision("Growing", text("for x in 1..9999999999 return x")),
    function("twice", ["n: number"], text("n * 2")),
    SERVICE,
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.dmn"
    path.write_bytes(MODEL)
    return path


@pytest.fixture
def ask(path):
    def run(decision, inputs=None, **more):
        request = {"model": str(path), "decision": decision, "inputs": inputs or {}, **more}
        return read_json_text(evaluate_line(json.dumps(request)))

    return run


def ask_text(body):
    """Ask about the model as XML; the rest of the request is JSON text."""
    return evaluate_line(f'{{"model": {json.dumps(MODEL.decode())}, {body}}}')


def test_a_line_is_answered_with_a_value_when_the_decision_has_one(ask):
    assert ask("Greeting", {"Name": "Ada"}) == {"value": "Hello Ada"}
    assert ask("Whole") == {"value": {"n": 2, "l": [True, None]}}


def test_numbers_keep_all_digits_when_they_travel(ask):
    assert ask("Third") == {"value": Decimal("0." + "3" * 34)}
    assert ask("Huge") == {"value": Decimal("2E+6000")}
    answer = ask_text('"decision": "Same", "inputs": {"Amount": 12345678901234567890.0000000001}')
    assert answer == '{"value": 12345678901234567890.0000000001}'


def test_temporal_values_carry_their_type_when_they_travel(ask):
    due = {"@type": "date", "@value": "2026-12-31"}

    assert ask("Later", {"Due": due}) == {"value": {"@type": "date", "@value": "2027-01-01"}}


def test_ranges_functions_and_marked_contexts_are_objects_when_they_are_answers(ask):
    assert ask("Interval") == {"value": {"@type": "range", "@value": [1, 2, False, True]}}
    assert ask("Function") == {"value": {"@type": "function", "@value": "function(a, b)"}}
    assert ask("Tagged") == {"value": {"@type": "context", "@value": {"@type": 1}}}


def test_a_function_is_called_when_the_request_names_an_invocable(ask):
    assert ask("twice", {"n": 4}, invocable="twice", kind="bkm") == {"value": 8}
    assert ask("twice", {"n": 4}) == {"value": 8}


@pytest.mark.parametrize("name", ["Serve both", "s1", " Serve  both"])
def test_a_service_is_called_when_it_is_named_by_name_or_id(ask, name):
    both = {"Greeting": "Hello Ada", "Third": Decimal("0." + "3" * 34)}

    assert ask(name, {"Name": "Ada"}) == {"value": both}
    one = ask("Greeting", {"Name": "Ada"}, invocable=name, kind="decisionService")
    assert one == {"value": "Hello Ada"}


def test_inputs_are_null_when_missing_and_ignored_when_unknown(ask):
    assert ask("Same") == {"value": None}
    assert ask("Same", {"Amount": 1, "Other": {"a": [1]}}) == {"value": 1}
    assert ask("Same", {"Amount": "text"}) == {"value": None}


@pytest.mark.parametrize("decision", ["Broken", "Missing", "Recursive", "Growing"])
def test_an_error_is_answered_when_a_decision_cannot_be_evaluated(ask, decision):
    assert list(ask(decision)) == ["error"]


def test_the_error_names_the_cell_when_a_table_is_wrong(ask):
    error = ask("Table", {"Amount": 3})["error"]

    assert "decision 'Table', rule 2, input 'Amount'" in error
    assert "`< 5 +`" in error


@pytest.mark.parametrize(
    "line",
    [
        "",
        "no json",
        "[]",
        "{}",
        "3",
        "null",
        '{"model": "/no/such/file", "decision": "x"}',
        '{"model": "/", "decision": "x"}',
        '{"model": "a\\u0000b", "decision": "x"}',
        '{"model": 5, "decision": "x"}',
        '{"model": "<definitions", "decision": "x"}',
        '{"model": "<html/>", "decision": "x"}',
        '{"model": "<a>\\ud800</a>", "decision": "x"}',
        '{"model": {"a": NaN}}',
        '{"a": 1e999999999999999999999}',
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
def test_an_error_is_answered_when_the_request_is_none(line):
    assert list(json.loads(evaluate_line(line))) == ["error"]


@pytest.mark.parametrize(
    "body",
    [
        '"decision": 5',
        '"decision": null',
        '"decision": "Same", "inputs": [1]',
        '"decision": "Same", "inputs": {"Amount": {"@type": "date", "@value": "x"}}',
        '"decision": "Same", "inputs": {"Amount": {"@type": [], "@value": {}}}',
        '"decision": "Same", "inputs": {"Amount": ' + "[" * 500 + "]" * 500 + "}",
        '"decision": "Same", "inputs": {"Amount": 1e999999}',
        '"decision": "Same", "imports": 5',
        '"decision": "Same", "imports": [5]',
        '"decision": "Same", "invocable": {}',
        '"decision": "twice", "invocable": "twice", "kind": "other"',
    ],
)
def test_an_error_is_answered_when_a_part_of_the_request_is_wrong(body):
    assert list(json.loads(ask_text(body))) == ["error"]


def test_an_answer_is_one_line_of_utf_8_when_texts_are_odd(ask):
    answer = ask_text('"decision": "Greeting", "inputs": {"Name": "a\\nb \\ud800 \\u2028"}')

    assert answer.encode().count(b"\n") == 0
    assert json.loads(answer) == {"value": "Hello a\nb \ud800 \u2028"}


def test_the_id_comes_back_when_the_request_has_one():
    assert json.loads(ask_text('"id": "q1", "decision": "Same"')) == {"id": "q1", "value": None}
    assert list(json.loads(ask_text('"id": 7, "decision": "none"'))) == ["id", "error"]


IMPORTED = definitions(input_data("n"), decision("Base", text("n + 40"), ("n",)), own="far")
IMPORTING = definitions(
    '<import namespace="far" name="far" importType="https://www.omg.org/spec/DMN/20191111/MODEL/"/>',
    '<decision id="Sum" name="Sum"><informationRequirement>'
    '<requiredDecision href="far#Base"/></informationRequirement>'
    "<literalExpression><text>far.Base + 1</text></literalExpression></decision>",
)


def test_imported_models_are_found_when_the_request_or_the_folder_has_them(tmp_path):
    (tmp_path / "main.dmn").write_bytes(IMPORTING)
    beside = {"model": str(tmp_path / "main.dmn"), "decision": "Sum", "inputs": {"far": {"n": 1}}}
    given = {**beside, "model": IMPORTING.decode(), "imports": [IMPORTED.decode()]}

    assert "error" in json.loads(evaluate_line(json.dumps(beside)))
    (tmp_path / "other.dmn").write_bytes(IMPORTED)
    assert json.loads(evaluate_line(json.dumps(beside))) == {"value": 42}
    assert json.loads(evaluate_line(json.dumps(given))) == {"value": 42}
    named = {**given, "imports": {"far": str(tmp_path / "other.dmn")}}
    assert json.loads(evaluate_line(json.dumps(named))) == {"value": 42}


def test_each_line_is_answered_when_the_command_reads_any_bytes(path):
    lines = [
        b'{"model": "%s", "decision": "Third"}' % str(path).encode(),
        b"",
        b"\xff\xfe",
        b'{"id": 2, "model": "%s", "decision": "Same"}\r' % str(path).encode(),
    ]
    result = CliRunner().invoke(dmn, ["evaluate", "--batch"], input=b"\n".join(lines))

    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [list(answer) for answer in answers] == [["value"], ["error"], ["id", "value"]]


def test_the_command_prints_a_value_when_a_file_and_a_decision_are_named(path):
    result = CliRunner().invoke(
        dmn, ["evaluate", str(path), "Same", "--inputs", '{"Amount": 0.12345678901234567890}']
    )

    assert result.output == '{"value": 0.1234567890123456789}\n'


def test_the_command_fails_when_the_decision_has_an_error(path):
    result = CliRunner().invoke(dmn, ["evaluate", str(path), "Nobody's"])

    assert (result.exit_code, list(json.loads(result.output))) == (1, ["error"])
