"""Records that are there twice, and the keys by which they are found."""

from uuid import UUID

import sqlalchemy as sa
from alembic import op

from services.records.folding import match_key

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_NO_KEY = UUID(int=0)
_MATCHED = ("accounts", "contacts", "leads")
_EXACT = (("accounts", "email"), ("accounts", "phone"), ("leads", "phone"))
_FOLDED = (
    ("accounts", "name_key"),
    ("accounts", "search_text"),
    ("contacts", "search_text"),
    ("deals", "search_text"),
    ("leads", "search_text"),
    ("products", "search_text"),
    ("requests", "search_text"),
)


def upgrade():
    op.create_table(
        "duplicate_pairs",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("first_id", sa.Uuid(), nullable=False),
        sa.Column("second_id", sa.Uuid(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("dismissed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dismissed_by", sa.String(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_pairs")),
        sa.UniqueConstraint(
            "first_id", "second_id", name=op.f("uq_duplicate_pairs_first_id_second_id")
        ),
    )
    op.create_index(
        op.f("ix_duplicate_pairs_record_type"), "duplicate_pairs", ["record_type"], unique=False
    )
    op.create_index(
        op.f("ix_duplicate_pairs_second_id"), "duplicate_pairs", ["second_id"], unique=False
    )
    op.create_table(
        "duplicate_scans",
        sa.Column("record_type", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_by", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duplicate_scans")),
    )
    op.add_column(
        "accounts", sa.Column("match_key", sa.String(), server_default="", nullable=False)
    )
    op.add_column(
        "contacts", sa.Column("match_key", sa.String(), server_default="", nullable=False)
    )
    op.add_column("leads", sa.Column("match_key", sa.String(), server_default="", nullable=False))
    for table in _MATCHED:
        _fill(table)
        op.create_index(op.f(f"ix_{table}_match_key"), table, ["match_key"])
    for table, column in _EXACT:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column])
    for table, column in _FOLDED:
        # Letters such as the stroked o are folded to plain ones from now on.
        folded = f"replace(replace(translate({column}, 'ıøłđðħ', 'iolddh'), 'æ', 'ae'), 'œ', 'oe')"
        op.execute(f"UPDATE {table} SET {column} = {folded} WHERE {column} ~ '[ıøłđðħæœ]'")  # noqa: S608 - names of our own


def _fill(table):
    """Make the keys of the records that are there, some at a time."""
    connection, after = op.get_bind(), _NO_KEY
    while True:
        rows = connection.execute(
            sa.text(f"SELECT id, name FROM {table} WHERE id > :after ORDER BY id LIMIT 5000"),  # noqa: S608 - names of our own
            {"after": after},
        ).all()
        if not rows:
            return
        connection.execute(
            sa.text(f"UPDATE {table} SET match_key = :key WHERE id = :id"),  # noqa: S608 - names of our own
            [{"id": row.id, "key": match_key(row.name)} for row in rows],
        )
        after = rows[-1].id


def downgrade():
    for table, column in _EXACT:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
    op.drop_column("leads", "match_key")
    op.drop_column("contacts", "match_key")
    op.drop_column("accounts", "match_key")
    op.drop_table("duplicate_scans")
    op.drop_table("duplicate_pairs")
