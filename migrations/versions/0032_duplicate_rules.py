"""Rules of duplicates that administrators write."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from services.records.folding import match_key

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "duplicate_rules",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("rule", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_rules")),
        sa.UniqueConstraint("record_type", "key", name=op.f("uq_duplicate_rules_record_type_key")),
    )
    op.add_column(
        "custom_records", sa.Column("match_key", sa.String(), server_default="", nullable=False)
    )
    op.create_index(
        op.f("ix_custom_records_match_key"), "custom_records", ["match_key"], unique=False
    )
    op.add_column(
        "duplicate_scans",
        sa.Column(
            "plan",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.add_column(
        "duplicate_scans", sa.Column("step", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column(
        "duplicate_scans",
        sa.Column(
            "notes",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    # Scans that run know nothing of rules; who wants one begins it anew.
    op.execute(
        "UPDATE duplicate_scans SET stage = 'cancelled', ended_at = now() WHERE ended_at IS NULL"
    )
    op.create_index(
        "uq_duplicate_scans_running",
        "duplicate_scans",
        ["record_type"],
        unique=True,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    _fill_keys()


def _fill_keys():
    """Make the keys by which similar names are found, some at a time."""
    connection, after = op.get_bind(), "00000000-0000-0000-0000-000000000000"
    while rows := connection.execute(
        sa.text("SELECT id, name FROM custom_records WHERE id > :after ORDER BY id LIMIT 5000"),
        {"after": after},
    ).all():
        connection.execute(
            sa.text("UPDATE custom_records SET match_key = :key WHERE id = :id"),
            [{"id": row.id, "key": match_key(row.name)} for row in rows],
        )
        after = rows[-1].id
