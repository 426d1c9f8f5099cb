"""Contracts and subscriptions."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "contracts",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("renewal_months", sa.Integer(), nullable=True),
        sa.Column("notice_count", sa.Integer(), nullable=False),
        sa.Column("notice_unit", sa.String(), nullable=False),
        sa.Column("remind_days", sa.Integer(), nullable=False),
        sa.Column("value", sa.Numeric(), nullable=False),
        sa.Column("signed_document_id", sa.Uuid(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("cancels_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("reminded_for", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("net", sa.Numeric(), nullable=False),
        sa.Column("taxable", sa.Numeric(), nullable=False),
        sa.Column("tax", sa.Numeric(), nullable=False),
        sa.Column("gross", sa.Numeric(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("price_list_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(), nullable=True),
        sa.Column(
            "custom",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_contracts_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contracts_contact_id")
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_contracts_deal_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_contracts_owner_id")),
        sa.ForeignKeyConstraint(
            ["price_list_id"], ["price_lists.id"], name=op.f("fk_contracts_price_list_id")
        ),
        sa.ForeignKeyConstraint(
            ["signed_document_id"], ["documents.id"], name=op.f("fk_contracts_signed_document_id")
        ),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_contracts_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contracts")),
        sa.UniqueConstraint("number", name=op.f("uq_contracts_number")),
    )
    op.create_index(op.f("ix_contracts_account_id"), "contracts", ["account_id"], unique=False)
    op.create_index(op.f("ix_contracts_contact_id"), "contracts", ["contact_id"], unique=False)
    op.create_index(op.f("ix_contracts_deal_id"), "contracts", ["deal_id"], unique=False)
    op.create_index(
        "ix_contracts_due_on",
        "contracts",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_index(op.f("ix_contracts_owner_id"), "contracts", ["owner_id"], unique=False)
    op.create_index("ix_contracts_sort_created_at", "contracts", ["created_at", "id"], unique=False)
    op.create_index("ix_contracts_sort_ends_on", "contracts", ["ends_on", "id"], unique=False)
    op.create_index("ix_contracts_sort_number", "contracts", ["number", "id"], unique=False)
    op.create_index("ix_contracts_sort_updated_at", "contracts", ["updated_at", "id"], unique=False)
    op.create_index("ix_contracts_sort_value", "contracts", ["value", "id"], unique=False)
    op.create_index(op.f("ix_contracts_team_id"), "contracts", ["team_id"], unique=False)
    op.create_table(
        "client_subscriptions",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("interval_unit", sa.String(), nullable=False),
        sa.Column("interval_count", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("anchor_day", sa.Integer(), nullable=True),
        sa.Column("anchored_on", sa.Date(), nullable=True),
        sa.Column("next_invoice_on", sa.Date(), nullable=True),
        sa.Column("invoicing", sa.String(), nullable=False),
        sa.Column("paused_on", sa.Date(), nullable=True),
        sa.Column("resumes_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("contract_ends_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("annual", sa.Numeric(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("note", sa.String(), nullable=True),
        sa.Column("net", sa.Numeric(), nullable=False),
        sa.Column("taxable", sa.Numeric(), nullable=False),
        sa.Column("tax", sa.Numeric(), nullable=False),
        sa.Column("gross", sa.Numeric(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("price_list_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(), nullable=True),
        sa.Column(
            "custom",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_client_subscriptions_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_client_subscriptions_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"], ["contracts.id"], name=op.f("fk_client_subscriptions_contract_id")
        ),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deals.id"], name=op.f("fk_client_subscriptions_deal_id")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_client_subscriptions_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["price_list_id"],
            ["price_lists.id"],
            name=op.f("fk_client_subscriptions_price_list_id"),
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["groups.id"], name=op.f("fk_client_subscriptions_team_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_subscriptions")),
        sa.UniqueConstraint("number", name=op.f("uq_client_subscriptions_number")),
    )
    op.create_index(
        op.f("ix_client_subscriptions_account_id"),
        "client_subscriptions",
        ["account_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_client_subscriptions_contact_id"),
        "client_subscriptions",
        ["contact_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_client_subscriptions_contract_id"),
        "client_subscriptions",
        ["contract_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_client_subscriptions_deal_id"), "client_subscriptions", ["deal_id"], unique=False
    )
    op.create_index(
        "ix_client_subscriptions_due_on",
        "client_subscriptions",
        ["due_on"],
        unique=False,
        postgresql_where=sa.text("due_on IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_client_subscriptions_owner_id"), "client_subscriptions", ["owner_id"], unique=False
    )
    op.create_index(
        "ix_client_subscriptions_sort_created_at",
        "client_subscriptions",
        ["created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_client_subscriptions_sort_next_invoice_on",
        "client_subscriptions",
        ["next_invoice_on", "id"],
        unique=False,
    )
    op.create_index(
        "ix_client_subscriptions_sort_number",
        "client_subscriptions",
        ["number", "id"],
        unique=False,
    )
    op.create_index(
        "ix_client_subscriptions_sort_updated_at",
        "client_subscriptions",
        ["updated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_client_subscriptions_team_id"), "client_subscriptions", ["team_id"], unique=False
    )
    op.create_table(
        "contract_lines",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("unit_price", sa.Numeric(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("tax_category", sa.String(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("net", sa.Numeric(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["contracts.id"],
            name=op.f("fk_contract_lines_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_contract_lines_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_lines")),
        sa.UniqueConstraint(
            "document_id", "position", name=op.f("uq_contract_lines_document_id_position")
        ),
    )
    op.create_index(
        op.f("ix_contract_lines_product_id"), "contract_lines", ["product_id"], unique=False
    )
    op.create_table(
        "client_subscription_lines",
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("unit_price", sa.Numeric(), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("tax_category", sa.String(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("net", sa.Numeric(), nullable=False),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["client_subscriptions.id"],
            name=op.f("fk_client_subscription_lines_document_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_client_subscription_lines_product_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_subscription_lines")),
        sa.UniqueConstraint(
            "document_id",
            "position",
            name=op.f("uq_client_subscription_lines_document_id_position"),
        ),
    )
    op.create_index(
        op.f("ix_client_subscription_lines_product_id"),
        "client_subscription_lines",
        ["product_id"],
        unique=False,
    )
    op.create_table(
        "revenue_moves",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("moved_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("annual", sa.Numeric(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["client_subscriptions.id"],
            name=op.f("fk_revenue_moves_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revenue_moves")),
    )
    op.create_index(op.f("ix_revenue_moves_moved_on"), "revenue_moves", ["moved_on"], unique=False)
    op.create_index(
        op.f("ix_revenue_moves_subscription_id"), "revenue_moves", ["subscription_id"], unique=False
    )
    op.create_table(
        "subscription_adjustments",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("tax_category", sa.String(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_subscription_adjustments_invoice_id")
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_subscription_adjustments_product_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["client_subscriptions.id"],
            name=op.f("fk_subscription_adjustments_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_adjustments")),
    )
    op.create_index(
        op.f("ix_subscription_adjustments_invoice_id"),
        "subscription_adjustments",
        ["invoice_id"],
        unique=False,
    )
    op.create_index(
        "ix_subscription_adjustments_open",
        "subscription_adjustments",
        ["subscription_id"],
        unique=False,
        postgresql_where=sa.text("invoice_id IS NULL"),
    )
    op.create_index(
        op.f("ix_subscription_adjustments_subscription_id"),
        "subscription_adjustments",
        ["subscription_id"],
        unique=False,
    )
    op.create_table(
        "subscription_periods",
        sa.Column("subscription_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("whole_days", sa.Integer(), nullable=False),
        sa.Column("invoice_id", sa.Uuid(), nullable=True),
        sa.Column("invoiced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["invoice_id"], ["invoices.id"], name=op.f("fk_subscription_periods_invoice_id")
        ),
        sa.ForeignKeyConstraint(
            ["subscription_id"],
            ["client_subscriptions.id"],
            name=op.f("fk_subscription_periods_subscription_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription_periods")),
        sa.UniqueConstraint(
            "subscription_id",
            "starts_on",
            name=op.f("uq_subscription_periods_subscription_id_starts_on"),
        ),
    )
    op.create_index(
        op.f("ix_subscription_periods_invoice_id"),
        "subscription_periods",
        ["invoice_id"],
        unique=False,
    )
    op.add_column("invoices", sa.Column("subscription_id", sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_invoices_subscription_id"), "invoices", ["subscription_id"], unique=False
    )
    op.create_foreign_key(
        op.f("fk_invoices_subscription_id"),
        "invoices",
        "client_subscriptions",
        ["subscription_id"],
        ["id"],
    )
