"""Purposes, their texts, and what people said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "consent_purposes",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("titles", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("needs_consent", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "confirms_by_mail", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
        sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_purposes")),
        sa.UniqueConstraint("key", name=op.f("uq_consent_purposes_key")),
    )
    op.create_table(
        "consent_texts",
        sa.Column("purpose_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purpose_id"], ["consent_purposes.id"], name=op.f("fk_consent_texts_purpose_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_texts")),
        sa.UniqueConstraint(
            "purpose_id", "number", name=op.f("uq_consent_texts_purpose_id_number")
        ),
    )
    op.create_table(
        "consent_entries",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("purpose_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("text_id", sa.Uuid(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["purpose_id"], ["consent_purposes.id"], name=op.f("fk_consent_entries_purpose_id")
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["consent_texts.id"], name=op.f("fk_consent_entries_text_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_entries")),
    )
    op.create_index(
        "ix_consent_entries_last",
        "consent_entries",
        [
            "record_id",
            "channel",
            "purpose_id",
            sa.literal_column("at DESC"),
            sa.literal_column("id DESC"),
        ],
        unique=False,
    )
    op.create_index(
        op.f("ix_consent_entries_purpose_id"), "consent_entries", ["purpose_id"], unique=False
    )
    op.create_index(
        op.f("ix_consent_entries_text_id"), "consent_entries", ["text_id"], unique=False
    )
    op.execute(
        """
        CREATE FUNCTION keep_consent_entries() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE'
            OR (NEW.state, NEW.channel, NEW.purpose_id, NEW.at, NEW.written_at, NEW.source)
              IS DISTINCT FROM
              (OLD.state, OLD.channel, OLD.purpose_id, OLD.at, OLD.written_at, OLD.source)
          THEN
            RAISE EXCEPTION 'what people said of being contacted is only ever added to';
          END IF;
          RETURN NEW;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER keep_consent_entries BEFORE UPDATE OR DELETE ON consent_entries"
        " FOR EACH ROW EXECUTE FUNCTION keep_consent_entries()"
    )
