"""The audit's hash chain, and what was refused."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column(
        "audit_entries",
        sa.Column("refused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("audit_entries", sa.Column("position", sa.BigInteger(), nullable=True))
    op.add_column("audit_entries", sa.Column("chain_hash", sa.LargeBinary(), nullable=True))
    op.create_unique_constraint(op.f("uq_audit_entries_position"), "audit_entries", ["position"])
    op.create_index(
        "ix_audit_entries_unsealed",
        "audit_entries",
        ["id"],
        postgresql_where=sa.text("position IS NULL"),
    )


def downgrade():
    op.drop_index("ix_audit_entries_unsealed", table_name="audit_entries")
    op.drop_constraint(op.f("uq_audit_entries_position"), "audit_entries")
    for name in ("chain_hash", "position", "refused"):
        op.drop_column("audit_entries", name)
