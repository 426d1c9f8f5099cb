"""What can be done with consents: given, withdrawn, asked for and confirmed by mail."""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import parseaddr
from typing import Any, Final
from uuid import UUID

from marshmallow import validate

from services.actors import Permission
from services.arguments import Key, Line, LongText, Moment
from services.consents.keeping import (
    Said,
    add_consent,
    address_of,
    has_address,
    present_consents,
    same_persons,
)
from services.consents.links import CONFIRMED_WITHIN, make_confirmation_link
from services.consents.model import (
    CHANNELS,
    PERSON_TYPES,
    POINT_KIND_OF,
    Channel,
    ConsentEntry,
    ConsentPurpose,
    ConsentState,
)
from services.consents.purposes import get_purpose, latest_text
from services.database import new_id
from services.errors import Conflict, Invalid
from services.operations import Arguments, operation, run
from services.points.model import PointKind
from services.records.timeline import add_entry
from services.records.types import get_record, get_record_type
from services.unit_of_work import UnitOfWork

_CONFIRMATION: Final = re.compile(
    r"(/consent/confirm/)([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\b"
)
_ADDRESSES: Final = {
    PointKind.MAIL.value: "e-mail address",
    PointKind.PHONE.value: "phone number",
    PointKind.MESSENGER.value: "messenger name",
}
_CHANNEL: Final = Line(
    required=True,
    validate=validate.OneOf(list(CHANNELS)),
    metadata={"title": "Channel"},
)


class Evidence(LongText):
    """What proves something, in a few words."""

    max_length = 2_000


class NameConsent(Arguments):
    """Whose consent, by which channel, for what."""

    record_type = Line(
        required=True, validate=validate.OneOf(PERSON_TYPES), metadata={"title": "Record type"}
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    channel = _CHANNEL
    purpose = Line(
        required=True, metadata={"title": "Purpose", "description": "Its key, such as marketing."}
    )


class SaidConsent(NameConsent):
    """How a person said it."""

    source = Line(
        required=True,
        metadata={"title": "Source", "description": "Such as on the phone, or at the fair."},
    )
    evidence = Evidence(
        load_default=None,
        allow_none=True,
        metadata={"title": "Evidence", "description": "What proves it: a form, a recording."},
    )
    at = Moment(
        load_default=None,
        allow_none=True,
        metadata={"title": "When", "description": "Just now if empty."},
    )


@operation("consent.give", Permission.RECORD_WRITE, SaidConsent, in_diagrams=True)
def give_consent(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    channel: str,
    purpose: str,
    source: str,
    evidence: str | None,
    at: datetime | None,
) -> dict[str, Any]:
    """Note that a person agreed to be contacted.

    Raises:
        Invalid: It would need a confirmation by mail, or evidence, and has neither; or the person
            has no address or number of this channel, to which it would belong.
    """
    person = get_record(uow, record_type, record_id, lock=True)
    found = get_purpose(uow, purpose)
    _check_moment(uow, at)
    if found.confirms_by_mail and channel == Channel.MAIL and evidence is None:
        message = "Say what proves it, or have the person confirm it by mail."
        raise Invalid(message, {"evidence": [message]})
    said = Said(source, evidence, at, address=_needed(uow, person, channel))
    return note_given(uow, person, channel, found, said)


@operation("consent.withdraw", Permission.RECORD_WRITE, SaidConsent, in_diagrams=True)
def withdraw_consent(
    uow: UnitOfWork,
    *,
    record_type: str,
    record_id: UUID,
    channel: str,
    purpose: str,
    source: str,
    evidence: str | None,
    at: datetime | None,
) -> dict[str, Any]:
    """Note that a person does not want to be contacted any more, whichever record it has."""
    person = get_record(uow, record_type, record_id, lock=True)
    found = get_purpose(uow, purpose)
    _check_moment(uow, at)
    note_withdrawn(uow, person, channel, found, Said(source, evidence, at))
    return {"state": present_consents(uow, person.id)[channel, found.id].state}


@operation("consent.request", Permission.MAIL_SEND, NameConsent, outside=True, in_diagrams=True)
def request_consent(
    uow: UnitOfWork, *, record_type: str, record_id: UUID, channel: str, purpose: str
) -> dict[str, Any]:
    """Ask a person by mail to confirm that it agrees to be contacted.

    Nothing is allowed until it follows the link, within a week. Who agreed for an address that it
    has no longer is asked anew.

    Raises:
        Conflict: It agreed already, or has withdrawn: who said no is not asked again.
        Invalid: It has no mail address.
    """
    person = get_record(uow, record_type, record_id, lock=True)
    found = get_purpose(uow, purpose)
    present = present_consents(uow, person.id).get((channel, found.id))
    if present is not None and _holds(uow, person, present):
        what = "agreed already" if present.state == ConsentState.GIVEN else "said no"
        raise Conflict(f"This person has {what}.", code="consent_answered")
    if not person.email:
        message = "This person has no e-mail address."
        raise Invalid(message, {"record_id": [message]}, code="mail_address_invalid")
    said = Said("asked by mail", f"Sent to {person.email}", address=_needed(uow, person, channel))
    entry = add_consent(uow, record_type, person.id, channel, found, ConsentState.PENDING, said)
    entry.id = new_id()
    uow.session.flush()
    result = run(
        uow,
        "mail.send",
        {
            "record_type": record_type,
            "record_id": str(person.id),
            "to": person.email,
            "subject": f"Please confirm: {found.title()}",
            "body": _request_text(uow, found, entry),
        },
    )
    return {"consent_id": entry.id, **result}


def sign_confirmations(uow: UnitOfWork, record_id: UUID, to: str, text: str) -> str:
    """Return a mail's text as it leaves, with links that confirm in place of those that don't.

    What is kept of the mail has unsigned ones, so that nobody who reads it here can confirm in the
    person's name. Only the person's own address gets a signed one.
    """

    def sign(found: re.Match[str]) -> str:
        entry = uow.session.get(ConsentEntry, UUID(found[2]))
        if entry is None or entry.record_id != record_id:
            return found[0]
        person = uow.session.get(get_record_type(entry.record_type).model, record_id)
        if person is None or person.email is None or parseaddr(to)[1] != person.email:
            return found[0]
        return found[1] + make_confirmation_link(uow.platform.settings, entry.id, entry.written_at)

    return _CONFIRMATION.sub(sign, text)


def note_given(
    uow: UnitOfWork, person: Any, channel: str, purpose: ConsentPurpose, said: Said
) -> dict[str, Any]:
    """Add a consent to a person's history, and tell its timeline and the processes.

    Where something was said later, that holds: ``state`` is what it is, and no process is told.
    """
    entry = add_consent(
        uow, person.record_type, person.id, channel, purpose, ConsentState.GIVEN, said
    )
    uow.session.flush()
    title = f"Agreed to “{purpose.title()}” by {_named(channel)}"
    add_entry(uow, person, "changed", title, said.source)
    last = present_consents(uow, person.id)[channel, purpose.id]
    if last is entry:
        facts = {"channel": channel, "purpose": purpose.key}
        uow.emit("consent.given", person.record_type, person.id, **facts)
    return {"consent_id": entry.id, "state": last.state}


def note_withdrawn(
    uow: UnitOfWork, person: Any, channel: str, purpose: ConsentPurpose, said: Said
) -> None:
    """Add a withdrawal to the history of a person, and of all records with its address.

    A second one changes nothing. Where something was said later, no process is told.
    """
    at = said.at or uow.now
    for number, (record_type, key) in enumerate(same_persons(uow, person, channel)):
        present = present_consents(uow, key).get((channel, purpose.id))
        if present is not None and present.state == ConsentState.WITHDRAWN:
            continue
        is_other = number > 0
        if is_other and present is None and purpose.needs_consent:
            continue  # it has agreed to nothing
        add_consent(uow, record_type, key, channel, purpose, ConsentState.WITHDRAWN, said)
        record = uow.acting_as(uow.actor.unlimited()).find(get_record_type(record_type).model, key)
        if record is not None:
            title = f"Wants no “{purpose.title()}” by {_named(channel)} any more"
            add_entry(uow, record, "changed", title, said.source)
        if present is None or at >= present.at:
            facts = {"channel": channel, "purpose": purpose.key}
            uow.emit("consent.withdrawn", record_type, key, **facts)
    uow.session.flush()


def _needed(uow: UnitOfWork, person: Any, channel: str) -> str:
    """Return the address or number that a consent is for."""
    address = address_of(uow, person, channel)
    if address is None:
        named = _ADDRESSES[POINT_KIND_OF[channel]]
        message = f"Enter the person's {named} first: consent belongs to it."
        raise Invalid(message, {"channel": [message]})
    return address


def _holds(uow: UnitOfWork, person: Any, entry: ConsentEntry) -> bool:
    """Tell whether somebody has answered already, so that there is nothing to ask."""
    if entry.state == ConsentState.GIVEN:
        return has_address(uow, person, entry.channel, entry.address)
    return entry.state == ConsentState.WITHDRAWN


def _request_text(uow: UnitOfWork, purpose: ConsentPurpose, entry: ConsentEntry) -> str:
    settings = uow.platform.settings
    words = latest_text(uow, purpose)
    quoted = "" if words is None else f"{words.texts['en']}\n\n"
    return (
        f"Please confirm that you agree:\n\n{quoted}"
        f"{settings.public_url}/consent/confirm/{entry.id}\n\n"
        f"The link works for {CONFIRMED_WITHIN.days} days. If you did not ask for this, do "
        "nothing: then you hear no more of it."
    )


def _named(channel: str) -> str:
    label = CHANNELS[channel]
    return label if label.isupper() else label.lower()


def _check_moment(uow: UnitOfWork, at: datetime | None) -> None:
    if at is not None and at > uow.now:
        message = "This is in the future."
        raise Invalid(message, {"at": [message]})
