"""Links for unsubscribing on advertising."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("mails", sa.Column("unsubscribe_token", sa.String(), nullable=True))
