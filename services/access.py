"""Which rows an actor may see, compiled into SQL.

A model that holds customers' data declares ``__scoped__ = True`` and has ``owner_id`` and
``team_id``. Everything else is visible to whoever may use the operation that reads it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, false, or_, true

from services.actors import Actor, Scope
from services.database import Base

Row = TypeVar("Row", bound=Base)


def visible_to(
    actor: Actor, model: type[Row], statement: Select[Row], *, deleted: bool = False
) -> Select[Row]:
    """Narrow ``statement`` to the rows of ``model`` that ``actor`` may see.

    ``deleted`` asks for those in the bin instead of the others.
    """
    condition = scope_condition(actor, model)
    gone: Any = getattr(model, "deleted_at", None)
    if gone is not None:
        statement = statement.where(gone.is_not(None) if deleted else gone.is_(None))
    return statement if condition is None else statement.where(condition)


def scope_condition(actor: Actor, model: Any) -> ColumnElement[bool] | None:
    """Return the SQL condition of the actor's scope on ``model``; None means every row.

    ``team`` sees what is owned by the actor or belongs to one of its groups; ``own`` sees what
    it owns; the public sees nothing.
    """
    if not getattr(model, "__scoped__", False) or actor.scope is Scope.ALL:
        return None
    if actor.user_id is None:
        return false()
    own: ColumnElement[bool] = model.owner_id == actor.user_id
    if actor.scope is Scope.TEAM and actor.group_ids:
        return or_(own, model.team_id.in_(actor.group_ids))
    return own if actor.scope in {Scope.OWN, Scope.TEAM} else true()
