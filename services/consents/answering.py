"""What people answer by the links they were mailed; the signed token is their proof."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import select

from services.actors import SYSTEM, Permission
from services.arguments import Choices, Line
from services.consents.consents import note_given, note_withdrawn
from services.consents.keeping import Said, present_consents
from services.consents.links import (
    Choice,
    read_choice_link,
    read_confirmation_link,
)
from services.consents.model import Channel, ConsentEntry, ConsentPurpose, ConsentState
from services.consents.purposes import list_purposes
from services.errors import NotFound
from services.operations import Arguments, operation
from services.records.merging import Merge
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork

_BY_LINK = "unsubscribe link"
_BY_PAGE = "preference page"
_DOUBLE_OPT_IN = "double opt-in"
_MOST_MERGES = 20


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
    if present is not None and present.state == ConsentState.GIVEN:
        return {"purpose": purpose.key}
    evidence = f"{entry.evidence or 'Mailed'} on {entry.at:%Y-%m-%d %H:%M} UTC, confirmed"
    if uow.address:
        evidence += f" from {uow.address}"
    said = Said(_DOUBLE_OPT_IN, evidence, text_id=entry.text_id)
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
        note_withdrawn(uow, person, choice.channel, purpose, Said(_BY_LINK))
    return {"done": True}


@operation(
    "consent.choose", Permission.CONSENT_ANSWER, ChooseByLink, secret_fields=frozenset({"token"})
)
def choose_consents(
    uow: UnitOfWork, *, token: str, purposes: list[str] | None = None
) -> dict[str, Any]:
    """Say by a mailed link what one wants to receive by mail, and what not.

    Who follows the link reads the address's mails, so that nothing needs to be confirmed.

    Raises:
        NotFound: The link is not ours.
    """
    choice = read_choice_link(uow.platform.settings, token)
    person = find_person(uow, choice)
    if person is None:
        return {"done": True}
    wanted = set(purposes or ())
    present = present_consents(uow, person.id)
    for purpose in list_purposes(uow):
        entry = present.get((Channel.MAIL.value, purpose.id))
        state = None if entry is None else entry.state
        if purpose.key in wanted:
            if not receives(purpose, state):
                note_given(uow, person, Channel.MAIL.value, purpose, Said(_BY_PAGE))
        elif receives(purpose, state) or state == ConsentState.PENDING:
            note_withdrawn(uow, person, Channel.MAIL.value, purpose, Said(_BY_PAGE))
    return {"done": True}


def receives(purpose: ConsentPurpose, state: str | None) -> bool:
    """Tell whether what was said last, None for nothing, lets somebody receive something."""
    if purpose.needs_consent:
        return state == ConsentState.GIVEN
    return state != ConsentState.WITHDRAWN


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
