"""Finding colleagues and groups by what is typed: a record is given to them or shared with them."""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import select

from services.people.model import Group, User
from services.records.folding import fold
from services.unit_of_work import UnitOfWork

STAFF: Final = "staff"
"""What is looked for where it may be a person or a group; ``user`` or ``group`` where not."""
SOUGHT: Final = {"user": "people", "group": "groups", STAFF: "people and groups"}
"""What boxes say that find them."""
MATCHES: Final = 8


class Offer(NamedTuple):
    """What a search offers to choose.

    Attributes:
        value: Its key; ``user:`` or ``group:`` stands before it where it may be either.
        beside: What tells it from its namesakes; empty if nothing does.
    """

    value: str
    text: str
    beside: str = ""


def offer_staff(uow: UnitOfWork, kind: str, text: str, without: str = "") -> list[Offer]:
    """Return the first groups and active people in whose name or address ``text`` stands.

    ``kind`` is ``user``, ``group`` or ``STAFF`` for both. Case and accents don't count. Who has
    the key ``without`` is left out.
    """
    wanted = fold(text)
    prefix = "{}:" if kind == STAFF else ""
    found = []
    if kind != "user":
        groups = uow.session.execute(select(Group.id, Group.name).order_by(Group.name))
        found += [
            Offer(f"{prefix.format('group')}{key}", name, "group" if kind == STAFF else "")
            for key, name in groups
            if wanted in fold(name)
        ][:MATCHES]
    if kind != "group":
        people = select(User.id, User.name, User.email).where(User.active).order_by(User.name)
        found += [
            Offer(f"{prefix.format('user')}{key}", name, email)
            for key, name, email in uow.session.execute(people)
            if wanted in fold(f"{name} {email}") and str(key) != without
        ][:MATCHES]
    return found
