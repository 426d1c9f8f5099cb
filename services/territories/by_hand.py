"""Territories that people choose for single records, and giving records back to the rules."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import validate

from services.actors import Permission
from services.arguments import Key, Line
from services.errors import NotAllowed
from services.operations import Arguments, check_allowed, operation
from services.records.changes import change_record
from services.records.schemas import key_argument
from services.records.types import get_record
from services.territories.model import PLACED_TYPES, TERRITORY, Territory
from services.territories.placing import find_territory
from services.unit_of_work import UnitOfWork


class LeaveToRules(Arguments):
    """Which record is left to the rules."""

    record_type = Line(
        required=True, validate=validate.OneOf(PLACED_TYPES), metadata={"title": "Record type"}
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})


class PlaceInTerritory(LeaveToRules):
    """Which record lies in which territory."""

    territory_id = key_argument(TERRITORY)


@operation("territory.place", Permission.RECORD_WRITE, PlaceInTerritory, in_diagrams=True)
def place_record(uow: UnitOfWork, *, record_type: str, record_id: UUID, territory_id: UUID) -> Any:
    """Put a record into a territory whatever the rules say."""
    record = _held(uow, record_type, record_id)
    territory = uow.get(Territory, territory_id)
    values = {"territory_id": territory.id, "territory_is_manual": True}
    change_record(uow, record, values, title=f"Put into {territory.name} by hand", follows=False)
    return record


@operation("territory.release", Permission.RECORD_WRITE, LeaveToRules, in_diagrams=True)
def release_record(uow: UnitOfWork, *, record_type: str, record_id: UUID) -> Any:
    """Let the rules say again in which territory a record lies."""
    record = _held(uow, record_type, record_id)
    values = {"territory_id": find_territory(uow, record), "territory_is_manual": False}
    title = "Left the territory to the rules" if record.territory_is_manual else None
    change_record(uow, record, values, title=title, follows=False)
    return record


def _held(uow: UnitOfWork, record_type: str, record_id: UUID) -> Any:
    record = get_record(uow, record_type, record_id, lock=True)
    check_allowed(uow, f"{record_type}.update")
    if "territory_id" in uow.actor.locked_fields(record_type):
        raise NotAllowed("Your roles don't let you change the territory of this record.")
    return record
