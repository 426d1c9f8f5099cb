"""Instances that stand still, and what is held back for them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "process_instances", sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("process_instances", sa.Column("suspended_by", sa.String(), nullable=True))
    op.create_table(
        "held_jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("args", postgresql.JSONB(), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"],
            ["process_instances.id"],
            name=op.f("fk_held_jobs_instance_id_process_instances"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_jobs")),
    )
    op.create_index(
        op.f("ix_held_jobs_instance_id_id"), "held_jobs", ["instance_id", "id"], unique=False
    )


def downgrade():
    op.drop_index(op.f("ix_held_jobs_instance_id_id"), table_name="held_jobs")
    op.drop_table("held_jobs")
    op.drop_column("process_instances", "suspended_by")
    op.drop_column("process_instances", "suspended_at")
