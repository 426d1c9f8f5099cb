"""Dismissed pairs by time."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        "ix_duplicate_pairs_dismissed",
        "duplicate_pairs",
        ["record_type", "dismissed_at", "id"],
        unique=False,
        postgresql_where=sa.text("dismissed_at IS NOT NULL"),
    )
