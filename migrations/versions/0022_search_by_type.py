"""Entries of the index by record type and age."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        op.f("ix_search_entries_record_type_id"),
        "search_entries",
        ["record_type", "id"],
        unique=False,
    )
