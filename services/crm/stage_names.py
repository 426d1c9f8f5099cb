"""The names of all stages in every process: a change in one reaches the others."""

from __future__ import annotations

from sqlalchemy.orm import Session

from services.crm.pipeline_model import SALES_STAGES, STAGE_NAMES
from services.crm.pipelines import all_stages, stages_in_order
from services.custom.layout import change_layout, on_reading
from services.unit_of_work import UnitOfWork


def tell_stages(uow: UnitOfWork) -> None:
    """Let every process know the stages as they are after this transaction."""
    all_stages(uow)
    change_layout(uow)


@on_reading
def _read_names(session: Session | None) -> None:
    if session is None:
        STAGE_NAMES.learn((key, stage[0]) for key, stage in SALES_STAGES.items())
    else:
        STAGE_NAMES.learn((one.key, one.name) for one in session.scalars(stages_in_order()))
