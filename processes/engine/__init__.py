"""The engine: the only package that knows SpiffWorkflow and lxml.

It is a pure library: it reads no clock, opens no connection, keeps nothing between calls.

Deploying a file::

    model = parse_model(xml)                      # raises ModelErrors with every fault at once
    spec = compile_process(model, "lead")         # a ProcessSpec: immutable, to be cached

Running an instance, one step per transaction::

    step = start(spec, host, {"lead_id": 7})      # or load(spec, snapshot, host)
    step.complete(token_id, {"fit": True})        # each command advances to the next wait states
    step.changes                                  # what it did, in order (see `changes`)
    step.snapshot()                               # bytes to be saved with it
"""

from processes.engine import changes
from processes.engine.builder import compile_process
from processes.engine.correlation import correlation_text
from processes.engine.errors import (
    Blocker,
    BpmnError,
    EngineError,
    MigrationBlocked,
    ModelError,
    ModelErrors,
    SnapshotMismatch,
    StepFailed,
    UnknownToken,
)
from processes.engine.execution import Execution, State
from processes.engine.host import (
    PENDING,
    Binding,
    Call,
    Host,
    Pending,
    ThrownMessage,
    Unanswered,
)
from processes.engine.migration import migrate
from processes.engine.migration_plan import MigrationPlan, plan_migration
from processes.engine.opening import load, start, start_condition, start_timer
from processes.engine.parse import parse_model
from processes.engine.process_model import Model, Process, StartEvent, UserTask
from processes.engine.process_spec import ProcessSpec
from processes.engine.timers import Due, next_due
from processes.engine.token_views import TokenView

__all__ = [
    "PENDING",
    "Binding",
    "Blocker",
    "BpmnError",
    "Call",
    "Due",
    "EngineError",
    "Execution",
    "Host",
    "MigrationBlocked",
    "MigrationPlan",
    "Model",
    "ModelError",
    "ModelErrors",
    "Pending",
    "Process",
    "ProcessSpec",
    "SnapshotMismatch",
    "StartEvent",
    "State",
    "StepFailed",
    "ThrownMessage",
    "TokenView",
    "Unanswered",
    "UnknownToken",
    "UserTask",
    "changes",
    "compile_process",
    "correlation_text",
    "load",
    "migrate",
    "next_due",
    "parse_model",
    "plan_migration",
    "start",
    "start_condition",
    "start_timer",
]
