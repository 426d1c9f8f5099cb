"""What people answer by the links they were mailed; the signed token is their proof."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.actors import SYSTEM, Permission
from services.arguments import Choices, Line
from services.consents.consents import note_given, note_withdrawn
from services.consents.keeping import Said, has_address, present_consents
from services.consents.links import (
    Choice,
    read_choice_link,
    read_confirmation_link,
    seal_of,
)
from services.consents.model import Channel, ConsentEntry, ConsentPurpose, ConsentState
from services.consents.purposes import list_purposes
from services.errors import NotFound
from services.operations import Arguments, operation
from services.points.keeping import points_of
from services.points.model import PointKind
from services.records.merging import Merge
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_BY_LINK = "unsubscribe link"
_BY_PAGE = "preference page"
_DOUBLE_OPT_IN = "double opt-in"
_MOST_MERGES = 20

Leaving = Callable[[UnitOfWork, Any, str, ConsentPurpose], None]
_listeners: list[Leaving] = []


def on_leaving(listener: Leaving) -> Leaving:
    """Have ``listener`` called with person, channel and purpose when somebody leaves by a link."""
    _listeners.append(listener)
    return listener


class AnswerByLink(Arguments):
    """The link that was followed."""

    token = Line(required=True, metadata={"title": "Token"})


class ChooseByLink(AnswerByLink):
    """What somebody wants to receive, of all there is."""

    purposes = Choices(
        load_default=list, allow_none=True, metadata={"title": "Purposes", "description": "Keys."}
    )


@operation(
    "consent.confirm", Permission.CONSENT_ANSWER, AnswerByLink, secret_fields=frozenset({"token"})
)
def confirm_consent(uow: UnitOfWork, *, token: str) -> dict[str, Any]:
    """Confirm by the mailed link that one agrees to be contacted; twice is as good as once.

    Raises:
        NotFound: The link is not ours, too old, or something else was said since.
    """
    purpose, entry, person = find_pending(uow, token)
    present = present_consents(uow, person.id).get((entry.channel, entry.purpose_id))
    is_given = present is not None and present.state == ConsentState.GIVEN
    if is_given and present is not None and present.address == entry.address:
        return {"purpose": purpose.key}
    evidence = f"{entry.evidence or 'Mailed'} on {entry.at:%Y-%m-%d %H:%M} UTC, confirmed"
    if uow.address:
        evidence += f" from {uow.address}"
    said = Said(_DOUBLE_OPT_IN, evidence, text_id=entry.text_id, address=entry.address)
    note_given(uow, person, entry.channel, purpose, said)
    return {"purpose": purpose.key}


@operation(
    "consent.unsubscribe",
    Permission.CONSENT_ANSWER,
    AnswerByLink,
    secret_fields=frozenset({"token"}),
)
def unsubscribe(uow: UnitOfWork, *, token: str) -> dict[str, Any]:
    """Withdraw by a mailed link what one agreed to (RFC 8058); no matter how often.

    The answer is the same where nobody is to be found any more.

    Raises:
        NotFound: The link is not ours.
    """
    choice = read_choice_link(uow.platform.settings, token)
    person = find_person(uow, choice)
    purpose = uow.session.get(ConsentPurpose, choice.purpose_id)
    if person is not None and purpose is not None:
        _leave(uow, person, choice.channel, purpose, _BY_LINK)
    return {"done": True}


@operation(
    "consent.choose", Permission.CONSENT_ANSWER, ChooseByLink, secret_fields=frozenset({"token"})
)
def choose_consents(
    uow: UnitOfWork, *, token: str, purposes: list[str] | None = None
) -> dict[str, Any]:
    """Say by a mailed link what one wants to receive by mail, and what not.

    Who follows the link reads the mails of the address that it was sent to, so that nothing needs
    to be confirmed. If the person has that address no longer, it can only withdraw.

    Raises:
        NotFound: The link is not ours.
    """
    choice = read_choice_link(uow.platform.settings, token)
    person = find_person(uow, choice)
    if person is None:
        return {"done": True}
    wanted = set(purposes or ())
    address = address_of_link(uow, person, choice)
    present = present_consents(uow, person.id)
    for purpose in list_purposes(uow):
        entry = present.get((Channel.MAIL.value, purpose.id))
        is_open = entry is not None and entry.state != ConsentState.WITHDRAWN
        if purpose.key in wanted:
            if address is not None and not receives(purpose, entry, address):
                said = Said(_BY_PAGE, address=address)
                note_given(uow, person, Channel.MAIL.value, purpose, said)
        elif is_open or not purpose.needs_consent:
            _leave(uow, person, Channel.MAIL.value, purpose, _BY_PAGE)
    return {"done": True}


def _leave(
    uow: UnitOfWork, person: Any, channel: str, purpose: ConsentPurpose, source: str
) -> None:
    note_withdrawn(uow, person, channel, purpose, Said(source))
    for listener in _listeners:
        listener(uow, person, channel, purpose)


def address_of_link(uow: UnitOfWork, person: Any, choice: Choice) -> str | None:
    """Return the address that a link was mailed to; None if the person has it no longer."""
    if not choice.seal:
        found: str | None = person.email
        return found
    settings = uow.platform.settings
    held = [one.normalised for one in points_of(uow, person) if one.kind == PointKind.MAIL]
    return next((one for one in held if seal_of(settings, one) == choice.seal), None)


def receives(purpose: ConsentPurpose, entry: ConsentEntry | None, address: str | None) -> bool:
    """Tell whether what was said last, None for nothing, lets an address receive something."""
    if purpose.needs_consent:
        is_given = entry is not None and entry.state == ConsentState.GIVEN
        return is_given and entry is not None and entry.address == address
    return entry is None or entry.state != ConsentState.WITHDRAWN


def find_pending(uow: UnitOfWork, token: str) -> tuple[ConsentPurpose, ConsentEntry, Any]:
    """Return what a link confirms: the purpose, the pending entry and the person.

    Raises:
        NotFound: The link is not ours, too old, or something else was said since.
    """
    key = read_confirmation_link(uow.platform.settings, token, uow.now)
    entry = uow.session.get(ConsentEntry, key)
    purpose = None if entry is None else uow.session.get(ConsentPurpose, entry.purpose_id)
    gone = NotFound("This link is not valid, or not any more.")
    if entry is None or purpose is None or purpose.archived_at is not None:
        raise gone
    model = get_record_type(entry.record_type).model
    person = uow.acting_as(SYSTEM).find(model, entry.record_id, lock=True)
    present = present_consents(uow, entry.record_id).get((entry.channel, entry.purpose_id))
    if person is None or (present is not None and present.state == ConsentState.WITHDRAWN):
        raise gone
    if not has_address(uow, person, entry.channel, entry.address):
        raise gone  # it is for an address that the person has no longer
    return purpose, entry, person


def find_person(uow: UnitOfWork, choice: Choice) -> Any | None:
    """Return the contact or lead that a link is about, or the one it was merged into.

    One in the bin counts: it may come back, and others may have its address.
    """
    found, key = None, choice.record_id
    model = get_record_type(choice.record_type).model
    for _ in range(_MOST_MERGES):
        found = uow.session.get(model, key, with_for_update=True)
        merged = _merged_into(uow, key)
        if merged is None:
            break
        key = merged
    return found


def _merged_into(uow: UnitOfWork, key: UUID) -> UUID | None:
    statement = (
        select(Merge.kept_id)
        .where(Merge.dropped_id == key, Merge.undone_at.is_(None))
        .order_by(Merge.id.desc())
        .limit(1)
    )
    return uow.session.scalars(statement).one_or_none()
