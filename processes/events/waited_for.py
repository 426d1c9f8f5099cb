"""The names of messages and signals that instances wait for, or that processes begin with."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, literal, select, union_all

from processes.deploying.definition_tables import ProcessStart
from processes.running.instance_tables import Subscription
from services.actors import Permission
from services.errors import NotFound
from services.unit_of_work import UnitOfWork

KINDS = ("message", "signal")


@dataclass(frozen=True)
class WaitedFor:
    """A message or signal that somebody waits for.

    Attributes:
        waiting: How many instances wait for it.
        starts: How many processes begin with it.
    """

    kind: str
    name: str
    waiting: int
    starts: int


def list_names(uow: UnitOfWork, *, limit: int = 200) -> list[WaitedFor]:
    """Return what is waited for, by name, to those who operate processes.

    Raises:
        NotFound: The actor does not operate processes.
    """
    if not uow.actor.may(Permission.INSTANCE_OPERATE):
        raise NotFound("There is no such list.")
    both = union_all(
        select(
            Subscription.kind, Subscription.name, literal(1).label("one"), literal(0).label("start")
        ).where(Subscription.kind.in_(KINDS)),
        select(ProcessStart.kind, ProcessStart.name, literal(0), literal(1)).where(
            ProcessStart.kind.in_(KINDS)
        ),
    ).subquery()
    statement = (
        select(both.c.kind, both.c.name, func.sum(both.c.one), func.sum(both.c.start))
        .group_by(both.c.kind, both.c.name)
        .order_by(both.c.name, both.c.kind)
        .limit(limit)
    )
    return [WaitedFor(*row) for row in uow.session.execute(statement)]
