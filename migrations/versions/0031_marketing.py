"""Segments, campaigns and what customers are worth."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "value_measurements",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("months", sa.Integer(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("measured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("measured_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_value_measurements")),
    )
    op.create_table(
        "campaigns",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=True),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("budget", sa.Numeric(), nullable=True),
        sa.Column("actual_cost", sa.Numeric(), nullable=True),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
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
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_campaigns_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_campaigns_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaigns")),
    )
    op.create_index(op.f("ix_campaigns_owner_id"), "campaigns", ["owner_id"], unique=False)
    op.create_index("ix_campaigns_sort_created_at", "campaigns", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_campaigns_sort_name",
        "campaigns",
        [sa.literal_column("lower(name)"), "id"],
        unique=False,
    )
    op.create_index("ix_campaigns_sort_starts_on", "campaigns", ["starts_on", "id"], unique=False)
    op.create_index("ix_campaigns_sort_updated_at", "campaigns", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_campaigns_team_id"), "campaigns", ["team_id"], unique=False)
    op.create_table(
        "segments",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("of_type", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("filter", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("uses", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
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
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_segments_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_segments_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segments")),
    )
    op.create_index(op.f("ix_segments_owner_id"), "segments", ["owner_id"], unique=False)
    op.create_index("ix_segments_sort_created_at", "segments", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_segments_sort_name", "segments", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_segments_sort_updated_at", "segments", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_segments_team_id"), "segments", ["team_id"], unique=False)
    op.create_table(
        "campaign_members",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=True),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("targeted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bounced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clicked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unsubscribed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("bought_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_members_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_campaign_members_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_members")),
        sa.UniqueConstraint(
            "record_id", "campaign_id", name=op.f("uq_campaign_members_record_id_campaign_id")
        ),
        info={"twins_stay": True},
    )
    op.create_index(
        op.f("ix_campaign_members_campaign_id_id"),
        "campaign_members",
        ["campaign_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_campaign_members_campaign_id_status"),
        "campaign_members",
        ["campaign_id", "status"],
        unique=False,
    )
    op.create_table(
        "campaign_segments",
        sa.Column("campaign_id", sa.Uuid(), nullable=False),
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("is_left_out", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_campaign_segments_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_campaign_segments_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_segments")),
        sa.UniqueConstraint(
            "campaign_id", "segment_id", name=op.f("uq_campaign_segments_campaign_id_segment_id")
        ),
    )
    op.create_index(
        op.f("ix_campaign_segments_segment_id"), "campaign_segments", ["segment_id"], unique=False
    )
    op.create_table(
        "marketing_fills",
        sa.Column("segment_id", sa.Uuid(), nullable=True),
        sa.Column("campaign_id", sa.Uuid(), nullable=True),
        sa.Column("sources", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("left_out", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("after", sa.Uuid(), nullable=True),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.Uuid(), nullable=True),
        sa.Column("started_by_name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_marketing_fills_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_marketing_fills_segment_id")
        ),
        sa.ForeignKeyConstraint(
            ["started_by"], ["users.id"], name=op.f("fk_marketing_fills_started_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marketing_fills")),
    )
    op.create_index(
        op.f("ix_marketing_fills_campaign_id_id"),
        "marketing_fills",
        ["campaign_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_marketing_fills_segment_id_id"),
        "marketing_fills",
        ["segment_id", "id"],
        unique=False,
    )
    op.create_index(
        "uq_marketing_fills_campaign",
        "marketing_fills",
        ["campaign_id"],
        unique=True,
        postgresql_where=sa.text("stage = 'running' AND campaign_id IS NOT NULL"),
    )
    op.create_index(
        "uq_marketing_fills_segment",
        "marketing_fills",
        ["segment_id"],
        unique=True,
        postgresql_where=sa.text("stage = 'running' AND segment_id IS NOT NULL"),
    )
    op.create_table(
        "segment_members",
        sa.Column("segment_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["segment_id"], ["segments.id"], name=op.f("fk_segment_members_segment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_segment_members")),
        sa.UniqueConstraint(
            "record_id", "segment_id", name=op.f("uq_segment_members_record_id_segment_id")
        ),
        info={"twins_stay": True},
    )
    op.create_index(
        op.f("ix_segment_members_segment_id_record_id"),
        "segment_members",
        ["segment_id", "record_id"],
        unique=False,
    )
    op.create_table(
        "customer_values",
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("purchases", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(), nullable=False),
        sa.Column("recency", sa.Integer(), nullable=False),
        sa.Column("frequency", sa.Integer(), nullable=False),
        sa.Column("monetary", sa.Integer(), nullable=False),
        sa.Column("share", sa.Numeric(), nullable=False),
        sa.Column("abc_class", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_customer_values_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_values")),
        sa.UniqueConstraint("account_id", name=op.f("uq_customer_values_account_id")),
        info={"twins_stay": True},
    )
    op.create_index(
        op.f("ix_customer_values_abc_class"), "customer_values", ["abc_class"], unique=False
    )
    op.create_index(
        op.f("ix_customer_values_recency_frequency_monetary"),
        "customer_values",
        ["recency", "frequency", "monetary"],
        unique=False,
    )
    op.add_column("deals", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_deals_campaign_id"), "deals", ["campaign_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_deals_campaign_id"), "deals", "campaigns", ["campaign_id"], ["id"]
    )
    op.add_column("leads", sa.Column("campaign_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_leads_campaign_id"), "leads", ["campaign_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_leads_campaign_id"), "leads", "campaigns", ["campaign_id"], ["id"]
    )
