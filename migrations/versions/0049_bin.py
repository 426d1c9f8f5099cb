"""Let the bin be emptied."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "bin_emptyings",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bin_emptyings")),
        sa.UniqueConstraint("day", name=op.f("uq_bin_emptyings_day")),
    )
    op.create_table(
        "bin_settings",
        sa.Column("record_days", sa.Integer(), nullable=True),
        sa.Column("file_days", sa.Integer(), nullable=True),
        sa.Column("not_before", sa.Date(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bin_settings")),
    )
    # Where people work already, nothing they deleted goes before somebody could look at it.
    op.execute(
        "INSERT INTO bin_settings"
        " (id, version, created_at, updated_at, record_days, file_days, not_before)"
        " SELECT gen_random_uuid(), 1, now(), now(), 90, 90, current_date + 30"
        " WHERE EXISTS (SELECT FROM users)"
    )
