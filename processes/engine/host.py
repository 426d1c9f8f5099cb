"""What the engine asks of the layer above: its clock, records, service calls, called processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from feel import Calendars

if TYPE_CHECKING:
    from processes.engine.process_spec import ProcessSpec


class Pending:
    """The type of `PENDING`."""

    def __repr__(self) -> str:
        return "PENDING"


PENDING: Final = Pending()
"""Returned by `Host.call` when the answer comes later, through `Execution.answer_call`."""


@dataclass(frozen=True)
class Call:
    """A service, send or business rule task that asks for its work to be done.

    Attributes:
        key: The token's id: the same at each retry of this call, unique within the instance.
        element_id: The task in the diagram.
        name: The task's name; empty if it has none.
        type: The task definition's type, such as `deal.open`; empty if the diagram gives none.
        arguments: The task's input mappings as plain JSON, times as ISO text; empty without any.
        headers: The task's headers, plain texts.
        retries: How often the diagram wants it tried; None where it says nothing.
        process_id: The process that the element stands in (a called one, perhaps).
    """

    key: str
    element_id: str
    name: str
    type: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    retries: int | None = None
    process_id: str = ""


@dataclass(frozen=True)
class Unanswered:
    """A decision's null that did not come by a rule.

    Attributes:
        warnings: Why it came to that, in order.
    """

    warnings: tuple[str, ...]


@dataclass(frozen=True)
class ThrownMessage:
    """A message or signal that left the instance.

    Attributes:
        kind: Whether it goes to one subscriber or to all.
        name: The name of the message or signal.
        payload: The throwing element's input mappings in the JSON form of `feel.to_json`, which
            `Execution.receive` takes; empty without any.
        correlation_key: As the model gives it for this message, as text; None if it gives none
            and for signals.
        token_id: The token that threw.
        element_id: The element that threw.
    """

    kind: Literal["message", "signal"]
    name: str
    payload: Mapping[str, Any]
    correlation_key: str | None
    token_id: str
    element_id: str


@dataclass(frozen=True)
class Binding:
    """Which version of a called process a diagram wants.

    Attributes:
        kind: `deployment` for that of the caller's own deployment.
        value: The number of the version, or its tag; empty for `deployment`.
    """

    kind: Literal["deployment", "version", "versionTag"]
    value: str = ""


class Host(Protocol):
    """Given to `start` and `load` by the layer above; all calls happen inside its transaction."""

    def now(self) -> datetime:
        """Return the time as aware UTC; the engine has no other clock."""
        ...

    def zone(self) -> tzinfo:
        """Return the zone of dates and times that are written without one."""
        ...

    def calendars(self) -> Calendars:
        """Return the working calendars; asked for an unknown one, they had better raise."""
        ...

    def live_names(self) -> Mapping[str, Any]:
        """Return the records by name (`deal`, `lead`), each loaded when first read.

        A process variable of the same name shadows the record.
        """
        ...

    def call(self, call: Call) -> Mapping[str, Any] | Pending | None:
        """Do what a service task asks for, or start a job that does.

        What a failed call wrote must be undone by the host (a savepoint): the engine parks the
        token and goes on with the rest of the instance.

        Returns:
            The result by name, plain JSON or FEEL values; None for an empty one; PENDING when
            `Execution.answer_call` or `fail_call` brings it later.

        Raises:
            BpmnError: A business error, for a boundary event.
            StepFailed: Anything else; the token becomes an incident.
        """
        ...

    def decide(self, decision_id: str, inputs: Mapping[str, Any]) -> Any:
        """Evaluate a decision over the variables and records that the task sees.

        Returns:
            The result; ``Unanswered`` for a null of which there is something to say.

        Raises:
            StepFailed: It can't be evaluated, or there is no such decision.
        """
        ...

    def spec_for(
        self, process_id: str, version: str | None, binding: Binding | None = None
    ) -> ProcessSpec:
        """Return a called process.

        Args:
            process_id: The id of the called process.
            version: None when it is called: the layer above chooses. Else the `version` of the
                ProcessSpec that a running call was begun with, which must be the one returned.
            binding: Which version the diagram wants when it is called; None where it says
                nothing or `latest`.

        Raises:
            StepFailed: There is no such process.
        """
        ...

    def publish(self, message: ThrownMessage) -> None:
        """Deliver a thrown message or signal, now or later.

        A message may be for this same instance; a signal has happened in it already, so it goes
        to all others who wait for it or begin with it.
        """
        ...
