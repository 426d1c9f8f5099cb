"""Merges of records, to be undone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "merges",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("kept_id", sa.Uuid(), nullable=False),
        sa.Column("dropped_id", sa.Uuid(), nullable=False),
        sa.Column("values", postgresql.JSONB(), nullable=False),
        sa.Column("taken", postgresql.JSONB(), nullable=False),
        sa.Column("moved", postgresql.JSONB(), nullable=False),
        sa.Column("merged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("merged_by", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_merges")),
    )
    op.create_index(op.f("ix_merges_dropped_id"), "merges", ["dropped_id"], unique=False)
    op.create_index(op.f("ix_merges_kept_id"), "merges", ["kept_id"], unique=False)


def downgrade():
    op.drop_table("merges")
