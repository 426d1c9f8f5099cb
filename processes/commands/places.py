"""Where an instance stands, for commands: its tokens, and why one is not there any more."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from processes.deploying.definitions import get_definition
from processes.engine import Execution, TokenView
from processes.running.element_names import called_process, name_of
from processes.running.history import Kind
from processes.running.instance_tables import HistoryEntry, ProcessInstance
from services.errors import Conflict
from services.unit_of_work import UnitOfWork

_DEEDS = {Kind.COMPLETED.value: "completed", Kind.CANCELLED.value: "interrupted"}


def find_token(
    uow: UnitOfWork, instance: ProcessInstance, execution: Execution, token_id: str
) -> TokenView:
    """Return a token of a locked instance.

    Raises:
        Conflict: It is not there any more; the message says who moved it on.
    """
    for token in execution.tokens():
        if token.token_id == token_id:
            return token
    raise Conflict(_what_became_of(uow, instance, token_id), code="not_waiting")


def token_name(uow: UnitOfWork, instance: ProcessInstance, token: TokenView) -> str:
    """Return what people call the element at which a token stands."""
    return element_name(uow, instance.version_id, token.process_id, token.element_id)


def element_name(uow: UnitOfWork, version_id: UUID, process_id: str, element_id: str) -> str:
    """Return what people call an element of a version, or of a process that it calls."""
    definition = get_definition(uow, version_id)
    return name_of(called_process(uow, definition, process_id), element_id)


def _what_became_of(uow: UnitOfWork, instance: ProcessInstance, token_id: str) -> str:
    statement = (
        select(HistoryEntry)
        .where(
            HistoryEntry.instance_id == instance.id,
            HistoryEntry.token_id == token_id,
            HistoryEntry.kind.in_(_DEEDS),
        )
        .order_by(HistoryEntry.id.desc())
        .limit(1)
    )
    last = uow.session.scalars(statement).one_or_none()
    if last is None or last.element_id is None:
        return "This token is not there any more; look where the process stands now."
    process_id = last.process_id or instance.process_key
    name = element_name(uow, instance.version_id, process_id, last.element_id)
    return f"{last.actor} {_DEEDS[last.kind]} {name} meanwhile; look where the process stands now."
