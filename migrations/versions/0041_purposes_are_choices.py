"""Let every process read which purposes there are."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None


def upgrade():
    # A process that starts learns the purposes there are only where the layout has a token.
    op.execute(
        "INSERT INTO layout_versions (id, token) "
        "SELECT 1, gen_random_uuid() FROM consent_purposes LIMIT 1 ON CONFLICT DO NOTHING"
    )
