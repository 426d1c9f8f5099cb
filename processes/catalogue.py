"""Imports every module of this layer that registers operations or jobs, and those of services.

Whoever runs, deploys or lists operations by name imports this once.
"""

from processes import (
    calls,
    conditions,
    deployment,
    drafts,
    events,
    incidents,
    job_list,
    live_timers,
    messages,
    starts,
    step_jobs,
    tasks,
    timers,
)
from processes.commands import (
    bulk,
    lifecycle,
    migrating,
    restarting,
    starting,
    tokens,
    variables,
)
from services import catalogue as services_catalogue

__all__ = [
    "bulk",
    "calls",
    "conditions",
    "deployment",
    "drafts",
    "events",
    "incidents",
    "job_list",
    "lifecycle",
    "live_timers",
    "messages",
    "migrating",
    "restarting",
    "services_catalogue",
    "starting",
    "starts",
    "step_jobs",
    "tasks",
    "timers",
    "tokens",
    "variables",
]
