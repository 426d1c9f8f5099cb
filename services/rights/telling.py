"""What of a record's story may be told to somebody from whom fields of it are hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, String, and_, exists, func, literal, not_, or_, select

from services.actors import Actor
from services.records.types import all_record_types
from services.unit_of_work import UnitOfWork


def can_be_told(uow: UnitOfWork, row: Any) -> ColumnElement[bool] | None:
    """Return the SQL condition of the entries that are about more than hidden fields.

    ``row`` is the entity of the timeline. None: the actor sees every field there is.
    """
    silent = []
    everywhere = sorted(
        f"{one.name}.{name}"
        for one in all_record_types()
        for name in uow.actor.hidden_fields(one.name)
    )
    if everywhere:
        tells = row.details["tells"].has_any(literal(everywhere, ARRAY(String)))
        silent.append(and_(tells, not_(row.details.has_key("plain"))))
    for record_type in all_record_types():
        if hidden := uow.actor.hidden_fields(record_type.name):
            names = literal(sorted(hidden), ARRAY(String))
            change = func.jsonb_array_elements(row.details["changes"]).table_valued("value")
            is_seen = not_(change.c.value.op("->>")("field") == func.any(names))
            is_told = exists(select(1).select_from(change).where(is_seen))
            changes = func.jsonb_typeof(row.details["changes"]) == "array"
            said = func.jsonb_array_length(row.details["changes"]) > 0
            silent.append(and_(row.record_type == record_type.name, changes, said, not_(is_told)))
    return None if not silent else not_(or_(*(func.coalesce(one, False) for one in silent)))


def told_changes(
    actor: Actor, record_type: str, changes: Iterable[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """Return those changes of a record's fields that ``actor`` may see."""
    hidden = actor.hidden_fields(record_type)
    return [change for change in changes if change.get("field") not in hidden]


def retold(actor: Actor, record_type: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is told instead of an entry with these details; empty: it is told as it is.

    The sentence of an entry names values, so one that tells of a hidden field gets another.
    """
    changes = details.get("changes") or []
    told = told_changes(actor, record_type, changes)
    silenced = _silenced(actor, details)
    if not silenced and len(told) == len(changes):
        return {}
    labels = [str(change["label"]) for change in told]
    listed = ", ".join(labels[:-1]) + " and " + labels[-1] if len(labels) > 1 else "".join(labels)
    title = f"Changed {listed}" if told else str(details.get("plain", ""))
    untold = silenced | {"error"} if silenced else silenced
    kept = {name: said for name, said in details.items() if name not in untold}
    body = {} if details.get("in_title") else {"body": None}
    return {"title": title, **body, "details": {**kept, "changes": told}}


def _silenced(actor: Actor, details: Mapping[str, Any]) -> set[str]:
    """Return the fields that the sentence of an entry tells of, and that ``actor`` may not see."""
    named = (str(one).partition(".") for one in details.get("tells", ()))
    return {name for of_type, _, name in named if name in actor.hidden_fields(of_type)}
