"""Doing what is registered for each hour, and what is over of the jobs themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from services.actors import SYSTEM
from services.errors import LanewiseError
from services.platform import Platform
from services.unit_of_work import UnitOfWork
from services.upkeep import each_hour, each_hour_in_steps, hourly_parts

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
    for part in hourly_parts():
        try:
            part.do(platform)
        except (LanewiseError, SQLAlchemyError) as error:
            log.warning("upkeep_failed", part=part.name, reason=str(error))


@each_hour_in_steps
def _prune_effects(platform: Platform) -> None:
    while platform.transact(SYSTEM, _prune_some_effects, source="timer") == PRUNED_AT_ONCE:
        pass


def _prune_some_effects(uow: UnitOfWork) -> int:
    found = {"before": uow.now - EFFECTS_KEPT, "limit": PRUNED_AT_ONCE}
    result: Any = uow.session.execute(_PRUNE_EFFECTS, found)
    return int(result.rowcount)


@each_hour
def _prune_failures(uow: UnitOfWork) -> None:
    uow.session.execute(_PRUNE_FAILURES)
