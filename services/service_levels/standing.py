"""How the promises of many requests stand, for lists."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select

from services.service_levels.clock import due_field
from services.service_levels.counting import SlaState, state_of
from services.service_levels.model import TARGETS, SlaClock
from services.unit_of_work import UnitOfWork

TELLING = frozenset({SlaState.AT_RISK, SlaState.BREACHED, SlaState.PAUSED})
"""What a due time alone doesn't say."""


def standings_of(
    uow: UnitOfWork, request_ids: Iterable[UUID], fields: Iterable[str]
) -> dict[tuple[UUID, str], SlaState]:
    """Return how requests stand whose due times say too little, by request and field.

    ``fields`` are those of due times that are shown; with none of them, nothing is asked.
    """
    targets = {due_field(target): target for target in TARGETS}
    wanted = [targets[name] for name in fields if name in targets]
    keys = list(request_ids)
    if not wanted or not keys:
        return {}
    statement = select(SlaClock).where(
        SlaClock.request_id.in_(keys), SlaClock.target.in_(wanted), SlaClock.done_at.is_(None)
    )
    found = {
        (clock.request_id, due_field(clock.target)): state_of(clock, uow.now)
        for clock in uow.session.scalars(statement)
    }
    return {place: state for place, state in found.items() if state in TELLING}
