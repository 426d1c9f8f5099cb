"""The registry of record types: what a lead, a deal or a request is made of.

Lists, pages, the API, forms, filters and processes read a type's fields from here, so that a
field is described once, next to its column.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.errors import NotFound
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record type.

    Attributes:
        name: The same from column to JSON to form key.
        label: What people read.
        kind: ``text``, ``long_text``, ``email``, ``phone``, ``number``, ``money``, ``date``,
            ``datetime``, ``choice``, ``boolean`` or ``relation``.
        choices: For ``choice``: value → label.
        relation: For ``relation``: the record type it points to (or ``user``, ``group``);
            ``name`` is then the column with the key, such as ``account_id``.
        writable: Whether the type's update operation takes it.
    """

    name: str
    label: str
    kind: str = "text"
    choices: Mapping[str, str] | None = None
    relation: str | None = None
    writable: bool = True


@dataclass(frozen=True, slots=True)
class RecordType:
    """A kind of record: its model, its fields, and how it is called."""

    name: str
    label: str
    plural: str
    model: Any
    fields: tuple[Field, ...]
    title_field: str = "name"

    def field(self, name: str) -> Field | None:
        """Return the field called ``name``, or None."""
        return next((field for field in self.fields if field.name == name), None)


_TYPES: dict[str, RecordType] = {}


def register_record_type(record_type: RecordType) -> RecordType:
    """Make ``record_type`` known; its model gets ``record_type`` as a class attribute."""
    _TYPES[record_type.name] = record_type
    record_type.model.record_type = record_type.name
    return record_type


def get_record_type(name: str) -> RecordType:
    """Return the record type called ``name``.

    Raises:
        NotFound: There is none.
    """
    try:
        return _TYPES[name]
    except KeyError:
        raise NotFound(f"There is no record type called {name}.") from None


def all_record_types() -> Iterator[RecordType]:
    """Yield every record type, by name."""
    yield from (_TYPES[name] for name in sorted(_TYPES))


def get_record(uow: UnitOfWork, record_type: str, record_id: UUID, *, lock: bool = False) -> Any:
    """Return the visible record of this type and key.

    Raises:
        NotFound: There is none, or the actor may not see it.
    """
    return uow.get(get_record_type(record_type).model, record_id, lock=lock)


def present_record(record: Any) -> dict[str, Any]:
    """Return the record's fields as a plain mapping, with ``id`` and ``version``."""
    found = get_record_type(record.record_type)
    shown = {field.name: getattr(record, field.name) for field in found.fields}
    return {"id": record.id, "version": record.version, **shown}


class LiveRecord(Mapping[str, Any]):
    """A record as expressions see it: read from the row when a name is asked for.

    A relation ``account_id`` is also reachable as ``account``, a live record of its own.
    """

    def __init__(self, uow: UnitOfWork, record: Any) -> None:
        self._uow = uow
        self._record = record
        self._type = get_record_type(record.record_type)

    def __getitem__(self, name: str) -> Any:
        if name == "id":
            return str(self._record.id)
        field = self._type.field(name)
        if field is not None:
            value = getattr(self._record, name)
            return str(value) if isinstance(value, UUID) else value
        related = self._type.field(f"{name}_id")
        if related is None or related.relation is None:
            raise KeyError(name)
        return self._related(related)

    def _related(self, field: Field) -> Any:
        key = getattr(self._record, field.name)
        if key is None or field.relation not in _TYPES:
            return None
        record = self._uow.session.get(_TYPES[field.relation].model, key)
        return None if record is None else LiveRecord(self._uow, record)

    def __iter__(self) -> Iterator[str]:
        yield "id"
        for field in self._type.fields:
            yield field.name
            if field.relation in _TYPES:
                yield field.name.removesuffix("_id")

    def __len__(self) -> int:
        return sum(1 for _ in self)
