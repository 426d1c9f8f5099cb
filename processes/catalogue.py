"""Imports every module of this layer that registers operations or jobs, and those of services.

Whoever runs, deploys or lists operations by name imports this once.
"""

from processes import (
    calls,
    deployment,
    drafts,
    events,
    incidents,
    instance_commands,
    starts,
    tasks,
    timers,
)
from services import catalogue as services_catalogue

__all__ = [
    "calls",
    "deployment",
    "drafts",
    "events",
    "incidents",
    "instance_commands",
    "services_catalogue",
    "starts",
    "tasks",
    "timers",
]
