"""Names of records by their keys."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index(
        "ix_accounts_names",
        "accounts",
        ["id"],
        unique=False,
        postgresql_include=["name", "owner_id", "team_id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_contacts_names",
        "contacts",
        ["id"],
        unique=False,
        postgresql_include=["name", "owner_id", "team_id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_leads_names",
        "leads",
        ["id"],
        unique=False,
        postgresql_include=["name", "owner_id", "team_id"],
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
