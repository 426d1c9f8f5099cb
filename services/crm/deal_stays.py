"""How long deals were in which stage: the history, and what it adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from services.crm.deal_model import Deal, StageStay
from services.crm.pipeline_model import Category, Stage
from services.unit_of_work import UnitOfWork

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TimeInStage:
    """How long a deal was in a stage, all its stays together."""

    stage: str
    seconds: float

    @property
    def days(self) -> int:
        """Return the whole days."""
        return int(self.seconds // DAY.total_seconds())


def begin_stay(
    uow: UnitOfWork, deal: Deal, before: str | None, stage: Stage, confirmed: Sequence[str] = ()
) -> None:
    """End the stay in the stage that ``deal`` leaves, and begin the one in the next.

    ``before`` is the key of the stage it leaves; None for a new deal.
    """
    if before is not None:
        current = update(StageStay).where(StageStay.deal_id == deal.id, StageStay.left_at.is_(None))
        uow.session.execute(current.values(left_at=uow.now))
    uow.session.add(
        StageStay(
            deal_id=deal.id,
            pipeline_id=stage.pipeline_id,
            from_stage=before,
            stage=stage.key,
            entered_at=uow.now,
            amount=deal.amount,
            currency=deal.currency,
            confirmed=[text for text in stage.requirements if text in confirmed],
            actor_id=uow.actor.user_id,
            actor_name=uow.actor.name,
        )
    )


def rots_from(stage: Stage, since: datetime) -> datetime | None:
    """Return from when a deal that is in ``stage`` since then counts as rotting; None: never."""
    if stage.rotting_days is None or stage.category != Category.OPEN:
        return None
    return since + stage.rotting_days * DAY


def stays_of(uow: UnitOfWork, deal_id: UUID) -> Sequence[StageStay]:
    """Return a deal's stays in stages, the first one first."""
    statement = select(StageStay).where(StageStay.deal_id == deal_id)
    return uow.session.scalars(statement.order_by(StageStay.entered_at, StageStay.id)).all()


def times_in_stages(uow: UnitOfWork, deal: Deal) -> list[TimeInStage]:
    """Return how long a deal was in each stage it has been in, in the order of first entry.

    A closed deal's time stands still from its end on.
    """
    now = deal.closed_at or uow.now
    sums: dict[str, float] = {}
    for stay in stays_of(uow, deal.id):
        sums[stay.stage] = sums.get(stay.stage, 0.0) + stay.seconds(max(now, stay.entered_at))
    return [TimeInStage(stage, seconds) for stage, seconds in sums.items()]
