"""What an instance sees of the platform: its record, operations, decisions, called processes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError

from feel import Calendars, FeelLimitError, from_json, to_plain
from processes.deploying.definition_tables import ProcessVersion
from processes.deploying.definitions import Definition, get_definition
from processes.deploying.stock import latest_active
from processes.engine import (
    PENDING,
    Binding,
    BpmnError,
    Call,
    Host,
    ModelError,
    Pending,
    ProcessSpec,
    StepFailed,
    ThrownMessage,
    Unanswered,
)
from processes.events.parcels import THROWN_KEPT, Parcel, delivery_of
from services.calendars.book import CalendarBook
from services.database import new_id
from services.errors import Invalid, LanewiseError, NotFound
from services.operations import Operation, get_operation, run
from services.platform import may_be_retried
from services.records.heirs import follow_merges
from services.records.types import LiveRecord, get_record_type
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

# What a faulty operation may raise. It is undone alone and becomes an incident, so that the
# rest of the step, which may be a person's work, is kept.
FAULTS = (
    SQLAlchemyError,
    ArithmeticError,
    AttributeError,
    LookupError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)


class InstanceNames(Mapping[str, Any]):
    """What expressions find beside the variables: the record, and ``instance``."""

    def __init__(self, uow: UnitOfWork, definition: Definition, about: InstanceFacts) -> None:
        self._uow = uow
        self._record_type = definition.record_type if about.record_id else None
        self._about = about

    def __getitem__(self, name: str) -> Any:
        if name == "instance":
            return {"id": str(self._about.id), "started_at": self._about.started_at}
        if name != self._record_type or name is None:
            raise KeyError(name)
        model = get_record_type(name).model
        record = self._uow.session.get(model, self._about.record_id)
        return None if record is None else LiveRecord(self._uow, record)

    def __iter__(self) -> Iterator[str]:
        yield "instance"
        if self._record_type:
            yield self._record_type

    def __len__(self) -> int:
        return 2 if self._record_type else 1


class InstanceFacts:
    """What the host has to know of the instance."""

    def __init__(self, key: UUID, record_id: UUID | None, started_at: datetime) -> None:
        self.id = key
        self.record_id = record_id
        self.started_at = started_at


class InstanceHost:
    """The engine's view of the platform during one step of one instance."""

    def __init__(self, uow: UnitOfWork, definition: Definition, about: InstanceFacts) -> None:
        self._definition = definition
        self._about = about
        # Service tasks act with the rights granted at deployment, not with those of whoever
        # happened to complete the task before.
        self._uow = uow.acting_as(definition.actor)
        self._uow.source = "process"
        self._names = InstanceNames(self._uow, definition, about)

    def now(self) -> datetime:
        """Return the moment of the transaction."""
        return self._uow.now

    def zone(self) -> tzinfo:
        """Return the zone of dates and times that are written without one."""
        return self._uow.platform.settings.timezone

    def calendars(self) -> Calendars:
        """Return the working calendars, in which an unknown one is an error."""
        return CalendarBook(self._uow, insists=True)

    def live_names(self) -> Mapping[str, Any]:
        """Return the record under its type's name, and ``instance`` (id, started_at)."""
        return self._names

    def call(self, call: Call) -> Mapping[str, Any] | Pending | None:
        """Run the operation that a service task names, inside a savepoint of its own."""
        operation = self._find(call)
        arguments = {name: to_plain(from_json(value)) for name, value in call.arguments.items()}
        self._uow.call_key = call_key(self._about.id, call.key)
        try:
            result = self._run(operation, arguments)
        except LanewiseError as error:
            raise BpmnError(error.code, told(error)) from error
        except (*FAULTS,) as error:
            raise self._failed(call, error) from error
        finally:
            self._uow.call_key = None
        return PENDING if operation.outside else self._shown(result)

    def decide(self, decision_id: str, inputs: Mapping[str, Any]) -> Any:
        """Evaluate the decision of the version that this process was deployed with."""
        model = self._definition.decisions.get(decision_id)
        if model is None:
            raise StepFailed(f"This version of the process has no decision {decision_id}.")
        try:
            asked = decision_id, inputs, self.now(), CalendarBook(self._uow)
            value = model.evaluate(*asked)
            # Reasons cost time, so they are asked for only where there is something to explain.
            warnings = model.explain(*asked)[1] if value is None else ()
        except (ModelError, FeelLimitError) as error:
            raise StepFailed(f"The decision {decision_id} failed: {error}") from error
        return Unanswered(tuple(warnings)) if warnings else value

    def spec_for(
        self, process_id: str, version: str | None, binding: Binding | None = None
    ) -> ProcessSpec:
        """Return a called process.

        Args:
            process_id: Its id.
            version: The one that an instance runs already.
            binding: Which one is wanted: the one deployed with this process, or a named one; the
                newest active one if None.
        """
        key = UUID(version) if version else self._version_wanted(process_id, binding)
        if key is None:
            raise StepFailed(f"This version of the process does not call {process_id}.")
        try:
            return get_definition(self._uow, key).spec
        except NotFound as error:
            raise StepFailed(f"The called process {process_id} is not there any more.") from error

    def _version_wanted(self, process_id: str, binding: Binding | None) -> UUID | None:
        pinned = self._definition.called.get(process_id)
        if binding is None:
            newest = latest_active(self._uow, process_id) if pinned else None
            return newest.id if newest else pinned
        if binding.kind == "deployment":
            return pinned
        return self._version_named(process_id, binding)

    def _version_named(self, process_id: str, binding: Binding) -> UUID:
        is_number = binding.kind == "version"
        if is_number and not binding.value.isdecimal():
            raise StepFailed(f"The version {binding.value!r} of {process_id} is no number.")
        named = (
            ProcessVersion.version == int(binding.value)
            if is_number
            else ProcessVersion.version_tag == binding.value
        )
        statement = (
            select(ProcessVersion.id)
            .where(ProcessVersion.key == process_id, named)
            .order_by(ProcessVersion.version.desc())
        )
        found = self._uow.session.scalars(statement).first()
        if found is None:
            raise StepFailed(f"The process {process_id} has no version {binding.value}.")
        return found

    def publish(self, message: ThrownMessage) -> None:
        """Hand a thrown message or signal to the same delivery that records' events take."""
        key, now = message.correlation_key, self.now()
        parcel = Parcel(
            id=new_id(),
            kind=message.kind,
            name=message.name,
            payload=message.payload,
            keys={} if key is None else {"key": key},
            record_type=self._definition.record_type if self._about.record_id else None,
            record_id=self._about.record_id,
            sender=self._about.id,
            sent_at=now,
            kept_until=now + THROWN_KEPT,
        )
        self._uow.defer(delivery_of(parcel))

    def _run(self, operation: Operation, arguments: Mapping[str, Any]) -> Any:
        """Run an operation, on the heirs of those records that were merged away since."""
        try:
            with self._uow.savepoint():
                return run(self._uow, operation.name, arguments)
        except NotFound:
            followed = follow_merges(self._uow, arguments)
            if followed == arguments:
                raise
        with self._uow.savepoint():
            return run(self._uow, operation.name, followed)

    def _find(self, call: Call) -> Operation:
        try:
            return get_operation(call.type)
        except NotFound as error:
            raise StepFailed(error.message) from error

    def _failed(self, call: Call, error: Exception) -> StepFailed:
        """Log a fault of the program and return what an administrator is told."""
        if isinstance(error, StaleDataError) or (
            isinstance(error, DBAPIError) and may_be_retried(error)
        ):
            raise error
        reference = str(new_id())
        log.error(
            "operation_failed",
            operation=call.type,
            instance=str(self._about.id),
            element=call.element_id,
            reference=reference,
            exc_info=error,
        )
        return StepFailed(
            f"The operation {call.type} could not be carried out.",
            f"{type(error).__name__}; see the log for {reference}",
        )

    def _shown(self, result: Any) -> Mapping[str, Any] | None:
        """Turn an operation's result into variables: a record becomes ``<type>_id``."""
        record_type = getattr(result, "record_type", None)
        if record_type is None:
            return result if isinstance(result, Mapping) else None
        if result.id == self._about.record_id:
            return None
        return {f"{record_type}_id": str(result.id)}


class InstanceHosts:
    """Makes the engine's view of the platform.

    A part of the platform, so that diagrams can be played against something else.
    """

    def make(self, uow: UnitOfWork, definition: Definition, about: InstanceFacts) -> Host:
        """Return what one step of one instance sees."""
        return InstanceHost(uow, definition, about)


def host_for(uow: UnitOfWork, definition: Definition, about: InstanceFacts) -> Host:
    """Return what one step of one instance sees of this platform."""
    return uow.platform.part(InstanceHosts).make(uow, definition, about)


def call_key(instance_id: UUID, token_id: str) -> str:
    """Return the key by which services know a call; the same at each retry."""
    return f"{instance_id}:{token_id}"


def told(error: LanewiseError) -> str:
    """Return the error's text with what is wrong with each field."""
    if not isinstance(error, Invalid) or not error.fields:
        return error.message
    fields = "; ".join(f"{name}: {' '.join(texts)}" for name, texts in error.fields.items())
    return f"{error.message} {fields}"
