"""Consents belong to addresses, campaigns have keywords, fills know their process."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("campaign_members", sa.Column("bought_type", sa.String(), nullable=True))
    op.add_column("campaign_members", sa.Column("bought_id", sa.Uuid(), nullable=True))
    op.add_column("campaigns", sa.Column("keyword", sa.String(), nullable=True))
    op.add_column("consent_entries", sa.Column("address", sa.String(), nullable=True))
    op.add_column(
        "marketing_fills",
        sa.Column(
            "granted", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    # Those that diagrams began under way: what every one of them may do that fills.
    op.execute(
        'UPDATE marketing_fills SET granted = \'["record:read", "record:write"]\''
        " WHERE started_by IS NULL AND started_by_name <> 'Lanewise'"
    )
    # What was given so far is taken as given for the address that the person has now.
    op.execute(
        """
        UPDATE consent_entries e SET address = (
          SELECT p.normalised FROM contact_points p
          WHERE p.record_id = e.record_id
            AND p.kind = CASE WHEN e.channel IN ('sms', 'phone') THEN 'phone' ELSE e.channel END
          ORDER BY NOT EXISTS (
              SELECT FROM contacts c
              WHERE c.id = e.record_id AND p.normalised IN (c.email, c.phone)
            ) AND NOT EXISTS (
              SELECT FROM leads l WHERE l.id = e.record_id AND p.normalised IN (l.email, l.phone)
            ), p.created_at, p.id
          LIMIT 1
        ) WHERE e.state <> 'withdrawn'
        """
    )
    op.execute(
        """
        CREATE OR REPLACE FUNCTION keep_consent_entries() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF TG_OP = 'DELETE'
            OR (NEW.state, NEW.channel, NEW.purpose_id, NEW.at, NEW.written_at, NEW.source)
              IS DISTINCT FROM
              (OLD.state, OLD.channel, OLD.purpose_id, OLD.at, OLD.written_at, OLD.source)
            OR NEW.address <> OLD.address OR (NEW.address IS NOT NULL AND OLD.address IS NULL)
          THEN
            RAISE EXCEPTION 'what people said of being contacted is only ever added to';
          END IF;
          RETURN NEW;
        END $$
        """
    )
