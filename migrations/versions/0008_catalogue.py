"""Products, price lists and exchange rates."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "currency_rates",
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("rate", sa.Numeric(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_currency_rates")),
        sa.UniqueConstraint(
            "currency", "valid_from", name=op.f("uq_currency_rates_currency_valid_from")
        ),
    )
    op.create_table(
        "price_lists",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Uuid(), nullable=True),
        sa.Column("percent", sa.Numeric(precision=6, scale=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_price_lists_owner_id")),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["price_lists.id"], name=op.f("fk_price_lists_parent_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_price_lists_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_price_lists")),
        sa.UniqueConstraint("name", name=op.f("uq_price_lists_name")),
    )
    op.create_index(op.f("ix_price_lists_owner_id"), "price_lists", ["owner_id"], unique=False)
    op.create_index(op.f("ix_price_lists_parent_id"), "price_lists", ["parent_id"], unique=False)
    op.create_index(
        "ix_price_lists_sort_created_at", "price_lists", ["created_at", "id"], unique=False
    )
    op.create_index(
        "ix_price_lists_sort_name",
        "price_lists",
        [sa.literal_column("lower(name)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_price_lists_sort_updated_at", "price_lists", ["updated_at", "id"], unique=False
    )
    op.create_index(op.f("ix_price_lists_team_id"), "price_lists", ["team_id"], unique=False)
    op.create_table(
        "products",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("tax_category", sa.String(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=5, scale=2), nullable=True),
        sa.Column("cost", sa.Numeric(precision=18, scale=2), nullable=True),
        sa.Column("sold", sa.Boolean(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_products_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_products_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_products")),
        sa.UniqueConstraint("code", name=op.f("uq_products_code")),
    )
    op.create_index(op.f("ix_products_owner_id"), "products", ["owner_id"], unique=False)
    op.create_index(
        "ix_products_sort_code", "products", [sa.literal_column("lower(code)"), "id"], unique=False
    )
    op.create_index("ix_products_sort_created_at", "products", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_products_sort_name", "products", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_products_sort_updated_at", "products", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_products_team_id"), "products", ["team_id"], unique=False)
    op.create_table(
        "prices",
        sa.Column("price_list_id", sa.Uuid(), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=False),
        sa.Column("minimum_quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit_price", sa.Numeric(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["price_list_id"],
            ["price_lists.id"],
            name=op.f("fk_prices_price_list_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["product_id"], ["products.id"], name=op.f("fk_prices_product_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prices")),
    )
    op.create_index(
        op.f("ix_prices_price_list_id_product_id"),
        "prices",
        ["price_list_id", "product_id"],
        unique=False,
    )
    op.create_index(op.f("ix_prices_product_id"), "prices", ["product_id"], unique=False)
    op.add_column(
        "organizations", sa.Column("currency", sa.String(), server_default="EUR", nullable=False)
    )


def downgrade():
    op.drop_column("organizations", "currency")
    op.drop_table("prices")
    op.drop_table("products")
    op.drop_table("price_lists")
    op.drop_table("currency_rates")
