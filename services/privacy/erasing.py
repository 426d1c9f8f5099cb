"""Erasing a person: shown first, confirmed by its name, done at once, and never undone.

All of it is one transaction, which holds the person's records only once the audit is read. Rows of
the person alone are deleted, of others that tell of it only its words go, and what the law wants
kept stays, with nothing but a key that leads to nobody.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update

from services.actors import Permission, Verb
from services.arguments import Key, Line
from services.audit_redactions import redact_entries
from services.changes import begin_collecting, take_changes
from services.consents.model import PERSON_TYPES, ConsentEntry
from services.database import new_id
from services.errors import Conflict, Invalid
from services.exporting.model import Export
from services.operations import Arguments, operation
from services.privacy import cleaning
from services.privacy.audit_reading import Reading, emptied_slices, entries_about, read_sealed
from services.privacy.extent import Extent, exported_types, find_extent
from services.privacy.model import Dossier, Erasure
from services.privacy.subject import find_subject
from services.records.folding import fold
from services.records.merging import Merge
from services.records.timeline import TimelineRow, add_entry
from services.unit_of_work import UnitOfWork


class ErasePerson(Arguments):
    """Who is erased for good, and why."""

    record_type = Line(
        required=True,
        metadata={"title": "Record type", "description": " or ".join(PERSON_TYPES)},
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    name = Line(
        required=True,
        metadata={"title": "Name", "description": "The person's, typed to confirm it."},
    )
    reason = Line(
        required=True,
        metadata={"title": "Reason", "description": "Why, without anything of the person."},
    )


@operation("person.erase", Permission.PRIVACY_ERASE, ErasePerson, secret_fields=frozenset({"name"}))
def erase_person(
    uow: UnitOfWork, *, record_type: str, record_id: UUID, name: str, reason: str
) -> dict[str, Any]:
    """Erase all that is known of a person; it can't be undone.

    Raises:
        Invalid: The name is not the person's.
        Conflict: Something must be ended first, or it is erased already.
    """
    subject = find_subject(uow, record_type, record_id, verb=Verb.DELETE)
    if fold(name) != fold(subject.title):
        message = "Type the person's name exactly as it stands here."
        raise Invalid(message, {"name": [message]})
    _check_blockers(find_extent(uow, subject))
    before = read_sealed(uow, subject)
    for record in sorted(subject.records, key=lambda one: one.id):
        uow.session.refresh(record, with_for_update=True)
    extent = find_extent(uow, find_subject(uow, record_type, record_id, verb=Verb.DELETE))
    subject = extent.subject
    _check_blockers(extent)
    erasure_id = new_id()
    # The audit must not keep of these changes what they take away, nor processes hear of it.
    mark = begin_collecting(uow.session)
    _empty(uow, extent)
    _clean_others(uow, extent)
    uow.session.flush()
    take_changes(uow.session, mark)
    touched = uow.session.info.get("touched", {})
    for key in _all_keys(extent):
        touched.pop(key, None)
    digest = _empty_audit(uow, extent, erasure_id, before)
    add_entry(uow, subject.record, "erased", "Erased this person's data", reason)
    uow.session.add(
        Erasure(
            id=erasure_id,
            of_type=record_type,
            of_id=record_id,
            reason=reason,
            counts=extent.counts,
            kept=extent.kept,
            audit_digest=digest,
            erased_at=uow.now,
            erased_by=uow.actor.name,
        )
    )
    uow.emit(f"{record_type}.erased", record_type, record_id)
    return {"erasure_id": erasure_id, "counts": extent.counts, "kept": extent.kept}


def _check_blockers(extent: Extent) -> None:
    if extent.blockers:
        raise Conflict(" ".join(extent.blockers), code="erasure_blocked")


def preview_erasure(uow: UnitOfWork, record_type: str, record_id: UUID) -> Extent:
    """Return what erasing a person would do, without doing it.

    Raises:
        NotFound: There is no such person, or the actor may not see it.
        NotAllowed: The actor may not delete it.
    """
    return find_extent(uow, find_subject(uow, record_type, record_id, verb=Verb.DELETE))


def _empty(uow: UnitOfWork, extent: Extent) -> None:
    subject, emptied = extent.subject, extent.emptied
    cleaning.empty_requests(uow, emptied["requests"])
    cleaning.empty_activities(uow, emptied["activities"])
    cleaning.empty_mails(uow, emptied["mails"])
    cleaning.empty_documents(uow, emptied["documents"])
    about = [*subject.ids(), *emptied["requests"], *emptied["activities"]]
    cleaning.empty_timeline(uow, about)
    uow.session.execute(
        update(ConsentEntry)
        .where(ConsentEntry.id.in_(emptied["consent_entries"]))
        .values(evidence=None, address=None)
    )
    uow.session.flush()
    for name, condition in extent.deleted.items():
        table = cleaning.table_of(name)
        if table is not None:
            cleaning.delete_rows(uow, table, condition)
    uow.session.expire_all()
    cleaning.empty_records(subject, uow)
    # The columns' triggers may have written a point anew.
    _delete(uow, "contact_points", "record_id", subject.ids())


def _clean_others(uow: UnitOfWork, extent: Extent) -> None:
    """Take the person's words out of what is not its own."""
    subject = extent.subject
    cleaning.clean_deals(uow, subject, extent.deals)
    accounts = {getattr(one, "account_id", None) for one in subject.records} - {None}
    near = or_(
        TimelineRow.record_id.in_([*extent.deals, *accounts]),
        TimelineRow.account_id.in_(accounts),
    )
    cleaning.clean_rows(uow, subject, _table("timeline_entries"), near)
    # What a note said before it was changed, too: it may tell of the person no more itself.
    former = _table("note_versions")
    notes = select(TimelineRow.id).where(near)
    cleaning.clean_rows(uow, subject, former, former.c.entry_id.in_(notes))
    activities = _table("activities")
    cleaning.clean_rows(uow, subject, activities, activities.c.regarding_id.in_(extent.deals))
    merges = or_(Merge.kept_id.in_(subject.ids()), Merge.dropped_id.in_(subject.ids()))
    uow.session.execute(
        update(Merge)
        .where(merges)
        .values(values={}, taken={})
        .execution_options(synchronize_session=False)
    )
    for first in ("first_id", "second_id"):
        _delete(uow, "duplicate_pairs", first, subject.ids())
    cleaning.clean_imports(uow, subject)
    uow.session.execute(delete(Export).where(Export.record_type.in_(exported_types())))
    uow.session.execute(delete(Dossier).where(Dossier.of_id.in_(subject.ids())))
    _clean_processes(uow, extent)


def _clean_processes(uow: UnitOfWork, extent: Extent) -> None:
    """Empty what ended processes knew, and take the person's words out of their story."""
    if not extent.instances:
        return
    keys = extent.instances
    instances, items = _table("process_instances"), _table("work_items")
    uow.session.execute(update(instances).where(instances.c.id.in_(keys)).values(snapshot=b""))
    uow.session.execute(update(items).where(items.c.instance_id.in_(keys)).values(variables={}))
    for name in ("history", "incidents"):
        table = _table(name)
        cleaning.clean_rows(uow, extent.subject, table, table.c.instance_id.in_(keys))


def _empty_audit(uow: UnitOfWork, extent: Extent, erasure_id: UUID, before: Reading) -> str:
    """Empty the audit's entries about the person, and clean those that name it."""
    subject, keys = extent.subject, _all_keys(extent)
    entries = entries_about(uow, subject, keys, before)
    slices = emptied_slices(uow, subject, keys, entries)
    about = (subject.record.record_type, subject.record.id)
    count, digest = redact_entries(uow, erasure_id, about, slices)
    if count:
        extent.counts["entries of the audit"] = count
    return digest


def _all_keys(extent: Extent) -> set[UUID]:
    """Return the keys of all rows that are emptied, to which entries of the audit belong."""
    rows = (key for keys in extent.emptied.values() for key in keys)
    return {*extent.subject.ids(), *rows}


def _table(name: str) -> Any:
    found = cleaning.table_of(name)
    if found is None:
        raise LookupError(name)
    return found


def _delete(uow: UnitOfWork, table: str, column: str, keys: list[UUID]) -> None:
    found = cleaning.table_of(table)
    if found is not None:
        cleaning.delete_rows(uow, found, found.c[column].in_(keys))
