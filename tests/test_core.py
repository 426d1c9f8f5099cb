"""The unit of work, operations and the clock."""

import pytest
from sqlalchemy import text

from services.actors import SYSTEM
from services.people.model import Group
from services.unit_of_work import Job


def test_a_row_is_kept_when_work_succeeds(platform):
    platform.transact(SYSTEM, lambda uow: uow.add(Group(name="Sales")))
    with platform.session() as session:
        assert session.scalar(text("SELECT count(*) FROM groups")) == 1


def test_nothing_is_kept_when_work_fails(platform):
    def fail(uow):
        uow.add(Group(name="Sales"))
        uow.defer(Job("events.deliver", {}))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        platform.transact(SYSTEM, fail)
    with platform.session() as session:
        assert session.scalar(text("SELECT count(*) FROM groups")) == 0
        assert session.scalar(text("SELECT count(*) FROM procrastinate_jobs")) == 0


def test_a_job_is_deferred_in_the_same_transaction(platform):
    platform.transact(SYSTEM, lambda uow: uow.defer(Job("a.b", {"x": 1}, lock="l")))
    with platform.session() as session:
        row = session.execute(text("SELECT task_name, args, lock FROM procrastinate_jobs")).one()
    assert row == ("a.b", {"x": 1}, "l")
