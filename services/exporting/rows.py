"""The rows of a list as an export writes them: what the actor may see, in the list's order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select

from services.actors import Verb
from services.errors import Invalid
from services.people.model import User
from services.records.field_kinds import FIELD_KINDS
from services.records.matching import Asked, select_matching
from services.records.types import (
    Field,
    RecordType,
    find_record_type,
    find_relation,
    get_record_type,
)
from services.unit_of_work import UnitOfWork

BATCH: Final = 1_000
KEY_HEADING: Final = "ID"


@dataclass(frozen=True, slots=True)
class ListRequest:
    """Which list is written.

    Attributes:
        filters: As arguments of an address, such as ``stage`` or ``amount__gte``.
        where: A filter of the filter language.
        columns: Field names, in their order; empty for all.
        keys: Whether the records' keys, and those of what they link to, stand beside, by which
            an import finds them again; times are then exact, and say their zone.
        zone: In which times stand; empty for the installation's.
        delimiter: Of a CSV file. With a semicolon, a comma stands before the fraction of numbers.
    """

    record_type: str
    filters: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, Any] | None = None
    search: str | None = None
    sort: str = "-created_at"
    columns: tuple[str, ...] = ()
    keys: bool = False
    zone: str = ""
    delimiter: str = ","

    def as_dict(self) -> dict[str, Any]:
        """Return its JSON form."""
        return asdict(self)

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> ListRequest:
        """Return the request of a JSON form."""
        return cls(**{**raw, "columns": tuple(raw.get("columns") or ())})


def count_rows(uow: UnitOfWork, request: ListRequest) -> int:
    """Return how many records the list has.

    Raises:
        Invalid: A filter, a column or the sort is none of those there are.
    """
    statement, model = _statement(uow, request)
    keys = statement.with_only_columns(model.id).subquery()
    return uow.session.scalar(select(func.count()).select_from(keys)) or 0


def headings(uow: UnitOfWork, request: ListRequest) -> list[str]:
    """Return the names of the columns."""
    fields = export_fields(uow, request)
    labels = Counter(one.label for one in fields)
    found = [KEY_HEADING] if request.keys else []
    for one in fields:
        label = one.label if labels[one.label] == 1 else f"{one.label} ({one.name})"
        found.append(label)
        if request.keys and one.relation:
            found.append(f"{label} ({KEY_HEADING})")
    return found


def export_fields(uow: UnitOfWork, request: ListRequest) -> list[Field]:
    """Return the fields that become columns.

    Raises:
        Invalid: One is asked for that there is not, or that the actor may not see.
    """
    record_type = get_record_type(request.record_type)
    readable = {one.name: one for one in uow.readable_fields(record_type)}
    unknown = [name for name in request.columns if name not in readable]
    if unknown:
        message = f"There is no field {unknown[0]}."
        raise Invalid(message, {"columns": [message]})
    return [readable[name] for name in request.columns or readable]


def iterate_rows(uow: UnitOfWork, request: ListRequest) -> Iterator[list[Any]]:
    """Yield the rows as one moment of the database shows them, a thousand at a time."""
    fields = export_fields(uow, request)
    statement, _ = _statement(uow, request)
    options = {"yield_per": BATCH, "stream_results": True}
    found = iter(uow.session.scalars(statement.execution_options(**options)))
    while records := list(islice(found, BATCH)):
        titles = {
            one.name: titles_of(uow, one.relation, (getattr(r, one.name) for r in records))
            for one in fields
            if one.relation
        }
        for record in records:
            yield _row(uow, request, fields, record, titles)
        for record in records:
            uow.session.expunge(record)


def titles_of(uow: UnitOfWork, relation: str, keys: Iterable[UUID | None]) -> dict[UUID, str]:
    """Return the titles of those things that the actor may see."""
    wanted = {key for key in keys if key is not None}
    if not wanted:
        return {}
    record_type = find_record_type(relation)
    if record_type is not None:
        model = record_type.model
        statement = uow.select(model).with_only_columns(
            model.id, getattr(model, record_type.title_field)
        )
    else:
        other = find_relation(relation)
        model = User if relation == "user" else other.model if other else None
        if model is None or relation == "document":
            return {}
        statement = select(model.id, model.name)
    rows = uow.session.execute(statement.where(model.id.in_(wanted)))
    return {row[0]: str(row[1]) for row in rows}


def _statement(uow: UnitOfWork, request: ListRequest) -> tuple[Select[Any], Any]:
    record_type = get_record_type(request.record_type)
    model = record_type.model
    asked = Asked(request.record_type, request.where, request.filters, request.search)
    statement = select_matching(uow, asked, Verb.EXPORT)
    return statement.order_by(*_order(uow, record_type, request.sort), model.id), model


def _order(uow: UnitOfWork, record_type: RecordType, sort: str) -> list[Any]:
    name = sort.removeprefix("-")
    one = uow.readable_field(record_type, name)
    if one is None or name not in record_type.sorts:
        message = f"There is no sort {name}."
        raise Invalid(message, {"sort": [message]})
    column: Any = getattr(record_type.model, name)
    if FIELD_KINDS[one.kind].is_textual and name != "number":
        column = func.lower(column)
    return [(column.desc() if sort.startswith("-") else column.asc()).nulls_last()]


def _row(
    uow: UnitOfWork,
    request: ListRequest,
    fields: Sequence[Field],
    record: Any,
    titles: Mapping[str, Mapping[UUID, str]],
) -> list[Any]:
    zone = ZoneInfo(request.zone) if request.zone else uow.platform.settings.timezone
    row: list[Any] = [str(record.id)] if request.keys else []
    for one in fields:
        value = getattr(record, one.name)
        if one.relation is None:
            row.append(_cell(one, value, zone, is_exact=request.keys))
            continue
        title = titles[one.name].get(value)
        row.append(title)
        if request.keys:
            row.append(str(value) if title is not None else None)
    return row


def _cell(one: Field, value: Any, zone: ZoneInfo, *, is_exact: bool) -> Any:
    """Return a value as it stands in a file; ``importing.cells`` reads it back."""
    if value is None:
        return None
    if isinstance(value, list):
        parts = (_cell(one, part, zone, is_exact=is_exact) for part in value)
        return "; ".join(map(str, parts))
    if one.choices is not None:
        return _label(one.choices, str(value))
    if isinstance(value, datetime):
        there = value.astimezone(zone)
        return there.isoformat() if is_exact else there.replace(microsecond=0, tzinfo=None)
    return str(value) if isinstance(value, UUID) else value


def _label(choices: Mapping[str, str], value: str) -> str:
    """Return a choice's label, or its value where the label would not tell it from others."""
    label = choices.get(value, value)
    alike: defaultdict[str, int] = defaultdict(int)
    for one, text in choices.items():
        alike[text.casefold()] += 1
        alike[one.casefold()] += one != value
    return label if alike[label.casefold()] == 1 and ";" not in label else value
