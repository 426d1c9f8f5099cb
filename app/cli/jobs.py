"""``flask worker`` and ``flask jobs``: doing what transactions left behind."""

from __future__ import annotations

import signal
import threading

import click
from flask.cli import AppGroup, with_appcontext

from app.context import platform
from processes.jobs.worker import drain, run_worker

jobs = AppGroup("jobs", help="Work that waits to be done.")


@click.command()
@click.option("--concurrency", default=4, show_default=True, help="How many jobs at a time.")
@with_appcontext
def worker(concurrency: int) -> None:
    """Do jobs and fire timers until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    run_worker(platform(), stop, concurrency=concurrency)


@jobs.command("drain")
def drain_jobs() -> None:
    """Do everything that is due now, here, and return when nothing is left."""
    drain(platform())
    click.echo("Nothing is due any more.")
