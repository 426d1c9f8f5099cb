"""Scenario files: how they are read, what they find, and how that is told."""

from __future__ import annotations

import pytest

from processes.laboratory.scenarios import (
    ScenarioFileError,
    read_scenarios,
    report_json,
    report_text,
    run_scenarios,
)
from tests.engine.models import Drawing, on
from tests.laboratory import shared_offices
from tests.processes.world import user_task, with_properties

HEAD = "process: p\nscenarios:\n"


def drawing():
    """Ask somebody of Sales; what was entered decides where it goes on; a message wakes it."""
    inside = user_task(candidateGroups="Sales")
    return (
        Drawing()
        .message("m", "paid", "=number")
        .declare('<signal id="s" name="go"/>')
        .start()
        .node("userTask", "ask", inside, name="Ask")
        .node("receiveTask", "wait", messageRef="m")
        .node("intermediateCatchEvent", "signalled", on("signal", "s"))
        .end()
        .path("start", "ask", "wait", "signalled", "end")
    )


@pytest.fixture
def write(tmp_path):
    """Write a file of scenarios, beside the diagram `p`; return what was read."""

    def write(text, model=None):
        (tmp_path / "p.bpmn").write_bytes((model or drawing()).xml())
        path = tmp_path / "p.test.yaml"
        path.write_text(text)
        return read_scenarios(path)

    return write


@pytest.fixture
def run(write):
    """Run a file of scenarios and return its report."""

    def run(text, model=None):
        [report] = run_scenarios(shared_offices(), [write(HEAD + text, model)])
        return report

    return run


def failures(report):
    return [(failure.line, failure.message) for one in report.scenarios for failure in one.failures]


WHOLE = """
  - name: All of it
    variables: {number: 7}
    steps:
      - complete: ask
        as: anna
      - message: paid
        correlation: {number: 8}
      - expect: {path: [start, ask], status: running, tasks: []}
      - message: paid
        correlation: {number: 7}
        payload: {by: card}
      - signal: go
    expect:
      path: [start, ask, wait, signalled, end]
      variables: {number: 7, by: card}
      status: completed
      processes: {p: completed}
"""


def test_scenario_passes_when_everything_is_as_it_says(run):
    report = run(WHOLE)
    assert failures(report) == []
    assert report.coverage.percent == 100
    assert report_json([report])["passed"]
    assert list(report_text([report]))[-1] == "1 scenarios passed"


def test_first_difference_of_a_path_is_told_when_it_goes_another_way(run):
    report = run(
        """
  - name: Too far
    steps: [{complete: Ask, as: boris}]
    expect: {path: [start, ask, end]}
"""
    )
    [(line, message)] = failures(report)
    assert line == 5 + 1
    assert message == "path at step 3 after ask: expected ['end'], found nothing"
    text = list(report_text([report]))
    assert text[-1] == "1 scenarios, 1 failed"
    assert "p lacks ask-wait" not in text
    assert any("signalled" in line for line in text)
    assert not report_json([report])["passed"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("expect: {tasks: [ask, other]}", "tasks: expected 'other', found ['ask']"),
        ("expect: {tasks: []}", "tasks: expected nothing, found 'ask'"),
        (
            "expect: {tasks: [{task: ask, groups: [Service]}]}",
            "task ask.groups[0]: expected 'Service', found 'Sales'",
        ),
        ("expect: {variables: {a: {b: 2}}}", "variables.a: expected {'b': 2}, found nothing"),
        ("expect: {status: completed}", "status: expected 'completed', found 'running'"),
        ("expect: {mails: [a@b.example]}", "mails: expected ['a@b.example'], found []"),
        ("expect: {incidents: [ask]}", "incidents: expected ['ask'], found []"),
        ("expect: {record: {name: a}}", "The scenario is about no record."),
        ("expect: {variables: {a: =nobody.id}}", "=nobody.id means nothing here."),
        ("expect: {variables: {a: =1 +}}", "=1 +: "),
        ("expect: {records: [{type: lead}]}", "Of each of records, say type, id and fields."),
        ("steps: [{complete: ask}]", "Say with `as` who completes the task."),
        ("steps: [{complete: ask, as: nina}]", "There is nobody called nina; there are anna,"),
        ("steps: [{complete: wait, as: anna}]", "No task wait is open; open are: ask."),
        ("steps: [{complete: ask, as: sven}]", "There is no such task."),
        ("steps: [{advance: soon}]", "'soon' is no duration"),
        ("steps: [{start: other}]", "There is no active process of this name."),
        ("steps: [{mail: {from: a@b.example, answers: true}}]", "No mail was sent to a@b.example"),
        ("record: {type: lead, with: {nam: a}}", "nam: Unknown field."),
        ("steps: [{do: lead.create, as: public}]", "You may not do this"),
        ("steps: [{do: lead.create, with: {name: A}, refused: invalid}]", "expected to be refused"),
    ],
)
def test_failure_is_told_when_something_is_not_as_it_says(run, text, message):
    report = run(f"\n  - name: One\n    {text}\n")
    [(line, told)] = failures(report)
    assert message in told
    assert line in {4, 5}


def test_refusal_is_no_failure_when_it_is_expected(run):
    report = run(
        """
  - name: Not for everybody
    steps:
      - {complete: ask, as: sven, refused: not_found}
      - {do: lead.create, as: anna, with: {}, refused: invalid}
"""
    )
    assert failures(report) == []


def test_record_is_made_and_looked_at_when_a_process_is_about_one(run):
    model = with_properties(drawing(), "lead")
    report = run(
        """
  - name: About a lead
    before:
      - do: lead.create
        with: {name: Another}
        save: other
    record: {type: lead, as: anna, with: {name: =other.name + " one"}}
    expect:
      record: {name: Another one}
      records: [{type: lead, id: =other.id, fields: {name: Another}}]
      tasks: [{task: ask, as: anna, form: {}}]
""",
        model,
    )
    assert failures(report) == []


def test_incident_is_a_failure_when_none_is_expected(run):
    model = Drawing().start().task("ask").end("bang", on("error", "e"))
    model.declare('<error id="e" errorCode="E1"/>').path("start", "bang").flow("start", "ask")
    text = "  - name: One\n    expect: {incidents: [bang]}\n  - name: Two\n"
    [(line, message)] = failures(run(text, model))
    assert (line, message) == (5, "incidents: expected [], found ['bang']")


def test_faults_are_told_when_the_files_can_not_be_deployed(run):
    report = run("  - name: One\n", Drawing().start().service("do").path("start", "do"))
    [(line, message)] = failures(report)
    assert line == 3
    assert "p.bpmn, do" in message


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("process: p", "1: The file has no scenarios."),
        ("- a", "1: The file is no mapping."),
        ("process: p\nscenarios: 3", "1: scenarios is no list."),
        (f"{HEAD}  - steps: []", "3: name is missing"),
        (f"{HEAD}  - name: a\n    what: b", "3: There is no what here; known are before, "),
        (f"{HEAD}  - name: a\n  - name: a", "Two scenarios are called 'a'."),
        (f"{HEAD}  - name: a\n    steps:\n      - sing: b", "5: A step is one of complete, "),
        (f"{HEAD}  - name: a\n    steps: [{{advance: P1D, start: p}}]", "4: A step is one of"),
        (f"{HEAD}  - name: a\n    steps: [{{complete: 3}}]", "4: complete is no text."),
        (f"{HEAD}  - name: a\n    steps: [{{do: a, by: b}}]", "4: There is no by here"),
        (f"{HEAD}  - name: a\n    steps: [{{mail: {{to: b}}}}]", "4: There is no to here"),
        (f"{HEAD}  - name: a\n    expect: {{paths: []}}", "4: There is no paths here"),
        (f"{HEAD}  - name: a\n    expect: {{path: a}}", "4: path is no list."),
        (f"{HEAD}  - name: a\n    name: b", "4: name stands here twice"),
        (f"{HEAD}  - name: a\n    3: b", "4: the key 3 is no text"),
        (f"{HEAD}  - name: [a", "3: expected"),
        (f"starts_at: soon\n{HEAD}  - name: a", "1: starts_at is no time with a zone"),
        (f"people: {{eva: {{}}}}\n{HEAD}  - name: a", "1: name is missing"),
        (f"{HEAD}  - name: !!python/object:os.system a", "3: could not determine a constructor"),
        ("\x00", ""),
        ("[" * 10_000, ""),
    ],
)
def test_place_is_told_when_a_file_can_not_be_understood(write, text, place):
    with pytest.raises(ScenarioFileError, match=r"p\.test\.yaml") as problem:
        write(text)
    assert place in str(problem.value)


def test_people_and_time_are_those_of_the_file_when_it_names_them(write):
    people = "people: {eva: {name: Eva Lund, groups: [Sales], scope: all}}\n"
    text = f"{people}starts_at: 2027-01-01T10:00:00+01:00\n{HEAD}" + WHOLE.replace("anna", "eva")
    file = write(text)
    assert file.starts_at.isoformat() == "2027-01-01T09:00:00+00:00"
    [report] = run_scenarios(shared_offices(), [file])
    assert failures(report) == []
