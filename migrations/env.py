"""How Alembic reaches the database and the tables."""

from __future__ import annotations

from alembic import context

import processes.models  # noqa: F401 - both imports make all tables known
import services.models  # noqa: F401
from services.database import Base, create_database_engine
from services.migrations import follows_models
from services.search.model import keep_entries


def include_object(_object, name, kind, _reflected, _compare_to) -> bool:
    return follows_models(name, kind)


engine = create_database_engine(context.config.attributes["database_url"], pool_size=1)
with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_object=include_object,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()
        keep_entries(connection)  # new record tables too
engine.dispose()
