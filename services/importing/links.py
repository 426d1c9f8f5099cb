"""Finding what relation cells mean: records by key, number, e-mail or title; people by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from marshmallow import ValidationError
from sqlalchemy import ARRAY, Text, cast, func, select

from services.importing.columns import Row
from services.importing.first_lines import import_field
from services.importing.plan import Column, Plan
from services.operations import all_operations
from services.people.model import User
from services.records.schemas import argument_with_rules
from services.records.types import (
    Field,
    RecordType,
    find_record_type,
    find_relation,
    get_record_type,
)
from services.unit_of_work import UnitOfWork

_BESIDE_TITLE: Final = ("number", "email", "code")


@dataclass(slots=True)
class Links:
    """What was found for some rows.

    Attributes:
        visible: Relations and keys that the actor may see.
        missing: Relation → titles of records that are to be made, as they are written.
        waiting: Numbers of rows whose link is made by another row of the file.
    """

    visible: set[tuple[str, UUID]] = field(default_factory=set)
    missing: dict[str, dict[str, str]] = field(default_factory=dict)
    waiting: set[int] = field(default_factory=set)


def resolve_links(
    uow: UnitOfWork,
    record_type: RecordType,
    plan: Plan,
    rows: Iterable[Row],
    coming: Collection[str] = (),
) -> Links:
    """Put the keys of what rows are linked to into their values, or a message into their errors.

    What may be made by the import itself stays among the rows' links, and stands in ``missing``;
    so does what is ``coming`` by other rows, told by their folded titles: a parent.
    """
    rows = list(rows)
    found = Links()
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        for name, text in row.links.items():
            wanted[name].add(text)
    for name, texts in wanted.items():
        one = import_field(record_type, name)
        if one is None or one.relation is None:
            continue
        column = plan.targets()[name]
        keys = find_keys(uow, one.relation, texts, by_key=column.by_key)
        for row in rows:
            if name not in row.links:
                continue
            is_own = one.relation == record_type.name and not column.by_key
            text = row.links[name]
            if is_own and text not in keys and _is_coming(record_type, row, text, coming):
                found.waiting.add(row.number)
            else:
                _resolve(row, one, column, keys, found)
    return found


def coming_titles(record_type: RecordType, plan: Plan, rows: Iterable[Row]) -> set[str]:
    """Return the folded titles of rows, if any row may link to another of its kind."""
    fields = (record_type.field(column.field) for column in plan.columns)
    if not any(one is not None and one.relation == record_type.name for one in fields):
        return set()
    titles = (row.values.get(record_type.title_field) for row in rows)
    return {str(title).casefold() for title in titles if title}


def _is_coming(record_type: RecordType, row: Row, text: str, coming: Collection[str]) -> bool:
    own = str(row.values.get(record_type.title_field) or "").casefold()
    return text.casefold() in coming and text.casefold() != own


def _resolve(
    row: Row, one: Field, column: Column, keys: Mapping[str, UUID | str], found: Links
) -> None:
    """Put the key of one cell into the row's values, or say why there is none."""
    text, relation = row.links[one.name], one.relation or ""
    key = keys.get(text)
    if key is None and column.create and can_be_made(relation):
        if problem := _title_problem(relation, text):
            del row.links[one.name]
            row.errors[column.column] = problem
            return
        found.missing.setdefault(relation, {}).setdefault(text.casefold(), text)
        return
    del row.links[one.name]
    if isinstance(key, UUID):
        row.values[one.name] = key
        found.visible.add((relation, key))
    else:
        row.errors[column.column] = key or _not_there(one, text)


def find_keys(
    uow: UnitOfWork, relation: str, texts: Iterable[str], *, by_key: bool = False
) -> dict[str, UUID | str]:
    """Return text → the key that it means, or why it means none that can be told."""
    texts = set(texts)
    found: dict[str, UUID | str] = {}
    keys = {}
    for text in texts:
        with suppress(ValueError):
            keys[text] = UUID(text)
    there = _visible_keys(uow, relation, keys.values())
    found |= {text: key for text, key in keys.items() if key in there}
    if by_key:
        return found
    for column in _columns(relation):
        left = [text for text in texts if text not in found]
        if left:
            found |= _by_column(uow, relation, column, left)
    return found


def can_be_made(relation: str) -> bool:
    """Tell whether a record of this type needs nothing but its title."""
    found = find_record_type(relation)
    if found is None:
        return False
    operations = {one.name for one in all_operations()}
    return f"{relation}.create" in operations and set(found.required) <= {found.title_field}


def _title_problem(relation: str, text: str) -> str | None:
    """Return why a new record can't have this title; None if it can."""
    found = get_record_type(relation)
    title = found.field(found.title_field)
    try:
        if title is not None:
            argument_with_rules(title).deserialize(text)
    except ValidationError as error:
        messages: Any = error.messages
        return str(messages[0])
    return None


def _columns(relation: str) -> list[Any]:
    """Return the columns by which something is found, the surest first."""
    if relation == "user":
        return [User.email, User.name]
    found = find_record_type(relation)
    if found is not None:
        names = [found.title_field, *_BESIDE_TITLE]
        return [getattr(found.model, name) for name in names if found.field(name) is not None]
    other = find_relation(relation)
    return [other.model.name] if other and relation != "document" else []


def _by_column(
    uow: UnitOfWork, relation: str, column: Any, texts: list[str]
) -> Mapping[str, UUID | str]:
    """Find texts in one column, whatever their case; two alike are told apart by nothing."""
    given = func.unnest(cast(texts, ARRAY(Text))).table_valued("text").render_derived()
    statement, model = _visible(uow, relation)
    rows = statement.with_only_columns(given.c.text, model.id).join(
        given, func.lower(column) == func.lower(given.c.text)
    )
    several: defaultdict[str, set[UUID]] = defaultdict(set)
    for text, key in uow.session.execute(rows):
        several[text].add(key)
    return {
        text: next(iter(keys)) if len(keys) == 1 else f"“{text[:80]}” may be any of {len(keys)}."
        for text, keys in several.items()
    }


def _visible(uow: UnitOfWork, relation: str) -> tuple[Any, Any]:
    """Return the query of what the actor may link to, and its model."""
    if relation == "user":
        return select(User).where(User.active), User
    found = find_record_type(relation) or find_relation(relation)
    model: Any = found.model if found else get_record_type(relation).model
    return uow.select(model), model


def _visible_keys(uow: UnitOfWork, relation: str, keys: Iterable[UUID]) -> set[UUID]:
    keys = list(keys)
    if not keys or relation == "document":
        return set()
    statement, model = _visible(uow, relation)
    rows = statement.with_only_columns(model.id).where(model.id.in_(keys))
    return set(uow.session.scalars(rows))


def _not_there(one: Field, text: str) -> str:
    told = f"There is no {one.label.lower()} “{text[:80]}” that you may see."
    if not can_be_made(one.relation or ""):
        return told
    return f"{told} The mapping can have it created."
