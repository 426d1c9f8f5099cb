"""Messages that wait for their receiver, steps that jobs do, and why jobs failed."""

import json
from uuid import uuid4

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# The job engine looks for earlier jobs with the same lock each time it takes one.
LOCKS = (
    "CREATE INDEX ix_procrastinate_jobs_waiting_lock ON procrastinate_jobs (lock) "
    "WHERE status IN ('todo', 'doing') AND lock IS NOT NULL"
)
AT_CONDITIONS = (
    "SELECT id, record_id, snapshot FROM process_instances WHERE state = 'running' "
    'AND position(CAST(\'"wait":"condition"\' AS bytea) IN snapshot) > 0'
)
# The hash of an empty key, as of those who wait for any message.
NO_KEY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def upgrade():
    _create_messages()
    _create_jobs()
    op.create_index(
        "ix_subscriptions_conditions",
        "subscriptions",
        ["instance_id"],
        unique=False,
        postgresql_where="kind = 'condition'",
    )
    op.execute(LOCKS)
    _subscribe_those_at_conditions()


def _create_messages():
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("keys", postgresql.JSONB(), nullable=False),
        sa.Column("key_hashes", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("record_type", sa.String(), nullable=True),
        sa.Column("record_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_name_id"), "messages", ["name", "id"], unique=False)
    op.create_index(op.f("ix_messages_expires_at"), "messages", ["expires_at"], unique=False)
    op.create_table(
        "message_receipts",
        sa.Column("message_id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["messages.id"],
            name=op.f("fk_message_receipts_message_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("message_id", "instance_id", name=op.f("pk_message_receipts")),
    )


def _create_jobs():
    op.create_table(
        "step_jobs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("instance_id", sa.Uuid(), nullable=False),
        sa.Column("token_id", sa.String(), nullable=False),
        sa.Column("element_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("caused_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["instance_id"], ["process_instances.id"], name=op.f("fk_step_jobs_instance_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_step_jobs")),
        sa.UniqueConstraint(
            "instance_id", "token_id", name=op.f("uq_step_jobs_instance_id_token_id")
        ),
    )
    op.create_index(
        "ix_step_jobs_due", "step_jobs", ["due_at"], unique=False, postgresql_where="NOT taken"
    )
    op.create_table(
        "job_failures",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_job_failures")),
    )


def _subscribe_those_at_conditions():
    """Note who waits at a condition: a change of its record is now looked at when it happens."""
    connection = op.get_bind()
    for instance in connection.execute(sa.text(AT_CONDITIONS)).all():
        head = json.loads(bytes(instance.snapshot).split(b"\n")[0])
        for token in head["tokens"]:
            if token[9].get("wait") == "condition":
                connection.execute(
                    sa.text(
                        "INSERT INTO subscriptions "
                        "(id, instance_id, token_id, element_id, kind, name, key_hash) "
                        "VALUES (:id, :instance, :token, :element, 'condition', '', :key)"
                    ),
                    {
                        "id": uuid4(),
                        "instance": instance.id,
                        "token": token[0],
                        "element": token[3],
                        "key": NO_KEY,
                    },
                )


def downgrade():
    op.execute("DELETE FROM subscriptions WHERE kind = 'condition'")
    op.execute("DROP INDEX ix_procrastinate_jobs_waiting_lock")
    op.drop_index("ix_subscriptions_conditions", table_name="subscriptions")
    op.drop_table("job_failures")
    op.drop_index("ix_step_jobs_due", table_name="step_jobs")
    op.drop_table("step_jobs")
    op.drop_table("message_receipts")
    op.drop_index(op.f("ix_messages_expires_at"), table_name="messages")
    op.drop_index(op.f("ix_messages_name_id"), table_name="messages")
    op.drop_table("messages")
