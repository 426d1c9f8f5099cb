"""Connections and transactions: what is prepared is kept, what was lost or doubled begins anew."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.actors import SYSTEM

TIMES_UNTIL_PREPARED = 6
ONE = "SELECT 1 AS told_by_this_test"
PREPARED = text(
    "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%told\\_by\\_this\\_test'"
)


def ask(platform):
    platform.transact(SYSTEM, lambda uow: uow.session.execute(text(ONE)).all())


def test_a_statement_stays_prepared_when_a_transaction_is_rolled_back(platform):
    for _ in range(TIMES_UNTIL_PREPARED):
        ask(platform)

    def fail(uow):
        uow.session.execute(text(ONE)).all()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        platform.transact(SYSTEM, fail)
    with platform.session() as session:
        assert session.scalar(PREPARED) == 1


def test_another_connection_is_opened_when_the_server_closed_the_last(platform):
    own = text("SELECT pg_backend_pid()")
    with platform.session() as first, platform.session() as second:
        closed, kept = first.scalar(own), second.scalar(own)
    with platform.session() as session:
        other = closed if session.scalar(own) == kept else kept
        ended = text("SELECT pg_terminate_backend(:pid, 5000)")
        assert session.scalar(ended, {"pid": other})
    with platform.session() as first, platform.session() as second:
        assert other not in {first.scalar(own), second.scalar(own)}


def test_work_begins_anew_when_somebody_else_made_the_same_meanwhile(platform):
    make = text("INSERT INTO job_effects (key, at) VALUES ('one', now())")

    def make_if_missing(uow):
        found = uow.session.scalar(text("SELECT key FROM job_effects WHERE key = 'one'"))
        if found is None:
            platform.transact(SYSTEM, lambda other: other.session.execute(make) and None)
            uow.session.execute(make)
        return found

    assert platform.transact(SYSTEM, make_if_missing) == "one"


def test_a_failure_is_told_when_the_same_is_made_twice_each_time(platform):
    make = text("INSERT INTO job_effects (key, at) VALUES ('one', now()), ('one', now())")
    with pytest.raises(IntegrityError):
        platform.transact(SYSTEM, lambda uow: uow.session.execute(make) and None)
