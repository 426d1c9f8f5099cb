"""Which rows an actor may see or change, compiled into SQL.

A model that holds customers' data declares ``__scoped__ = True`` and has ``owner_id`` and
``team_id``. A record type without scope (a product) is open to all whose roles name it. What is no
record is visible to whoever may use the operation that reads it.

Besides the owner and its teams, those see a record with whom it is shared, and its
*participants*: a model may name a table of them, its column with the record's key and its column
with the person's, ``__participants__ = ("deal_team", "deal_id", "user_id")``. They see the record
and may change it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import ColumnElement, Select, false, or_, select

from services.database import Base, is_among
from services.rights.model import RecordShare
from services.rights.reach import Scope, Verb

if TYPE_CHECKING:
    from services.unit_of_work import UnitOfWork

Row = TypeVar("Row", bound=Base)

_OF_OTHERS = frozenset({Verb.READ, Verb.UPDATE, Verb.EXPORT})
"""What sharing and taking part give; deleting stays with those whose records they are."""


def visible_to(
    uow: UnitOfWork,
    model: type[Row],
    statement: Select[Row],
    *,
    verb: Verb = Verb.READ,
    deleted: bool = False,
) -> Select[Row]:
    """Narrow ``statement`` to the rows of ``model`` with which the actor may do ``verb``.

    ``deleted`` asks for those in the bin instead of the others.
    """
    condition = row_condition(uow, model, verb)
    gone: Any = getattr(model, "deleted_at", None)
    if gone is not None:
        statement = statement.where(gone.is_not(None) if deleted else gone.is_(None))
    return statement if condition is None else statement.where(condition)


def row_condition(
    uow: UnitOfWork, model: Any, verb: Verb = Verb.READ
) -> ColumnElement[bool] | None:
    """Return the SQL condition of the actor's rights on rows of ``model``; None means every row.

    ``team`` reaches what is owned by the actor or belongs to one of its groups or a group below;
    ``own`` what it owns; the public reaches nothing.
    """
    record_type = record_type_of(model)
    if record_type is None:
        return None
    actor = uow.actor
    reach = actor.reach(record_type, verb)
    is_scoped = getattr(model, "__scoped__", False)
    if reach is Scope.ALL or (not is_scoped and reach is not Scope.NONE):
        return None
    if reach is Scope.NONE or actor.user_id is None:
        return false()
    parts: list[ColumnElement[bool]] = [model.owner_id == actor.user_id]
    teams = actor.team_ids | actor.group_ids
    if reach is Scope.TEAM and teams:
        parts.append(model.team_id.in_(sorted(teams)))
    if verb in _OF_OTHERS:
        parts += _of_others(uow, model, record_type, verb)
    return or_(*parts)


def record_type_of(model: Any) -> str | None:
    """Return the record type of a model (or a record); None for what is no record."""
    name = getattr(model, "record_type", None)
    return name if isinstance(name, str) and hasattr(model, "owner_id") else None


def _of_others(
    uow: UnitOfWork, model: Any, record_type: str, verb: Verb
) -> list[ColumnElement[bool]]:
    """Return the conditions of records that are others', with which the actor has to do."""
    found = []
    named = getattr(model, "__participants__", None)
    if named is not None:
        table = Base.metadata.tables[named[0]]
        keys = select(table.c[named[1]]).where(table.c[named[2]] == uow.actor.user_id)
        found.append(is_among(model.id, keys))
    if record_type in uow.actor.shared_types:
        found.append(is_among(model.id, _shared_keys(uow, record_type, verb)))
    return found


def _shared_keys(uow: UnitOfWork, record_type: str, verb: Verb) -> Select[Any]:
    actor = uow.actor
    holders = [*sorted(actor.group_ids), actor.user_id]
    keys = select(RecordShare.record_id).where(
        RecordShare.record_type == record_type,
        RecordShare.holder_id.in_(holders),
        or_(RecordShare.ends_at.is_(None), RecordShare.ends_at > uow.now),
    )
    return keys.where(RecordShare.level == "write") if verb is Verb.UPDATE else keys
