"""Running everything that is due now, one job after another, in the caller's thread.

For tests and the command line: the same handlers and tables as the worker, without waiting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, text

import processes.catalogue  # noqa: F401 - its import registers the handlers of all jobs
from processes.engine import EngineError, StepFailed
from processes.events.timers import sweep_timers
from processes.jobs.job_retries import delay_after
from processes.running.host import FAULTS
from processes.running.step_jobs import sweep_steps
from services.errors import LanewiseError
from services.jobs import Handler, RetryLater, all_jobs
from services.platform import Platform

MAX_JOBS = 100_000

Failed: TypeAlias = Callable[[str, Mapping[str, Any], Exception], None]

_FAILURES = (*FAULTS, EngineError, StepFailed, LanewiseError)

_REGISTER = text("SELECT worker_id FROM procrastinate_register_worker_v1()")
_UNREGISTER = text("SELECT procrastinate_unregister_worker_v1(:worker)")
_HEARTBEAT = text("SELECT procrastinate_update_heartbeat_v1(:worker)")
_FETCH = text(
    "SELECT id, task_name, args, attempts FROM procrastinate_fetch_job_v2(NULL, :worker) "
    "WHERE id IS NOT NULL"
)
_FINISH = text("SELECT procrastinate_finish_job_v1(:id, :status, :delete)")
_RETRY = text(
    "SELECT procrastinate_retry_job_v2(:id, now() + make_interval(secs => :delay), "
    "NULL, NULL, NULL)"
)
_HURRY = text(
    "UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo' "
    "AND scheduled_at > now()"
)


def drain(
    platform: Platform,
    *,
    delayed: bool = False,
    before_each: Callable[[], None] | None = None,
    failed: Failed | None = None,
) -> int:
    """Run all jobs and timers that are due, and those that follow from them, until quiet.

    Args:
        platform: The program; timers are due by its clock.
        delayed: Run jobs at once that wait for another attempt.
        before_each: Called before each job; what it raises ends the draining.
        failed: Told of each job that fails, which is then given up, with its name, its arguments
            and the cause. If None, the first failure ends the draining.

    Returns:
        How many jobs were run.

    Raises:
        Exception: What a handler raised, ``RetryLater`` excepted; the job is put back first.
    """
    with platform.engine.connect() as connection:
        # Each statement stands for itself, as the worker's do.
        queue = connection.execution_options(isolation_level="AUTOCOMMIT")
        if delayed:
            queue.execute(_HURRY)
        worker = queue.scalar(_REGISTER)
        try:
            return _Draining(platform, queue, worker, before_each, failed).run()
        finally:
            queue.execute(_UNREGISTER, {"worker": worker})


@dataclass
class _Draining:
    platform: Platform
    queue: Connection
    worker: int
    before_each: Callable[[], None] | None
    failed: Failed | None

    def run(self) -> int:
        handlers = {handler.name: handler.handle for handler in all_jobs()}
        done = 0
        while done < MAX_JOBS:
            self.queue.execute(_HEARTBEAT, {"worker": self.worker})
            job = self.queue.execute(_FETCH, {"worker": self.worker}).one_or_none()
            if job is not None:
                self._do(job, handlers[job.task_name])
                done += 1
            elif not sweep_timers(self.platform) + sweep_steps(self.platform):
                return done
        raise RuntimeError(f"{MAX_JOBS} jobs and still no end")

    def _do(self, job: Row[Any], handle: Handler) -> None:
        try:
            if self.before_each is not None:
                self.before_each()
            handle(self.platform, **job.args)
        except BaseException as error:
            if self.failed is not None and isinstance(error, _FAILURES):
                self._finish(job, "failed")
                self.failed(job.task_name, job.args, error)
                return
            self._put_back(job, error)
            if not isinstance(error, RetryLater):
                raise
        else:
            self._finish(job, "succeeded")

    def _put_back(self, job: Row[Any], error: BaseException) -> None:
        delay = delay_after(error, job.attempts)
        if delay is None:
            self._finish(job, "failed")
        else:
            self.queue.execute(_RETRY, {"id": job.id, "delay": delay})

    def _finish(self, job: Row[Any], status: str) -> None:
        is_done = status == "succeeded"
        self.queue.execute(_FINISH, {"id": job.id, "status": status, "delete": is_done})
