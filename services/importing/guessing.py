"""Guessing what a file is: where its headings stand, and which column goes into which field."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import select

from services.duplicates.book import rules_for
from services.duplicates.rules import Use
from services.importing.cells import find_decimal, find_order, text_of
from services.importing.first_lines import import_field
from services.importing.model import ImportMapping
from services.importing.plan import (
    FULL_NAME,
    KEY_FIELD,
    SIMILAR,
    Column,
    Plan,
    Policy,
    importable_fields,
    matchable_fields,
)
from services.importing.synonyms import SYNONYMS, heading_key, names_of
from services.importing.types import PLACE
from services.records.types import Field, RecordType
from services.unit_of_work import UnitOfWork

HEADER_WITHIN: Final = 20
REASON: Final = "Reason"
"""The heading of the last column of refused rows: what is wrong with each."""

_NO_HEADING: Final = re.compile(r"[^@\s]+@[^@\s]+|[\d\s.,:/+()-]+|https?://.*")
_KEY_HEADINGS: Final = frozenset({"id", "key", "record id", "uuid", "guid"})
_SAME_TITLES: Final = frozenset({"activity", "deal", "request"})
"""Types of which many may have the same title, such as a call."""

_BEST_MATCHES: Final = ("email", "number", "code", "phone")


def find_header(rows: Sequence[Sequence[Any]]) -> int:
    """Return the number of the row with the headings, from 1; 0 if the file has none.

    It is the first of those with the most cells, if all of them look like names of something.
    """
    first = rows[:HEADER_WITHIN]
    filled = [sum(cell not in {None, ""} for cell in map(_hashable, row)) for row in first]
    if not filled or max(filled) == 0:
        return 0
    place = next(
        n
        for n, count in enumerate(filled)
        if count >= max(2, max(filled) * 0.6) or count == max(filled)
    )
    cells = [text_of(cell) for cell in first[place] if text_of(cell)]
    named = [cell for cell in cells if not _NO_HEADING.fullmatch(cell) and len(cell) <= 120]  # noqa: PLR2004
    return place + 1 if len(named) == len(cells) else 0


def headings(row: Sequence[Any] | None, width: int) -> list[str]:
    """Return a name for each column, each only once."""
    given = [text_of(cell) for cell in row or ()]
    names: list[str] = []
    for place in range(max(width, len(given))):
        name = (given[place] if place < len(given) else "") or f"Column {place + 1}"
        same = sum(one == name or one.startswith(f"{name} (") for one in names)
        names.append(f"{name} ({same + 1})" if name in names else name)
    return names


def fingerprint_of(header: Iterable[str]) -> str:
    """Return what files with the same headings, in any order, have in common.

    Refused rows that come back are like the file that they were in.
    """
    names = list(header)
    if len(names) > 1 and names[-1] == REASON:
        names.pop()
    keys = sorted(heading_key(name) for name in names)
    return hashlib.sha256("\n".join(keys).encode()).hexdigest()


def guess_plan(
    uow: UnitOfWork,
    record_type: RecordType,
    header: Sequence[str],
    samples: Sequence[Sequence[Any]],
) -> Plan:
    """Return the plan that was last used for such a file, or else a guess."""
    remembered = _remembered(uow, record_type, header)
    return adjust_formats(record_type, remembered or _guess(uow, record_type, header), samples)


def adjust_formats(record_type: RecordType, plan: Plan, samples: Sequence[Sequence[Any]]) -> Plan:
    """Return the plan with the ways of writing dates and numbers that the samples tell."""
    columns = [_with_formats(record_type, column, samples) for column in plan.columns]
    return replace(plan, columns=tuple(columns))


def remember_plan(
    uow: UnitOfWork, record_type: RecordType, header: Sequence[str], plan: Plan
) -> None:
    """Keep the plan for the next file with these headings; columns are known by their names."""
    fingerprint = fingerprint_of(header)
    found = _mapping(uow, record_type, fingerprint)
    if found is None:
        found = ImportMapping(record_type=record_type.name, fingerprint=fingerprint)
        uow.session.add(found)
    raw = plan.as_dict()
    for column in raw["columns"]:
        column["heading"] = header[column["column"]]
    found.plan, found.used_at = raw, uow.now


def _mapping(uow: UnitOfWork, record_type: RecordType, fingerprint: str) -> ImportMapping | None:
    return uow.session.scalars(
        select(ImportMapping).where(
            ImportMapping.record_type == record_type.name,
            ImportMapping.fingerprint == fingerprint,
        )
    ).one_or_none()


def _remembered(uow: UnitOfWork, record_type: RecordType, header: Sequence[str]) -> Plan | None:
    found = _mapping(uow, record_type, fingerprint_of(header))
    if found is None:
        return None
    places = {name: place for place, name in enumerate(header)}
    known = {KEY_FIELD, FULL_NAME, *importable_fields(uow, record_type)}
    columns = []
    for column in found.plan.get("columns", ()):
        kept = {name: value for name, value in column.items() if name != "heading"}
        place = places.get(column.get("heading", ""))
        if place is not None and kept["field"] in known:
            columns.append({**kept, "column": place})
    return Plan.of({**found.plan, "columns": columns, "zone": ""}) if columns else None


def _guess(uow: UnitOfWork, record_type: RecordType, header: Sequence[str]) -> Plan:
    fields = importable_fields(uow, record_type)
    ranked: list[tuple[int, int, Column]] = []
    for place, heading in enumerate(header):
        for rank, column in _targets(record_type, fields.values(), place, heading_key(heading)):
            ranked.append((rank, place, column))
    chosen: dict[str, Column] = {}
    taken: set[int] = set()
    for _, place, column in sorted(ranked, key=lambda one: one[:2]):
        if place not in taken and column.field not in chosen:
            chosen[column.field] = column
            taken.add(place)
    if FULL_NAME in chosen and record_type.name == "contact" and "last_name" in chosen:
        del chosen[FULL_NAME]
    columns = tuple(sorted(chosen.values(), key=lambda column: column.column))
    match = _best_match(record_type, [column.field for column in columns])
    return Plan(columns=columns, match=match, policy=Policy.BOTH if match else Policy.ALL)


def _targets(
    record_type: RecordType, fields: Iterable[Field], place: int, heading: str
) -> Iterable[tuple[int, Column]]:
    """Yield the fields that a column of this heading may go into; a lower rank is a better fit."""
    if heading in {*_KEY_HEADINGS, f"{heading_key(record_type.label)} id"}:
        yield 0, Column(place, KEY_FIELD)
    if record_type.name == "contact":
        for rank, word in enumerate(("name", *SYNONYMS["name"])):
            if heading == word:
                yield 40 + rank, Column(place, FULL_NAME)
    for field in fields:
        label = heading_key(field.label)
        if field.relation is not None and heading == f"{label} id":
            yield 0, Column(place, field.name, by_key=True)
        words = names_of(record_type, field)
        if heading in words:
            # Custom fields and exact labels come before what the same word means elsewhere.
            yield 1 + words.index(heading), Column(place, field.name)


def _best_match(record_type: RecordType, targets: list[str]) -> tuple[str, ...]:
    exact = matchable_fields(record_type, targets)
    if KEY_FIELD in exact:
        return (KEY_FIELD,)
    if PLACE in exact:
        return (PLACE,)
    best = next((name for name in _BEST_MATCHES if name in exact), None)
    if best is not None:
        return (best,)
    if rules_for(record_type.name, Use.IMPORT):
        return (SIMILAR,)
    tells_apart = record_type.title_field in exact and record_type.name not in _SAME_TITLES
    return (record_type.title_field,) if tells_apart else ()


def _with_formats(
    record_type: RecordType, column: Column, samples: Sequence[Sequence[Any]]
) -> Column:
    """Return the column with its way of writing dates and numbers, as far as the samples tell."""
    field = import_field(record_type, column.field)
    if field is None or column.field == FULL_NAME:
        return column
    cells = [row[column.column] for row in samples if column.column < len(row)]
    if field.kind in {"date", "datetime"} and not column.order:
        return replace(column, order=find_order(cells))
    if field.traits.is_numeric and field.kind != "number" and not column.decimal:
        return replace(column, decimal=find_decimal(cells))
    return column


def _hashable(cell: Any) -> Any:
    return str(cell) if isinstance(cell, list) else cell
