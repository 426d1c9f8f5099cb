"""Connections: what is prepared is kept, and a lost one is noticed."""

import pytest
from sqlalchemy import text

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
