"""Imports every module of this layer that registers operations or jobs, and those of services.

Whoever runs, deploys or lists operations by name imports this once.
"""

from processes.commands import (
    bulk,
    lifecycle,
    migrating,
    restarting,
    starting,
    tokens,
    variables,
)
from processes.deploying import deployment, drafts
from processes.events import conditions, live_timers, messages, record_ends, timers
from processes.events import delivery as events
from processes.jobs import incidents, job_list
from processes.running import calls, starts, step_jobs, uses
from processes.tasks import tasks
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
    "record_ends",
    "restarting",
    "services_catalogue",
    "starting",
    "starts",
    "step_jobs",
    "tasks",
    "timers",
    "tokens",
    "uses",
    "variables",
]
