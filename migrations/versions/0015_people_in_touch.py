"""Contact points, several accounts of a contact, activities, tags, notes and threads of mails."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "contact_points",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("normalised", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("opted_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opt_out_reason", sa.String(), nullable=True),
        sa.Column("invalid_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("invalid_reason", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_points")),
        sa.UniqueConstraint(
            "record_id",
            "kind",
            "normalised",
            name=op.f("uq_contact_points_record_id_kind_normalised"),
        ),
    )
    op.create_index(
        op.f("ix_contact_points_kind_normalised"),
        "contact_points",
        ["kind", "normalised"],
        unique=False,
    )
    op.create_table(
        "tags",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("name_key", sa.String(), nullable=False),
        sa.Column("colour", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("name_key", name=op.f("uq_tags_name_key")),
    )
    op.create_table(
        "tag_links",
        sa.Column("tag_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("tagged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tagged_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["tag_id"], ["tags.id"], name=op.f("fk_tag_links_tag_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tag_links")),
        sa.UniqueConstraint("record_id", "tag_id", name=op.f("uq_tag_links_record_id_tag_id")),
    )
    op.create_index(
        op.f("ix_tag_links_tag_id_record_type"),
        "tag_links",
        ["tag_id", "record_type"],
        unique=False,
    )
    op.create_table(
        "activities",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("all_day", sa.Boolean(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=True),
        sa.Column("priority", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=True),
        sa.Column("description", sa.String(), nullable=True),
        sa.Column("result", sa.String(), nullable=True),
        sa.Column("reminder_minutes", sa.Integer(), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("regarding_type", sa.String(), nullable=True),
        sa.Column("regarding_id", sa.Uuid(), nullable=True),
        sa.Column("account_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("team_id", sa.Uuid(), nullable=True),
        sa.Column("search_text", sa.String(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_activities_account_id")
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_activities_owner_id")),
        sa.ForeignKeyConstraint(["team_id"], ["groups.id"], name=op.f("fk_activities_team_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activities")),
    )
    op.create_index(op.f("ix_activities_account_id"), "activities", ["account_id"], unique=False)
    op.create_index(
        "ix_activities_open_owner",
        "activities",
        ["owner_id", "due_at"],
        unique=False,
        postgresql_where=sa.text("status = 'planned'"),
    )
    op.create_index(op.f("ix_activities_owner_id"), "activities", ["owner_id"], unique=False)
    op.create_index(
        "ix_activities_regarding", "activities", ["regarding_id", "due_at"], unique=False
    )
    op.create_index(
        "ix_activities_sort_created_at", "activities", ["created_at", "id"], unique=False
    )
    op.create_index("ix_activities_sort_due_at", "activities", ["due_at", "id"], unique=False)
    op.create_index("ix_activities_sort_starts_at", "activities", ["starts_at", "id"], unique=False)
    op.create_index(
        "ix_activities_sort_subject",
        "activities",
        [sa.literal_column("lower(subject)"), "id"],
        unique=False,
    )
    op.create_index(
        "ix_activities_sort_updated_at", "activities", ["updated_at", "id"], unique=False
    )
    op.create_index(op.f("ix_activities_team_id"), "activities", ["team_id"], unique=False)
    op.create_table(
        "mail_links",
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("linked_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["mail_id"], ["mails.id"], name=op.f("fk_mail_links_mail_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_links")),
        sa.UniqueConstraint("mail_id", "record_id", name=op.f("uq_mail_links_mail_id_record_id")),
    )
    op.create_index(op.f("ix_mail_links_record_id"), "mail_links", ["record_id"], unique=False)
    op.create_table(
        "contact_accounts",
        sa.Column("contact_id", sa.Uuid(), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("position", sa.String(), nullable=True),
        sa.Column("since", sa.Date(), nullable=True),
        sa.Column("until", sa.Date(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_contact_accounts_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_contact_accounts_contact_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact_accounts")),
        sa.UniqueConstraint(
            "contact_id", "account_id", name=op.f("uq_contact_accounts_contact_id_account_id")
        ),
    )
    op.create_index(
        op.f("ix_contact_accounts_account_id"), "contact_accounts", ["account_id"], unique=False
    )
    op.create_table(
        "mentions",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["timeline_entries.id"], name=op.f("fk_mentions_entry_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_mentions_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mentions")),
        sa.UniqueConstraint("entry_id", "user_id", name=op.f("uq_mentions_entry_id_user_id")),
    )
    op.create_index(
        op.f("ix_mentions_user_id_read_at"), "mentions", ["user_id", "read_at"], unique=False
    )
    op.create_table(
        "note_versions",
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_by", sa.String(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["timeline_entries.id"], name=op.f("fk_note_versions_entry_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_note_versions")),
    )
    op.create_index(op.f("ix_note_versions_entry_id"), "note_versions", ["entry_id"], unique=False)
    op.create_table(
        "activity_participants",
        sa.Column("activity_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("lead_id", sa.Uuid(), nullable=True),
        sa.Column("response", sa.String(), nullable=False),
        sa.Column("responded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(user_id, contact_id, lead_id) = 1",
            name=op.f("ck_activity_participants_one_person"),
        ),
        sa.ForeignKeyConstraint(
            ["activity_id"], ["activities.id"], name=op.f("fk_activity_participants_activity_id")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contacts.id"], name=op.f("fk_activity_participants_contact_id")
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"], ["leads.id"], name=op.f("fk_activity_participants_lead_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_activity_participants_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activity_participants")),
        sa.UniqueConstraint(
            "activity_id",
            "contact_id",
            name=op.f("uq_activity_participants_activity_id_contact_id"),
        ),
        sa.UniqueConstraint(
            "activity_id", "lead_id", name=op.f("uq_activity_participants_activity_id_lead_id")
        ),
        sa.UniqueConstraint(
            "activity_id", "user_id", name=op.f("uq_activity_participants_activity_id_user_id")
        ),
    )
    op.create_index(
        op.f("ix_activity_participants_contact_id"),
        "activity_participants",
        ["contact_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_activity_participants_lead_id"), "activity_participants", ["lead_id"], unique=False
    )
    op.create_index(
        op.f("ix_activity_participants_user_id"), "activity_participants", ["user_id"], unique=False
    )
    op.add_column("accounts", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column("accounts", sa.Column("other_points", sa.String(), nullable=True))
    op.create_index(op.f("ix_accounts_parent_id"), "accounts", ["parent_id"], unique=False)
    op.create_foreign_key(
        op.f("fk_accounts_parent_id"), "accounts", "accounts", ["parent_id"], ["id"]
    )
    op.add_column("contacts", sa.Column("other_points", sa.String(), nullable=True))
    op.add_column("leads", sa.Column("other_points", sa.String(), nullable=True))
    op.add_column(
        "mails",
        sa.Column(
            "thread_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
    )
    op.add_column(
        "mails", sa.Column("purpose", sa.String(), server_default="service", nullable=False)
    )
    op.add_column("mails", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("mails", sa.Column("read_by", sa.String(), nullable=True))
    op.create_index(
        op.f("ix_mails_thread_id_created_at"), "mails", ["thread_id", "created_at"], unique=False
    )
    op.add_column(
        "timeline_entries",
        sa.Column("is_copy", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    for statement in _STEPS:
        op.execute(statement)


_NEW_POINTS = """
CREATE FUNCTION keep_points_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contact_points (id, record_type, record_id, kind, value, normalised, created_at)
  SELECT gen_random_uuid(), TG_ARGV[0], made.id, point.kind, point.value, point.value,
         made.created_at
  FROM new_rows AS made
  CROSS JOIN LATERAL (VALUES ('mail', made.email), ('phone', made.phone)) AS point (kind, value)
  WHERE point.value <> ''
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
_CHANGED_POINT = """
CREATE FUNCTION keep_point(
  of_type text, of_record uuid, of_kind text, was text, becomes text, at timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF was IS NOT DISTINCT FROM becomes THEN
    RETURN;
  END IF;
  IF becomes IS NULL OR becomes = '' THEN
    DELETE FROM contact_points
    WHERE record_id = of_record AND kind = of_kind AND normalised = was;
    RETURN;
  END IF;
  PERFORM 1 FROM contact_points
  WHERE record_id = of_record AND kind = of_kind AND normalised = becomes;
  IF FOUND THEN
    RETURN;
  END IF;
  UPDATE contact_points
  SET value = becomes, normalised = becomes, invalid_since = NULL, invalid_reason = NULL
  WHERE record_id = of_record AND kind = of_kind AND normalised = was;
  IF NOT FOUND THEN
    INSERT INTO contact_points (id, record_type, record_id, kind, value, normalised, created_at)
    VALUES (gen_random_uuid(), of_type, of_record, of_kind, becomes, becomes, at)
    ON CONFLICT DO NOTHING;
  END IF;
END $$
"""
_CHANGED_POINTS = """
CREATE FUNCTION keep_points_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM keep_point(TG_ARGV[0], NEW.id, 'mail', OLD.email, NEW.email, NEW.updated_at);
  PERFORM keep_point(TG_ARGV[0], NEW.id, 'phone', OLD.phone, NEW.phone, NEW.updated_at);
  RETURN NULL;
END $$
"""
_NEW_PLACES = """
CREATE FUNCTION keep_places_of_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO contact_accounts (id, contact_id, account_id, since)
  SELECT gen_random_uuid(), made.id, made.account_id, (made.created_at AT TIME ZONE 'UTC')::date
  FROM new_rows AS made
  WHERE made.account_id IS NOT NULL
  ON CONFLICT DO NOTHING;
  RETURN NULL;
END $$
"""
_CHANGED_PLACE = """
CREATE FUNCTION keep_place_of_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  today date := (NEW.updated_at AT TIME ZONE 'UTC')::date;
BEGIN
  PERFORM 1 FROM contact_accounts
  WHERE contact_id = NEW.id AND account_id = NEW.account_id
    AND (until IS NULL OR until >= today);
  IF FOUND THEN
    RETURN NULL;
  END IF;
  UPDATE contact_accounts SET until = today
  WHERE contact_id = NEW.id AND account_id = OLD.account_id AND until IS NULL;
  IF NEW.account_id IS NOT NULL THEN
    INSERT INTO contact_accounts (id, contact_id, account_id, since)
    VALUES (gen_random_uuid(), NEW.id, NEW.account_id, today)
    ON CONFLICT (contact_id, account_id) DO UPDATE SET until = NULL;
  END IF;
  RETURN NULL;
END $$
"""
_POINT_TRIGGERS = [
    f"""
    CREATE TRIGGER points_of_{kind}_{table} AFTER {event} ON {table}
    {how} EXECUTE FUNCTION keep_points_of_{kind}('{record_type}')
    """
    for table, record_type in (("accounts", "account"), ("contacts", "contact"), ("leads", "lead"))
    for kind, event, how in (
        ("new", "INSERT", "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT"),
        (
            "changed",
            "UPDATE OF email, phone",
            (
                "FOR EACH ROW WHEN (OLD.email IS DISTINCT FROM NEW.email"
                " OR OLD.phone IS DISTINCT FROM NEW.phone)"
            ),
        ),
    )
]
_PLACE_TRIGGERS = [
    """
    CREATE TRIGGER places_of_new_contacts AFTER INSERT ON contacts
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION keep_places_of_new()
    """,
    """
    CREATE TRIGGER places_of_changed_contacts AFTER UPDATE OF account_id ON contacts
    FOR EACH ROW WHEN (OLD.account_id IS DISTINCT FROM NEW.account_id)
    EXECUTE FUNCTION keep_place_of_changed()
    """,
]
_OLD_ROWS = [
    f"""
    INSERT INTO contact_points (id, record_type, record_id, kind, value, normalised, created_at)
    SELECT gen_random_uuid(), '{record_type}', id, '{kind}', {column}, {column}, created_at
    FROM {table} WHERE {column} <> ''
    """  # noqa: S608 - names of ours
    for table, record_type in (("accounts", "account"), ("contacts", "contact"), ("leads", "lead"))
    for kind, column in (("mail", "email"), ("phone", "phone"))
] + [
    """
    INSERT INTO contact_accounts (id, contact_id, account_id, since)
    SELECT gen_random_uuid(), id, account_id, (created_at AT TIME ZONE 'UTC')::date
    FROM contacts WHERE account_id IS NOT NULL
    """,
    # A conversation is named by its first mail; what nobody answered is one of its own.
    """
    WITH RECURSIVE threads AS (
      SELECT mails.id, mails.message_id, mails.id AS thread FROM mails
      WHERE NOT EXISTS (SELECT 1 FROM mails former WHERE former.message_id = mails.in_reply_to)
      UNION
      SELECT mails.id, mails.message_id, threads.thread
      FROM mails JOIN threads ON mails.in_reply_to = threads.message_id
    )
    UPDATE mails SET thread_id = threads.thread FROM threads WHERE threads.id = mails.id
    """,
    "UPDATE mails SET read_at = created_at, read_by = 'Lanewise' WHERE state = 'received'",
]
_STEPS = [
    _NEW_POINTS,
    _CHANGED_POINT,
    _CHANGED_POINTS,
    _NEW_PLACES,
    _CHANGED_PLACE,
    *_POINT_TRIGGERS,
    *_PLACE_TRIGGERS,
    *_OLD_ROWS,
]
