"""Answers to processes that wait for an effect outside the database.

The process host sets ``uow.call_key`` while it runs an operation for a service task. An
operation with an outside effect keeps that key with what it queues, and its job answers here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from services.unit_of_work import Job, UnitOfWork


def answer(uow: UnitOfWork, key: str | None, result: Mapping[str, Any]) -> None:
    """Tell the waiting process that the call succeeded; a person's call (None) hears nothing."""
    if key is not None:
        _tell(uow, "calls.answer", key, {"result": dict(result)})


def fail(uow: UnitOfWork, key: str | None, code: str, message: str) -> None:
    """Tell the waiting process that the call failed for good; it becomes an incident."""
    if key is not None:
        _tell(uow, "calls.fail", key, {"code": code, "message": message})


def _tell(uow: UnitOfWork, task: str, key: str, arguments: Mapping[str, Any]) -> None:
    """Leave the answer to the worker, which brings a process its answers in their order."""
    arguments = {"key": key, **arguments, "sent_at": uow.now.isoformat()}
    uow.defer(Job(task, arguments, lock=f"instance:{key.partition(':')[0]}"))
