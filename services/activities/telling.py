"""Telling of activities on the timelines of the records that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from services.activities.model import Activity
from services.activities.participants import participants_of
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.records.timeline import account_of, add_entry
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork


def tell(
    uow: UnitOfWork,
    activity: Activity,
    title: str,
    body: str | None = None,
    *,
    tells: Iterable[str] = (),
    plain: str | None = None,
) -> None:
    """Tell the record that an activity is about, and each contact and lead that takes part.

    An account that several of them belong to tells it once. ``tells`` are the fields of the
    activity that title and body tell of; those from whom one is hidden are told ``plain``, or else
    the title alone.
    """
    details = {
        "activity_id": str(activity.id),
        "activity_kind": activity.kind,
        "status": activity.status,
    }
    named = [f"activity.{name}" for name in tells]
    accounts: set[UUID] = set()
    for record in _concerned(uow, activity):
        account = account_of(record)
        add_entry(
            uow,
            record,
            "activity",
            title,
            body,
            details,
            is_copy=account in accounts,
            tells=named,
            plain=plain or title,
        )
        if account is not None:
            accounts.add(account)


def _concerned(uow: UnitOfWork, activity: Activity) -> Iterator[Any]:
    """Yield the records, whoever may see them: they are told what happened with them."""
    keys: dict[UUID, Any] = {}
    # The type may be retired by now.
    about = find_record_type(activity.regarding_type or "")
    if about is not None and activity.regarding_id is not None:
        keys[activity.regarding_id] = about.model
    for one in participants_of(uow, [activity.id]):
        if one.contact_id is not None:
            keys.setdefault(one.contact_id, Contact)
        elif one.lead_id is not None:
            keys.setdefault(one.lead_id, Lead)
    for key, model in keys.items():
        record = uow.session.get(model, key)
        if record is not None:
            yield record
