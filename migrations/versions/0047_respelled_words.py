"""Find words that are spelled otherwise."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade():
    # Umlauts have a second spelling, by which records are found from now on.
    op.execute(
        "SELECT procrastinate_defer_jobs_v1(ARRAY[ROW('default', 'search.rebuild', -10, NULL, NULL,"
        " '{}'::jsonb, NULL)::procrastinate_job_to_defer_v1])"
        " WHERE EXISTS (SELECT FROM search_entries)"
    )
