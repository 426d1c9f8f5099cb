"""The index of all records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "search_entries",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("words", postgresql.TSVECTOR(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
    )
    op.create_index(
        op.f("ix_search_entries_owner_id_id"), "search_entries", ["owner_id", "id"], unique=False
    )
    op.create_index(
        op.f("ix_search_entries_team_id_id"), "search_entries", ["team_id", "id"], unique=False
    )
    op.create_index(
        "ix_search_entries_words", "search_entries", ["words"], unique=False, postgresql_using="gin"
    )
    # The words that records have had are kept as they are; a job makes them anew.
    for name, record_type in (
        ("accounts", "account"),
        ("contacts", "contact"),
        ("deals", "deal"),
        ("invoices", "invoice"),
        ("leads", "lead"),
        ("orders", "order"),
        ("price_lists", "price_list"),
        ("products", "product"),
        ("quotes", "quote"),
        ("requests", "request"),
    ):
        op.execute(
            f"UPDATE {name} SET search_text = '%{record_type} ' || array_to_string(ARRAY("  # noqa: S608 - names of our own
            "SELECT word FROM unnest(string_to_array(search_text, ' ')) AS word"
            " WHERE length(word) BETWEEN 1 AND 60), ' ') WHERE search_text NOT LIKE '\\%%'"
        )
        op.execute(
            "INSERT INTO search_entries (id, record_type, owner_id, team_id, words)"  # noqa: S608 - names of our own
            f" SELECT id, '{record_type}', owner_id, team_id,"
            " array_to_tsvector(array_remove(string_to_array(search_text, ' '), ''))"
            f" FROM {name} WHERE deleted_at IS NULL"
        )
    op.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'search.rebuild', 0, NULL, NULL,"
        " '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1])"
        " WHERE EXISTS (SELECT FROM search_entries)"
    )
