"""All tables of the first release."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    op.execute("CREATE SEQUENCE lead_numbers")
    op.execute("CREATE SEQUENCE request_numbers")
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("arguments", postgresql.JSONB(), nullable=False),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_entries")),
    )
    op.create_index(
        op.f("ix_audit_entries_record_type_record_id"),
        "audit_entries",
        ["record_type", "record_id"],
        unique=False,
    )
    op.create_table(
        "clock_offsets",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("offset_seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_offsets")),
    )
    op.create_table(
        "deployments",
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    op.create_index(
        op.f("ix_deployments_deployed_at"), "deployments", ["deployed_at"], unique=False
    )
    op.create_table(
        "groups",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_groups_name")),
    )
    op.create_table(
        "job_effects",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_job_effects")),
    )
    op.create_index(op.f("ix_job_effects_at"), "job_effects", ["at"], unique=False)
    op.create_table(
        "organizations",
        sa.Column("singleton", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("registration", sa.String(), nullable=True),
        sa.Column("bank", sa.String(), nullable=True),
        sa.Column("color", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("tax_name", sa.String(), nullable=False),
        sa.Column("tax_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("offer_valid_days", sa.Integer(), nullable=False),
        sa.Column("terms", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("singleton", name=op.f("ck_organizations_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organizations")),
        sa.UniqueConstraint("singleton", name=op.f("uq_organizations_singleton")),
    )
    op.create_table(
        "pipelines",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pipelines")),
        sa.UniqueConstraint("name", name=op.f("uq_pipelines_name")),
    )
    op.create_table(
        "templates",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("record_field", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_templates")),
        sa.UniqueConstraint("name", name=op.f("uq_templates_name")),
    )
    op.create_table(
        "users",
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("session_epoch", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
    )
    op.create_table(
        "accounts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("website", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("address", sa.String(), nullable=True),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("industry", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("domain", sa.String(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_accounts_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_accounts_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_index(op.f("ix_accounts_domain"), "accounts", ["domain"], unique=False)
    op.create_index(op.f("ix_accounts_name_key"), "accounts", ["name_key"], unique=False)
    op.create_index(op.f("ix_accounts_owner_id"), "accounts", ["owner_id"], unique=False)
    op.create_index("ix_accounts_sort_created_at", "accounts", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_accounts_sort_name", "accounts", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_accounts_sort_updated_at", "accounts", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_accounts_team_id"), "accounts", ["team_id"], unique=False)
    op.create_table(
        "api_tokens",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hint", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_api_tokens_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_tokens_token_hash")),
    )
    op.create_index(op.f("ix_api_tokens_user_id"), "api_tokens", ["user_id"], unique=False)
    op.create_table(
        "documents",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_by_name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name=op.f("fk_documents_created_by")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
    )
    op.create_index(
        op.f("ix_documents_record_id_created_at"),
        "documents",
        ["record_id", "created_at"],
        unique=False,
    )
    op.create_table(
        "last_assignments",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_last_assignments_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_last_assignments")),
    )
    op.create_table(
        "mails",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("in_reply_to", sa.String(), nullable=True),
        sa.Column("thread_ids", sa.String(), nullable=True),
        sa.Column("from_address", sa.String(), nullable=False),
        sa.Column("to_addresses", sa.String(), nullable=False),
        sa.Column("reply_to", sa.String(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("html", sa.String(), nullable=True),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("template", sa.String(), nullable=True),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.String(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("authentication_results", sa.String(), nullable=True),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=True),
        sa.Column("sender_name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sender_id"], ["users.id"], name=op.f("fk_mails_sender_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mails")),
        sa.UniqueConstraint("call_key", name=op.f("uq_mails_call_key")),
        sa.UniqueConstraint("message_id", name=op.f("uq_mails_message_id")),
    )
    op.create_index(
        op.f("ix_mails_record_id_created_at"), "mails", ["record_id", "created_at"], unique=False
    )
    op.create_index(op.f("ix_mails_state"), "mails", ["state"], unique=False)
    op.create_table(
        "memberships",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_memberships_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_memberships_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "user_id", name=op.f("pk_memberships")),
    )
    op.create_index(op.f("ix_memberships_user_id"), "memberships", ["user_id"], unique=False)
    op.create_table(
        "resources",
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("names", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("checksum", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_resources_deployment_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
        sa.UniqueConstraint("kind", "key", "version", name=op.f("uq_resources_kind_key_version")),
    )
    op.create_index(
        op.f("ix_resources_deployment_id"), "resources", ["deployment_id"], unique=False
    )
    op.create_table(
        "stages",
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["pipeline_id"], ["pipelines.id"], name=op.f("fk_stages_pipeline_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stages")),
        sa.UniqueConstraint("pipeline_id", "key", name=op.f("uq_stages_pipeline_id_key")),
    )
    op.create_table(
        "contacts",
        sa.Column("first_name", sa.String(), nullable=True),
        sa.Column("last_name", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("position", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_contacts_account_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_contacts_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_contacts_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_account_id"), "contacts", ["account_id"], unique=False)
    op.create_index(op.f("ix_contacts_email"), "contacts", ["email"], unique=False)
    op.create_index(op.f("ix_contacts_owner_id"), "contacts", ["owner_id"], unique=False)
    op.create_index(op.f("ix_contacts_phone"), "contacts", ["phone"], unique=False)
    op.create_index("ix_contacts_sort_created_at", "contacts", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_contacts_sort_name", "contacts", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_contacts_sort_updated_at", "contacts", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_contacts_team_id"), "contacts", ["team_id"], unique=False)
    op.create_table(
        "mail_attachments",
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"], ["documents.id"], name=op.f("fk_mail_attachments_document_id")
        ),
        sa.ForeignKeyConstraint(
            ["mail_id"], ["mails.id"], name=op.f("fk_mail_attachments_mail_id")
        ),
        sa.PrimaryKeyConstraint("mail_id", "document_id", name=op.f("pk_mail_attachments")),
    )
    op.create_index(
        op.f("ix_mail_attachments_document_id"), "mail_attachments", ["document_id"], unique=False
    )
    op.create_table(
        "process_versions",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("deployment_id", sa.Uuid(), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=False),
        sa.Column("deployed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version_tag", sa.String(), nullable=False),
        sa.Column("bindings", postgresql.JSONB(), nullable=False),
        sa.Column("granted", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("record_type", sa.String(), nullable=True),
        sa.Column("many_per_record", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_process_versions_deployment_id")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resources.id"], name=op.f("fk_process_versions_resource_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_versions")),
        sa.UniqueConstraint("key", "version", name=op.f("uq_process_versions_key_version")),
    )
    op.create_index(
        op.f("ix_process_versions_deployment_id"),
        "process_versions",
        ["deployment_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_process_versions_resource_id"), "process_versions", ["resource_id"], unique=False
    )
    op.create_table(
        "timeline_entries",
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=True),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("record_title", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_timeline_entries_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timeline_entries")),
    )
    op.create_index(
        "ix_timeline_entries_account", "timeline_entries", ["account_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_timeline_entries_record", "timeline_entries", ["record_id", "at", "id"], unique=False
    )
    op.create_table(
        "leads",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("company", sa.String(), nullable=True),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("phone", sa.String(), nullable=True),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("campaign_keyword", sa.String(), nullable=True),
        sa.Column("wishes", sa.String(), nullable=True),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("grade", sa.String(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("lost_reason", sa.String(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("converted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("deal_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_leads_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_leads_contact_id")),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_leads_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_leads_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_leads")),
        sa.UniqueConstraint("number", name=op.f("uq_leads_number")),
    )
    op.create_index(op.f("ix_leads_account_id"), "leads", ["account_id"], unique=False)
    op.create_index(op.f("ix_leads_contact_id"), "leads", ["contact_id"], unique=False)
    op.create_index(op.f("ix_leads_deal_id"), "leads", ["deal_id"], unique=False)
    op.create_index(op.f("ix_leads_email"), "leads", ["email"], unique=False)
    op.create_index(
        "ix_leads_open_owner",
        "leads",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("status IN ('new', 'working')"),
    )
    op.create_index(op.f("ix_leads_owner_id"), "leads", ["owner_id"], unique=False)
    op.create_index("ix_leads_sort_created_at", "leads", ["created_at", "id"], unique=False)
    op.create_index("ix_leads_sort_due_at", "leads", ["due_at", "id"], unique=False)
    op.create_index(
        "ix_leads_sort_name", "leads", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_leads_sort_score", "leads", ["score", "id"], unique=False)
    op.create_index("ix_leads_sort_updated_at", "leads", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_leads_team_id"), "leads", ["team_id"], unique=False)
    op.create_table(
        "process_drafts",
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("xml", sa.String(), nullable=False),
        sa.Column("base_version_id", sa.Uuid(), nullable=True),
        sa.Column("saved_by_id", sa.Uuid(), nullable=True),
        sa.Column("saved_by", sa.String(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["base_version_id"],
            ["process_versions.id"],
            name=op.f("fk_process_drafts_base_version_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_drafts")),
        sa.UniqueConstraint("process_key", name=op.f("uq_process_drafts_process_key")),
    )
    op.create_table(
        "process_instances",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("exclusive", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("snapshot", sa.LargeBinary(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["process_versions.id"], name=op.f("fk_process_instances_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instances")),
    )
    op.create_index(
        op.f("ix_process_instances_process_key_id"),
        "process_instances",
        ["process_key", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_process_instances_record_id"), "process_instances", ["record_id"], unique=False
    )
    op.create_index(
        "ix_process_instances_running",
        "process_instances",
        ["version_id"],
        unique=False,
        postgresql_where="state = 'running'",
    )
    op.create_index(
        "uq_process_instances_live_record",
        "process_instances",
        ["process_key", "record_id"],
        unique=True,
        postgresql_where=sa.text("state = 'running' AND exclusive"),
    )
    op.create_table(
        "process_starts",
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["version_id"], ["process_versions.id"], name=op.f("fk_process_starts_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_starts")),
    )
    op.create_index(
        op.f("ix_process_starts_kind_name"), "process_starts", ["kind", "name"], unique=False
    )
    op.create_index(
        op.f("ix_process_starts_process_key"), "process_starts", ["process_key"], unique=False
    )
    op.create_table(
        "requests",
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("requester_name", sa.String(), nullable=True),
        sa.Column("requester_email", sa.String(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("answer", sa.String(), nullable=True),
        sa.Column("first_response_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolution_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("first_responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalation_level", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_requests_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_requests_contact_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_requests_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_requests_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requests")),
        sa.UniqueConstraint("number", name=op.f("uq_requests_number")),
    )
    op.create_index(op.f("ix_requests_account_id"), "requests", ["account_id"], unique=False)
    op.create_index(op.f("ix_requests_contact_id"), "requests", ["contact_id"], unique=False)
    op.create_index(
        "ix_requests_open_owner",
        "requests",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed')"),
    )
    op.create_index(op.f("ix_requests_owner_id"), "requests", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_requests_requester_email"), "requests", ["requester_email"], unique=False
    )
    op.create_index("ix_requests_sort_created_at", "requests", ["created_at", "id"], unique=False)
    op.create_index("ix_requests_sort_number", "requests", ["number", "id"], unique=False)
    op.create_index(
        "ix_requests_sort_resolution_due_at", "requests", ["resolution_due_at", "id"], unique=False
    )
    op.create_index(
        "ix_requests_sort_subject",
        "requests",
        [sa.literal_column("lower(subject)"), "id"],
        unique=False,
    )
    op.create_index("ix_requests_sort_updated_at", "requests", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_requests_team_id"), "requests", ["team_id"], unique=False)
    op.create_table(
        "deals",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("pipeline_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("stage_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("probability", sa.Integer(), nullable=False),
        sa.Column("probability_is_manual", sa.Boolean(), nullable=False),
        sa.Column("needs", sa.String(), nullable=True),
        sa.Column("expected_close_on", sa.Date(), nullable=True),
        sa.Column("lost_reason", sa.String(), nullable=True),
        sa.Column("won_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lost_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("offer_document_id", sa.Uuid(), nullable=True),
        sa.Column("contract_document_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_deals_account_id")),
        sa.ForeignKeyConstraint(["contact_id"], ["contacts.id"], name=op.f("fk_deals_contact_id")),
        sa.ForeignKeyConstraint(
            ["contract_document_id"], ["documents.id"], name=op.f("fk_deals_contract_document_id")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_deals_lead_id")),
        sa.ForeignKeyConstraint(
            ["offer_document_id"], ["documents.id"], name=op.f("fk_deals_offer_document_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_deals_owner_id")),
        sa.ForeignKeyConstraint(
            ["pipeline_id", "stage"],
            ["stages.pipeline_id", "stages.key"],
            name=op.f("fk_deals_pipeline_id_stage"),
        ),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_deals_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deals")),
    )
    op.create_index(op.f("ix_deals_account_id"), "deals", ["account_id"], unique=False)
    op.create_index(op.f("ix_deals_contact_id"), "deals", ["contact_id"], unique=False)
    op.create_index(op.f("ix_deals_lead_id"), "deals", ["lead_id"], unique=False)
    op.create_index(
        "ix_deals_open_owner",
        "deals",
        ["owner_id"],
        unique=False,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(op.f("ix_deals_owner_id"), "deals", ["owner_id"], unique=False)
    op.create_index(
        op.f("ix_deals_pipeline_id_stage"), "deals", ["pipeline_id", "stage"], unique=False
    )
    op.create_index("ix_deals_sort_amount", "deals", ["amount", "id"], unique=False)
    op.create_index("ix_deals_sort_created_at", "deals", ["created_at", "id"], unique=False)
    op.create_index(
        "ix_deals_sort_expected_close_on", "deals", ["expected_close_on", "id"], unique=False
    )
    op.create_index(
        "ix_deals_sort_name", "deals", [sa.literal_column("lower(name)"), "id"], unique=False
    )
    op.create_index("ix_deals_sort_updated_at", "deals", ["updated_at", "id"], unique=False)
    op.create_index(op.f("ix_deals_team_id"), "deals", ["team_id"], unique=False)
    op.create_table(
        "history",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("process_id", sa.String(), nullable=True),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("element_type", sa.String(), nullable=True),
        sa.Column("token_id", sa.String(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("details", postgresql.JSONB(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_history_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_history")),
    )
    op.create_index(
        op.f("ix_history_instance_id_id"), "history", ["instance_id", "id"], unique=False
    )
    op.create_table(
        "incidents",
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("version_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.String(), nullable=True),
        sa.Column("element_id", sa.String(), nullable=True),
        sa.Column("element_name", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("job", postgresql.JSONB(), nullable=True),
        sa.Column("data", postgresql.JSONB(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_by", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_incidents_instance_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["process_versions.id"], name=op.f("fk_incidents_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incidents")),
    )
    op.create_index(
        op.f("ix_incidents_instance_id_token_id"),
        "incidents",
        ["instance_id", "token_id"],
        unique=False,
    )
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["id"],
        unique=False,
        postgresql_where="resolved_at IS NULL",
    )
    op.create_table(
        "pending_calls",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("operation", sa.String(), nullable=False),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("failed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_pending_calls_instance_id")
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_pending_calls")),
        sa.UniqueConstraint(
            "instance_id", "token_id", name=op.f("uq_pending_calls_instance_id_token_id")
        ),
    )
    op.create_table(
        "subscriptions",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key_hash", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_subscriptions_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriptions")),
        sa.UniqueConstraint(
            "instance_id", "token_id", name=op.f("uq_subscriptions_instance_id_token_id")
        ),
    )
    op.create_index(
        op.f("ix_subscriptions_name_key_hash"), "subscriptions", ["name", "key_hash"], unique=False
    )
    op.create_table(
        "timers",
        sa.Column("instance_id", sa.Uuid(), nullable=True),
        sa.Column("start_id", sa.Uuid(), nullable=True),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("repeat", sa.String(), nullable=True),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_timers_instance_id")
        ),
        sa.ForeignKeyConstraint(
            ["start_id"], ["process_starts.id"], name=op.f("fk_timers_start_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timers")),
        sa.UniqueConstraint("instance_id", "token_id", name=op.f("uq_timers_instance_id_token_id")),
    )
    op.create_index(
        "ix_timers_due", "timers", ["due_at"], unique=False, postgresql_where="NOT taken"
    )
    op.create_index(op.f("ix_timers_start_id"), "timers", ["start_id"], unique=False)
    op.create_table(
        "work_items",
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("version_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("process_key", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("form_id", sa.String(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("assignee_id", sa.Uuid(), nullable=True),
        sa.Column("candidate_groups", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("candidate_users", postgresql.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sort_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("follow_up_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("variables", postgresql.JSONB(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by_id", sa.Uuid(), nullable=True),
        sa.Column("ended_by", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_work_items_instance_id")
        ),
        sa.ForeignKeyConstraint(
            ["version_id"], ["process_versions.id"], name=op.f("fk_work_items_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_items")),
    )
    op.create_index(
        op.f("ix_work_items_instance_id_token_id"),
        "work_items",
        ["instance_id", "token_id"],
        unique=False,
    )
    op.create_index(
        "ix_work_items_mine_age",
        "work_items",
        ["assignee_id", "id"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index(
        "ix_work_items_mine_due",
        "work_items",
        ["assignee_id", "sort_due_at", "id"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index(
        "ix_work_items_mine_rank",
        "work_items",
        ["assignee_id", "rank", "id"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index(
        "ix_work_items_open_age",
        "work_items",
        ["id"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index(
        "ix_work_items_open_candidates",
        "work_items",
        ["candidate_groups", "candidate_users"],
        unique=False,
        postgresql_using="gin",
        postgresql_where="state = 'open'",
    )
    op.create_index(
        "ix_work_items_open_due",
        "work_items",
        ["sort_due_at", "id"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index(
        "ix_work_items_open_rank",
        "work_items",
        ["rank", "id"],
        unique=False,
        postgresql_where="state = 'open'",
    )
    op.create_index("ix_work_items_record", "work_items", ["record_id", "id"], unique=False)
    op.create_table(
        "deal_positions",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("quantity", sa.Numeric(precision=14, scale=3), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("unit_price", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("discount_percent", sa.Numeric(precision=5, scale=2), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["deal_id"], ["deals.id"], name=op.f("fk_deal_positions_deal_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_positions")),
        sa.UniqueConstraint("deal_id", "position", name=op.f("uq_deal_positions_deal_id_position")),
    )
    op.create_table(
        "deal_stage_changes",
        sa.Column("deal_id", sa.Uuid(), nullable=False),
        sa.Column("from_stage", sa.String(), nullable=True),
        sa.Column("to_stage", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds_before", sa.Integer(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=18, scale=2), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deal_id"], ["deals.id"], name=op.f("fk_deal_stage_changes_deal_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deal_stage_changes")),
    )
    op.create_index(
        op.f("ix_deal_stage_changes_deal_id_at"),
        "deal_stage_changes",
        ["deal_id", "at"],
        unique=False,
    )
    op.create_table(
        "queue_entries",
        sa.Column("queue_id", sa.Uuid(), nullable=False),
        sa.Column("work_item_id", sa.Uuid(), nullable=False),
        sa.Column("sort_due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["work_item_id"],
            ["work_items.id"],
            name=op.f("fk_queue_entries_work_item_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("queue_id", "work_item_id", name=op.f("pk_queue_entries")),
    )
    op.create_index(
        op.f("ix_queue_entries_queue_id_rank_work_item_id"),
        "queue_entries",
        ["queue_id", "rank", "work_item_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_queue_entries_queue_id_sort_due_at_work_item_id"),
        "queue_entries",
        ["queue_id", "sort_due_at", "work_item_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_queue_entries_work_item_id"), "queue_entries", ["work_item_id"], unique=False
    )
    # Leads and deals refer to each other.
    op.create_foreign_key(op.f("fk_leads_deal_id"), "leads", "deals", ["deal_id"], ["id"])


def downgrade():
    op.drop_constraint(op.f("fk_leads_deal_id"), "leads", type_="foreignkey")
    op.drop_index(op.f("ix_queue_entries_work_item_id"), table_name="queue_entries")
    op.drop_index(
        op.f("ix_queue_entries_queue_id_sort_due_at_work_item_id"), table_name="queue_entries"
    )
    op.drop_index(op.f("ix_queue_entries_queue_id_rank_work_item_id"), table_name="queue_entries")
    op.drop_table("queue_entries")
    op.drop_index(op.f("ix_deal_stage_changes_deal_id_at"), table_name="deal_stage_changes")
    op.drop_table("deal_stage_changes")
    op.drop_table("deal_positions")
    op.drop_index("ix_work_items_record", table_name="work_items")
    op.drop_index(
        "ix_work_items_open_rank", table_name="work_items", postgresql_where="state = 'open'"
    )
    op.drop_index(
        "ix_work_items_open_due", table_name="work_items", postgresql_where="state = 'open'"
    )
    op.drop_index(
        "ix_work_items_open_candidates",
        table_name="work_items",
        postgresql_using="gin",
        postgresql_where="state = 'open'",
    )
    op.drop_index(
        "ix_work_items_open_age", table_name="work_items", postgresql_where="state = 'open'"
    )
    op.drop_index(
        "ix_work_items_mine_rank", table_name="work_items", postgresql_where="state = 'open'"
    )
    op.drop_index(
        "ix_work_items_mine_due", table_name="work_items", postgresql_where="state = 'open'"
    )
    op.drop_index(
        "ix_work_items_mine_age", table_name="work_items", postgresql_where="state = 'open'"
    )
    op.drop_index(op.f("ix_work_items_instance_id_token_id"), table_name="work_items")
    op.drop_table("work_items")
    op.drop_index(op.f("ix_timers_start_id"), table_name="timers")
    op.drop_index("ix_timers_due", table_name="timers", postgresql_where="NOT taken")
    op.drop_table("timers")
    op.drop_index(op.f("ix_subscriptions_name_key_hash"), table_name="subscriptions")
    op.drop_table("subscriptions")
    op.drop_table("pending_calls")
    op.drop_index(
        "ix_incidents_open", table_name="incidents", postgresql_where="resolved_at IS NULL"
    )
    op.drop_index(op.f("ix_incidents_instance_id_token_id"), table_name="incidents")
    op.drop_table("incidents")
    op.drop_index(op.f("ix_history_instance_id_id"), table_name="history")
    op.drop_table("history")
    op.drop_index(op.f("ix_deals_team_id"), table_name="deals")
    op.drop_index("ix_deals_sort_updated_at", table_name="deals")
    op.drop_index("ix_deals_sort_name", table_name="deals")
    op.drop_index("ix_deals_sort_expected_close_on", table_name="deals")
    op.drop_index("ix_deals_sort_created_at", table_name="deals")
    op.drop_index("ix_deals_sort_amount", table_name="deals")
    op.drop_index(op.f("ix_deals_pipeline_id_stage"), table_name="deals")
    op.drop_index(op.f("ix_deals_owner_id"), table_name="deals")
    op.drop_index(
        "ix_deals_open_owner", table_name="deals", postgresql_where=sa.text("closed_at IS NULL")
    )
    op.drop_index(op.f("ix_deals_lead_id"), table_name="deals")
    op.drop_index(op.f("ix_deals_contact_id"), table_name="deals")
    op.drop_index(op.f("ix_deals_account_id"), table_name="deals")
    op.drop_table("deals")
    op.drop_index(op.f("ix_requests_team_id"), table_name="requests")
    op.drop_index("ix_requests_sort_updated_at", table_name="requests")
    op.drop_index("ix_requests_sort_subject", table_name="requests")
    op.drop_index("ix_requests_sort_resolution_due_at", table_name="requests")
    op.drop_index("ix_requests_sort_number", table_name="requests")
    op.drop_index("ix_requests_sort_created_at", table_name="requests")
    op.drop_index(op.f("ix_requests_requester_email"), table_name="requests")
    op.drop_index(op.f("ix_requests_owner_id"), table_name="requests")
    op.drop_index(
        "ix_requests_open_owner",
        table_name="requests",
        postgresql_where=sa.text("status NOT IN ('resolved', 'closed')"),
    )
    op.drop_index(op.f("ix_requests_contact_id"), table_name="requests")
    op.drop_index(op.f("ix_requests_account_id"), table_name="requests")
    op.drop_table("requests")
    op.drop_index(op.f("ix_process_starts_process_key"), table_name="process_starts")
    op.drop_index(op.f("ix_process_starts_kind_name"), table_name="process_starts")
    op.drop_table("process_starts")
    op.drop_index(
        "uq_process_instances_live_record",
        table_name="process_instances",
        postgresql_where=sa.text("state = 'running' AND exclusive"),
    )
    op.drop_index(
        "ix_process_instances_running",
        table_name="process_instances",
        postgresql_where="state = 'running'",
    )
    op.drop_index(op.f("ix_process_instances_record_id"), table_name="process_instances")
    op.drop_index(op.f("ix_process_instances_process_key_id"), table_name="process_instances")
    op.drop_table("process_instances")
    op.drop_table("process_drafts")
    op.drop_index(op.f("ix_leads_team_id"), table_name="leads")
    op.drop_index("ix_leads_sort_updated_at", table_name="leads")
    op.drop_index("ix_leads_sort_score", table_name="leads")
    op.drop_index("ix_leads_sort_name", table_name="leads")
    op.drop_index("ix_leads_sort_due_at", table_name="leads")
    op.drop_index("ix_leads_sort_created_at", table_name="leads")
    op.drop_index(op.f("ix_leads_owner_id"), table_name="leads")
    op.drop_index(
        "ix_leads_open_owner",
        table_name="leads",
        postgresql_where=sa.text("status IN ('new', 'working')"),
    )
    op.drop_index(op.f("ix_leads_email"), table_name="leads")
    op.drop_index(op.f("ix_leads_deal_id"), table_name="leads")
    op.drop_index(op.f("ix_leads_contact_id"), table_name="leads")
    op.drop_index(op.f("ix_leads_account_id"), table_name="leads")
    op.drop_table("leads")
    op.drop_index("ix_timeline_entries_record", table_name="timeline_entries")
    op.drop_index("ix_timeline_entries_account", table_name="timeline_entries")
    op.drop_table("timeline_entries")
    op.drop_index(op.f("ix_process_versions_resource_id"), table_name="process_versions")
    op.drop_index(op.f("ix_process_versions_deployment_id"), table_name="process_versions")
    op.drop_table("process_versions")
    op.drop_index(op.f("ix_mail_attachments_document_id"), table_name="mail_attachments")
    op.drop_table("mail_attachments")
    op.drop_index(op.f("ix_contacts_team_id"), table_name="contacts")
    op.drop_index("ix_contacts_sort_updated_at", table_name="contacts")
    op.drop_index("ix_contacts_sort_name", table_name="contacts")
    op.drop_index("ix_contacts_sort_created_at", table_name="contacts")
    op.drop_index(op.f("ix_contacts_phone"), table_name="contacts")
    op.drop_index(op.f("ix_contacts_owner_id"), table_name="contacts")
    op.drop_index(op.f("ix_contacts_email"), table_name="contacts")
    op.drop_index(op.f("ix_contacts_account_id"), table_name="contacts")
    op.drop_table("contacts")
    op.drop_table("stages")
    op.drop_index(op.f("ix_resources_deployment_id"), table_name="resources")
    op.drop_table("resources")
    op.drop_index(op.f("ix_memberships_user_id"), table_name="memberships")
    op.drop_table("memberships")
    op.drop_index(op.f("ix_mails_state"), table_name="mails")
    op.drop_index(op.f("ix_mails_record_id_created_at"), table_name="mails")
    op.drop_table("mails")
    op.drop_table("last_assignments")
    op.drop_index(op.f("ix_documents_record_id_created_at"), table_name="documents")
    op.drop_table("documents")
    op.drop_index(op.f("ix_api_tokens_user_id"), table_name="api_tokens")
    op.drop_table("api_tokens")
    op.drop_index(op.f("ix_accounts_team_id"), table_name="accounts")
    op.drop_index("ix_accounts_sort_updated_at", table_name="accounts")
    op.drop_index("ix_accounts_sort_name", table_name="accounts")
    op.drop_index("ix_accounts_sort_created_at", table_name="accounts")
    op.drop_index(op.f("ix_accounts_owner_id"), table_name="accounts")
    op.drop_index(op.f("ix_accounts_name_key"), table_name="accounts")
    op.drop_index(op.f("ix_accounts_domain"), table_name="accounts")
    op.drop_table("accounts")
    op.drop_table("users")
    op.drop_table("templates")
    op.drop_table("pipelines")
    op.drop_table("organizations")
    op.drop_index(op.f("ix_job_effects_at"), table_name="job_effects")
    op.drop_table("job_effects")
    op.drop_table("groups")
    op.drop_index(op.f("ix_deployments_deployed_at"), table_name="deployments")
    op.drop_table("deployments")
    op.drop_table("clock_offsets")
    op.drop_index(op.f("ix_audit_entries_record_type_record_id"), table_name="audit_entries")
    op.drop_table("audit_entries")
    op.execute("DROP SEQUENCE lead_numbers")
    op.execute("DROP SEQUENCE request_numbers")
