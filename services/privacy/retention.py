"""How long persons are kept: a rule puts forward who may be erased, and nobody is by itself."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from marshmallow import validate
from sqlalchemy import and_, exists, select, text

from services.activities.model import Activity, ActivityStatus
from services.actors import Permission
from services.arguments import Line, WholeNumber
from services.consents.model import PERSON_TYPES
from services.crm.deal_model import Deal
from services.mail.model import Mail
from services.operations import Arguments, operation
from services.privacy.cleaning import PERSON
from services.privacy.model import Erasure, RetentionRule
from services.records.timeline import TimelineRow
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

MOST_MONTHS: Final = 240
SHOWN: Final = 100


class SetRetention(Arguments):
    """After how long persons of a type are put forward."""

    record_type = Line(
        required=True, validate=validate.OneOf(PERSON_TYPES), metadata={"title": "Record type"}
    )
    months = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=validate.Range(1, MOST_MONTHS),
        metadata={"title": "Months", "description": "Without activity; no rule if empty."},
    )


@operation("retention.set", Permission.DATA_MANAGE, SetRetention)
def set_retention(uow: UnitOfWork, *, record_type: str, months: int | None) -> dict[str, Any]:
    """Say after how many months without activity persons are put forward to be erased."""
    rule = find_rule(uow, record_type, lock=True)
    if months is None:
        if rule is not None:
            uow.session.delete(rule)
    elif rule is None:
        uow.session.add(RetentionRule(of_type=record_type, months=months))
    else:
        rule.months = months
    return {"record_type": record_type, "months": months}


def find_rule(uow: UnitOfWork, record_type: str, *, lock: bool = False) -> RetentionRule | None:
    """Return the rule of a type, or None."""
    statement = select(RetentionRule).where(RetentionRule.of_type == record_type)
    if lock:
        statement = statement.with_for_update()
    return uow.session.scalars(statement).one_or_none()


def persons_to_erase(
    uow: UnitOfWork, record_type: str, *, after: UUID | None = None, limit: int = SHOWN
) -> Sequence[Any]:
    """Return persons that the actor sees and a rule puts forward, by key; none without a rule.

    Somebody is active by a change of its record, an entry of its timeline, a mail, an activity
    that is planned, or a deal that is open.
    """
    rule = find_rule(uow, record_type)
    if rule is None:
        return []
    model: Any = get_record_type(record_type).model
    before = uow.session.scalar(
        select(text("CAST(:now AS timestamptz) - make_interval(months => :months)")).params(
            now=uow.now, months=rule.months
        )
    )
    statement = uow.select(model).where(*_inactive(model, before)).order_by(model.id).limit(limit)
    if after is not None:
        statement = statement.where(model.id > after)
    return uow.session.scalars(statement).all()


def list_erasures(uow: UnitOfWork, limit: int = SHOWN) -> Sequence[Erasure]:
    """Return the last erasures, the newest first."""
    statement = select(Erasure).order_by(Erasure.id.desc()).limit(limit)
    return uow.session.scalars(statement).all()


def _inactive(model: Any, before: datetime | None) -> list[Any]:
    deal_key = Deal.contact_id if model.record_type == "contact" else Deal.lead_id
    title = getattr(model, model.title_field)
    return [
        title != PERSON,
        model.updated_at < before,
        ~exists().where(and_(TimelineRow.record_id == model.id, TimelineRow.at >= before)),
        ~exists().where(and_(Mail.record_id == model.id, Mail.created_at >= before)),
        ~exists().where(
            and_(
                Activity.regarding_id == model.id,
                Activity.status == ActivityStatus.PLANNED.value,
                Activity.deleted_at.is_(None),
            )
        ),
        ~exists().where(
            and_(deal_key == model.id, Deal.closed_at.is_(None), Deal.deleted_at.is_(None))
        ),
    ]
