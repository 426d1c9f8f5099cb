"""Prices of paid periods, and credit notes set off."""

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("client_subscription_lines", sa.Column("paid_until", sa.Date(), nullable=True))
    op.add_column(
        "client_subscription_lines", sa.Column("paid_unit_price", sa.Numeric(), nullable=True)
    )
    op.add_column(
        "client_subscription_lines",
        sa.Column("paid_discount_percent", sa.Numeric(precision=5, scale=2), nullable=True),
    )
    op.add_column("payments", sa.Column("counterpart_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_payments_counterpart_id"), "payments", "payments", ["counterpart_id"], ["id"]
    )
