from __future__ import annotations

import pytest

import processes.catalogue  # noqa: F401 - its import registers the operations
from tests.beginnings import begin_with
from tests.processes.world import World, add_people


@pytest.fixture
def world(platform) -> World:
    people, groups = begin_with(platform, "world", lambda: _people_and_groups(platform))
    return World(platform, dict(people), dict(groups))


def _people_and_groups(platform):
    made = World(platform)
    add_people(made)
    return made.people, made.groups
