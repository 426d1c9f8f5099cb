"""Versions of groups."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("groups", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
