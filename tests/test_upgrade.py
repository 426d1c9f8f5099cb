"""A database of an earlier release is upgraded with what runs in it."""

from alembic import command
from sqlalchemy import Engine, text

from services.database import create_database_engine
from services.migrations import _configuration, migrate

BEFORE_CONDITIONS = "0005"
BEFORE_STAYS = "0015"
BEFORE_VERSIONS = "0027"
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


def test_deals_keep_their_stages_and_histories_after_the_upgrade(postgres):
    engine = _database(postgres, "upgrade_stays", BEFORE_STAYS)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in _OLD_DEALS:
            connection.execute(text(statement))
    migrate(postgres.get_uri(database="upgrade_stays"))
    with engine.connect() as connection:
        deals = connection.execute(
            text("SELECT name, stage, amount::text, closed_on::text FROM deals ORDER BY name")
        ).all()
        stays = connection.execute(
            text(
                "SELECT d.name, s.from_stage, s.stage, s.left_at - s.entered_at = '1 hour' "
                "FROM deal_stage_stays s JOIN deals d ON d.id = s.deal_id ORDER BY 1, entered_at"
            )
        ).all()
        stages = connection.execute(
            text("SELECT key, category, position FROM stages ORDER BY position")
        ).all()
        default = connection.scalar(text("SELECT is_default FROM pipelines"))
    engine.dispose()
    assert deals == [("Told", "won", "10.50", "2026-03-01"), ("Untold", "new", "0.00", None)]
    assert stays == [
        ("Told", None, "new", True),
        ("Told", "new", "won", None),
        ("Untold", None, "new", None),
    ]
    assert stages == [("new", "open", 0), ("on_hold", "on_hold", 1), ("won", "won", 2)]
    assert default is True


_OLD_DEALS = (
    "INSERT INTO pipelines (id, name) VALUES (gen_random_uuid(), 'Sales')",
    (
        "INSERT INTO stages (id, pipeline_id, key, name, position, probability, outcome) "
        "SELECT gen_random_uuid(), p.id, v.* FROM pipelines p, (VALUES "
        "('new', 'New', 0, 10, 'open'), ('won', 'Won', 1, 100, 'won')) v"
    ),
    (
        "INSERT INTO deals (id, name, amount, currency, pipeline_id, stage, stage_since, "
        "probability, probability_is_manual, closed_at, version, search_text, created_at, "
        "updated_at) "
        "SELECT gen_random_uuid(), v.name, v.amount, 'EUR', p.id, v.stage, v.since, 10, false, "
        "v.closed, 1, '', now(), now() FROM pipelines p, (VALUES "
        "('Told', 10.5, 'won', timestamptz '2026-03-01 10:00Z', timestamptz '2026-03-01 10:00Z'), "
        "('Untold', 0, 'new', timestamptz '2026-03-01 09:00Z', NULL)) "
        "AS v (name, amount, stage, since, closed)"
    ),
    (
        "INSERT INTO deal_stage_changes (id, deal_id, from_stage, to_stage, at, seconds_before, "
        "amount, actor_name) SELECT gen_random_uuid(), d.id, v.*, d.amount, 'Ann' FROM deals d, "
        "(VALUES (NULL, 'new', timestamptz '2026-03-01 09:00Z', NULL), "
        "('new', 'won', timestamptz '2026-03-01 10:00Z', 3600)) v WHERE d.name = 'Told'"
    ),
)


def test_templates_and_documents_keep_what_they_say_after_the_upgrade(postgres):
    engine = _database(postgres, "upgrade_templates", BEFORE_VERSIONS)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO templates (id, version, name, kind, title, body, language, "
                "created_at, updated_at) VALUES (gen_random_uuid(), 3, 'offer', 'document', "
                "'T', 'Ours', 'en', now(), now())"
            )
        )
        for name in ("first", "second"):
            connection.execute(
                text(
                    "INSERT INTO documents (id, name, content_type, size_bytes, sha256, content, "
                    "record_type, record_id, template, created_at, created_by_name) VALUES "
                    "(gen_random_uuid(), :name, 'a/b', 1, '', '', 'deal', "
                    "'00000000-0000-0000-0000-000000000001', 'offer', clock_timestamp(), 'Ann')"
                ),
                {"name": name},
            )
    migrate(postgres.get_uri(database="upgrade_templates"))
    with engine.connect() as connection:
        kept = "SELECT t.record_types, t.is_changed, v.number, v.body FROM templates t "
        kept += "JOIN template_versions v ON v.template_id = t.id"
        templates = [tuple(row) for row in connection.execute(text(kept))]
        numbers = list(connection.scalars(text("SELECT number FROM documents")))
    engine.dispose()
    assert templates == [(["deal"], True, 1, "Ours")]
    assert sorted(numbers) == [1, 2]


def _database(postgres, name: str, revision: str) -> Engine:
    """Make a database at an earlier revision."""
    admin = create_database_engine(postgres.get_uri())
    with admin.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    url = postgres.get_uri(database=name)
    command.upgrade(_configuration(url), revision)
    return create_database_engine(url)
