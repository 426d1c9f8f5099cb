"""``flask process``: deploying diagrams, forms and decision tables from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup

from app.cli.scenarios import run_files, scenarios_among
from app.context import platform
from processes.deploying.findings import Finding, ModelRejected
from processes.deploying.shipped import deploy_folder
from services.actors import SYSTEM
from services.errors import LanewiseError

process = AppGroup("process", help="Processes made of diagrams, forms and decision tables.")


@process.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--note", default="Deployed from the command line", help="Why it is deployed.")
@click.option("--test", "tested", is_flag=True, help="Deploy only if their scenarios pass.")
def deploy(paths: tuple[Path, ...], note: str, tested: bool) -> None:  # noqa: FBT001 - click calls it by name
    """Deploy the files under PATHS as one unit; what can't be executed is refused with reasons."""
    if tested and not all(report.passed for report in run_files(scenarios_among(paths))):
        raise click.ClickException("Nothing was deployed: a scenario failed.")
    try:
        result = platform().transact(
            SYSTEM, lambda uow: deploy_folder(uow, list(paths), note), source="cli"
        )
    except ModelRejected as error:
        click.echo(findings_table(error.findings), err=True)
        raise click.ClickException(error.message) from error
    except LanewiseError as error:
        raise click.ClickException(error.message) from error
    for line in deployed_lines(result):
        click.echo(line)


def findings_table(findings: Sequence[Finding]) -> str:
    """Return the faults as a table for a terminal, with what to do below each."""
    rows = [(f.file or "", f.element or "", str(f.line or ""), f.message) for f in findings]
    heads = ("File", "Element", "Line", "What is wrong")
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(3)]
    lines = [_row(heads, widths), _row(tuple("-" * width for width in [*widths, 13]), widths)]
    for row, finding in zip(rows, findings, strict=True):
        lines.append(_row(row, widths))
        if finding.advice:
            lines.append(_row(("", "", "", f"→ {finding.advice}"), widths))
    return "\n".join(lines)


def deployed_lines(result: Mapping[str, Any]) -> list[str]:
    """Return what a deployment made, a line each."""
    if not result["is_new"]:
        return ["Nothing changed: everything is deployed already."]
    return [
        f"{one['name']} ({one['key']}): version {one['version']}"
        + ("" if one["is_new"] else ", unchanged")
        for one in result["processes"]
    ] + [
        f"{one['kind']} {one['key']}: version {one['version']}"
        for one in result["resources"]
        if one["is_new"] and one["kind"] != "process"
    ]


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    """Return one line; the last column is as wide as its text."""
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, *cells[len(widths) :]]).rstrip()
