"""Scenario tests: what a process does to people, records and mails, told in YAML.

Each scenario runs on an installation of its own, with people, the files that ship and a mail
server, in a virtual time. See ``docs/how-to/scenario-tests.md``.
"""

from processes.laboratory.scenarios.covering import Coverage
from processes.laboratory.scenarios.office import Offices, open_offices
from processes.laboratory.scenarios.reading import ScenarioFile, ScenarioFileError, read_scenarios
from processes.laboratory.scenarios.telling import report_json, report_text
from processes.laboratory.scenarios.testing import FileReport, ScenarioReport, run_scenarios

__all__ = [
    "Coverage",
    "FileReport",
    "Offices",
    "ScenarioFile",
    "ScenarioFileError",
    "ScenarioReport",
    "open_offices",
    "read_scenarios",
    "report_json",
    "report_text",
    "run_scenarios",
]
