"""The migrations lead to the schema that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import processes.models  # noqa: F401 - both imports make all tables known
import services.models  # noqa: F401
from services.database import Base
from services.migrations import follows_models


def test_no_migration_is_missing_when_the_models_have_changed(platform):
    with platform.engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _object, name, kind, _reflected, _other: follows_models(
                    name, kind
                ),
            },
        )
        assert compare_metadata(context, Base.metadata) == []
        sequences = set(inspect(connection).get_sequence_names())
    assert {sequence.name for sequence in Base.metadata._sequences.values()} <= sequences
