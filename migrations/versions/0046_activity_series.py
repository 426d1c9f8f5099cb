"""Activities that come again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "activity_series",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("extend_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_series")),
    )
    op.create_index(
        "ix_activity_series_extend_at",
        "activity_series",
        ["extend_at"],
        unique=False,
        postgresql_where=sa.text("extend_at IS NOT NULL"),
    )
    op.add_column("activities", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("activities", sa.Column("slot_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "activities",
        sa.Column(
            "varied",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
    )
    op.create_index(
        "ix_activities_calendar", "activities", ["owner_id", "starts_at", "due_at"], unique=False
    )
    op.create_unique_constraint(
        op.f("uq_activities_series_id_slot_at"),
        "activities",
        ["series_id", "slot_at"],
        deferrable=True,
        initially="DEFERRED",
    )
    op.create_foreign_key(
        op.f("fk_activities_series_id"), "activities", "activity_series", ["series_id"], ["id"]
    )
