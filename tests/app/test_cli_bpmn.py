"""``flask bpmn``, with a database that is thrown away."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir

import pytest

from app import create_app
from services.clock import SystemClock
from services.platform import Platform
from tests.engine.models import Drawing
from tests.processes.world import user_task


@pytest.fixture
def flask(settings, front_end):
    """Run a command line of ``flask`` where no installation may be opened."""

    def refuse():
        raise AssertionError("the database of the installation was opened")

    # Not below pytest's own folder: that is closed to the user whom the server runs as for root.
    folder = Path(gettempdir()) / "lanewise-test-laboratory"
    platform = Platform(replace(settings, instance_path=folder), refuse, SystemClock())
    runner = create_app(platform, front_end=front_end).test_cli_runner()
    return lambda *words, **settings: runner.invoke(args=["bpmn", *words], **settings)


@pytest.fixture
def asking():
    inside = user_task(candidateGroups="Sales")
    drawing = Drawing().start().node("userTask", "ask", inside).end()
    return drawing.path("start", "ask", "end").xml().decode()


@pytest.mark.parametrize(("command", "name"), [("check", "ok"), ("run", "status")])
def test_answers_come_in_order_when_there_are_many_requests(flask, asking, command, name):
    requests = [{"id": number, "model": asking} for number in range(3)]
    lines = [json.dumps(request).encode() for request in requests]
    broken = [b"no json", b"[]", b"", b"\xff\xfe", b"[" * 100_000, b'{"id": "\\ud800"}']
    result = flask(command, "--batch", input=b"\n".join([*broken, *lines]))
    answers = [json.loads(line) for line in result.output.splitlines()]
    assert [answer.get("id") for answer in answers] == [None] * 4 + ["\ud800", 0, 1, 2]
    assert all(name in answer for answer in answers[4:])
    assert all("error" in answer for answer in answers[:4])
    assert answers[-1][name] in {True, "running"}


def test_exit_code_tells_when_a_file_is_refused(flask, asking, tmp_path):
    file = tmp_path / "model.bpmn"
    file.write_text("<nonsense/>")
    assert flask("check", str(file)).exit_code == 1
    file.write_text(asking)
    assert flask("check", str(file)).exit_code == 0
    result = flask("run", str(file), "--steps", '[{"complete": "ask"}]')
    assert json.loads(result.output)["status"] == "completed"


def test_usage_is_told_when_no_file_is_named(flask):
    assert flask("check").exit_code == 2
    assert flask("run", "--variables", "no json", __file__).exit_code == 2


SCENARIOS = """
process: p
scenarios:
  - name: Somebody asks
    steps: [{complete: ask, as: anna}]
    expect: {path: [start, ask, end]}
"""


def test_scenarios_are_told_of_when_they_pass_and_when_they_fail(flask, asking, tmp_path):
    (tmp_path / "p.bpmn").write_text(asking)
    file = tmp_path / "p.test.yaml"
    file.write_text(SCENARIOS)
    passed = flask("test", str(tmp_path), "--coverage", "100")
    assert passed.exit_code == 0
    assert passed.output.splitlines() == [
        "passed  p: Somebody asks",
        "",
        "Process  Elements  Flows   Covered",
        "p        3 of 3    2 of 2  100.0 %",
        "",
        "1 scenarios passed",
    ]
    file.write_text(SCENARIOS.replace("ask, end]", "end]"))
    failed = flask("test", str(file))
    assert failed.exit_code == 1
    place = "path at step 2 after start: expected ['end'], found ['ask', 'end']"
    assert f"        {file}:6: {place}" in failed.output.splitlines()
    answer = json.loads(flask("test", "--json", str(file)).output)
    assert answer["files"][0]["scenarios"][0]["failures"] == [{"line": 6, "message": place}]


def test_nothing_is_deployed_when_a_scenario_fails(front_end, platform, asking, tmp_path):
    folder = Path(gettempdir()) / "lanewise-test-laboratory"
    settings = replace(platform.settings, instance_path=folder)
    installation = Platform(settings, platform.engine, platform.clock)
    runner = create_app(installation, front_end=front_end).test_cli_runner()
    deploy = ["process", "deploy", "--test", str(tmp_path)]
    diagram, file = tmp_path / "p.bpmn", tmp_path / "p.test.yaml"
    diagram.write_text(asking)
    assert "There are no scenarios" in runner.invoke(args=deploy).output
    file.write_text(SCENARIOS.replace("ask, end]", "end]"))
    refused = runner.invoke(args=deploy)
    assert (refused.exit_code, "a scenario failed" in refused.output) == (1, True)
    file.write_text(SCENARIOS)
    deployed = runner.invoke(args=["process", "deploy", "--test", str(diagram)])
    assert deployed.output.splitlines() == ["passed  p: Somebody asks", "p (p): version 1"]


def test_exit_code_tells_when_too_little_is_covered_or_nothing_is_there(flask, asking, tmp_path):
    assert flask("test", str(tmp_path)).exit_code == 1
    (tmp_path / "p.bpmn").write_text(asking)
    file = tmp_path / "p.test.yaml"
    file.write_text("process: p\nscenarios:\n  - name: Nothing is done\n")
    assert flask("test", str(file)).exit_code == 0
    assert flask("test", str(file), "--coverage", "50").exit_code == 1
    file.write_text("process: p")
    assert "1: The file has no scenarios." in flask("test", str(file)).output
