"""Deleting records and getting them back: what is deleted lies in the bin, with all it has.

Deleting for good is the business of retention rules, not of a button.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.access import visible_to
from services.actors import Permission, Verb
from services.arguments import Key, Line
from services.contracts.deleted_drafts import check_not_invoiced_again, leave_to_invoice_again
from services.crm.deal_model import Deal
from services.crm.pipelines import enter_pipeline
from services.errors import Conflict, NotFound
from services.goals.goals import check_single
from services.goals.model import Goal
from services.knowledge.model import Article
from services.knowledge.rules import check_may_change
from services.operations import Arguments, check_allowed, operation
from services.records.merging import check_not_merged
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.records.uniqueness import check_unique
from services.sales.model import Invoice, SalesDocument
from services.sales.orders import check_fits, settle_order
from services.unit_of_work import UnitOfWork

SHOWN = 200


class RecordArguments(Arguments):
    """Which record."""

    record_type = Line(
        required=True,
        metadata={"title": "Record type"},
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})


@operation("record.delete", Permission.RECORD_WRITE, RecordArguments, in_diagrams=True)
def delete_record(uow: UnitOfWork, *, record_type: str, record_id: UUID) -> Any:
    """Put a record into the bin; what belongs to it stays, and it can be restored.

    What runs for it is cancelled before the commit, but for a process that deletes it itself.
    """
    record = get_record(uow, record_type, record_id, lock=True, verb=Verb.DELETE)
    check_allowed(uow, f"{record_type}.update")
    if isinstance(record, SalesDocument) and record.status != "draft":
        raise Conflict("Only a draft can be deleted.", code="wrong_status")
    if isinstance(record, Article):
        check_may_change(uow, record)
    record.deleted_at, record.deleted_by = uow.now, uow.actor.name
    if uow.call_key is not None:
        uow.session.info.setdefault("deleting_calls", {})[record.id] = uow.call_key
    if isinstance(record, Invoice) and record.order_id is not None:
        settle_order(uow, record.order_id)
    if isinstance(record, Invoice):
        leave_to_invoice_again(uow, record)
    add_entry(uow, record, "deleted", f"Deleted this {_label(record)}")
    uow.emit(f"{record_type}.deleted", record_type, record.id)
    return record


@operation("record.restore", Permission.RECORD_WRITE, RecordArguments)
def restore_record(uow: UnitOfWork, *, record_type: str, record_id: UUID) -> Any:
    """Take a record out of the bin."""
    model = get_record_type(record_type).model
    statement = visible_to(uow, model, select(model), verb=Verb.DELETE, deleted=True)
    found = uow.session.scalars(statement.where(model.id == record_id).with_for_update(of=model))
    record: Any = found.one_or_none()
    if record is None:
        raise NotFound(f"There is no such {get_record_type(record_type).label.lower()} in the bin.")
    check_allowed(uow, f"{record_type}.update")
    check_not_merged(uow, record)
    if isinstance(record, Article):
        check_may_change(uow, record)
    check_unique(uow, record, get_record_type(record_type).added_fields)
    if isinstance(record, Deal) and record.closed_at is None:
        enter_pipeline(uow, record.pipeline_id)
    deleted_at = record.deleted_at
    record.deleted_at, record.deleted_by = None, None
    if isinstance(record, Invoice):
        check_fits(uow, record)
        check_not_invoiced_again(uow, record, deleted_at)
    if isinstance(record, Goal):
        check_single(uow, record)
    add_entry(uow, record, "restored", f"Restored this {_label(record)}")
    uow.emit(f"{record_type}.restored", record_type, record.id)
    return record


def list_deleted(uow: UnitOfWork, record_type: str) -> Sequence[Any]:
    """Return the newest records of a type that lie in the bin and that the actor may see."""
    model = get_record_type(record_type).model
    statement = visible_to(uow, model, select(model), deleted=True)
    newest = statement.order_by(model.deleted_at.desc(), model.id).limit(SHOWN)
    return uow.session.scalars(newest).all()


def _label(record: Any) -> str:
    return get_record_type(record.record_type).label.lower()
