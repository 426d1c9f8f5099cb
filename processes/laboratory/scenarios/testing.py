"""Running files of scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

from processes.deploying.findings import ModelRejected
from processes.laboratory.playing import StepImpossible
from processes.laboratory.scenarios.acting import Acting, refusal
from processes.laboratory.scenarios.covering import Coverage
from processes.laboratory.scenarios.expecting import Expecting
from processes.laboratory.scenarios.office import Office, Offices
from processes.laboratory.scenarios.reading import Scenario, ScenarioFile, Step
from processes.laboratory.scenarios.values import Difference, UnclearError
from services.actors import SYSTEM
from services.errors import LanewiseError

_Part = tuple[int, Callable[[], list[Difference]]]

PROBLEMS = (LanewiseError, UnclearError, StepImpossible, ValueError)


@dataclass(frozen=True)
class Failure:
    """Something that is not as a scenario says.

    Attributes:
        line: Of the step or the scenario in its file.
    """

    line: int
    message: str


@dataclass
class ScenarioReport:
    """How one scenario went."""

    name: str
    failures: list[Failure] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether everything was as it says."""
        return not self.failures


@dataclass
class FileReport:
    """How the scenarios of one file went, and what of its process they took."""

    file: ScenarioFile
    scenarios: list[ScenarioReport] = field(default_factory=list)
    coverage: Coverage = field(default_factory=Coverage)

    @property
    def passed(self) -> bool:
        """Whether all went well."""
        return all(scenario.passed for scenario in self.scenarios)


def run_scenarios(
    offices: Offices,
    files: Iterable[ScenarioFile],
    *,
    tell: Callable[[ScenarioFile, ScenarioReport], None] | None = None,
) -> list[FileReport]:
    """Run the scenarios of files.

    Args:
        offices: Gives each scenario an installation of its own.
        files: What is run.
        tell: Called after each scenario.
    """
    reports = []
    for file in files:
        report = FileReport(file)
        reports.append(report)
        for scenario in file.scenarios:
            report.scenarios.append(_run(offices, file, scenario, report.coverage))
            if tell is not None:
                tell(file, report.scenarios[-1])
    return reports


def _run(
    offices: Offices, file: ScenarioFile, scenario: Scenario, coverage: Coverage
) -> ScenarioReport:
    report = ScenarioReport(scenario.name)
    try:
        with offices.open(file) as office:
            _perform(office, file.process, scenario, report)
            office.platform.transact(SYSTEM, lambda uow: coverage.add(uow, file.process))
    except ModelRejected as problem:
        report.failures += [Failure(scenario.line, str(one)) for one in problem.findings]
    return report


def _perform(office: Office, process: str, scenario: Scenario, report: ScenarioReport) -> None:
    """Do what a scenario says; after the first failure nothing more of it makes sense."""
    acting = Acting(office, scenario, process)
    expecting = Expecting(acting, process)
    for line, work in _parts(acting, expecting, scenario):
        try:
            report.failures += [Failure(line, str(one)) for one in work()]
        except PROBLEMS as problem:
            report.failures.append(Failure(line, refusal(problem)))
        if report.failures:
            return


def _parts(acting: Acting, expecting: Expecting, scenario: Scenario) -> Iterator[_Part]:
    """Yield each thing that is done or expected, with its line."""
    for step in scenario.before:
        yield step.line, partial(_take, acting, expecting, step)
    yield scenario.line, partial(_begin, acting)
    for step in scenario.steps:
        yield step.line, partial(_take, acting, expecting, step)
    line = scenario.expect.line or scenario.line
    yield line, partial(expecting.differences, scenario.expect)
    if "incidents" not in scenario.expect:
        yield line, expecting.unexpected_incidents


def _begin(acting: Acting) -> list[Difference]:
    acting.begin()
    return []


def _take(acting: Acting, expecting: Expecting, step: Step) -> list[Difference]:
    if step.kind == "expect":
        return expecting.differences(step.values["expect"])
    acting.do(step)
    return []
