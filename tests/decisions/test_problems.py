"""What is refused, and how it is told."""

import pytest

from processes.engine.decisions import parse_decisions, review_decisions
from processes.engine.errors import ModelError
from processes.engine.xml import MAX_BYTES, parse_xml
from tests.decisions.conftest import decision, definitions, function, input_data, table, text


def problem_of(*parts):
    with pytest.raises(ModelError) as caught:
        parse_decisions(definitions(*parts))
    return caught.value


def test_a_cell_is_named_with_its_line_when_it_is_no_feel():
    body = table(["Age"], ["a", "b"], [["> 1", "1", "2"], ["> 2 +", "1", "2"]])
    xml = definitions(decision("D", body.replace("<rule", "\n<rule")))

    with pytest.raises(ModelError) as caught:
        parse_decisions(xml)

    assert "decision 'D', rule 2, input 'Age'" in caught.value.message
    assert "A value is expected" not in str(caught.value.advice)
    assert caught.value.line == 3
    assert "> 2 +" in caught.value.advice


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([decision("D", text("1 +"))], "decision 'D': A value is expected"),
        ([decision("D", table(["x"], ["y"], [["-", "1 +"]]))], "rule 1, output"),
        ([decision("D", table([""], ["y"], []))], "there is no expression"),
        ([decision("D", table(["x"], [], []))], "no output"),
        ([decision("D", table(["x"], ["y"], [["1"]]))], "cells are not as many"),
        ([decision("D", table(["x"], ["y"], [], "BEST"))], "hit policy 'BEST' is unknown"),
        ([decision("D", text("1"), ("missing",))], "'#missing' refers to is not in the model"),
        ([decision("D", text("1"), (), "tUnknown")], "no type 'tUnknown'"),
        ([decision("D", text("1", expressionLanguage="juel"))], "language 'juel'"),
        ([decision("D", text("1")), decision("D", text("2"))], "'D' stands twice"),
        ([function("f", ["a"], text("a +"))], "function 'f'"),
        ([decision("A", text("1"), ("!B",)), decision("B", text("1"), ("!A",))], "requires"),
        (['<inputData id="i"/>'], "no name"),
        (['<decisionService id="s" name="s"/>'], "no output decision"),
        (
            ['<itemDefinition name="t"><typeRef>t</typeRef></itemDefinition>'],
            "type 't' contains itself",
        ),
        (
            [
                '<itemDefinition name="t"><typeRef>number</typeRef>'
                + text("> >", "allowedValues")
                + "</itemDefinition>"
            ],
            "allowed values",
        ),
    ],
)
def test_a_model_is_refused_when_something_in_it_cannot_be_run(parts, message):
    problem = problem_of(*parts)

    assert message in problem.message
    assert problem.line in {1, 2}
    assert problem.element


def test_all_problems_are_told_when_a_model_is_checked():
    xml = definitions(
        decision("A", text("1 +")), decision("B", text("2")), decision("C", text("3"), ("x",))
    )

    assert len(review_decisions(xml).errors) == 2
    assert len(review_decisions(b"<nonsense/>").errors) == 1
    assert review_decisions(definitions(decision("B", text("2")))).errors == []


def test_what_is_sound_still_runs_when_a_model_is_read_leniently():
    whole = parse_decisions(
        definitions(decision("A", text("1 +")), decision("B", text("2"))), lenient=True
    )

    assert whole.evaluate("B", {}) == 2
    assert len(whole.problems) == 1
    with pytest.raises(ModelError, match="A value is expected"):
        whole.evaluate("A", {})


def test_a_decision_is_missed_when_there_is_none_of_its_name():
    whole = parse_decisions(definitions(input_data("x"), decision("A", text("1"))))

    with pytest.raises(ModelError, match="no decision 'x'"):
        whole.evaluate("x", {})


BOMB = b"<!DOCTYPE a [" + b"".join(
    b'<!ENTITY x%d "%s">' % (i, b"&x%d;" % (i - 1) * 10 if i else b"lol") for i in range(10)
)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not well-formed"),
        (b"<a>", "not well-formed"),
        (b"no xml", "not well-formed"),
        (b"<!DOCTYPE a><a/>", "DTD"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "DTD"),
        (b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>', "DTD"),
        (BOMB + b"]><a>&x9;</a>", ""),
        (b"<a>" * 100_000, ""),
        (b"<a>" * 240 + b"</a>" * 240, "nested"),
        (b"<a>" + b"<b/>" * 5_000 + b"</a>", "more than 5000 elements"),
        (b" " * (MAX_BYTES + 1), "bytes"),
    ],
    ids=lambda value: repr(value[:30]),
)
def test_a_file_is_refused_when_it_is_hostile_or_no_xml(data, message, monkeypatch):
    monkeypatch.setattr("processes.engine.xml.MAX_NODES", 5_000)
    with pytest.raises(ModelError) as caught:
        parse_xml(data)

    assert message in caught.value.message
    assert "root:" not in str(caught.value)


def test_a_problem_is_told_in_one_line_when_shown():
    problem = ModelError("It is wrong.", "Task_1", 12, "Draw it again.")

    assert str(problem) == "It is wrong. (Task_1, line 12) Draw it again."
    assert str(ModelError("It is wrong.")) == "It is wrong."


def test_a_decision_fails_and_says_why_when_it_requires_itself_through_another():
    cycle = [
        decision("A", text("B + 1"), ("!B",)),
        decision("B", text("A + 1"), ("!A",)),
        decision("C", text("1")),
    ]
    model = parse_decisions(definitions(*cycle), lenient=True)

    with pytest.raises(ModelError, match="requires it in turn"):
        model.evaluate("A", {})
    assert model.evaluate("C", {}) == 1
