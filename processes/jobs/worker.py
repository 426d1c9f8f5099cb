"""The worker: runs deferred jobs and fires timers, in as many processes as one likes.

Jobs are Procrastinate's: taken with SKIP LOCKED, woken by NOTIFY, delivered at least once. A
worker that dies leaves its jobs in the state *doing* without a heartbeat; the others find them
within seconds and put them back.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, LiteralString

import structlog
from procrastinate import App, JobContext, PsycopgConnector
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job as QueuedJob
from procrastinate.retry import BaseRetryStrategy, RetryDecision
from procrastinate.sql import queries
from procrastinate.worker import Worker
from psycopg import OperationalError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

import processes.catalogue  # noqa: F401 - its import registers the handlers of all jobs
from processes.events.timers import SWEPT_AT_ONCE, sweep_timers
from processes.jobs.draining import drain
from processes.jobs.incidents import record_failed_job
from processes.jobs.job_list import note_failure
from processes.jobs.job_retries import delay_after
from processes.jobs.upkeep import tidy_up
from processes.running.step_jobs import sweep_steps
from services.audit_chain import SEALED_AT_ONCE, seal_audit
from services.errors import LanewiseError
from services.jobs import JobHandler, RetryLater, all_jobs
from services.notifications.mailing import sweep_digests
from services.notifications.reminders import REMINDED_AT_ONCE, sweep_reminders
from services.platform import Platform
from services.unit_of_work import Job

__all__ = ["drain", "put_back_stalled_jobs", "run_worker"]

log = structlog.get_logger(__name__)

SWEEP_SECONDS = 1.0
HEARTBEAT_SECONDS = 1.0
STALLED_AFTER_SECONDS = 5.0
FORGET_WORKER_SECONDS = 60.0
GRACE_SECONDS = 20.0
"""How long jobs that run may go on when the worker is asked to stop."""
MARGIN_SECONDS = 3.0
"""How long saying how they ended may take."""

# Locked and checked in one statement, so that two workers never put the same job back twice.
_PUT_BACK = text(
    """
    SELECT procrastinate_retry_job_v2(stalled.id, now(), NULL, NULL, NULL)
    FROM (SELECT j.id
          FROM procrastinate_jobs AS j
          LEFT JOIN procrastinate_workers AS w ON w.id = j.worker_id
          WHERE j.status = 'doing'
            AND (w.id IS NULL OR w.last_heartbeat < now() - make_interval(secs => :seconds))
          FOR UPDATE OF j SKIP LOCKED) AS stalled
    """
)


class _Connector(PsycopgConnector):
    """Says a second time how a job ended if the connection breaks over it.

    Else the job would count as running for as long as this worker lives: nobody would put it back.

    Two workers may also take two jobs with the same lock at once; who comes second takes none.
    """

    async def execute_query_one_async(
        self, query: LiteralString, **arguments: Any
    ) -> dict[str, Any]:
        try:
            row: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
        except UniqueViolation:
            if query != queries["fetch_job"]:
                raise
            return {"id": None}
        return row

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        try:
            await super().execute_query_async(query, **arguments)
        except ConnectorException as error:
            if not isinstance(error.__cause__, OperationalError):
                raise
            await super().execute_query_async(query, **arguments)


def _exit() -> None:
    os._exit(1)


def run_worker(
    platform: Platform,
    stop_event: threading.Event,
    concurrency: int = 4,
    *,
    give_up: Callable[[], None] = _exit,
) -> None:
    """Run jobs and timers until ``stop_event`` is set, or SIGTERM or SIGINT comes.

    Jobs that run then are finished first. A lost database is waited for.

    Args:
        platform: The program.
        stop_event: Set by another thread, or by the signals if this is the main thread.
        concurrency: How many jobs run at the same time.
        give_up: Called when a job still runs a while after ``GRACE_SECONDS``; no thread can be
            stopped from outside, so it ends the process. Another worker runs that job again.
    """
    sweeper = threading.Thread(target=_sweep, args=(platform, stop_event), name="timers")
    ended = threading.Event()
    watch = threading.Thread(target=_watch_end, args=(stop_event, ended, give_up), daemon=True)
    with _stopped_by_signals(stop_event):
        sweeper.start()
        watch.start()
        try:
            while not stop_event.is_set():
                _run_queue(platform, stop_event, concurrency)
        finally:
            stop_event.set()
            sweeper.join()
            ended.set()


def put_back_stalled_jobs(platform: Platform, after_seconds: float = STALLED_AFTER_SECONDS) -> int:
    """Let the jobs of workers that died be run again, and return how many those are."""
    with platform.engine.begin() as connection:
        return len(connection.execute(_PUT_BACK, {"seconds": after_seconds}).all())


def _watch_end(
    stop_event: threading.Event, ended: threading.Event, give_up: Callable[[], None]
) -> None:
    """Wait for the end after a request to stop, but not for ever."""
    stop_event.wait()
    if not ended.wait(GRACE_SECONDS + MARGIN_SECONDS):
        log.error("worker_gives_up", reason="a job runs on after the worker was asked to stop")
        give_up()


class Retries(BaseRetryStrategy):
    """The back-off of ``job_retries`` as the job engine asks for it."""

    def get_retry_decision(
        self, *, exception: BaseException, job: QueuedJob
    ) -> RetryDecision | None:
        """Return when a job that raised ``exception`` is run again; None if it is given up."""
        delay = delay_after(exception, job.attempts)
        if delay is None:
            return None
        return RetryDecision(retry_at=datetime.now(UTC) + timedelta(seconds=delay))


def _run_queue(platform: Platform, stop_event: threading.Event, concurrency: int) -> None:
    """Take and run jobs; returns when asked to stop, or a while after the database is lost."""
    try:
        asyncio.run(_work(platform, stop_event, concurrency))
    except (ConnectorException, OSError) as error:
        log.warning("worker_lost_database", reason=str(error))
    stop_event.wait(SWEEP_SECONDS)


async def _work(platform: Platform, stop_event: threading.Event, concurrency: int) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(concurrency, thread_name_prefix="job"))
    app = App(connector=_connector(platform))
    for handler in all_jobs():
        app.task(name=handler.name, pass_context=True, retry=Retries())(_task(platform, handler))
    async with app.open_async():
        worker = Worker(
            app,
            concurrency=concurrency,
            fetch_job_polling_interval=SWEEP_SECONDS,
            update_heartbeat_interval=HEARTBEAT_SECONDS,
            stalled_worker_timeout=FORGET_WORKER_SECONDS,
            shutdown_graceful_timeout=GRACE_SECONDS,
            delete_jobs="successful",
            install_signal_handlers=False,
        )
        with ThreadPoolExecutor(1, thread_name_prefix="stop") as waiter:
            ended = threading.Event()
            stopping = loop.run_in_executor(waiter, _wait_for_stop, stop_event, ended)
            stopping.add_done_callback(lambda _: worker.stop())  # type: ignore[no-untyped-call]
            try:
                await worker.run()  # type: ignore[no-untyped-call]
            finally:
                ended.set()


def _wait_for_stop(stop_event: threading.Event, ended: threading.Event) -> None:
    while not (stop_event.wait(0.1) or ended.is_set()):
        pass


def _connector(platform: Platform) -> PsycopgConnector:
    url = platform.engine.url.set(drivername="postgresql")
    return _Connector(conninfo=url.render_as_string(hide_password=False), min_size=1, max_size=4)


def _task(platform: Platform, handler: JobHandler) -> Callable[..., None]:
    """Return the job engine's view of a handler."""

    def run(context: JobContext, **args: Any) -> None:
        job = context.job
        told = log.bind(job=handler.name, job_id=job.id, attempt=job.attempts + 1)
        try:
            handler.handle(platform, **args)
        except RetryLater as later:
            told.info("job_again_later", seconds=later.delay_seconds)
            raise
        except Exception as error:
            delay = delay_after(error, job.attempts)
            told.exception("job_failed", retry_in_seconds=delay)
            _keep_cause(platform, handler.name, args, job, error)
            raise
        told.debug("job_done")

    return run


def _keep_cause(
    platform: Platform, name: str, args: Mapping[str, Any], job: QueuedJob, error: Exception
) -> None:
    """Keep why a job failed; one that is given up is an incident."""
    if job.id is not None:
        note_failure(platform, job.id, error)
    if delay_after(error, job.attempts) is None:
        given_up = Job(name, args, job.queue, job.priority, job.lock)
        record_failed_job(platform, given_up, error, job.attempts + 1, job.id)


def _sweep(platform: Platform, stop_event: threading.Event) -> None:
    """Look for due timers, stalled jobs and new entries of the audit each second."""
    looked_after: datetime | None = None
    while not stop_event.is_set():
        try:
            while sweep_timers(platform) == SWEPT_AT_ONCE:
                pass
            sweep_steps(platform)
            while sweep_reminders(platform) == REMINDED_AT_ONCE:
                pass
            sweep_digests(platform)
            hour = platform.clock.now().replace(minute=0, second=0, microsecond=0)
            if hour != looked_after:
                tidy_up(platform)
                looked_after = hour
            if count := put_back_stalled_jobs(platform):
                log.warning("stalled_jobs_put_back", count=count)
            while seal_audit(platform) == SEALED_AT_ONCE:
                pass
        except (LanewiseError, SQLAlchemyError) as error:
            log.warning("sweep_failed", reason=str(error))
        stop_event.wait(SWEEP_SECONDS)


@contextmanager
def _stopped_by_signals(stop_event: threading.Event) -> Iterator[None]:
    """Set ``stop_event`` on SIGTERM and SIGINT; only the main thread may listen to them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    kept = {
        number: signal.signal(number, lambda *_: stop_event.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
