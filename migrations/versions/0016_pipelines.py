"""Pipelines as data, stays in stages, deal teams."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "lost_reasons",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("needs_details", sa.Boolean(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_reasons")),
        sa.UniqueConstraint("name", name=op.f("uq_lost_reasons_name")),
    )
    op.create_table(
        "deal_contacts",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_deal_contacts_contact_id")
        ),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_contacts_deal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_contacts")),
    )
    op.create_index(
        op.f("ix_deal_contacts_contact_id"), "deal_contacts", ["contact_id"], unique=False
    )
    op.create_index(op.f("ix_deal_contacts_deal_id"), "deal_contacts", ["deal_id"], unique=False)
    op.create_table(
        "deal_team",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_team_deal_id")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_deal_team_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_team")),
    )
    op.create_index(op.f("ix_deal_team_deal_id"), "deal_team", ["deal_id"], unique=False)
    op.create_index(
        op.f("ix_deal_team_user_id_deal_id"), "deal_team", ["user_id", "deal_id"], unique=False
    )
    op.add_column("deals", sa.Column("rots_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("deals", sa.Column("competitor", sa.String(), nullable=True))
    op.add_column("deals", sa.Column("hold_until", sa.Date(), nullable=True))
    op.add_column("deals", sa.Column("hold_reason", sa.String(), nullable=True))
    op.add_column("deals", sa.Column("lost_details", sa.String(), nullable=True))
    op.add_column("deals", sa.Column("closed_on", sa.Date(), nullable=True))
    op.create_index(
        "ix_deals_board",
        "deals",
        ["pipeline_id", "stage", "stage_since", "id"],
        unique=False,
        postgresql_where=sa.text("deleted_at IS NULL"),
    )
    op.create_index(
        "ix_deals_closed_on",
        "deals",
        ["closed_on"],
        unique=False,
        postgresql_where=sa.text("closed_on IS NOT NULL"),
    )
    op.create_index(
        "ix_deals_rots_at",
        "deals",
        ["rots_at"],
        unique=False,
        postgresql_where=sa.text("rots_at IS NOT NULL"),
    )
    op.add_column(
        "pipelines", sa.Column("version", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "pipelines", sa.Column("position", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "pipelines",
        sa.Column("is_default", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("pipelines", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "uq_pipelines_default",
        "pipelines",
        ["is_default"],
        unique=True,
        postgresql_where=sa.text("is_default"),
    )
    op.add_column("stages", sa.Column("version", sa.Integer(), server_default="1", nullable=False))
    op.add_column("stages", sa.Column("rotting_days", sa.Integer(), nullable=True))
    op.add_column(
        "stages",
        sa.Column(
            "required_fields",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
    )
    op.add_column(
        "stages",
        sa.Column(
            "requirements",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
    )
    op.add_column("stages", sa.Column("condition", sa.String(), nullable=True))
    op.add_column("stages", sa.Column("condition_message", sa.String(), nullable=True))
    op.add_column("stages", sa.Column("colour", sa.String(), nullable=True))
    op.add_column("stages", sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(op.f("uq_stages_key"), "stages", ["key"])
    op.alter_column("stages", "outcome", new_column_name="category")
    op.alter_column("deals", "amount", type_=sa.Numeric())
    op.alter_column("deal_positions", "unit_price", type_=sa.Numeric())
    _turn_changes_into_stays()
    # Until now there was one pipeline, which people couldn't change.
    op.execute("UPDATE pipelines SET is_default = true WHERE name = 'Sales'")
    op.execute("UPDATE deals SET closed_on = CAST(closed_at AT TIME ZONE 'UTC' AS date)")
    op.execute(
        "UPDATE stages SET position = stages.position + 1 FROM pipelines p "
        "WHERE p.id = pipeline_id AND p.name = 'Sales' AND category <> 'open'"
    )
    op.execute(
        "INSERT INTO stages (id, pipeline_id, key, name, position, probability, category) "
        "SELECT gen_random_uuid(), pipeline_id, 'on_hold', 'On hold', min(position) - 1, 10, "
        "'on_hold' FROM stages WHERE category <> 'open' GROUP BY pipeline_id"
    )


def _turn_changes_into_stays():
    """Say of each step how long the deal stayed, instead of how long it had been elsewhere."""
    op.rename_table("deal_stage_changes", "deal_stage_stays")
    for old, new in (("at", "entered_at"), ("to_stage", "stage")):
        op.alter_column("deal_stage_stays", old, new_column_name=new)
    op.alter_column("deal_stage_stays", "amount", type_=sa.Numeric())
    op.drop_column("deal_stage_stays", "seconds_before")
    op.add_column("deal_stage_stays", sa.Column("left_at", sa.DateTime(timezone=True)))
    op.add_column("deal_stage_stays", sa.Column("pipeline_id", sa.Uuid()))
    op.add_column("deal_stage_stays", sa.Column("currency", sa.String(length=3)))
    op.add_column(
        "deal_stage_stays",
        sa.Column("confirmed", postgresql.JSONB(), server_default="[]", nullable=False),
    )
    for kind, old, new in (
        ("INDEX", "pk_deal_stage_changes", "pk_deal_stage_stays"),
        ("INDEX", "ix_deal_stage_changes_deal_id_at", "ix_deal_stage_stays_deal_id_entered_at"),
    ):
        op.execute(f"ALTER {kind} {old} RENAME TO {new}")
    op.execute(
        "ALTER TABLE deal_stage_stays RENAME CONSTRAINT fk_deal_stage_changes_deal_id "
        "TO fk_deal_stage_stays_deal_id"
    )
    op.execute(
        "INSERT INTO deal_stage_stays (id, deal_id, stage, entered_at, amount, actor_name) "
        "SELECT gen_random_uuid(), d.id, d.stage, d.stage_since, d.amount, 'Lanewise' FROM deals d "
        "WHERE NOT EXISTS (SELECT FROM deal_stage_stays s WHERE s.deal_id = d.id)"
    )
    op.execute(
        "UPDATE deal_stage_stays s SET left_at = n.next_at, pipeline_id = d.pipeline_id, "
        "currency = d.currency FROM deals d, (SELECT id, lead(entered_at) OVER "
        "(PARTITION BY deal_id ORDER BY entered_at, id) AS next_at FROM deal_stage_stays) n "
        "WHERE d.id = s.deal_id AND n.id = s.id"
    )
    for name in ("pipeline_id", "currency"):
        op.alter_column("deal_stage_stays", name, nullable=False)
    op.create_foreign_key(
        "fk_deal_stage_stays_pipeline_id",
        "deal_stage_stays",
        "pipelines",
        ["pipeline_id"],
        ["id"],
    )
    op.create_index(
        "uq_deal_stage_stays_current",
        "deal_stage_stays",
        ["deal_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL"),
    )
