"""What is done each hour: what is over is dropped, and what comes due by itself is begun."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from processes.events.buffer import prune_messages
from services.actors import SYSTEM
from services.contracts.daily import look_after_contracts
from services.exporting.exports import delete_expired
from services.importing.imports import forget_files
from services.loyalty.expiring import expire_all
from services.marketing.customer_values import measure_when_due
from services.notifications.reading import prune_notifications
from services.platform import Platform
from services.privacy.dossiers import prune_dossiers
from services.submissions import forget_submissions
from services.unit_of_work import UnitOfWork

EFFECTS_KEPT = timedelta(days=30)
"""How long the effect of a job is known, and so not had again; no job is tried that long."""

PRUNED_AT_ONCE = 10_000

_PRUNE_EFFECTS = text(
    """
    DELETE FROM job_effects
    WHERE key IN (SELECT key FROM job_effects WHERE at < :before
                  LIMIT :limit FOR UPDATE SKIP LOCKED)
    """
)
_PRUNE_FAILURES = text(
    "DELETE FROM job_failures AS f "
    "WHERE NOT EXISTS (SELECT FROM procrastinate_jobs AS j WHERE j.id = f.job_id)"
)


def tidy_up(platform: Platform) -> None:
    """Drop what nobody needs any more, in short transactions; several may do so at once."""
    while platform.transact(SYSTEM, _prune_effects, source="timer") == PRUNED_AT_ONCE:
        pass
    platform.transact(SYSTEM, _prune_rest, source="timer")
    expire_all(platform)
    platform.transact(SYSTEM, measure_when_due, source="timer")


def _prune_effects(uow: UnitOfWork) -> int:
    found = {"before": uow.now - EFFECTS_KEPT, "limit": PRUNED_AT_ONCE}
    result: Any = uow.session.execute(_PRUNE_EFFECTS, found)
    return int(result.rowcount)


def _prune_rest(uow: UnitOfWork) -> None:
    uow.session.execute(_PRUNE_FAILURES)
    prune_messages(uow)
    forget_submissions(uow)
    forget_files(uow)
    delete_expired(uow)
    prune_notifications(uow)
    prune_dossiers(uow)
    look_after_contracts(uow)
