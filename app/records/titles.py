"""The names behind relation fields: one query for each kind of thing, however many rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import url_for
from sqlalchemy import select

from app.records.kinds import KINDS
from app.records.staff import SOUGHT
from services.documents.files import names_of_documents
from services.records.types import Field, find_record_type, find_relation
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Title:
    """What stands for a related thing; ``url`` is empty where it has no page."""

    text: str
    url: str = ""


class Titles:
    """Titles of what ``records`` point to with ``fields``, as far as the actor may see it.

    ``typed`` are values of a form that was sent: field name to a key as text.
    """

    def __init__(
        self,
        uow: UnitOfWork,
        fields: Iterable[Field],
        records: Iterable[Any],
        typed: Mapping[str, Any] | None = None,
    ) -> None:
        wanted: dict[str, set[UUID]] = defaultdict(set)
        fields, records = list(fields), list(records)
        relations = [field for field in fields if field.relation]
        for field in relations:
            keys = [getattr(record, field.name) for record in records]
            keys.append(_key((typed or {}).get(field.name)))
            wanted[str(field.relation)].update(key for key in keys if key is not None)
        for field in fields:
            if field.kind == "relation" and field.relation is None:
                _add_of_any_type(wanted, field.name, records)
        self._found = {
            key: title
            for relation, keys in wanted.items()
            if keys
            for key, title in find_titles(uow, relation, keys).items()
        }

    def of(self, key: UUID | None) -> Title | None:
        """Return the title of the thing with this key; None for nothing and for what is hidden."""
        return None if key is None else self._found.get(key)

    def of_text(self, text: str | None) -> Title | None:
        """Return the title of the thing whose key is ``text``."""
        return self.of(_key(text))


def _add_of_any_type(wanted: Mapping[str, set[UUID]], name: str, records: Iterable[Any]) -> None:
    """Add what a field points to that may be of any type: another column says of which."""
    for record in records:
        of_type = getattr(record, f"{name.removesuffix('_id')}_type")
        key = getattr(record, name)
        if of_type is not None and key is not None:
            wanted[of_type].add(key)


def find_titles(uow: UnitOfWork, relation: str, keys: Iterable[UUID]) -> dict[UUID, Title]:
    """Return the titles of those things of one kind that the actor may see."""
    if relation == "document":
        names = names_of_documents(uow, keys)
        return {
            key: Title(name, url_for("documents.download", key=key)) for key, name in names.items()
        }
    plain = find_relation(relation)
    if plain is not None:
        model: Any = plain.model
        rows = uow.session.execute(select(model.id, model.name).where(model.id.in_(keys)))
        return {key: Title(name) for key, name in rows}
    record_type = find_record_type(relation)
    if record_type is None:  # an administrator has retired it
        return {}
    model = record_type.model
    title = getattr(model, record_type.title_field)
    statement = uow.select(model).where(model.id.in_(keys)).with_only_columns(model.id, title)
    return {
        key: Title(text, record_url(relation, key)) for key, text in uow.session.execute(statement)
    }


def record_label(record_type: str) -> str:
    """Return what records of a type are called; the type itself if there is none any more."""
    found = find_record_type(record_type)
    return record_type if found is None else found.label


def sought(relation: str) -> str:
    """Return what a box that finds records, people or groups says: "Search price lists"."""
    found = find_record_type(relation)
    return f"Search {SOUGHT[relation] if found is None else found.plural.lower()}"


def record_url(record_type: str, key: UUID) -> str:
    """Return the address of a record's page; empty where its type has none."""
    kind = KINDS.get(record_type)
    return url_for(f"{kind.place}.show", key=key) if kind else ""


def _key(text: Any) -> UUID | None:
    """Return the key that a form sent, or None for anything else."""
    with suppress(ValueError):
        return UUID(str(text)) if text else None
    return None
