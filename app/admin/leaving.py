"""Switching a person off: who goes on with its tasks, and which records are still its own."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, literal, select, union_all

from app.forms import reason_of
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.records.list_state import text_of
from app.views import view
from processes.running.instance_tables import IS_OPEN, WorkItem
from services.actors import Permission
from services.errors import Conflict, LanewiseError
from services.operations import run
from services.people.model import User
from services.unit_of_work import UnitOfWork


class Owned(NamedTuple):
    """How many records of a type somebody has, and the list of them."""

    kind: RecordKind
    number: int
    url: str


def add_routes(blueprint: Blueprint) -> None:
    """Add the page that asks before a person is switched off."""
    manage = Permission.USER_MANAGE
    rule = "/people/<uuid:key>/leaving"
    blueprint.add_url_rule(rule, "leaving", view(manage)(show))
    leave_ = view(manage, again=_explain)(leave)
    blueprint.add_url_rule(rule, "leave", leave_, methods=["POST"])


def show(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Ask who goes on with the tasks of a person that is to be switched off."""
    person = uow.get(User, key)
    tasks, unqueued = _open_tasks(uow, key)
    owned = _owned(uow, key)
    return render_template(
        "admin/leaving.html", person=person, tasks=tasks, unqueued=unqueued, owned=owned
    )


def leave(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Hand over the person's tasks, and switch it off.

    Raises:
        Conflict: The tasks would go to the one who leaves.
    """
    to_id = request.form.get("to_id") or None
    if to_id == str(key):
        raise Conflict("Who leaves can't go on with the tasks.")
    if _open_tasks(uow, key)[0]:
        run(uow, "task.hand_over", {"from_id": str(key), "to_id": to_id})
    if not uow.get(User, key).active:
        flash("Handed over.", "good")
        return redirect(url_for("admin.people"))
    run(uow, "user.update", {"user_id": str(key), "active": False})
    flash("The person is signed out.", "good")
    return redirect(url_for("admin.people"))


def _open_tasks(uow: UnitOfWork, key: UUID) -> tuple[int, int]:
    """Return how many open tasks somebody has, and how many of them came from no queue."""
    is_nowhere = func.cardinality(WorkItem.candidate_groups) == 0
    is_nowhere &= func.cardinality(WorkItem.candidate_users) == 0
    counts = select(func.count(), func.count().filter(is_nowhere))
    row = uow.session.execute(counts.where(WorkItem.assignee_id == key, IS_OPEN)).one()
    return row[0], row[1]


def _owned(uow: UnitOfWork, key: UUID) -> list[Owned]:
    """Return what is the person's own, by type, of what the actor sees."""
    queries = [
        uow.select(kind.type.model)
        .where(kind.type.model.owner_id == key)
        .with_only_columns(literal(place), func.count())
        for place, kind in KINDS.items()
    ]
    where = text_of({"and": [{"field": "owner_id", "op": "eq", "value": str(key)}]})
    rows = uow.session.execute(union_all(*queries)).all()
    return [
        Owned(
            KINDS[place], number, url_for(f"{KINDS[place].place}.index", filter=where, view="all")
        )
        for place, number in rows
        if number
    ]


def _explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    flash(reason_of(error), "bad")
    return redirect(url_for("admin.leaving", key=key))
