"""What is done with contracts and subscriptions each day, also after days without a worker.

Whatever is due is found by its date, which moves on in the same transaction as the thing itself is
done, with the row held. So nothing is done twice, by two workers or after a crash, and nothing is
left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from services.actors import SYSTEM
from services.contracts.model import Contract
from services.contracts.subscription_life import CARRY_ON
from services.contracts.subscription_model import Subscription
from services.days import today
from services.errors import LanewiseError
from services.jobs import job, once
from services.operations import run
from services.platform import Platform
from services.unit_of_work import Job, UnitOfWork
from services.upkeep import each_hour

log = structlog.get_logger(__name__)

TOGETHER: Final = 50
"""How many one job looks after."""

MOST_STEPS: Final = 1_000
"""How many things one job does with one contract or subscription; another day does the rest."""

_CONTRACTS: Final = "contracts.carry_on"
_FAILURES: Final = (LanewiseError, SQLAlchemyError)


@each_hour
def look_after_contracts(uow: UnitOfWork) -> None:
    """Leave the day's jobs, once a day in the installation's zone; called each hour."""
    day = today(uow)
    if not once(uow, f"contracts:{day.isoformat()}"):
        return
    # Contracts first: their end is that of their subscriptions.
    for keys in _due(uow, Contract, day):
        uow.defer(Job(_CONTRACTS, {"contract_ids": keys}))
    for keys in _due(uow, Subscription, day):
        uow.defer(Job(CARRY_ON, {"subscription_ids": keys}))


@job(_CONTRACTS)
def carry_on_contracts(platform: Platform, *, contract_ids: Sequence[str]) -> None:
    """Do what is due with each of these contracts."""
    _each(platform, _CONTRACTS, "contract_ids", contract_ids, _carry_on_contract)


@job(CARRY_ON)
def carry_on_subscriptions(platform: Platform, *, subscription_ids: Sequence[str]) -> None:
    """Do what is due with each of these subscriptions, one period after the other."""
    _each(platform, CARRY_ON, "subscription_ids", subscription_ids, _carry_on_subscription)


def _due(uow: UnitOfWork, model: Any, day: date) -> Iterator[list[str]]:
    """Yield the keys of what is due, some at a time."""
    statement = select(model.id).where(model.due_on <= day, model.deleted_at.is_(None))
    keys = [str(key) for key in uow.session.scalars(statement.order_by(model.due_on, model.id))]
    yield from (keys[first : first + TOGETHER] for first in range(0, len(keys), TOGETHER))


def _each(
    platform: Platform,
    task: str,
    argument: str,
    keys: Sequence[str],
    carry_on: Callable[[Platform, str], None],
) -> None:
    """Carry on with each; one that fails among several gets a job of its own.

    Raises:
        LanewiseError: The only one fails; the worker tries again and then tells an incident.
        SQLAlchemyError: Likewise.
    """
    for key in keys:
        try:
            carry_on(platform, key)
        except _FAILURES as error:
            if len(keys) == 1:
                raise
            log.warning("carrying_on_failed", task=task, key=key, reason=str(error))
            alone = Job(task, {argument: [key]})
            platform.transact(SYSTEM, partial(UnitOfWork.defer, job=alone), source="job")


def _carry_on_contract(platform: Platform, key: str) -> None:
    def work(uow: UnitOfWork) -> None:
        if _is_due(uow, Contract, key):
            run(uow, "contract.carry_on", {"contract_id": key})

    platform.transact(SYSTEM, work, source="job")


def _carry_on_subscription(platform: Platform, key: str) -> None:
    """Do one thing after the other, each in a transaction of its own."""

    def work(uow: UnitOfWork) -> bool:
        if _is_due(uow, Subscription, key):
            run(uow, "subscription.carry_on", {"subscription_id": key})
            return _is_due(uow, Subscription, key)
        return False

    for _ in range(MOST_STEPS):
        if not platform.transact(SYSTEM, work, source="job"):
            return


def _is_due(uow: UnitOfWork, model: Any, key: str) -> bool:
    """Tell whether something is due; the row is held, so that another worker waits."""
    statement = select(model.due_on).where(model.id == UUID(key), model.deleted_at.is_(None))
    due_on = uow.session.scalar(statement.with_for_update())
    return due_on is not None and due_on <= today(uow)
