"""What becomes of a lead's activities when it becomes business."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from services.activities.model import Activity, Participant
from services.unit_of_work import UnitOfWork


def carry_activities(uow: UnitOfWork, lead: Any, contact: Any, heir: Any) -> None:
    """Let the lead's activities be about ``heir``, and its place in others be the contact's.

    A second time there is nothing left to carry.
    """
    for activity in uow.session.scalars(
        select(Activity).where(Activity.regarding_id == lead.id).with_for_update()
    ):
        activity.regarding_type, activity.regarding_id = heir.record_type, heir.id
        activity.account_id = heir.account_id
    there = select(Participant.activity_id).where(Participant.contact_id == contact.id)
    uow.session.execute(
        delete(Participant).where(
            Participant.lead_id == lead.id, Participant.activity_id.in_(there)
        )
    )
    uow.session.execute(
        update(Participant)
        .where(Participant.lead_id == lead.id)
        .values(lead_id=None, contact_id=contact.id)
    )
    uow.session.flush()
