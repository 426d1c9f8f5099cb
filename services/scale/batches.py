"""A batch of records: what it is made from, and the rows it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.crm.pipeline_model import Stage

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Owner:
    """Somebody who owns records, and one of the groups they are in."""

    id: UUID
    name: str
    team_id: UUID | None
    team_ids: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class World:
    """What is there before the records: whose they are, and the stages of deals in their order.

    Attributes:
        owners: The first have the most records, the last a handful.
        lead_numbers: As many as a batch has leads; so for the requests.
    """

    owners: Sequence[Owner]
    stages: Sequence[Stage]
    lost_reasons: Sequence[str]
    lead_numbers: Sequence[int]
    request_numbers: Sequence[int]


@dataclass(frozen=True, slots=True)
class Period:
    """When and how many.

    Attributes:
        begin: When the first records of a batch came to be; the last ones before ``end``.
        now: Until when something happened to them.
        share: The part of a whole batch that is wanted, up to 1.
    """

    begin: datetime
    end: datetime
    now: datetime
    share: float = 1.0


@dataclass(slots=True)
class Batch:
    """The rows of one batch."""

    accounts: list[Row] = field(default_factory=list)
    contacts: list[Row] = field(default_factory=list)
    deals: list[Row] = field(default_factory=list)
    stays: list[Row] = field(default_factory=list)
    leads: list[Row] = field(default_factory=list)
    requests: list[Row] = field(default_factory=list)
