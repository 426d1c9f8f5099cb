"""``flask bpmn``: checking and playing diagrams outside of the installation."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO

import click

from processes.laboratory import answer_lines, check_request, run_request


@click.group()
def bpmn() -> None:
    """Check and play diagrams, without deploying them."""


@bpmn.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--batch", is_flag=True, help="Read requests as JSON lines from standard input.")
def check(file: str | None, batch: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Tell whether FILE can be executed, and what is wrong with it; exit code 1 if it can't."""
    if batch:
        echo_lines(sys.stdin, check_request)
        return
    answer = check_request({"id": file, "model": needed(file)})
    click.echo(json.dumps(answer, ensure_ascii=False, indent=2))
    if not answer["ok"]:
        raise click.exceptions.Exit(1)


@bpmn.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option("--batch", is_flag=True, help="Read requests as JSON lines from standard input.")
@click.option("--process", help="Id of the process to start.")
@click.option("--variables", default="{}", help="What it begins with, a JSON object.")
@click.option("--steps", default="[]", help="What happens then, a JSON list.")
def run(
    file: str | None,
    batch: bool,  # noqa: FBT001 - click calls it by name
    process: str | None,
    variables: str,
    steps: str,
) -> None:
    """Play FILE on a virtual clock and tell how far it comes."""
    answering = partial(run_request, now=datetime.now(UTC))
    if batch:
        echo_lines(sys.stdin, answering)
        return
    request = {
        "id": file,
        "model": needed(file),
        "process": process,
        "variables": read_json(variables, "--variables"),
        "steps": read_json(steps, "--steps"),
    }
    click.echo(json.dumps(answering(request), ensure_ascii=False, indent=2))


def echo_lines(lines: TextIO, answering: Any) -> None:
    """Answer each line of JSON with one, at once."""
    for answer in answer_lines(lines, answering):
        click.echo(answer)


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
    except json.JSONDecodeError as error:
        raise click.BadParameter(f"{error}", param_hint=option) from error
