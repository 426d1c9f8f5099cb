"""Loyalty programmes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "loyalty_programmes",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("joins_itself", sa.Boolean(), nullable=False),
        sa.Column("expiry_months", sa.Integer(), nullable=True),
        sa.Column("level_months", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
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
            ["owner_id"], ["users.id"], name=op.f("fk_loyalty_programmes_owner_id")
        ),
        sa.ForeignKeyConstraint(
            ["team_id"], ["groups.id"], name=op.f("fk_loyalty_programmes_team_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_programmes")),
        sa.UniqueConstraint("name", name=op.f("uq_loyalty_programmes_name")),
    )
    op.create_index(
        op.f("ix_loyalty_programmes_owner_id"), "loyalty_programmes", ["owner_id"], unique=False
    )
    op.create_index(
        "ix_loyalty_programmes_sort_created_at",
        "loyalty_programmes",
        ["created_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_loyalty_programmes_sort_name",
        "loyalty_programmes",
        [sa.literal_column("lower(name)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_loyalty_programmes_sort_updated_at",
        "loyalty_programmes",
        ["updated_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_loyalty_programmes_team_id"), "loyalty_programmes", ["team_id"], unique=False
    )
    op.create_table(
        "loyalty_levels",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("from_points", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["loyalty_programmes.id"], name=op.f("fk_loyalty_levels_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_levels")),
        sa.UniqueConstraint(
            "programme_id", "from_points", name=op.f("uq_loyalty_levels_programme_id_from_points")
        ),
    )
    op.create_table(
        "loyalty_prizes",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("stock", sa.Integer(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_loyalty_prizes_points")),
        sa.CheckConstraint("stock >= 0", name=op.f("ck_loyalty_prizes_stock")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["loyalty_programmes.id"], name=op.f("fk_loyalty_prizes_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_prizes")),
    )
    op.create_index(
        op.f("ix_loyalty_prizes_programme_id_points"),
        "loyalty_prizes",
        ["programme_id", "points"],
        unique=False,
    )
    op.create_table(
        "loyalty_rules",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("per_amount", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.String(), nullable=True),
        sa.Column("activity_kind", sa.String(), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("per_amount > 0", name=op.f("ck_loyalty_rules_per_amount")),
        sa.CheckConstraint("points > 0", name=op.f("ck_loyalty_rules_points")),
        sa.ForeignKeyConstraint(
            ["programme_id"], ["loyalty_programmes.id"], name=op.f("fk_loyalty_rules_programme_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_rules")),
    )
    op.create_index(
        op.f("ix_loyalty_rules_programme_id"), "loyalty_rules", ["programme_id"], unique=False
    )
    op.create_table(
        "loyalty_members",
        sa.Column("programme_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("joined_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(contact_id, account_id) = 1", name=op.f("ck_loyalty_members_one_holder")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_loyalty_members_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_loyalty_members_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["programme_id"],
            ["loyalty_programmes.id"],
            name=op.f("fk_loyalty_members_programme_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_members")),
    )
    op.create_index(
        op.f("ix_loyalty_members_account_id"), "loyalty_members", ["account_id"], unique=False
    )
    op.create_index(
        op.f("ix_loyalty_members_contact_id"), "loyalty_members", ["contact_id"], unique=False
    )
    op.create_index(
        op.f("ix_loyalty_members_programme_id_id"),
        "loyalty_members",
        ["programme_id", "id"],
        unique=False,
    )
    op.create_table(
        "loyalty_entries",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("short", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("booked_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("rule_id", sa.Uuid(), nullable=True),
        sa.Column("source_type", sa.String(), nullable=True),
        sa.Column("source_id", sa.Uuid(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("key", sa.String(), nullable=True),
        sa.Column("reverses_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_entries_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["reverses_id"], ["loyalty_entries.id"], name=op.f("fk_loyalty_entries_reverses_id")
        ),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["loyalty_rules.id"], name=op.f("fk_loyalty_entries_rule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_entries")),
        sa.UniqueConstraint("member_id", "key", name=op.f("uq_loyalty_entries_member_id_key")),
        sa.UniqueConstraint("reverses_id", name=op.f("uq_loyalty_entries_reverses_id")),
        sa.UniqueConstraint(
            "rule_id", "source_id", "round", name=op.f("uq_loyalty_entries_rule_id_source_id_round")
        ),
    )
    op.create_index(
        op.f("ix_loyalty_entries_member_id_id"),
        "loyalty_entries",
        ["member_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_loyalty_entries_source_id"), "loyalty_entries", ["source_id"], unique=False
    )
    op.create_table(
        "loyalty_lots",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("left", sa.Integer(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint('"left" BETWEEN 0 AND points', name=op.f("ck_loyalty_lots_left")),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["loyalty_entries.id"], name=op.f("fk_loyalty_lots_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_lots_member_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_lots")),
    )
    op.create_index(op.f("ix_loyalty_lots_entry_id"), "loyalty_lots", ["entry_id"], unique=False)
    op.create_index(
        "ix_loyalty_lots_expiry",
        "loyalty_lots",
        ["expires_on"],
        unique=False,
        postgresql_where=sa.text('"left" > 0'),
    )
    op.create_index(
        "ix_loyalty_lots_open",
        "loyalty_lots",
        ["member_id", "expires_on"],
        unique=False,
        postgresql_where=sa.text('"left" > 0'),
    )
    op.create_table(
        "loyalty_redemptions",
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("prize_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("prize_name", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("redeemed_by", sa.String(), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_by", sa.String(), nullable=True),
        sa.Column("cancel_reason", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["loyalty_entries.id"], name=op.f("fk_loyalty_redemptions_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["member_id"], ["loyalty_members.id"], name=op.f("fk_loyalty_redemptions_member_id")
        ),
        sa.ForeignKeyConstraint(
            ["prize_id"], ["loyalty_prizes.id"], name=op.f("fk_loyalty_redemptions_prize_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_redemptions")),
        sa.UniqueConstraint("entry_id", name=op.f("uq_loyalty_redemptions_entry_id")),
    )
    op.create_index(
        op.f("ix_loyalty_redemptions_member_id_id"),
        "loyalty_redemptions",
        ["member_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_loyalty_redemptions_prize_id"), "loyalty_redemptions", ["prize_id"], unique=False
    )
    op.create_table(
        "loyalty_uses",
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["loyalty_entries.id"], name=op.f("fk_loyalty_uses_entry_id")
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"], ["loyalty_lots.id"], name=op.f("fk_loyalty_uses_lot_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_loyalty_uses")),
    )
    op.create_index(op.f("ix_loyalty_uses_entry_id"), "loyalty_uses", ["entry_id"], unique=False)
    op.execute(
        """
        CREATE FUNCTION keep_loyalty_entry() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          RAISE EXCEPTION 'bookings of points are never changed or deleted';
        END $$;
        CREATE TRIGGER loyalty_entries_stay BEFORE UPDATE OR DELETE ON loyalty_entries
        FOR EACH ROW EXECUTE FUNCTION keep_loyalty_entry();
        """
    )
