"""An index of the pairs that are open."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index(op.f("ix_duplicate_pairs_record_type"), table_name="duplicate_pairs")
    op.create_index(
        "ix_duplicate_pairs_open",
        "duplicate_pairs",
        ["record_type", "score", "id"],
        unique=False,
        postgresql_where=sa.text("dismissed_at IS NULL"),
    )
