"""What every installation needs before its first record: groups, the pipeline, calendars."""

from __future__ import annotations

from sqlalchemy import select

from services.calendars.stock import seed_calendars
from services.consents.purposes import seed_purposes
from services.crm.pipeline_model import LOST_REASONS, SALES_STAGES, LostReason, Pipeline, Stage
from services.crm.pipelines import DEFAULT_PIPELINE
from services.documents.shipped import seed_templates
from services.people.model import Group, find_group
from services.service_levels.stock import seed_policies
from services.unit_of_work import UnitOfWork

GROUPS = ("Sales", "Managers", "Service", "Production")


def seed_essentials(uow: UnitOfWork) -> None:
    """Add what is missing; what people have changed stays as they want it."""
    for name in GROUPS:
        if find_group(uow, name) is None:
            uow.add(Group(name=name))
    if uow.session.scalar(select(Pipeline.id).limit(1)) is None:
        _add_pipeline(uow)
    if uow.session.scalar(select(LostReason.id).limit(1)) is None:
        _add_lost_reasons(uow)
    seed_templates(uow)
    seed_purposes(uow)
    if seed_calendars(uow):
        seed_policies(uow)


def _add_pipeline(uow: UnitOfWork) -> None:
    pipeline = uow.add(Pipeline(name=DEFAULT_PIPELINE, is_default=True))
    for position, (key, (name, probability, category)) in enumerate(SALES_STAGES.items()):
        uow.session.add(
            Stage(
                pipeline_id=pipeline.id,
                key=key,
                name=name,
                position=position,
                probability=probability,
                category=category.value,
            )
        )
    uow.session.flush()


def _add_lost_reasons(uow: UnitOfWork) -> None:
    for position, name in enumerate(LOST_REASONS):
        uow.session.add(LostReason(name=name, position=position))
    uow.session.flush()
