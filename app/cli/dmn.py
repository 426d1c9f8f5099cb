"""``flask dmn``: evaluating decisions outside of the installation."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from functools import partial

import click

from app.cli.bpmn import echo_lines, needed, read_json
from processes.laboratory import decide_request


@click.group()
def dmn() -> None:
    """Evaluate decisions, without deploying them."""


@dmn.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False))
@click.argument("decision", required=False)
@click.option("--batch", is_flag=True, help="Read requests as JSON lines from standard input.")
@click.option("--inputs", default="{}", help="The inputs by name, a JSON object.")
def evaluate(file: str | None, decision: str | None, batch: bool, inputs: str) -> None:  # noqa: FBT001 - click calls it by name
    """Print the value of a DECISION of FILE, named by its id or name."""
    answering = partial(decide_request, now=datetime.now(UTC))
    if batch:
        echo_lines(sys.stdin, answering)
        return
    if decision is None:
        raise click.UsageError("Name the DECISION too.")
    request = {
        "model": needed(file),
        "decision": decision,
        "inputs": read_json(inputs, "--inputs"),
    }
    click.echo(json.dumps(answering(request), ensure_ascii=False))
