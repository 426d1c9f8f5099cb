"""Instances on their way from one version of a process to another."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "migration_runs",
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.Column("target_id", sa.Uuid(), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("undo_of", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", sa.Uuid(), nullable=True),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            ["process_versions.id"],
            name=op.f("fk_migration_runs_source_id_process_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["process_versions.id"],
            name=op.f("fk_migration_runs_target_id_process_versions"),
        ),
        sa.ForeignKeyConstraint(
            ["undo_of"],
            ["migration_runs.id"],
            name=op.f("fk_migration_runs_undo_of_migration_runs"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_migration_runs")),
    )
    op.create_index(
        op.f("ix_migration_runs_process_key_id"),
        "migration_runs",
        ["process_key", "id"],
        unique=False,
    )
    op.create_index(op.f("ix_migration_runs_undo_of"), "migration_runs", ["undo_of"], unique=False)
    op.create_table(
        "migration_items",
        sa.Column("run_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("places", postgresql.JSONB(), nullable=False),
        sa.Column("blockers", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instances.id"],
            name=op.f("fk_migration_items_instance_id_process_instances"),
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["migration_runs.id"],
            name=op.f("fk_migration_items_run_id_migration_runs"),
        ),
        sa.PrimaryKeyConstraint("run_id", "instance_id", name=op.f("pk_migration_items")),
    )
    op.create_index(
        op.f("ix_migration_items_instance_id"), "migration_items", ["instance_id"], unique=False
    )
    op.create_index(
        op.f("ix_migration_items_run_id_state_instance_id"),
        "migration_items",
        ["run_id", "state", "instance_id"],
        unique=False,
    )


def downgrade():
    op.drop_index(op.f("ix_migration_items_run_id_state_instance_id"), table_name="migration_items")
    op.drop_index(op.f("ix_migration_items_instance_id"), table_name="migration_items")
    op.drop_table("migration_items")
    op.drop_index(op.f("ix_migration_runs_undo_of"), table_name="migration_runs")
    op.drop_index(op.f("ix_migration_runs_process_key_id"), table_name="migration_runs")
    op.drop_table("migration_runs")
