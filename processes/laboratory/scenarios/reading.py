"""Scenario files: YAML that is read with its line numbers, and refused where it says nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

STEPS: Mapping[str, frozenset[str]] = {
    "complete": frozenset({"as", "with", "refused"}),
    "advance": frozenset(),
    "message": frozenset({"payload", "correlation", "refused"}),
    "signal": frozenset({"payload", "refused"}),
    "start": frozenset({"as", "variables", "record", "refused"}),
    "do": frozenset({"as", "with", "save", "refused"}),
    "mail": frozenset(),
    "expect": frozenset(),
}
"""The kinds of steps, and what may stand beside the word that names the kind."""

EXPECTATIONS = frozenset(
    {
        "path",
        "tasks",
        "variables",
        "record",
        "records",
        "timeline",
        "mails",
        "status",
        "processes",
        "incidents",
    }
)
_MAIL = frozenset({"from", "subject", "text", "answers"})
_RECORD = frozenset({"type", "by", "as", "with"})
_FILE = frozenset({"process", "deploy", "starts_at", "people", "scenarios"})
_SCENARIO = frozenset({"name", "before", "record", "variables", "steps", "expect"})
_PERSON = frozenset({"name", "groups", "role", "scope"})
_START = datetime(2026, 3, 2, 9, tzinfo=UTC)


class ScenarioFileError(Exception):
    """A file of scenarios can't be understood; the text says where."""


class Section(dict[str, Any]):
    """A mapping of the file.

    Attributes:
        line: Where it stands, from 1.
    """

    line: int = 0


@dataclass(frozen=True)
class Person:
    """Somebody who acts in scenarios."""

    short: str
    name: str
    groups: tuple[str, ...]
    role: str = "employee"
    scope: str = "team"


PEOPLE = (
    Person("anna", "Anna Berg", ("Sales",)),
    Person("boris", "Boris Demir", ("Sales",)),
    Person("maria", "Maria Holm", ("Managers",), scope="all"),
    Person("sven", "Sven Aydin", ("Service",)),
    Person("piotr", "Piotr Lund", ("Production",)),
    Person("ada", "Ada Moen", (), role="analyst"),
    Person("olga", "Olga Nilsen", (), role="administrator", scope="all"),
)
"""Who there is where a file names nobody."""


@dataclass(frozen=True)
class Step:
    """One thing that happens.

    Attributes:
        kind: One of ``STEPS``.
        values: What stands at the step, the kind's own value under its name.
    """

    kind: str
    values: Mapping[str, Any]
    line: int


@dataclass(frozen=True)
class Scenario:
    """One way through a process.

    Attributes:
        before: What happens before its record is made.
        record: ``{"type", "by", "as", "with"}`` of the record that it is about; None for none.
        expect: What holds in the end.
    """

    name: str
    line: int
    before: tuple[Step, ...]
    record: Section | None
    variables: Mapping[str, Any]
    steps: tuple[Step, ...]
    expect: Section


@dataclass(frozen=True)
class ScenarioFile:
    """A file of scenarios.

    Attributes:
        process: Whose elements and flows the scenarios are to cover.
        deploy: Files and folders that are deployed together.
        starts_at: When each scenario begins.
    """

    path: Path
    process: str
    deploy: tuple[Path, ...]
    starts_at: datetime
    people: tuple[Person, ...]
    scenarios: tuple[Scenario, ...] = field(default_factory=tuple)


def read_scenarios(path: Path) -> ScenarioFile:
    """Read a file of scenarios.

    Raises:
        ScenarioFileError: It can't be read or understood; with file and line.
    """
    try:
        content = yaml.load(path.read_bytes(), Loader=_Loader)  # noqa: S506 - a safe loader
    except (OSError, ValueError, RecursionError) as error:
        raise ScenarioFileError(f"{path}: {error}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise ScenarioFileError(f"{path}{line}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ScenarioFileError(f"{path}: {error}") from error
    return _Reading(path).file(content)


class _Loader(yaml.SafeLoader):
    """Makes mappings that know their line and name each key once."""


def _make_section(loader: _Loader, node: yaml.MappingNode) -> Section:
    section = Section()
    section.line = node.start_mark.line + 1
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, str):
            raise yaml.MarkedYAMLError(
                problem=f"the key {key!r} is no text", problem_mark=key_node.start_mark
            )
        if key in section:
            raise yaml.MarkedYAMLError(
                problem=f"{key} stands here twice", problem_mark=key_node.start_mark
            )
        section[key] = loader.construct_object(value_node, deep=True)
    return section


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _make_section)


class _Reading:
    """Turns what YAML holds into scenarios."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def file(self, content: Any) -> ScenarioFile:
        top = self._section(content, "The file", 1)
        self._only(top, _FILE)
        scenarios = self._list(top, "scenarios")
        if not scenarios:
            raise self._error(top.line, "The file has no scenarios.")
        folder = self._path.parent
        found = tuple(self._scenario(one, top.line) for one in scenarios)
        names = [one.name for one in found]
        for one in found:
            if names.count(one.name) > 1:
                raise self._error(one.line, f"Two scenarios are called {one.name!r}.")
        return ScenarioFile(
            path=self._path,
            process=self._text(top, "process"),
            deploy=tuple(folder / str(one) for one in self._list(top, "deploy") or ["."]),
            starts_at=self._moment(top),
            people=self._people(top),
            scenarios=found,
        )

    def _scenario(self, given: Any, line: int) -> Scenario:
        section = self._section(given, "A scenario", line)
        self._only(section, _SCENARIO)
        record = section.get("record")
        if record is not None:
            record = self._section(record, "record", section.line)
            self._only(record, _RECORD)
            self._text(record, "type")
            self._within(record, "with")
        return Scenario(
            name=self._text(section, "name"),
            line=section.line,
            before=self._steps(section, "before"),
            record=record,
            variables=self._within(section, "variables"),
            steps=self._steps(section, "steps"),
            expect=self._expectations(self._within(section, "expect")),
        )

    def _steps(self, section: Section, name: str) -> tuple[Step, ...]:
        return tuple(self._step(one, section.line) for one in self._list(section, name))

    def _step(self, given: Any, line: int) -> Step:
        section = self._section(given, "A step", line)
        kinds = [name for name in STEPS if name in section]
        if len(kinds) != 1:
            raise self._error(section.line, f"A step is one of {', '.join(STEPS)}.")
        kind = kinds[0]
        self._only(section, {kind, *STEPS[kind]})
        if kind == "expect":
            self._expectations(self._within(section, kind))
        elif kind == "mail":
            self._only(self._within(section, kind), _MAIL)
        elif not isinstance(section[kind], str):
            raise self._error(section.line, f"{kind} is no text.")
        for name in ("with", "payload", "correlation", "variables"):
            self._within(section, name)
        return Step(kind, section, section.line)

    def _expectations(self, section: Section) -> Section:
        self._only(section, EXPECTATIONS)
        for name in ("variables", "record", "processes"):
            self._within(section, name)
        for name in ("path", "tasks", "records", "timeline", "mails", "incidents"):
            self._list(section, name)
        return section

    def _people(self, top: Section) -> tuple[Person, ...]:
        given = self._within(top, "people")
        if not given:
            return PEOPLE
        found = []
        for short in given:
            person = self._within(given, short)
            self._only(person, _PERSON)
            groups = tuple(str(group) for group in self._list(person, "groups"))
            role, scope = str(person.get("role", "employee")), str(person.get("scope", "team"))
            found.append(Person(short, self._text(person, "name"), groups, role, scope))
        return tuple(found)

    def _moment(self, top: Section) -> datetime:
        given = top.get("starts_at", _START)
        if not isinstance(given, datetime) or given.tzinfo is None:
            advice = "write it like 2026-03-02T09:00:00Z"
            raise self._error(top.line, f"starts_at is no time with a zone; {advice}.")
        return given.astimezone(UTC)

    def _section(self, given: Any, name: str, line: int) -> Section:
        if not isinstance(given, Section):
            raise self._error(line, f"{name} is no mapping.")
        return given

    def _within(self, section: Section, name: str) -> Section:
        given = section.get(name)
        return Section() if given is None else self._section(given, name, section.line)

    def _list(self, section: Section, name: str) -> list[Any]:
        given = section.get(name)
        if given is not None and not isinstance(given, list):
            raise self._error(section.line, f"{name} is no list.")
        return given or []

    def _text(self, section: Section, name: str) -> str:
        given = section.get(name)
        if not isinstance(given, str) or not given:
            raise self._error(section.line, f"{name} is missing, or is no text.")
        return given

    def _only(self, section: Section, names: Iterable[str]) -> None:
        known = set(names)
        for name in section:
            if name not in known:
                message = f"There is no {name} here; known are {', '.join(sorted(known))}."
                raise self._error(section.line, message)

    def _error(self, line: int, message: str) -> ScenarioFileError:
        return ScenarioFileError(f"{self._path}:{line}: {message}")
