"""What is told of a model before it is deployed."""

import pytest

from processes.engine.decisions import parse_decisions, review_decisions
from tests.decisions.conftest import decision, definitions, function, input_data, table, text
from tests.processor_time import processor_time_below

INPUTS = (input_data("score"), input_data("stage"), input_data("due"), input_data("paid"))
NEEDS = ("score", "stage", "due", "paid")


def review_table(inputs, rules, policy="UNIQUE", output="o"):
    """Review a model of one table; rules are cells of inputs, and come to their number."""
    rows = [[*cells, str(number)] for number, cells in enumerate(rules)]
    body = table(inputs, [output], rows, policy)
    return review_decisions(definitions(*INPUTS, decision("D", body, NEEDS)))


def texts(problems):
    return [problem.message.removeprefix("decision 'D': ") for problem in problems]


@pytest.mark.parametrize(
    ("cells", "example"),
    [
        (["[1..5]", "[5..9]"], "score is 5"),
        (["< 5", "> 3"], "score is 4"),
        (["-", "7"], "score is 7"),
        (["1, 2", "not(1)"], "score is 2"),
        (["[1, 2]", "2"], "score is 2"),
        (["!= 3", "> 3"], "score is 4"),
        (["3", "3"], "score is 3"),
        (["0.5", "< 0.6"], "score is 0.5"),
        (['"a"', '"a", "b"'], 'score is "a"'),
        (['"a"', 'not("b")'], 'score is "a"'),
        (["true", "-"], "score is true"),
        (['< date("2026-01-01")', "<= date(2025, 12, 31)"], "score is 2025-12-30"),
        (['(@"PT1H"..@"PT2H"]', '>= @"PT2H"'], "score is PT2H"),
        (['@"P1Y"', '@"P12M"'], "score is P1Y"),
        (["null", "null, 1"], "score is null"),
        (['< @"2026-01-01T00:00:00Z"', '@"2025-01-01T00:00:00Z"'], "2025-01-01T00:00:00Z"),
    ],
)
def test_a_table_is_refused_when_two_rules_of_unique_hits_certainly_overlap(cells, example):
    review = review_table(["score"], [[cell] for cell in cells])

    (message,) = texts(review.errors)
    assert message.startswith("rules 1 and 2 both hold, for example where ")
    assert example in message


@pytest.mark.parametrize(
    "cells",
    [
        ["[1..5]", "(5..9]", "> 9", "< 1"],
        ["<= 5", "> 5"],
        ["1", "not(1)"],
        ["true", "false"],
        ['"a"', 'not("a")'],
        ['<= date("2026-01-01")', '> date("2026-01-01")'],
        ['< @"10:00:00"', '>= @"10:00:00"'],
        ['< @"P1Y"', '>= @"P1Y"'],
    ],
)
def test_nothing_is_said_when_the_rules_fit_together(cells):
    review = review_table(["score"], [[cell] for cell in cells])

    assert review.errors == []
    assert review.warnings == []


@pytest.mark.parametrize(
    "cells",
    [
        ["score", "1"],
        ["> stage", "1"],
        ["? > 1", "? > 2"],
        ['< "m"', '"a"'],
        ["1", '"a"'],
        ["count(?) > 1", "[1]"],
        ["< today()", 'date("2026-01-01")'],
    ],
)
def test_a_table_is_not_refused_when_its_cells_say_more_than_constants(cells):
    assert review_table(["score"], [[cell] for cell in cells]).errors == []


@pytest.mark.parametrize(
    ("inputs", "rules"),
    [
        # Between 5 and 6 there is nothing, if the scores are integers.
        (["score"], [["> 5"], ["< 6"]]),
        # One value in two columns: no score is both.
        (["score", "score"], [["> 5", "-"], ["-", "< 3"]]),
        # Both may depend on one another.
        (["score", "score * 2"], [["> 5", "-"], ["-", "< 3"]]),
    ],
)
def test_an_overlap_is_a_warning_when_it_is_not_certain(inputs, rules):
    review = review_table(inputs, rules)

    assert review.errors == []
    assert texts(review.warnings)[0].startswith("rules 1 and 2 both hold")


@pytest.mark.parametrize("policy", ["FIRST", "ANY", "PRIORITY", "COLLECT", "RULE ORDER"])
def test_overlaps_are_welcome_when_the_policy_says_what_several_hits_come_to(policy):
    review = review_table(["score"], [["-"], ["> 1"]], policy)

    assert (review.errors, review.warnings) == ([], [])


@pytest.mark.parametrize(
    ("inputs", "rules", "gaps"),
    [
        (["score"], [["< 5"], ["> 5"]], ["score is 5"]),
        (["score"], [["[0..5]"], ["[6..10]"]], ["score is -1", "score is 11", "score is 5.5"]),
        (["score|[0..10]"], [["[0..5]"], ["(5..9]"]], ["score is 10", "score is 9.5"]),
        (["stage"], [['"won"'], ['"lost"']], ["stage is any other text"]),
        (['stage|"won", "lost", "open"'], [['"won"'], ['"lost"']], ['stage is "open"']),
        (["paid"], [["true"]], ["paid is false"]),
        (["due"], [['<= date("2026-01-01")'], ['>= date("2026-01-03")']], ["due is 2026-01-02"]),
        (
            ["paid", "score"],
            [["true", "-"], ["false", "< 3"]],
            ["paid is false and score is 3"],
        ),
    ],
)
def test_a_gap_is_told_with_an_example_when_no_rule_holds(inputs, rules, gaps):
    review = review_table(inputs, rules, "FIRST")

    assert review.errors == []
    told = [
        message.partition("for example where ")[2].rstrip(".") for message in texts(review.warnings)
    ]
    assert told == gaps


@pytest.mark.parametrize(
    ("policy", "output"), [("COLLECT", "o"), ("RULE ORDER", "o"), ("FIRST", "o||0")]
)
def test_gaps_are_welcome_when_there_is_a_default_or_all_hits_are_wanted(policy, output):
    assert review_table(["score"], [["1"]], policy, output).warnings == []


def test_no_gap_is_told_when_a_rule_is_not_understood():
    assert review_table(["score"], [["< 5"], ["> modulo(?, 3)"]]).warnings == []


def test_a_check_takes_little_time_when_a_table_is_large():
    rules = [[f"[{n}..{n + 1})", f'"{n % 7}"', "-", "true"] for n in range(600)]
    with processor_time_below(6):
        review = review_table(["score", "stage", "due", "paid"], rules)

    assert review.errors == []


def test_no_gap_is_searched_without_end_when_columns_are_many():
    inputs = [f"score + {n}" for n in range(30)]
    rules = [["-"] * n + ["< 5"] + ["-"] * (29 - n) for n in range(30)]
    rules += [["-"] * n + ["> 9"] + ["-"] * (29 - n) for n in range(30)]
    with processor_time_below(3):
        review_table(inputs, rules, "FIRST")


def remarks(expression, *parts, needs=("score",)):
    xml = definitions(*INPUTS, *parts, decision("D", text(expression), needs))
    review = review_decisions(xml)
    assert review.errors == []
    return texts(review.warnings)


@pytest.mark.parametrize(
    ("expression", "remark"),
    [
        ("scor + 1", "nothing is called `scor` here (at character 1)."),
        ("1 + stage", "nothing is called `stage` here (at character 5)."),
        ("for x in [y] return x", "nothing is called `y` here (at character 11)."),
        ("if ? then 1 else 2", "nothing is called `?` here (at character 4)."),
        ("abs(1, 2)", "`abs` does not take 2 arguments (at character 1)."),
        ("1 + floor(number: 1)", "`floor` does not take `number` (at character 5)."),
        ("twice(1, 2)", "`twice` takes `n` (at character 1)."),
        ("twice(m: 2)", "`twice` takes `n` (at character 1)."),
    ],
)
def test_a_name_or_call_is_told_with_its_place_when_it_means_nothing(expression, remark):
    known = function("twice", ["n"], text("n * 2"))

    assert remarks(expression, known, needs=("score", "twice()")) == [remark]


@pytest.mark.parametrize(
    "expression",
    [
        "score.anything + abs(n: score)",
        "[{a: 1}][a = 1 and unknown = 2]",
        "for x in 1..2, y in x..3 return x + y + count(partial)",
        "some x in [1] satisfies x > score",
        "{a: 1, b: a, f: function(n) f(n) + g(n), g: function(n) n}",
        "(function(abs) abs(1, 2))(score)",
        "score in (> 1, ? < 3)",
        "twice(n: 1) + twice(2)",
        "date(2026, 1, 1) + now() - today()",
    ],
)
def test_nothing_is_told_when_names_are_bound(expression):
    known = function("twice", ["n"], text("n * 2"))

    assert remarks(expression, known, needs=("score", "twice()")) == []


def test_cells_are_looked_at_when_a_table_names_what_is_not_there():
    body = table(["score"], ["o"], [["> limit", "other"], ["< ? - 1", "1"]], "COLLECT")
    review = review_decisions(definitions(*INPUTS, decision("D", body, ("score",))))

    assert texts(review.warnings) == [
        "decision 'D', rule 1, input 'score': nothing is called `limit` here (at character 3).",
        "decision 'D', rule 1, output: nothing is called `other` here (at character 1).",
    ]


def test_names_are_not_doubted_when_a_model_declares_no_inputs():
    assert review_decisions(definitions(decision("D", text("amount * 2")))).warnings == []


def test_a_table_that_is_refused_still_runs_when_read_for_evaluation():
    rules = [["> 1", "1"], ["> 2", "2"]]
    model = parse_decisions(
        definitions(*INPUTS, decision("D", table(["score"], ["o"], rules), ("score",)))
    )

    assert model.evaluate("D", {"score": 2}) == 1
