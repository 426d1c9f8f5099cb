"""Whether somebody may see the addresses in mails: they are those of people whose own are hidden.

What a mail itself says stays as it was written.
"""

from __future__ import annotations

from services.crm.contact_model import CONTACT
from services.mail.model import Mail
from services.records.types import find_record_type
from services.unit_of_work import UnitOfWork

_PEOPLE = frozenset({"contact", "lead"})
_SOMEBODY = "Somebody"


def address_fields(record_type: str) -> list[str]:
    """Return the fields, such as ``contact.email``, that mails of records of a type tell of."""
    found = find_record_type(record_type)
    own = () if found is None else (one.name for one in found.fields if one.kind == "email")
    fields = [f"{record_type}.{name}" for name in own]
    return fields if record_type in _PEOPLE else [*fields, f"{CONTACT.name}.email"]


def sees_addresses(uow: UnitOfWork, record_type: str) -> bool:
    """Tell whether the actor may see who mails of records of this type come from and go to."""
    named = (one.partition(".") for one in address_fields(record_type))
    return not any(name in uow.actor.hidden_fields(of_type) for of_type, _, name in named)


def shown_sender(uow: UnitOfWork, record_type: str, name: str) -> str:
    """Return the sender's name as the actor may see it: it can be nothing but the address."""
    return name if "@" not in name or sees_addresses(uow, record_type) else _SOMEBODY


def hidden_of(uow: UnitOfWork, mail: Mail) -> frozenset[str]:
    """Return the fields of a mail that the actor may not see."""
    if sees_addresses(uow, mail.record_type):
        return frozenset()
    return frozenset({"from_address", "to_addresses", "cc_addresses", "reply_to"})
