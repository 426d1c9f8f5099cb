"""The tree of territories, the rules of one, and its people."""

from __future__ import annotations

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from app.forms import reason_of
from app.records.filter_picking import FilterPlace, sent_filter, show_filter
from app.records.territory_page import rule_in_words
from services.actors import Permission
from services.errors import LanewiseError, NotFound
from services.operations import run
from services.people.model import User
from services.records.types import get_record_type
from services.territories.model import PLACED_TYPES, Territory, TerritoryMember
from services.territories.runs import count_records, find_run
from services.territories.tree import from_the_top, list_territories
from services.unit_of_work import UnitOfWork


def index(uow: UnitOfWork) -> ResponseReturnValue:
    """Show the tree, with what falls into each territory and who looks after it."""
    territories = list(uow.session.scalars(uow.select(Territory)))
    manages = uow.actor.may(Permission.TERRITORY_WRITE)
    managers = {one.manager_id for one in territories}
    names = select(User.id, User.name).where(User.id.in_(managers))
    members = select(TerritoryMember.territory_id, func.count())
    rows = uow.session.execute(members.group_by(TerritoryMember.territory_id))
    return render_template(
        "territories/tree.html",
        nodes=from_the_top(territories),
        rules={
            one.id: [(name, *rule_in_words(uow, one, name)) for name in PLACED_TYPES]
            for one in territories
        },
        plurals={name: get_record_type(name).plural for name in PLACED_TYPES},
        managers={row.id: row.name for row in uow.session.execute(names)},
        members={row[0]: row[1] for row in rows},
        counts=count_records(uow, None) if manages else {},
        run=find_run(uow) if manages else None,
    )


def show_rule(
    uow: UnitOfWork, error: LanewiseError | None = None, *, key: UUID, record_type: str
) -> ResponseReturnValue:
    """Show the form of the rule for records of a type."""
    _check(record_type)
    territory = uow.get(Territory, key)
    plural = get_record_type(record_type).plural
    place = FilterPlace(
        record_type=record_type,
        url=url_for("territory_tree.rule", key=key, record_type=record_type),
        heading=f"{plural} of {territory.name}",
        crumbs=[
            ("Territories", url_for("territory_tree.index")),
            (territory.name, url_for("territories.show", key=key)),
        ],
        hint=f"{plural} with all of this fall into it, unless a narrower territory takes them "
        "first. Without a condition none do.",
        nav="admin.people",
        version=territory.version,
    )
    said = "" if error is None else reason_of(error)
    return show_filter(uow, place, territory.rules.get(record_type, {}), said)


def set_rule(uow: UnitOfWork, *, key: UUID, record_type: str) -> ResponseReturnValue:
    """Keep the rule."""
    _check(record_type)
    arguments = {
        "territory_id": str(key),
        "record_type": record_type,
        "filter": sent_filter(record_type),
        "version": request.form.get("version"),
    }
    run(uow, "territory.set_rule", arguments)
    flash("The rule holds from now on. Apply the rules to move what is there already.", "good")
    return redirect(url_for("territories.show", key=key))


def set_members(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    """Keep who works in the territory."""
    people = {name: request.form.getlist(name) for name in ("user_ids", "seen_ids")}
    run(uow, "territory.set_members", {"territory_id": str(key), **people})
    return redirect(url_for("territories.show", key=key))


def explain(_uow: UnitOfWork, error: LanewiseError, *, key: UUID) -> ResponseReturnValue:
    """Say on the territory's page why nothing was done."""
    flash(reason_of(error), "bad")
    return redirect(url_for("territories.show", key=key))


def options(uow: UnitOfWork) -> list[tuple[str, str]]:
    """Return all territories as options of a select, parts below their whole."""
    places = from_the_top(list_territories(uow))
    return [(str(one.territory.id), f"{'- ' * one.depth}{one.territory.name}") for one in places]


def _check(record_type: str) -> None:
    if record_type not in PLACED_TYPES:
        raise NotFound("There are no rules for this record type.")
