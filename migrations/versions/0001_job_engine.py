"""The job engine's tables and functions."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade():
    # The driver reads % as a placeholder also where no parameters are given.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))


def downgrade():
    op.execute("DROP SCHEMA public CASCADE")
    op.execute("CREATE SCHEMA public")
