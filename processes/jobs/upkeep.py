"""What is done each hour: what is over is dropped, and what comes due by itself is begun."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from processes.events.buffer import prune_messages
from services.actors import SYSTEM
from services.contracts.daily import look_after_contracts
from services.errors import LanewiseError
from services.exporting.exports import delete_expired
from services.importing.imports import forget_files
from services.loyalty.expiring import expire_all
from services.marketing.customer_values import measure_when_due
from services.notifications.reading import prune_notifications
from services.platform import Platform
from services.privacy.dossiers import prune_dossiers
from services.submissions import forget_submissions
from services.unit_of_work import UnitOfWork

log = structlog.get_logger(__name__)

EFFECTS_KEPT = timedelta(days=30)
"""How long the effect of a job is known, and so not had again; no job is tried that long."""

PRUNED_AT_ONCE = 10_000

_PRUNE_EFFECTS = text(
    """
    DELETE FROM job_effects
    WHERE ctid = ANY(ARRAY(SELECT ctid FROM job_effects WHERE at < :before
                           LIMIT :limit FOR UPDATE SKIP LOCKED))
    """
)
_PRUNE_FAILURES = text(
    "DELETE FROM job_failures AS f "
    "WHERE NOT EXISTS (SELECT FROM procrastinate_jobs AS j WHERE j.id = f.job_id)"
)


def tidy_up(platform: Platform) -> None:
    """Do each part by itself, in short transactions; several may do so at once.

    One that fails is told in the log and left for the next hour; the others are done all the same.
    """
    for part in _PARTS:
        try:
            part(platform)
        except (LanewiseError, SQLAlchemyError) as error:
            log.warning("upkeep_failed", part=part.__name__, reason=str(error))


def _at_once(work: Callable[[UnitOfWork], object]) -> Callable[[Platform], None]:
    """Return the part of upkeep that does ``work`` in one transaction."""

    @wraps(work)
    def part(platform: Platform) -> None:
        platform.transact(SYSTEM, work, source="timer")

    return part


def _prune_effects(platform: Platform) -> None:
    while platform.transact(SYSTEM, _prune_some_effects, source="timer") == PRUNED_AT_ONCE:
        pass


def _prune_some_effects(uow: UnitOfWork) -> int:
    found = {"before": uow.now - EFFECTS_KEPT, "limit": PRUNED_AT_ONCE}
    result: Any = uow.session.execute(_PRUNE_EFFECTS, found)
    return int(result.rowcount)


def _prune_failures(uow: UnitOfWork) -> None:
    uow.session.execute(_PRUNE_FAILURES)


_PARTS: Final[tuple[Callable[[Platform], object], ...]] = (
    _prune_effects,
    *map(
        _at_once,
        (
            _prune_failures,
            prune_messages,
            forget_submissions,
            forget_files,
            delete_expired,
            prune_notifications,
            prune_dossiers,
            look_after_contracts,
            measure_when_due,
        ),
    ),
    expire_all,
)
