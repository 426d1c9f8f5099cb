"""Notes that people write on a record's timeline."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import validate

from services.actors import Permission
from services.arguments import Key, Line, LongText
from services.operations import Arguments, operation
from services.people.assignment import RECORD_TYPES
from services.records.timeline import add_entry
from services.records.types import get_record
from services.unit_of_work import UnitOfWork


class AddNote(Arguments):
    """What is noted, and on which record."""

    record_type = Line(
        required=True, validate=validate.OneOf(RECORD_TYPES), metadata={"title": "Record type"}
    )
    record_id = Key(required=True, metadata={"title": "Record", "description": "Its key."})
    text = LongText(required=True, metadata={"title": "Note"})


@operation("note.add", Permission.RECORD_WRITE, AddNote, in_diagrams=True)
def add_note(uow: UnitOfWork, *, record_type: str, record_id: UUID, text: str) -> Any:
    """Write a note on a record's timeline."""
    record = get_record(uow, record_type, record_id)
    add_entry(uow, record, "note", "Wrote a note", body=text)
    return record
