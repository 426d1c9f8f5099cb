"""Reminders of late invoices, and what each account's papers keep to."""

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("accounts", sa.Column("payment_days", sa.Integer(), nullable=True))
    op.add_column("accounts", sa.Column("language", sa.String(), nullable=True))
    op.add_column(
        "invoices", sa.Column("reminders", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("invoices", sa.Column("reminded_on", sa.Date(), nullable=True))
    op.add_column("invoices", sa.Column("told_late_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_invoices_owed",
        "invoices",
        ["due_on", "id"],
        unique=False,
        postgresql_where=sa.text("status = 'issued' AND kind = 'invoice'"),
    )
