"""``flask dmn``: evaluating decisions outside of the installation."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime

import click

from app.cli.bpmn import needed, read_json
from processes.laboratory import decide_line


@click.group()
def dmn() -> None:
    """Evaluate decisions, without deploying them."""


@dmn.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.argument("decision", required=False)
@click.option("--batch", is_flag=True, help="Read requests as JSON lines from standard input.")
@click.option("--inputs", default="{}", help="The inputs by name, a JSON object.")
def evaluate(file: str | None, decision: str | None, batch: bool, inputs: str) -> None:  # noqa: FBT001 - click calls it by name
    """Print the value of a DECISION of FILE, named by its id or name; exit code 1 if it fails."""
    if batch:
        _answer_lines()
        return
    if decision is None:
        raise click.UsageError("Name the DECISION too.")
    read_json(inputs, "--inputs")
    # The inputs stay text, so that their numbers keep all their digits.
    names = f'"model": {json.dumps(needed(file))}, "decision": {json.dumps(decision)}'
    answer = decide_line(f'{{{names}, "inputs": {inputs}}}', datetime.now(UTC))
    click.echo(answer)
    if "error" in json.loads(answer):
        raise click.exceptions.Exit(1)


def _answer_lines() -> None:
    """Answer each line that is not empty with one, before the next one is read."""
    for line in sys.stdin.buffer:
        text = line.decode(errors="replace").strip("\ufeff \t\r\n")
        if text:
            click.echo(decide_line(text, datetime.now(UTC)))
