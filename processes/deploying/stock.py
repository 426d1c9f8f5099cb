"""What is in force now: the newest version of every process, form and decision."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import undefer

from processes.deploying.definition_tables import ProcessVersion, Resource, VersionState
from processes.deploying.unit import File
from services.unit_of_work import UnitOfWork


@dataclass
class Stock:
    """The newest resources and process versions.

    Attributes:
        resources: By kind and key.
        by_name: By kind and the name of what is in it; the newest file that has it.
        processes: By process id.
    """

    resources: dict[tuple[str, str], Resource]
    by_name: dict[tuple[str, str], Resource]
    processes: dict[str, ProcessVersion]

    def bound_to(self, kind: str, names: frozenset[str]) -> dict[str, str]:
        """Return the keys of the resources that hold those of ``names`` that there are."""
        found = {name: self.by_name.get((kind, name)) for name in sorted(names)}
        return {name: str(resource.id) for name, resource in found.items() if resource}

    def has(self, file: File) -> bool:
        """Tell whether the file's content is the newest already."""
        found = self.resources.get((file.kind, file.key))
        return found is not None and found.checksum == file.checksum

    def put(self, resource: Resource) -> None:
        """Make ``resource`` the newest of its kind and key."""
        self.resources[resource.kind, resource.key] = resource
        for name in resource.names:
            self.by_name[resource.kind, name] = resource


def load_stock(uow: UnitOfWork) -> Stock:
    """Read what is newest; the files' contents stay in the database."""
    newest = (
        select(Resource)
        .ext(distinct_on(Resource.kind, Resource.key))
        .order_by(Resource.kind, Resource.key, Resource.version.desc())
    )
    versions = (
        select(ProcessVersion)
        .ext(distinct_on(ProcessVersion.key))
        .order_by(ProcessVersion.key, ProcessVersion.version.desc())
    )
    stock = Stock({}, {}, {row.key: row for row in uow.session.scalars(versions)})
    for resource in sorted(uow.session.scalars(newest), key=lambda row: row.id):
        stock.put(resource)
    return stock


def load_contents(uow: UnitOfWork, resources: list[Resource]) -> None:
    """Read the contents of ``resources`` in one statement."""
    keys: list[UUID] = [resource.id for resource in resources]
    if keys:
        statement = select(Resource).where(Resource.id.in_(keys)).options(undefer(Resource.content))
        uow.session.scalars(statement.execution_options(populate_existing=True)).all()


def latest_active(uow: UnitOfWork, process_key: str) -> ProcessVersion | None:
    """Return the version that new instances are made from; None if there is none."""
    statement = (
        select(ProcessVersion)
        .where(ProcessVersion.key == process_key, ProcessVersion.state == VersionState.ACTIVE)
        .order_by(ProcessVersion.version.desc())
        .limit(1)
    )
    return uow.session.scalars(statement).one_or_none()
