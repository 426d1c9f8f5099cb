"""Instances from their start to their end, over real transactions."""

import pytest

from processes.instance_tables import (
    HistoryEntry,
    Incident,
    PendingCall,
    ProcessInstance,
    QueueEntry,
    Subscription,
    Timer,
    WorkItem,
)
from services.errors import Conflict, NotFound
from tests.engine.models import Drawing, extension, mapped, on, timer
from tests.processes.world import form, one_task, user_task, with_properties


def test_an_instance_ends_when_its_only_task_is_completed(world):
    world.deploy(one_task())
    instance = world.start("p")
    assert world.state(instance) == "running"
    world.complete("Ask", "anna")
    assert world.state(instance) == "completed"
    assert world.trace() == ["start", "ask", "end"]
    item = world.work_item("Ask")
    assert (item.state, item.ended_by) == ("completed", "Anna Berg")
    assert world.rows(QueueEntry) == []
