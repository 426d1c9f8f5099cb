"""Territories and goals."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "territory_runs",
        sa.Column("is_trial", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory_runs")),
    )
    op.create_index(
        "uq_territory_runs_running",
        "territory_runs",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )
    op.create_table(
        "goals",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("activity_kind", sa.String(), nullable=True),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("target", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("series_key", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(), nullable=True),
        sa.Column(
            "custom",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_goals_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_goals_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_goals")),
    )
    op.create_index(op.f("ix_goals_owner_id"), "goals", ["owner_id"], unique=False)
    op.create_index("ix_goals_period", "goals", ["period", "starts_on"], unique=False)
    op.create_index("ix_goals_series", "goals", ["series_key", "starts_on"], unique=False)
    op.create_index("ix_goals_sort_created_at", "goals", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_goals_sort_name", "goals", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_goals_sort_starts_on", "goals", ["starts_on", "id"], unique=False)
    op.create_index("ix_goals_sort_updated_at", "goals", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_goals_team_id"), "goals", ["team_id"], unique=False)
    op.create_table(
        "territories",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("manager_id", sa.Uuid(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(), nullable=True),
        sa.Column(
            "custom",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["manager_id"], ["users.id"], name=op.f("fk_territories_manager_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_territories_owner_id")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["territories.id"], name=op.f("fk_territories_parent_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_territories_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territories")),
    )
    op.create_index(op.f("ix_territories_manager_id"), "territories", ["manager_id"], unique=False)
    op.create_index(op.f("ix_territories_owner_id"), "territories", ["owner_id"], unique=False)
    op.create_index(op.f("ix_territories_parent_id"), "territories", ["parent_id"], unique=False)
    op.create_index(
        "ix_territories_sort_created_at", "territories", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_territories_sort_name",
        "territories",
        [sa.literal_column("lower(name)"), "id"],
        unique=False,
    )
    op.create_index("ix_territories_sort_priority", "territories", ["priority", "id"], unique=False)
    op.create_index(
        "ix_territories_sort_updated_at", "territories", ["updated_at", "id"], unique=False
    )
    op.create_index(op.f("ix_territories_team_id"), "territories", ["team_id"], unique=False)
    op.create_table(
        "territory_changes",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("from_id", sa.Uuid(), nullable=True),
        sa.Column("to_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["territory_runs.id"],
            name=op.f("fk_territory_changes_run_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory_changes")),
    )
    op.create_index(
        op.f("ix_territory_changes_run_id_id"), "territory_changes", ["run_id", "id"], unique=False
    )
    op.create_table(
        "territory_members",
        sa.Column("territory_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["territory_id"],
            ["territories.id"],
            name=op.f("fk_territory_members_territory_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_territory_members_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_territory_members")),
        sa.UniqueConstraint(
            "territory_id", "user_id", name=op.f("uq_territory_members_territory_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_territory_members_user_id"), "territory_members", ["user_id"], unique=False
    )
    op.add_column("accounts", sa.Column("postal_code", sa.String(), nullable=True))
    op.add_column("accounts", sa.Column("territory_id", sa.Uuid(), nullable=True))
    op.add_column(
        "accounts",
        sa.Column(
            "territory_is_manual", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.create_index(op.f("ix_accounts_territory_id"), "accounts", ["territory_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_accounts_territory_id"), "accounts", "territories", ["territory_id"], ["id"]
    )
    op.add_column("leads", sa.Column("postal_code", sa.String(), nullable=True))
    op.add_column("leads", sa.Column("city", sa.String(), nullable=True))
    op.add_column("leads", sa.Column("country", sa.String(), nullable=True))
    op.add_column("leads", sa.Column("industry", sa.String(), nullable=True))
    op.add_column("leads", sa.Column("territory_id", sa.Uuid(), nullable=True))
    op.add_column(
        "leads",
        sa.Column(
            "territory_is_manual", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.create_index(op.f("ix_leads_territory_id"), "leads", ["territory_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_leads_territory_id"), "leads", "territories", ["territory_id"], ["id"]
    )
