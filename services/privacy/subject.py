"""Who a person is here: a contact with its leads, and all that was merged into them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy import or_, select

from services.actors import Verb
from services.consents.model import PERSON_TYPES
from services.crm.contact_model import Contact
from services.crm.lead_model import Lead
from services.errors import NotFound
from services.points.model import ContactPoint, PointKind
from services.records.merging import Merge
from services.records.types import get_record, get_record_type, title_of
from services.unit_of_work import UnitOfWork

ERASED: Final = "[erased]"
"""What stands where something of an erased person stood."""

_LEAST_WORD: Final = 5
"""Shorter names are left alone in others' texts: they are parts of too many words."""


@dataclass(slots=True)
class Subject:
    """A person with all its records.

    Attributes:
        record: The one that was asked for.
        records: All of them, that one first; those in the bin too.
        addresses: Mail addresses, in their normal spelling.
        words: Names, addresses and numbers by which others' texts tell of the person, the
            longest first.
    """

    record: Any
    records: list[Any] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def ids(self, record_type: str | None = None) -> list[UUID]:
        """Return the keys of all records, or of those of one type."""
        return [one.id for one in self.records if record_type in {None, one.record_type}]

    @property
    def title(self) -> str:
        """The person's name."""
        return title_of(self.record)

    def without(self, text: str | None) -> str | None:
        """Return a text with ``ERASED`` in the place of each of the person's words."""
        if not text or not self.words:
            return text
        pattern = "|".join(re.escape(word) for word in self.words)
        return re.sub(rf"(?<!\w)(?:{pattern})(?!\w)", ERASED, text, flags=re.IGNORECASE)


def find_subject(
    uow: UnitOfWork, record_type: str, record_id: UUID, *, verb: Verb = Verb.READ
) -> Subject:
    """Return a person with whose record the actor may do ``verb``.

    Its other records belong to it whoever may see them: what is asked is about the person.

    Raises:
        NotFound: There is no such contact or lead, or the actor may not see it.
        NotAllowed: The actor may see it, but not do this with it.
    """
    if record_type not in PERSON_TYPES:
        raise NotFound("There is no such person.")
    record = get_record(uow, record_type, record_id, verb=verb)
    found = Subject(record, [record])
    while _add_merged(uow, found) or _add_leads(uow, found):
        pass
    _find_words(uow, found)
    return found


def _add_leads(uow: UnitOfWork, subject: Subject) -> bool:
    """Add the leads of contacts, and the contacts of leads."""
    contacts = [*subject.ids("contact")]
    contacts += [one.contact_id for one in subject.records if getattr(one, "converted_at", None)]
    contacts = [key for key in contacts if key is not None]
    leads = select(Lead).where(Lead.contact_id.in_(contacts), Lead.id.not_in(subject.ids()))
    people = select(Contact).where(Contact.id.in_(contacts), Contact.id.not_in(subject.ids()))
    added = [*uow.session.scalars(people), *uow.session.scalars(leads)]
    subject.records += added
    return bool(added)


def _add_merged(uow: UnitOfWork, subject: Subject) -> bool:
    keys = subject.ids()
    statement = select(Merge).where(
        or_(Merge.kept_id.in_(keys), Merge.dropped_id.in_(keys)),
        Merge.undone_at.is_(None),
        Merge.record_type.in_(PERSON_TYPES),
    )
    added = []
    for merge in uow.session.scalars(statement):
        for key in {merge.kept_id, merge.dropped_id} - set(keys):
            record = uow.session.get(get_record_type(merge.record_type).model, key)
            if record is not None:
                added.append(record)
                keys.append(key)
    subject.records += added
    return bool(added)


def _find_words(uow: UnitOfWork, subject: Subject) -> None:
    rows = uow.session.scalars(
        select(ContactPoint).where(ContactPoint.record_id.in_(subject.ids()))
    )
    words: set[str] = set()
    addresses: set[str] = set()
    for point in rows:
        words |= {point.value, point.normalised}
        if point.kind == PointKind.MAIL:
            addresses.add(point.normalised)
    for record in subject.records:
        words |= {title_of(record), record.email or "", record.phone or ""}
        addresses |= {record.email} if record.email else set()
    subject.addresses = sorted(addresses)
    kept = {word.strip() for word in words}
    subject.words = sorted(
        (word for word in kept if len(word) >= _LEAST_WORD), key=len, reverse=True
    )
