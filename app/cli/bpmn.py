"""``flask bpmn``: checking, playing and testing diagrams outside of the installation."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import click
from flask.cli import with_appcontext

from app.cli.scenarios import run_files, scenarios_among
from app.context import settings
from config import ROOT
from processes.laboratory import (
    answer_lines,
    check_request,
    json_line,
    open_laboratory,
    run_request,
)
from processes.laboratory.scenarios import report_json, report_text


@click.group()
def bpmn() -> None:
    """Check, play and test diagrams, without deploying them."""


@bpmn.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--batch", is_flag=True, help="Read requests as JSON lines from standard input.")
@with_appcontext
def check(file: str | None, batch: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Tell whether FILE can be executed, and what is wrong with it; exit code 1 if it can't."""
    request = {"id": file, "model": None if batch else needed(file)}
    with open_laboratory(settings()) as laboratory:
        answering = partial(check_request, laboratory)
        if batch:
            echo_lines(answering)
            return
        answer = answering(request)
    echo_answer(answer)
    if not answer["ok"]:
        raise click.exceptions.Exit(1)


@bpmn.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--batch", is_flag=True, help="Read requests as JSON lines from standard input.")
@click.option("--process", help="Id of the process to start.")
@click.option("--variables", default="{}", help="What it begins with, a JSON object.")
@click.option("--steps", default="[]", help="What happens then, a JSON list.")
@with_appcontext
def run(
    file: str | None,
    batch: bool,  # noqa: FBT001 - click calls it by name
    process: str | None,
    variables: str,
    steps: str,
) -> None:
    """Play FILE on a virtual clock and tell how far it comes."""
    request = {
        "id": file,
        "model": None if batch else needed(file),
        "process": process,
        "variables": read_json(variables, "--variables"),
        "steps": read_json(steps, "--steps"),
    }
    with open_laboratory(settings()) as laboratory:
        answering = partial(run_request, laboratory, now=datetime.now(UTC))
        if batch:
            echo_lines(answering)
        else:
            echo_answer(answering(request))


@bpmn.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.option(
    "--coverage", default=0.0, help="Fail if less percent of a process than this is covered."
)
@with_appcontext
def test(paths: tuple[Path, ...], as_json: bool, coverage: float) -> None:  # noqa: FBT001 - click calls it by name
    """Run the scenarios of PATHS: *.test.yaml, folders, diagrams; those that ship by default.

    The exit code is 1 if one fails.
    """
    files = scenarios_among(paths or (ROOT / "bpmn",))
    reports = run_files(files, aloud=not as_json)
    if as_json:
        echo_answer(report_json(reports))
    else:
        for line in report_text(reports):
            click.echo(line)
    if any(not one.passed or one.coverage.percent < coverage for one in reports):
        raise click.exceptions.Exit(1)


def echo_lines(answering: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
    """Answer each line of JSON of the standard input with one, at once."""
    lines = (line.decode(errors="replace") for line in sys.stdin.buffer)
    for answer in answer_lines(lines, answering):
        click.echo(answer)


def echo_answer(answer: Mapping[str, Any]) -> None:
    """Print an answer for people."""
    click.echo(json_line(answer, indent=2))


def needed(file: str | None) -> str:
    """Return the file's name.

    Raises:
        UsageError: None is given.
    """
    if file is None:
        raise click.UsageError("Name a FILE, or use --batch.")
    return file


def read_json(text: str, option: str) -> Any:
    """Return the value of an option.

    Raises:
        BadParameter: It is no JSON.
    """
    try:
        return json.loads(text)
    except ValueError as error:
        raise click.BadParameter(f"{error}", param_hint=option) from error
