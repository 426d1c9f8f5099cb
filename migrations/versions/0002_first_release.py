"""All tables of the first release; replaced by explicit statements when they stand."""

from alembic import op

import processes.models  # noqa: F401
import services.models  # noqa: F401
from services.database import Base

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    Base.metadata.create_all(op.get_bind())


def downgrade():
    Base.metadata.drop_all(op.get_bind())
