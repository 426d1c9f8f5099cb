"""Who gets a copy of a mail."""

import sqlalchemy as sa
from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("mails", sa.Column("cc_addresses", sa.String(), nullable=True))
