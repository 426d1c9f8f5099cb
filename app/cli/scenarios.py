"""Running scenarios from the command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

from app.context import settings
from processes.laboratory.scenarios import (
    FileReport,
    ScenarioFile,
    ScenarioFileError,
    ScenarioReport,
    open_offices,
    read_scenarios,
    run_scenarios,
)

ENDING = ".test.yaml"


def scenarios_among(paths: Iterable[Path]) -> list[ScenarioFile]:
    """Read the files of scenarios among ``paths``: folders are searched, diagrams have one beside.

    Raises:
        ClickException: There is none, or one can't be understood.
    """
    try:
        files = [read_scenarios(file) for path in paths for file in _files_of(path)]
    except ScenarioFileError as error:
        raise click.ClickException(str(error)) from error
    if not files:
        raise click.ClickException(f"There are no scenarios: their files are called *{ENDING}.")
    return files


def run_files(files: Iterable[ScenarioFile], *, aloud: bool = True) -> list[FileReport]:
    """Run files of scenarios; ``aloud`` prints how each went, at once."""
    with open_offices(settings()) as offices:
        return run_scenarios(offices, files, tell=_tell if aloud else None)


def _files_of(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(path.rglob(f"*{ENDING}"))
    beside = path.with_suffix(ENDING)
    return [path] if path.name.endswith(ENDING) else [beside] if beside.exists() else []


def _tell(file: ScenarioFile, report: ScenarioReport) -> None:
    click.echo(f"{'passed' if report.passed else 'FAILED'}  {file.process}: {report.name}")
    for failure in report.failures:
        click.echo(f"        {file.path}:{failure.line}: {failure.message}")
