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
    return Drawing().start().task("ask").end().path("start", "ask", "end").xml().decode()


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
