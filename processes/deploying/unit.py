"""A unit of files that is to be deployed: read, named, and free of faults of its own."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from forms import Form, FormError, find_faults, parse_form
from processes.deploying.definition_tables import ResourceKind
from processes.deploying.findings import Finding, finding_of
from processes.engine import Model, parse_model
from processes.engine.decisions import DecisionModel, parse_decisions, review_decisions
from processes.engine.errors import ModelErrors
from processes.engine.process_model import Process

KINDS: Mapping[str, ResourceKind] = {
    "bpmn": ResourceKind.PROCESS,
    "dmn": ResourceKind.DECISION,
    "form": ResourceKind.FORM,
}
MAX_FILES = 500
_DECLARED_ENCODING = re.compile(r"""\A(<\?xml[^>]*?)\s+encoding\s*=\s*(["'])([^"'>]*)\2""")


@dataclass(frozen=True)
class File:
    """A file of the unit.

    Attributes:
        key: By which its versions are counted.
        names: The ids of the processes, decisions or the form in it.
    """

    name: str
    kind: ResourceKind
    key: str
    names: tuple[str, ...]
    content: str

    @property
    def checksum(self) -> str:
        """SHA-256 of the content, hexadecimal."""
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass
class Unit:
    """The files that could be read, what stands in them, and the faults of the others.

    Attributes:
        warnings: What is doubtful in decisions; that of diagrams is in their models.
    """

    files: list[File] = field(default_factory=list)
    models: dict[str, Model] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)
    decisions: dict[str, DecisionModel] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)

    def processes(self) -> Iterator[tuple[File, Process]]:
        """Yield every process that is to be executed, with its file."""
        for file in self.files:
            if file.kind is ResourceKind.PROCESS:
                model = self.models[file.key]
                yield from ((file, model.processes[name]) for name in file.names)

    def parsed(self, kind: str, key: str) -> Any:
        """Return the model, the form or the decisions that a file was read as."""
        by_kind: dict[str, Mapping[str, Any]] = {
            ResourceKind.PROCESS: self.models,
            ResourceKind.FORM: self.forms,
            ResourceKind.DECISION: self.decisions,
        }
        return by_kind[kind][key]

    @property
    def decision_ids(self) -> frozenset[str]:
        """The ids of all decisions in the unit."""
        return frozenset(
            name for file in self.files if file.kind is ResourceKind.DECISION for name in file.names
        )

    @property
    def process_ids(self) -> frozenset[str]:
        """The ids of all processes in the unit."""
        return frozenset(process.id for _, process in self.processes())


def read_unit(
    files: Sequence[Mapping[str, str]], read_model: Callable[[bytes], Model] = parse_model
) -> Unit:
    """Read files given as ``{"name", "content"}``; faults are collected in ``findings``.

    Args:
        files: Diagrams, decisions and forms.
        read_model: Parses a diagram.
    """
    unit = Unit()
    if not files:
        unit.findings.append(Finding("There is nothing to deploy."))
    if len(files) > MAX_FILES:
        unit.findings.append(Finding(f"More than {MAX_FILES} files are given."))
        return unit
    for given in files:
        name = given["name"].replace("\\", "/").rsplit("/", 1)[-1]
        _read_file(unit, name, given["content"], read_model)
    return unit


def xml_bytes(text: str) -> bytes:
    """Return XML text as UTF-8, whatever encoding its declaration once named."""
    return _DECLARED_ENCODING.sub(r"\1", text.removeprefix("\ufeff"), count=1).encode()


def decode_file(data: bytes) -> str:
    """Return the text of a file: by its byte order mark or XML declaration, else UTF-8.

    Raises:
        ValueError: It is not written in that encoding, or there is no such encoding.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    declared = _DECLARED_ENCODING.match(data[:200].decode("ascii", errors="ignore"))
    try:
        return data.decode(declared[3] if declared else "utf-8").removeprefix("\ufeff")
    except LookupError as error:
        raise ValueError(f"There is no such encoding: {error}.") from error


def _read_file(unit: Unit, name: str, content: str, read_model: Callable[[bytes], Model]) -> None:
    kind = KINDS.get(name.rsplit(".", 1)[-1].lower())
    if kind is None:
        advice = "Only .bpmn, .dmn and .form files can be deployed."
        unit.findings.append(Finding("The kind of file is unknown.", name, advice=advice))
    elif kind is ResourceKind.PROCESS:
        _read_processes(unit, name, content, read_model)
    elif kind is ResourceKind.DECISION:
        _read_decisions(unit, name, content)
    else:
        _read_form(unit, name, content)


def _read_processes(
    unit: Unit, name: str, content: str, read_model: Callable[[bytes], Model]
) -> None:
    try:
        model = read_model(xml_bytes(content))
    except ModelErrors as errors:
        unit.findings.extend(finding_of(error, name) for error in errors.errors)
        return
    executable = tuple(key for key, process in model.processes.items() if process.is_executable)
    if not executable:
        unit.findings.append(
            Finding(
                "No process in the file is executable.",
                name,
                advice='Set isExecutable="true" on the process.',
            )
        )
        return
    _add(unit, File(name, ResourceKind.PROCESS, executable[0], executable, content))
    unit.models[executable[0]] = model


def _read_decisions(unit: Unit, name: str, content: str) -> None:
    review = review_decisions(xml_bytes(content))
    unit.warnings.extend(finding_of(warning, name) for warning in review.warnings)
    if review.errors:
        unit.findings.extend(finding_of(fault, name) for fault in review.errors)
        return
    model = parse_decisions(xml_bytes(content))
    names = tuple(decision.id for decision in model.decisions)
    if not names:
        unit.findings.append(Finding("The file has no decision.", name))
        return
    _add(unit, File(name, ResourceKind.DECISION, names[0], names, content))
    unit.decisions[names[0]] = model


def _read_form(unit: Unit, name: str, content: str) -> None:
    try:
        form = parse_form(content)
    except FormError as first:
        faults = _faults_of(content) or [first]
        unit.findings.extend(_finding_of_form(fault, name) for fault in faults)
        return
    _add(unit, File(name, ResourceKind.FORM, form.id, (form.id,), content))
    unit.forms[form.id] = form


def _faults_of(content: str) -> list[FormError]:
    """Return every fault of a form; none if it can't even be read."""
    try:
        return list(find_faults(orjson.loads(content)))
    except orjson.JSONDecodeError:
        return []


def _finding_of_form(fault: FormError, name: str) -> Finding:
    return Finding(fault.message, name, fault.field, advice=fault.advice)


def _add(unit: Unit, file: File) -> None:
    taken = {
        (other.kind, key): other.name for other in unit.files for key in (other.key, *other.names)
    }
    for key in file.names:
        if other := taken.get((file.kind, key)):
            message = f"The {file.kind} {key} also stands in {other}."
            unit.findings.append(Finding(message, file.name, key, advice="Remove one of them."))
    unit.files.append(file)
