"""A database of an earlier release is upgraded with what runs in it."""

from alembic import command
from sqlalchemy import Engine, text

from services.database import create_database_engine
from services.migrations import _configuration, migrate

BEFORE_CONDITIONS = "0005"
TOKENS = (
    b'{"format":1,"tokens":[["1",null,0,"p",16,"token","work",null,0.0,{},null],'
    b'["4","1",0,"until",4,"token","work","f",0.0,{"wait":"condition","held":false},null]]}'
    b'\n"a large variable"'
)


def test_who_waits_at_a_condition_is_found_by_its_record_after_the_upgrade(postgres):
    engine = _database(postgres, "upgrade", BEFORE_CONDITIONS)
    with engine.begin() as connection:
        # The rows that it refers to are of no interest here.
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for key, snapshot in ((1, TOKENS), (2, TOKENS.replace(b"condition", b"timer"))):
            connection.execute(
                text(
                    "INSERT INTO process_instances (id, version_id, process_key, exclusive, "
                    "state, started_at, started_by, snapshot) VALUES (CAST(:id AS uuid), "
                    "CAST(:id AS uuid), 'p', false, 'running', now(), 'Ann', :snapshot)"
                ),
                {"id": f"00000000-0000-0000-0000-00000000000{key}", "snapshot": snapshot},
            )
    migrate(postgres.get_uri(database="upgrade"))
    with engine.connect() as connection:
        statement = text("SELECT instance_id::text, token_id, element_id, kind FROM subscriptions")
        rows = [tuple(row) for row in connection.execute(statement)]
    engine.dispose()
    assert rows == [("00000000-0000-0000-0000-000000000001", "4", "until", "condition")]


def _database(postgres, name: str, revision: str) -> Engine:
    """Make a database at an earlier revision."""
    admin = create_database_engine(postgres.get_uri())
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    url = postgres.get_uri(database=name)
    command.upgrade(_configuration(url), revision)
    return create_database_engine(url)
