"""What the pages of sales need."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("accounts", sa.Column("price_list_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_accounts_price_list_id"), "accounts", ["price_list_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_accounts_price_list_id"), "accounts", "price_lists", ["price_list_id"], ["id"]
    )
    op.add_column("deal_positions", sa.Column("product_id", sa.Uuid(), nullable=True))
    op.add_column("deal_positions", sa.Column("tax_category", sa.String(), nullable=True))
    op.add_column(
        "deal_positions", sa.Column("tax_percent", sa.Numeric(precision=5, scale=2), nullable=True)
    )
    op.create_index(
        op.f("ix_deal_positions_product_id"), "deal_positions", ["product_id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_deal_positions_product_id"), "deal_positions", "products", ["product_id"], ["id"]
    )
    op.add_column(
        "invoices", sa.Column("credited", sa.Numeric(), server_default="0", nullable=False)
    )
    op.drop_constraint(op.f("uq_invoices_corrects_id"), "invoices", type_="unique")
    op.create_index(op.f("ix_invoices_corrects_id"), "invoices", ["corrects_id"], unique=False)
    op.add_column(
        "number_series", sa.Column("yearly", sa.Boolean(), server_default="true", nullable=False)
    )
    op.add_column("organizations", sa.Column("tax_number", sa.String(), nullable=True))
    op.add_column("organizations", sa.Column("logo", sa.LargeBinary(), nullable=True))
    op.add_column("organizations", sa.Column("logo_type", sa.String(), nullable=True))
    op.add_column("organizations", sa.Column("price_list_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_organizations_price_list_id"),
        "organizations",
        "price_lists",
        ["price_list_id"],
        ["id"],
    )
    op.execute("UPDATE invoices SET credited = gross WHERE status = 'credited'")
