"""What an activity's page has beyond those of other records: its times, and who takes part."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from services.activities.agenda import overdue
from services.records.types import Field
from services.unit_of_work import UnitOfWork

_GUESTS = (
    Field("contact_ids", "Contact", "relation", relation="contact"),
    Field("lead_ids", "Lead", "relation", relation="lead"),
)


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """The page's own part; ``fields`` are those that ask whom to invite."""

    is_overdue: bool
    fields: tuple[Field, ...] = field(default=_GUESTS)


def load_page(uow: UnitOfWork, activity: Any) -> ActivityPage:
    """Return what the page of an activity shows besides its fields."""
    return ActivityPage(overdue(activity, uow.now))
