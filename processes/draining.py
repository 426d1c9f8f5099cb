"""Running everything that is due now, one job after another, in the caller's thread.

For tests and the command line: the same handlers and tables as the worker, without waiting.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, text

import processes.catalogue  # noqa: F401 - its import registers the handlers of all jobs
from processes.job_retries import delay_after
from processes.timers import sweep_timers
from services.jobs import Handler, RetryLater, all_jobs
from services.platform import Platform

MAX_JOBS = 100_000

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


def drain(platform: Platform, *, delayed: bool = False) -> int:
    """Run all jobs and timers that are due, and those that follow from them, until quiet.

    Args:
        platform: The program; timers are due by its clock.
        delayed: Run jobs at once that wait for another attempt.

    Returns:
        How many jobs were run.

    Raises:
        Exception: What a handler raised, ``RetryLater`` excepted; the job is put back first.
    """
    handlers = {handler.name: handler.handle for handler in all_jobs()}
    with platform.engine.connect() as connection:
        # Each statement stands for itself, as the worker's do.
        queue = connection.execution_options(isolation_level="AUTOCOMMIT")
        if delayed:
            queue.execute(_HURRY)
        worker = queue.scalar(_REGISTER)
        try:
            return _run_until_quiet(platform, queue, worker, handlers)
        finally:
            queue.execute(_UNREGISTER, {"worker": worker})


def _run_until_quiet(
    platform: Platform, queue: Connection, worker: int, handlers: Mapping[str, Handler]
) -> int:
    done = 0
    while done < MAX_JOBS:
        queue.execute(_HEARTBEAT, {"worker": worker})
        job = queue.execute(_FETCH, {"worker": worker}).one_or_none()
        if job is not None:
            _run(platform, queue, job, handlers)
            done += 1
        elif not sweep_timers(platform):
            return done
    raise RuntimeError(f"{MAX_JOBS} jobs and still no end")


def _run(
    platform: Platform, queue: Connection, job: Row[Any], handlers: Mapping[str, Handler]
) -> None:
    try:
        handlers[job.task_name](platform, **job.args)
    except BaseException as error:
        _put_back(queue, job, error)
        if not isinstance(error, RetryLater):
            raise
    else:
        queue.execute(_FINISH, {"id": job.id, "status": "succeeded", "delete": True})


def _put_back(queue: Connection, job: Row[Any], error: BaseException) -> None:
    delay = delay_after(error, job.attempts)
    if delay is None:
        queue.execute(_FINISH, {"id": job.id, "status": "failed", "delete": False})
    else:
        queue.execute(_RETRY, {"id": job.id, "delay": delay})
