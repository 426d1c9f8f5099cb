"""What stands around a record: tags, addresses, places, the tree, what is planned, its mails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.activities.agenda import activities_about
from services.activities.model import Activity
from services.activities.participants import Guest, guests_of
from services.consents.keeping import told_consents
from services.consents.model import PERSON_TYPES
from services.crm.account_model import Account
from services.crm.account_tree import TreeNode, tree_of
from services.crm.contact_accounts import Place, places_at_account, places_of_contact
from services.crm.contact_model import Contact
from services.mail.threads import Thread, find_threads
from services.points.keeping import is_primary, points_of
from services.points.model import ContactPoint
from services.records.reachable import Reachable
from services.tags.model import Tag
from services.tags.tags import suggest_tags, tags_of
from services.unit_of_work import UnitOfWork

_SUGGESTED = 30


@dataclass(slots=True)
class Around:
    """All of it, as far as the record's type has it and the actor may see it.

    Attributes:
        points: Each with whether it is the primary one of its kind.
        places: A contact's accounts, or an account's people who are primarily elsewhere too.
        tree: Empty for an account that stands alone.
        guests: Who takes part in an activity.
        consents: Of a contact or a lead: purpose, channel and state.
    """

    tags: Sequence[Tag]
    suggested: Sequence[Tag]
    planned: Sequence[Activity]
    threads: Sequence[Thread]
    points: list[tuple[ContactPoint, bool]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    tree: list[TreeNode] = field(default_factory=list)
    guests: list[Guest] = field(default_factory=list)
    consents: list[tuple[str, str, str]] = field(default_factory=list)


def around(uow: UnitOfWork, record: Any) -> Around:
    """Return what stands around a record that the actor may see."""
    found = Around(
        tags=tags_of(uow, [record.id]).get(record.id, []),
        suggested=suggest_tags(uow, limit=_SUGGESTED),
        planned=activities_about(uow, record.id),
        threads=find_threads(uow, record.id),
    )
    if isinstance(record, Reachable) and shows_points(uow, record):
        found.points = [(point, is_primary(record, point)) for point in points_of(uow, record)]
    if record.record_type in PERSON_TYPES:
        found.consents = told_consents(uow, record.id)
    if isinstance(record, Contact):
        found.places = places_of_contact(uow, record)
    if isinstance(record, Account):
        # Who has this primary account and nothing more to tell stands in the list of contacts.
        found.places = [
            place
            for place in places_at_account(uow, record)
            if not place.is_primary or place.link.role or place.link.until
        ]
        tree = tree_of(uow, record)
        found.tree = tree if len(tree) > 1 else []
    if isinstance(record, Activity):
        found.guests = guests_of(uow, record)
    return found


def shows_points(uow: UnitOfWork, record: Any) -> bool:
    """Tell whether the actor may read addresses and numbers: both, for they stand together."""
    return not uow.actor.hidden_fields(record.record_type) & {"email", "phone"}
