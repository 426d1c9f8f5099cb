"""One element of an instance's diagram: what stands there, and what can be done there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from processes.deploying.definitions import get_definition
from processes.engine import TokenView
from processes.running.element_names import (
    ElementChoice,
    kind_of,
    name_of,
    places_for_tokens,
    takes_tokens,
)
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, InstanceState, ProcessInstance
from processes.running.runtime import open_execution
from services.actors import Permission
from services.errors import NotFound
from services.unit_of_work import UnitOfWork

ENTRIES = 20
"""How many of the times at which an element began are offered for a restart."""

_WAITS = {
    "task": "waits for somebody",
    "timer": "waits for its time",
    "message": "waits for a message",
    "signal": "waits for a signal",
    "call": "waits for an answer",
    "condition": "waits for its condition",
    "job": "waits for its turn",
}


@dataclass(frozen=True)
class StandingToken:
    """A token at the element.

    Attributes:
        text: How it stands, in words.
        is_movable: It stands at the element, not at its border.
    """

    token_id: str
    text: str
    since: datetime
    due_at: datetime | None
    is_movable: bool


@dataclass(frozen=True)
class ElementView:
    """An element with what stands there.

    Attributes:
        may_add: A token can be put there.
        entries: Key and time of its last beginnings, newest first.
        targets: Where a token may be moved to.
    """

    id: str
    name: str
    kind: str
    tokens: Sequence[StandingToken]
    may_add: bool
    entries: Sequence[tuple[int, datetime]]
    targets: Sequence[ElementChoice]


def element_view(uow: UnitOfWork, instance_id: UUID, element_id: str) -> ElementView:
    """Return an element of an instance's own diagram, to those who operate processes.

    Raises:
        NotFound: There is no such instance or element, or the actor does not operate processes.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotFound("There is no such process.")
    instance = uow.get(ProcessInstance, instance_id)
    process = get_definition(uow, instance.version_id).process
    node = process.nodes.get(element_id)
    if node is None:
        raise NotFound("There is no such element in this version's diagram.")
    runs = instance.state == InstanceState.RUNNING
    tokens = open_execution(uow, instance, even_suspended=True).tokens() if runs else []
    return ElementView(
        id=element_id,
        name=name_of(process, element_id),
        kind=kind_of(node.type),
        tokens=[
            _standing(token)
            for token in tokens
            if token.element_id == element_id and token.process_id == instance.process_key
        ],
        may_add=runs and takes_tokens(process, node),
        entries=_entries(uow, instance, element_id) if takes_tokens(process, node) else [],
        targets=[one for one in places_for_tokens(process) if one.id != element_id],
    )


def restart_choices(uow: UnitOfWork, instance_id: UUID) -> list[tuple[str, str]]:
    """Return id and name of the elements that an instance was at and may begin again at."""
    instance = uow.get(ProcessInstance, instance_id)
    process = get_definition(uow, instance.version_id).process
    statement = select(HistoryEntry.element_id).where(
        HistoryEntry.instance_id == instance_id,
        HistoryEntry.kind == Kind.ENTERED.value,
        HistoryEntry.process_id == instance.process_key,
    )
    been = set(uow.session.scalars(statement.distinct()))
    return [(one.id, one.name) for one in places_for_tokens(process) if one.id in been]


def _standing(token: TokenView) -> StandingToken:
    text = "failed" if token.state == "failed" else _WAITS.get(token.waits_for or "", "is active")
    return StandingToken(token.token_id, text, token.since, token.due_at, token.role == "token")


def _entries(
    uow: UnitOfWork, instance: ProcessInstance, element_id: str
) -> list[tuple[int, datetime]]:
    statement = (
        select(HistoryEntry.id, HistoryEntry.at)
        .where(
            HistoryEntry.instance_id == instance.id,
            HistoryEntry.kind == Kind.ENTERED.value,
            HistoryEntry.process_id == instance.process_key,
            HistoryEntry.element_id == element_id,
        )
        .order_by(HistoryEntry.id.desc())
        .limit(ENTRIES)
    )
    return [(row.id, row.at) for row in uow.session.execute(statement)]
