"""``flask demo seed``: a company with millions of records, batch by batch.

Each batch is one transaction that leaves a mark; what was cut off goes on where it was, and what
is there already is left alone. Nothing else in the database is touched. No process is started and
nothing is written into the audit: nobody has done all this.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from random import Random
from typing import Any, Final

from sqlalchemy import Sequence as SqlSequence
from sqlalchemy import func, select, text

from services.actors import SYSTEM
from services.crm.account_model import Account
from services.crm.contact_model import Contact
from services.crm.deal_model import Deal, StageStay
from services.crm.lead_model import LEAD_NUMBERS, Lead
from services.crm.pipeline_model import LOST_REASONS, LostReason, Stage
from services.crm.pipelines import get_pipeline, list_stages
from services.crm.request_model import REQUEST_NUMBERS, ServiceRequest
from services.errors import Invalid
from services.jobs import JobEffect, once
from services.operations import run
from services.people.model import Group, User
from services.platform import Platform
from services.records.timeline import TimelineRow
from services.scale.batches import Batch, Owner, Period, World
from services.scale.copying import copy_rows
from services.scale.making import LEADS, REQUESTS, Maker
from services.scale.naming import any_culture
from services.scale.telling import entries_of
from services.unit_of_work import UnitOfWork

BATCHES: Final = 1_000
"""How many make scale 1: a million contacts and five million entries."""

SMALLEST: Final = 0.0001
LARGEST: Final = 20.0

_MARK: Final = "demo.seed:"
_PEOPLE: Final = 40
_TEAMS: Final = (
    "Region North",
    "Region East",
    "Region South",
    "Region West",
    "Export",
    "Key accounts",
)
_YEARS: Final = timedelta(days=5 * 365)

Tell = Callable[[int, int], None]
"""Told after each batch how many there are of how many."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """Which batches are wanted, and in what time they lie."""

    scale: float
    now: datetime

    @property
    def count(self) -> int:
        return ceil(self.scale * BATCHES - 1e-9)

    def period(self, number: int) -> Period:
        share = min(1.0, self.scale * BATCHES - number)
        begin = self.now - _YEARS * (1 - number / self.count)
        return Period(begin, begin + _YEARS / self.count, self.now, share)


def seed_at_scale(platform: Platform, scale: float, tell: Tell = lambda _done, _all: None) -> None:
    """Put in made-up records: ``scale`` 1 is a million contacts with all that belongs to them.

    Raises:
        Invalid: The scale is too small or too large.
    """
    if not SMALLEST <= scale <= LARGEST:
        raise Invalid(f"Use a scale from {SMALLEST} to {LARGEST:g}.")
    world = platform.transact(SYSTEM, _prepare, source="demo")
    plan = _Plan(scale, platform.clock.now())
    missing = platform.transact(SYSTEM, lambda uow: _missing(uow, plan.count), source="demo")
    tell(plan.count - len(missing), plan.count)
    for place, (number, batch) in enumerate(_made(platform, plan, world, missing), 1):
        entries = entries_of(batch, world.owners, plan.now, plan.period(number).share)
        rows = list(entries)

        def work(
            uow: UnitOfWork, number: int = number, batch: Batch = batch, rows: list[Any] = rows
        ) -> None:
            _put_in(uow, number, batch, rows)

        platform.transact(SYSTEM, work, source="demo")
        tell(plan.count - len(missing) + place, plan.count)
    if missing:
        _settle(platform)


def _made(
    platform: Platform, plan: _Plan, world: World, numbers: Sequence[int]
) -> Iterator[tuple[int, Batch]]:
    """Yield the batches; the next one is made while the server takes in the last."""

    def make(number: int, numbered: World) -> Batch:
        return Maker(number, numbered, plan.period(number)).make()

    waiting: deque[tuple[int, Future[Batch]]] = deque()
    with ThreadPoolExecutor(1) as executor:
        for number in numbers:
            numbered = platform.transact(SYSTEM, lambda uow: _numbered(uow, world), source="demo")
            waiting.append((number, executor.submit(make, number, numbered)))
            if len(waiting) > 1:
                made, batch = waiting.popleft()
                yield made, batch.result()
        while waiting:
            made, batch = waiting.popleft()
            yield made, batch.result()


def _put_in(uow: UnitOfWork, number: int, batch: Batch, entries: list[Any]) -> None:
    """Write a batch, unless somebody else just did."""
    # The mark is lost with the rows if the machine goes down, so nothing has to wait for the disk.
    uow.session.execute(text("SET LOCAL synchronous_commit = off"))
    if not once(uow, f"{_MARK}{number}"):
        return
    for model, rows in (
        (Account, batch.accounts),
        (Contact, batch.contacts),
        (Deal, batch.deals),
        (StageStay, batch.stays),
        (Lead, batch.leads),
        (ServiceRequest, batch.requests),
        (TimelineRow, entries),
    ):
        copy_rows(uow.session, model.__table__, rows)  # type: ignore[arg-type]


def _missing(uow: UnitOfWork, count: int) -> list[int]:
    marks = select(JobEffect.key).where(JobEffect.key.startswith(_MARK))
    done = {int(key.removeprefix(_MARK)) for key in uow.session.scalars(marks)}
    return [number for number in range(count) if number not in done]


def _numbered(uow: UnitOfWork, world: World) -> World:
    """Return the world with numbers for the leads and requests of one batch."""
    return replace(
        world,
        lead_numbers=_next_numbers(uow, LEAD_NUMBERS, LEADS),
        request_numbers=_next_numbers(uow, REQUEST_NUMBERS, REQUESTS),
    )


def _next_numbers(uow: UnitOfWork, sequence: SqlSequence, count: int) -> Sequence[int]:
    some = select(sequence.next_value()).select_from(func.generate_series(1, count).alias())
    return uow.session.scalars(some).all()


def _prepare(uow: UnitOfWork) -> World:
    """Add the people whose records these are, where there are too few, and look around."""
    stages: list[Stage] = list(list_stages(uow, get_pipeline(uow).id))
    reasons = uow.session.scalars(select(LostReason.name).where(LostReason.active)).all()
    _add_people(uow)
    return World(
        owners=_owners(uow),
        stages=[stage for stage in stages if stage.archived_at is None],
        lost_reasons=reasons or LOST_REASONS,
        lead_numbers=(),
        request_numbers=(),
    )


def _add_people(uow: UnitOfWork) -> None:
    """Fill up to ``_PEOPLE``; nobody knows their passwords, so nobody can sign in as them."""
    there = uow.session.scalar(select(func.count()).select_from(User)) or 0
    known = set(uow.session.scalars(select(Group.name)))
    for name in _TEAMS:
        if name not in known:
            run(uow, "group.create", {"name": name})
    rng = Random("lanewise people")  # noqa: S311 - made-up names guard nothing
    for number in range(there, _PEOPLE):
        person = any_culture(rng).person(rng)
        values = {
            "name": person.whole,
            "email": f"{person.mailbox}.{number}@people.example",
            "password": secrets.token_urlsafe(24),
            "roles": ["employee"],
            "scope": rng.choices(("team", "own", "all"), (7, 2, 1))[0],
            "groups": [rng.choice(_TEAMS)],
        }
        run(uow, "user.create", values)


def _owners(uow: UnitOfWork) -> list[Owner]:
    """Return those who can own records, in the order in which they came."""
    users = uow.session.scalars(select(User).where(User.active).order_by(User.created_at, User.id))
    return [
        Owner(user.id, user.name, min((group.id for group in user.groups), default=None))
        for user in users.all()
        if "employee" in user.roles
    ]


def _settle(platform: Platform) -> None:
    """Let the server look at what it has now, as it would by itself sooner or later."""
    with platform.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for table in (
            *(model.__tablename__ for model in (Account, Contact, Deal, StageStay, Lead)),
            ServiceRequest.__tablename__,
            TimelineRow.__tablename__,
            "search_entries",
            "contact_points",
        ):
            connection.execute(text(f"VACUUM (ANALYZE) {table}"))
