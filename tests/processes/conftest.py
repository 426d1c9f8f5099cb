from __future__ import annotations

import pytest

import processes.catalogue  # noqa: F401 - its import registers the operations
from tests.processes.world import World, add_people


@pytest.fixture
def world(platform) -> World:
    made = World(platform)
    add_people(made)
    return made
