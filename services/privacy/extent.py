"""What erasing a person reaches: found once, shown by the dry run, and then carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import aliased

from services.activities.model import Activity
from services.bulk.model import BulkRefusal
from services.crm.account_model import Account
from services.crm.deal_model import Deal
from services.crm.request_model import ServiceRequest
from services.documents.model import Document
from services.exporting.model import Export
from services.mail.model import Mail
from services.points.model import ContactPoint
from services.privacy.cleaning import table_of
from services.privacy.subject import Subject
from services.privacy.tables import FATES, TOLD, Fate
from services.records.pointers import Pointer, pointers_to
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_RUNNING: Final = "running"
_TYPES: Final = ("contact", "lead")


@dataclass(slots=True)
class Extent:
    """All that erasing a person reaches.

    Attributes:
        emptied: Table → keys of the rows whose texts go.
        deals: Those from which the person's words are taken.
        deleted: Table → the condition of the rows that go altogether.
        instances: Processes that have ended.
        counts: What goes or is emptied, in words → how many.
        kept: What stays, in words → how many.
        notes: What else is to be known, a sentence each.
        blockers: Why it can't be done yet, a sentence each.
    """

    subject: Subject
    emptied: dict[str, list[UUID]] = field(default_factory=dict)
    deals: list[UUID] = field(default_factory=list)
    deleted: dict[str, ColumnElement[bool]] = field(default_factory=dict)
    instances: list[UUID] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    kept: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    blockers: list[str] = field(default_factory=list)


def find_extent(uow: UnitOfWork, subject: Subject) -> Extent:
    """Return what erasing ``subject`` reaches, without changing anything."""
    found = Extent(subject)
    keys = conditions_of(subject)
    found.emptied = {
        "requests": _keys(uow, ServiceRequest, _requests(subject)),
        "activities": _keys(uow, Activity, _all_of(keys, "activities", Fate.EMPTIED)),
        "mails": _keys(uow, Mail, _mails(subject, keys)),
    }
    about = [*subject.ids(), *found.emptied["requests"], *found.emptied["activities"]]
    found.emptied["documents"] = _keys(uow, Document, Document.record_id.in_(about))
    found.emptied["timeline_entries"] = _keys(
        uow, table_of("timeline_entries"), _column("timeline_entries", "record_id").in_(about)
    )
    found.emptied["consent_entries"] = _keys(
        uow, table_of("consent_entries"), _all_of(keys, "consent_entries", Fate.EMPTIED)
    )
    found.deals = _keys(uow, Deal, _all_of(keys, "deals", Fate.CLEANED))
    for name in sorted({pointer.table.name for pointer in keys if _fate(pointer) is Fate.DELETED}):
        found.deleted[name] = _all_of(keys, name, Fate.DELETED)
    # These name the record alone: its type stands with the change that it was left out of.
    found.deleted["bulk_refusals"] = BulkRefusal.__table__.c.record_id.in_(subject.ids())
    _add_processes(uow, found, about)
    _add_shared_points(uow, found)
    _count(uow, found, keys)
    return found


def _add_processes(uow: UnitOfWork, extent: Extent, about: list[UUID]) -> None:
    table = table_of("process_instances")
    if table is None:
        return
    rows = uow.session.execute(
        select(table.c.id, table.c.state, table.c.process_key).where(table.c.record_id.in_(about))
    ).all()
    running = sorted({row.process_key for row in rows if row.state == _RUNNING})
    extent.instances = [row.id for row in rows if row.state != _RUNNING]
    if running:
        extent.blockers.append(
            f"Processes are running on this person: {', '.join(running)}. End or cancel them first."
        )
    deals = select(func.count()).where(table.c.record_id.in_(extent.deals))
    if uow.session.scalar(deals):
        extent.notes.append(
            "Processes of deals keep their variables; they read records as they are, so that they "
            "see the erased person from now on."
        )


def _add_shared_points(uow: UnitOfWork, extent: Extent) -> None:
    """Tell of accounts that have the person's address or number; it may be theirs."""
    own, other = aliased(ContactPoint), aliased(ContactPoint)
    statement = (
        select(Account.name)
        .join(other, other.record_id == Account.id)
        .join(own, and_(own.kind == other.kind, own.normalised == other.normalised))
        .where(own.record_id.in_(extent.subject.ids()), Account.deleted_at.is_(None))
        .distinct()
        .order_by(Account.name)
    )
    extent.notes += [
        f"The account {name} has the same address or number. It keeps it; look whose it is."
        for name in uow.session.scalars(statement)
    ]


def _count(uow: UnitOfWork, extent: Extent, keys: Mapping[Pointer, ColumnElement[bool]]) -> None:
    """Fill in how much goes, and how much stays."""
    numbers: dict[str, int] = {
        get_record_type(name).plural.lower(): len(extent.subject.ids(name)) for name in _TYPES
    }
    numbers |= {TOLD[name]: len(rows) for name, rows in extent.emptied.items()}
    numbers[TOLD["deals"]] = len(extent.deals)
    numbers[TOLD["process_instances"]] = len(extent.instances)
    for name, condition in extent.deleted.items():
        numbers[TOLD.get(name, name)] = _number(uow, table_of(name), condition)
    exports = Export.record_type.in_(_EXPORTED)
    numbers["files of exported lists"] = _number(uow, Export.__table__, exports)
    extent.counts = {said: number for said, number in numbers.items() if number}
    kept: Counter[str] = Counter()
    for pointer, condition in keys.items():
        if _fate(pointer) is Fate.KEPT:
            said = TOLD.get(pointer.table.name, pointer.table.name.replace("_", " "))
            kept[said] += _number(uow, pointer.table, condition)
    extent.kept = {said: number for said, number in kept.items() if number}


_EXPORTED: Final = ("contact", "lead", "request", "activity", "account", "deal")
"""Of which types lists may tell of persons; their files are deleted."""


def exported_types() -> tuple[str, ...]:
    """Return of which types exported lists may tell of persons."""
    return _EXPORTED


def conditions_of(subject: Subject) -> dict[Pointer, ColumnElement[bool]]:
    """Return each column in which keys of persons stand, with the condition of this one's rows."""
    found: dict[Pointer, ColumnElement[bool]] = {}
    for name in _TYPES:
        keys = subject.ids(name)
        if not keys:
            continue
        for pointer in pointers_to(name):
            condition: ColumnElement[bool] = pointer.column.in_(keys)
            if pointer.of_type is not None:
                condition = and_(condition, pointer.of_type == name)
            known = found.get(pointer)
            found[pointer] = condition if known is None else or_(known, condition)
    return found


def _fate(pointer: Pointer) -> Fate:
    return FATES.get(pointer.name, Fate.KEPT)


def _all_of(
    keys: Mapping[Pointer, ColumnElement[bool]], table: str, fate: Fate
) -> ColumnElement[bool]:
    found = [
        condition
        for pointer, condition in keys.items()
        if pointer.table.name == table and _fate(pointer) is fate
    ]
    return or_(*found) if found else _column(table, "id").is_(None)


def _requests(subject: Subject) -> ColumnElement[bool]:
    return or_(
        ServiceRequest.contact_id.in_(subject.ids("contact")),
        func.lower(ServiceRequest.requester_email).in_(subject.addresses),
    )


def find_mails(uow: UnitOfWork, subject: Subject) -> list[UUID]:
    """Return the keys of all mails of a person, and from and to it."""
    return _keys(uow, Mail, _mails(subject, conditions_of(subject)))


def _mails(subject: Subject, keys: Mapping[Pointer, ColumnElement[bool]]) -> ColumnElement[bool]:
    """Mails of the person's records, and those from and to it, whichever record has them."""
    about = _all_of(keys, "mails", Fate.EMPTIED)
    named = [
        column.icontains(address, autoescape=True)
        for address in subject.addresses
        for column in (Mail.from_address, Mail.to_addresses, Mail.cc_addresses)
    ]
    return or_(about, *named)


def _column(table: str, name: str) -> Any:
    found = table_of(table)
    if found is None:
        raise LookupError(table)
    return found.c[name]


def _keys(uow: UnitOfWork, model: Any, condition: Any) -> list[UUID]:
    column = model.c.id if hasattr(model, "c") else model.id
    return list(uow.session.scalars(select(column).where(condition)))


def _number(uow: UnitOfWork, table: Any, condition: Any) -> int:
    return uow.session.scalar(select(func.count()).select_from(table).where(condition)) or 0
