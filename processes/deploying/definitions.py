"""Deployed versions ready to run: parsed once a process, shared by all instances and threads."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import undefer

from forms import Form, parse_form
from processes.deploying.definition_tables import ProcessVersion, Resource
from processes.deploying.unit import xml_bytes
from processes.engine import Model, ModelErrors, ProcessSpec, compile_process, parse_model
from processes.engine.decisions import DecisionModel, parse_decisions
from processes.engine.process_model import Process
from services.actors import Actor, Permission, process_actor
from services.errors import NotFound
from services.unit_of_work import UnitOfWork

CACHED_VERSIONS = 500
"""How many versions and files are kept parsed; beyond that the cache starts anew."""

Parsed = TypeVar("Parsed")


@dataclass(frozen=True)
class Definition:
    """A process version with all that it was deployed with.

    Attributes:
        actor: Who its service tasks act as.
        forms: By form id.
        decisions: By decision id; a file may hold several.
        called: Version ids of the processes that it calls, by process id.
    """

    id: UUID
    key: str
    version: int
    name: str
    record_type: str | None
    many_per_record: bool
    actor: Actor
    model: Model
    spec: ProcessSpec
    forms: Mapping[str, Form]
    decisions: Mapping[str, DecisionModel]
    called: Mapping[str, UUID]

    def is_exclusive(self, record_id: UUID | None) -> bool:
        """Tell whether a record has at most one live instance of this process."""
        return record_id is not None and not self.many_per_record

    @property
    def process(self) -> Process:
        """The process as it stands in its file."""
        return self.model.processes[self.key]


class Definitions:
    """The cache of definitions and parsed files; a part of the platform."""

    def __init__(self) -> None:
        self._versions: dict[UUID, Definition] = {}
        self._files: dict[UUID, Any] = {}

    def get(self, uow: UnitOfWork, version_id: UUID) -> Definition:
        """Return the definition of a version, from memory if it was used before.

        Raises:
            NotFound: There is no such version.
        """
        found = self._versions.get(version_id)
        if found is None:
            found = _keep(self._versions, version_id, self._load(uow, version_id))
        return found

    def read_model(self, xml: bytes) -> Model:
        """Parse a diagram.

        Raises:
            ModelErrors: It can't be executed.
        """
        return parse_model(xml)

    def model(self, resource: Resource) -> Model:
        """Return the parsed diagram of a resource."""
        return self._parsed(resource, lambda text: self._deployed_model(xml_bytes(text)))

    def form(self, resource: Resource) -> Form:
        """Return the parsed form of a resource."""
        return self._parsed(resource, parse_form)

    def decisions(self, resource: Resource) -> DecisionModel:
        """Return the parsed decisions of a resource."""
        return self._parsed(resource, lambda text: parse_decisions(xml_bytes(text)))

    def keep(self, resource: Resource, parsed: Any) -> None:
        """Keep what a resource that has just been written was read as."""
        _keep(self._files, resource.id, parsed)

    def _deployed_model(self, xml: bytes) -> Model:
        try:
            return self.read_model(xml)
        except ModelErrors:
            # An earlier release found it sound, and instances of it may be running.
            return parse_model(xml, is_deployed=True)

    def _parsed(self, resource: Resource, parse: Callable[[str], Parsed]) -> Parsed:
        found: Parsed | None = self._files.get(resource.id)
        if found is None:
            found = _keep(self._files, resource.id, parse(resource.content))
        return found

    def _load(self, uow: UnitOfWork, version_id: UUID) -> Definition:
        version = uow.session.get(ProcessVersion, version_id)
        if version is None:
            raise NotFound("There is no such process version.")
        forms, decisions = version.bindings["forms"], version.bindings["decisions"]
        bound = {UUID(key) for key in (*forms.values(), *decisions.values())}
        files = _load_files(uow, {version.resource_id, *bound})
        model = self.model(files[version.resource_id])
        return Definition(
            id=version.id,
            key=version.key,
            version=version.version,
            name=version.name,
            record_type=version.record_type,
            many_per_record=version.many_per_record,
            actor=process_actor(
                version.name, frozenset(Permission(name) for name in version.granted)
            ),
            model=model,
            spec=compile_process(model, version.key, version=str(version.id)),
            forms={name: self.form(files[UUID(key)]) for name, key in forms.items()},
            decisions={name: self.decisions(files[UUID(key)]) for name, key in decisions.items()},
            called={name: UUID(key) for name, key in version.bindings["processes"].items()},
        )


def get_definition(uow: UnitOfWork, version_id: UUID) -> Definition:
    """Return what is needed to run this version.

    Raises:
        NotFound: There is no such version.
    """
    return uow.platform.part(Definitions).get(uow, version_id)


def _load_files(uow: UnitOfWork, keys: Iterable[UUID]) -> dict[UUID, Resource]:
    statement = select(Resource).where(Resource.id.in_(keys)).options(undefer(Resource.content))
    return {resource.id: resource for resource in uow.session.scalars(statement)}


def _keep(cache: dict[UUID, Any], key: UUID, value: Parsed) -> Parsed:
    """Put ``value`` into ``cache``; what another thread put there first wins."""
    if len(cache) >= CACHED_VERSIONS:
        cache.clear()
    kept: Parsed = cache.setdefault(key, value)
    return kept
