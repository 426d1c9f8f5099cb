"""``flask bpmn``: checking and playing diagrams outside of the installation."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click
from flask.cli import with_appcontext

from app.context import settings
from processes.laboratory import (
    answer_lines,
    check_request,
    json_line,
    open_laboratory,
    run_request,
)


@click.group()
def bpmn() -> None:
    """Check and play diagrams, without deploying them."""


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
