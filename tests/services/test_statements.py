"""Fixed statements on the driver: their errors and listeners are SQLAlchemy's."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError

from services.actors import SYSTEM
from services.people.model import Group
from services.statements import Statement

ADD = Statement("INSERT INTO groups (id, name) VALUES (%(key)s, %(name)s)")
NAMES = Statement("SELECT name FROM groups ORDER BY name")


def test_a_statement_is_part_of_the_transaction_when_it_is_run(platform):
    def work(uow):
        first = uow.add(Group(name="Sales"))
        with pytest.raises(IntegrityError), uow.savepoint():
            ADD.run(uow.session, key=first.id, name="Service")
        return NAMES.rows(uow.session)

    assert platform.transact(SYSTEM, work) == [("Sales",)]


def test_a_failed_statement_shows_no_parameters_when_it_is_logged(platform):
    def work(uow):
        first = uow.add(Group(name="Sales"))
        ADD.run(uow.session, key=first.id, name="a secret")

    with pytest.raises(IntegrityError) as failed:
        platform.transact(SYSTEM, work)
    assert "a secret" not in str(failed.value)


def test_a_statement_is_counted_when_somebody_listens(platform):
    heard = []

    def listen(_connection, _cursor, statement, *_rest):
        heard.append(statement)

    event.listen(platform.engine, "before_cursor_execute", listen)
    platform.transact(SYSTEM, lambda uow: NAMES.rows(uow.session))
    assert heard == ["SELECT name FROM groups ORDER BY name"]
