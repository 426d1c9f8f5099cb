"""The bin: records that were deleted and can be restored."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_TABLES = (
    "accounts",
    "contacts",
    "deals",
    "leads",
    "requests",
    "products",
    "price_lists",
    "quotes",
    "orders",
    "invoices",
)


def upgrade():
    for table in _TABLES:
        op.add_column(table, sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column(table, sa.Column("deleted_by", sa.String(), nullable=True))


def downgrade():
    for table in _TABLES:
        op.drop_column(table, "deleted_by")
        op.drop_column(table, "deleted_at")
