"""Notifications, and when to remind of activities."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "notification_settings",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("choices", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("digest_hour", sa.Integer(), nullable=False),
        sa.Column("next_digest_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notification_settings_user_id")
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_notification_settings")),
    )
    op.create_index(
        op.f("ix_notification_settings_next_digest_at"),
        "notification_settings",
        ["next_digest_at"],
        unique=False,
    )
    op.create_table(
        "notifications",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("record_id", sa.Uuid(), nullable=False),
        sa.Column("about_id", sa.Uuid(), nullable=True),
        sa.Column("moment", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_notifications_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("user_id", "key", name=op.f("uq_notifications_user_id_key")),
        info={"twins_stay": True},
    )
    op.create_index(op.f("ix_notifications_at"), "notifications", ["at"], unique=False)
    op.create_index(
        op.f("ix_notifications_record_id"), "notifications", ["record_id"], unique=False
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["user_id", "record_type"],
        unique=False,
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(
        op.f("ix_notifications_user_id_at"), "notifications", ["user_id", "at"], unique=False
    )
    op.add_column("activities", sa.Column("remind_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("activities", sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_activities_remind_at",
        "activities",
        ["remind_at"],
        unique=False,
        postgresql_where=sa.text(
            "status = 'planned' AND reminded_at IS NULL AND remind_at IS NOT NULL"
        ),
    )
    op.execute(
        """
        CREATE FUNCTION keep_remind_at() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          NEW.remind_at := coalesce(NEW.starts_at, NEW.due_at)
            - make_interval(mins => NEW.reminder_minutes);
          IF TG_OP = 'UPDATE' AND NEW.remind_at IS DISTINCT FROM OLD.remind_at THEN
            NEW.reminded_at := NULL;
          END IF;
          RETURN NEW;
        END $$
        """
    )
    # Who was not reminded so far is not reminded of the past all at once.
    op.execute(
        """
        UPDATE activities SET
          remind_at = coalesce(starts_at, due_at) - make_interval(mins => reminder_minutes),
          reminded_at = CASE WHEN coalesce(starts_at, due_at)
            - make_interval(mins => reminder_minutes) <= now() THEN now() END
        WHERE reminder_minutes IS NOT NULL
        """
    )
    op.execute(
        "CREATE TRIGGER keep_remind_at"
        " BEFORE INSERT OR UPDATE OF starts_at, due_at, reminder_minutes ON activities"
        " FOR EACH ROW EXECUTE FUNCTION keep_remind_at()"
    )
