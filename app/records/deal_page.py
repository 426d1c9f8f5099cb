"""What a deal's page shows beyond other records': its stages with days, its people."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from services.crm.contact_model import Contact
from services.crm.deal_model import DEAL, Deal
from services.crm.deal_moves import stage_before
from services.crm.deal_people import CONTACT_ROLES, TEAM_ROLES, contacts_of, members_of
from services.crm.deal_stays import times_in_stages
from services.crm.pipeline_model import Category, Pipeline, Stage
from services.crm.pipelines import find_stage, list_pipelines, list_stages
from services.days import today
from services.money import Totals
from services.people.model import User
from services.records.types import Field
from services.sales.positions import has_positions, positions_of, totals_of_positions
from services.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class StageStep:
    """One stage of the bar.

    Attributes:
        state: ``past``, ``current`` or ``future``; ``skipped`` was passed over; ``hold`` and
            ``lost`` stand for themselves behind the others, and ``paused`` is where a deal on
            hold goes on.
        days: How long the deal was there; None if it never was.
    """

    name: str
    value: str
    state: str
    days: int | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who takes part in a deal."""

    id: Any
    name: str
    role: str
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class DealPage:
    """What the templates of a deal's page show.

    Attributes:
        category: What its stage means.
        is_late: It is on hold until a day that has come.
        pipelines: Those that it could be moved to.
        positions: Empty where only the amount was given.
    """

    stages: Sequence[StageStep]
    category: str
    days: int
    is_rotting: bool
    is_late: bool
    pipeline: str
    pipelines: Sequence[Pipeline]
    team: Sequence[Person]
    contacts: Sequence[Person]
    positions: Sequence[Mapping[str, Any]]
    totals: Totals
    team_roles: Sequence[str] = TEAM_ROLES
    contact_roles: Sequence[str] = CONTACT_ROLES
    contact_field: Field = DEAL.field("contact_id") or Field("contact_id", "Contact")

    @property
    def pipeline_options(self) -> list[tuple[str, str]]:
        """Return the other pipelines as options of a select."""
        return [(str(one.id), one.name) for one in self.pipelines]


def load_page(uow: UnitOfWork, deal: Deal) -> DealPage:
    """Return what a deal's page shows beyond other records'."""
    pipelines = list_pipelines(uow, archived=True)
    stages = list_stages(uow, deal.pipeline_id)
    here = find_stage(stages, deal.stage)
    positions = positions_of(uow, deal) if has_positions(uow, deal) else []
    return DealPage(
        stages=_steps(uow, deal, stages),
        category=here.category,
        days=max(0, ((deal.closed_at or uow.now) - deal.stage_since).days),
        is_rotting=deal.rots_at is not None and deal.rots_at < uow.now,
        is_late=deal.hold_until is not None and deal.hold_until <= today(uow),
        pipeline=next(one.name for one in pipelines if one.id == deal.pipeline_id),
        pipelines=[
            one for one in pipelines if one.id != deal.pipeline_id and one.archived_at is None
        ],
        team=_team(uow, deal),
        contacts=_contacts(uow, deal),
        positions=positions,
        totals=totals_of_positions(positions, deal.currency),
    )


def _steps(uow: UnitOfWork, deal: Deal, stages: Sequence[Stage]) -> list[StageStep]:
    """Return the bar: open stages, and of the others the one the deal is in, or won.

    What is past is told by the history of its stays, not by the order of the stages: a deal can
    be moved over some of them. A deal that is on hold or lost got as far as the last open stage.
    """
    days = {one.stage: one.days for one in times_in_stages(uow, deal)}
    here = find_stage(stages, deal.stage)
    shown = [stage for stage in stages if _is_shown(stage, here, days)]
    last = here
    if here.category in {Category.ON_HOLD, Category.LOST}:
        shown = [stage for stage in shown if stage is not here] + [here]
        last = stage_before(uow, deal, stages)
    reached = shown.index(last) if last in shown else -1
    return [
        StageStep(
            stage.name,
            stage.key,
            _state_here(stage) if stage is here else _state(stage, number - reached, days, here),
            days.get(stage.key),
        )
        for number, stage in enumerate(shown)
    ]


def _is_shown(stage: Stage, here: Stage, visited: Container[str]) -> bool:
    if stage is here:
        return True
    if stage.category == Category.OPEN:
        return stage.archived_at is None or stage.key in visited
    is_end = stage.category == Category.WON and here.category != Category.LOST
    return is_end and stage.archived_at is None


def _state_here(stage: Stage) -> str:
    return {Category.LOST: "lost", Category.ON_HOLD: "hold"}.get(
        Category(stage.category), "current"
    )


def _state(stage: Stage, beyond: int, visited: Container[str], here: Stage) -> str:
    """Return how the bar shows a stage that the deal is not in.

    ``beyond`` is how many places it lies behind the one that the deal got to.
    """
    if beyond == 0 and here.category == Category.ON_HOLD:
        return "paused"
    if beyond > 0:
        return "future"
    return "past" if stage.key in visited else "skipped"


def _team(uow: UnitOfWork, deal: Deal) -> list[Person]:
    roles = {one.user_id: one.role for one in members_of(uow, deal.id)}
    if not roles:
        return []
    named = select(User.id, User.name).where(User.id.in_(roles))
    names = {row.id: row.name for row in uow.session.execute(named)}
    return [Person(key, names[key], role) for key, role in roles.items()]


def _contacts(uow: UnitOfWork, deal: Deal) -> list[Person]:
    """Return the contacts that the actor may see, the primary one first.

    Where the deal's contact is hidden, it is there only for a part that it plays, as all others.
    """
    roles: Mapping[Any, str] = {one.contact_id: one.role for one in contacts_of(uow, deal.id)}
    primary = None if uow.readable_field(DEAL, "contact_id") is None else deal.contact_id
    keys = {*roles, primary} - {None}
    if not keys:
        return []
    statement = uow.select(Contact).where(Contact.id.in_(keys)).order_by(Contact.name)
    people = [
        Person(one.id, one.name, roles.get(one.id, ""), one.id == primary)
        for one in uow.session.scalars(statement)
    ]
    return sorted(people, key=lambda one: not one.is_primary)
