"""Whether an address may be written to, and what a mail server says of one that it can't reach."""

from __future__ import annotations

from collections.abc import Sequence
from email.utils import getaddresses

from services.errors import Invalid
from services.points.keeping import find_points
from services.points.model import PointKind
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
