"""Versions and languages of templates, documents made in the background."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "template_versions",
        sa.Column("template_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.Uuid(), nullable=True),
        sa.Column("made_by_name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"], ["users.id"], name=op.f("fk_template_versions_made_by")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"],
            ["templates.id"],
            name=op.f("fk_template_versions_template_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template_versions")),
    )
    op.create_index(
        op.f("ix_template_versions_template_id_number"),
        "template_versions",
        ["template_id", "number"],
        unique=True,
    )
    op.create_table(
        "document_makings",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("as_pdf", sa.Boolean(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=True),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["created_by"], ["users.id"], name=op.f("fk_document_makings_created_by")
        ),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_document_makings_document_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_document_makings")),
        sa.UniqueConstraint("call_key", name=op.f("uq_document_makings_call_key")),
    )
    op.create_index(
        op.f("ix_document_makings_record_id_created_at"),
        "document_makings",
        ["record_id", "created_at"],
        unique=False,
    )
    op.add_column("documents", sa.Column("template_version", sa.Integer(), nullable=True))
    op.add_column("documents", sa.Column("language", sa.String(), nullable=True))
    op.add_column(
        "documents", sa.Column("number", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column("documents", sa.Column("source_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_documents_source_id"), "documents", "documents", ["source_id"], ["id"]
    )
    op.add_column(
        "templates", sa.Column("format", sa.String(), server_default="html", nullable=False)
    )
    op.add_column("templates", sa.Column("label", sa.String(), server_default="", nullable=False))
    op.add_column(
        "templates",
        sa.Column(
            "record_types",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
    )
    op.add_column(
        "templates", sa.Column("number", sa.Integer(), server_default="1", nullable=False)
    )
    op.add_column(
        "templates",
        sa.Column("is_changed", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column(
        "templates",
        sa.Column("is_retired", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.drop_constraint(op.f("uq_templates_name"), "templates", type_="unique")
    op.create_unique_constraint(
        op.f("uq_templates_name_language"), "templates", ["name", "language"]
    )
    # Whether people have changed a text is found out when the program starts.
    op.execute("UPDATE templates SET is_changed = true")
    op.execute(
        """
        INSERT INTO template_versions (id, template_id, number, format, title, body, made_at,
          made_by_name)
        SELECT gen_random_uuid(), id, 1, 'html', title, body, updated_at, 'Lanewise' FROM templates
        """
    )
    op.execute(
        """
        UPDATE templates SET record_types = CASE
          WHEN name IN ('offer', 'offer_mail', 'contract', 'contract_mail') THEN '["deal"]'::jsonb
          WHEN name = 'lead_reminder' THEN '["lead"]'::jsonb
          ELSE '["request"]'::jsonb END
        WHERE name IN ('offer', 'offer_mail', 'contract', 'contract_mail', 'lead_reminder',
          'request_answer', 'request_escalation', 'request_received')
        """
    )
    op.execute(
        """
        UPDATE documents SET number = counted.number FROM (
          SELECT id, row_number() OVER (PARTITION BY record_id, template ORDER BY id) AS number
          FROM documents WHERE template IS NOT NULL
        ) AS counted WHERE counted.id = documents.id AND counted.number > 1
        """
    )
