"""Whether an address may be written to, and what a mail server says of one that it can't reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.utils import getaddresses, parseaddr
from typing import Any, NoReturn

from services.consents.contacting import may_contact
from services.consents.links import Choice, make_choice_link, read_choice_link, seal_of
from services.consents.model import PERSON_TYPES, Channel, ConsentPurpose
from services.consents.purposes import get_purpose
from services.errors import Invalid
from services.points.keeping import find_points
from services.points.model import PointKind
from services.records.types import get_record_type
from services.unit_of_work import UnitOfWork


def check_recipients(uow: UnitOfWork, recipients: Sequence[str], purpose: str) -> list[str]:
    """Return what is to be known of the recipients: who opted out, where nothing arrives.

    Advertising is refused to them instead. Whoever has the address counts: a person who opted out
    as a lead gets nothing as a contact.

    Raises:
        Invalid: ``mail_address_refused``: it is advertising, and somebody must not get it.
    """
    addresses = [address for _, address in getaddresses(list(recipients))]
    warnings: dict[str, None] = {}
    for point in find_points(uow, PointKind.MAIL.value, addresses):
        if point.invalid_since is not None:
            warnings[f"Mails to {point.normalised} come back."] = None
        elif point.opted_out_at is not None:
            warnings[f"{point.normalised} wants no advertising."] = None
    if warnings and purpose == "marketing":
        message = " ".join(warnings)
        raise Invalid(message, {"to": [message]}, code="mail_address_refused")
    return list(warnings)


def unsubscribe_token(uow: UnitOfWork, record: Any, recipients: Sequence[str], purpose: str) -> str:
    """Return what stands for the one who gets advertising in the links by which it ends.

    Raises:
        Invalid: ``mail_address_refused``: there are several, or nobody with this address agreed.
    """
    if len(recipients) > 1:
        _refuse("Advertising goes to one person each, who can unsubscribe on its own.")
    found = get_purpose(uow, purpose)
    address = parseaddr(recipients[0])[1]
    for person in _persons_at(uow, record, address):
        if may_contact(uow, person, Channel.MAIL.value, found.key, address):
            seal = seal_of(uow.platform.settings, address)
            choice = Choice(person.record_type, person.id, Channel.MAIL.value, found.id, seal)
            return make_choice_link(uow.platform.settings, choice)
    return _refuse(f"{address} has not agreed to “{found.title()}”.")


def is_still_wanted(uow: UnitOfWork, token: str, to: str) -> bool:
    """Tell whether advertising that may have waited may still go to its address."""
    choice = read_choice_link(uow.platform.settings, token)
    person = uow.session.get(get_record_type(choice.record_type).model, choice.record_id)
    purpose = uow.session.get(ConsentPurpose, choice.purpose_id)
    if person is None or purpose is None:
        return False
    return may_contact(uow, person, choice.channel, purpose.key, parseaddr(to)[1])


def _persons_at(uow: UnitOfWork, record: Any, address: str) -> Iterator[Any]:
    """Yield the contacts and leads with an address, the one that the mail is about first."""
    points = find_points(uow, PointKind.MAIL.value, [address])
    held = [point for point in points if point.record_type in PERSON_TYPES]
    for point in sorted(held, key=lambda one: (one.record_id != record.id, one.record_type)):
        person = uow.session.get(get_record_type(point.record_type).model, point.record_id)
        if person is not None:
            yield person


def _refuse(message: str) -> NoReturn:
    raise Invalid(message, {"to": [message]}, code="mail_address_refused")
