"""Doing jobs in a process that ends at a chosen statement, as if it had been killed there."""

from __future__ import annotations

import os
import random
import sys
import traceback
from typing import Any

from sqlalchemy import Engine, event

from processes.jobs.draining import drain
from processes.jobs.worker import put_back_stalled_jobs
from services.database import create_database_engine
from services.platform import Platform

KILLED, DONE, BROKEN = 9, 0, 1
SHORT_LIFE, LONG_LIFE = 16, 60
"""In statements: most lives are short, a few long enough for any transaction."""
MOST_LIVES = 500


def drain_mortally(platform: Platform, moments: random.Random) -> int:
    """Do all jobs in processes that end at random statements, and return how many were killed.

    A statement counts before it is sent, and so does each commit: what died there is undone, what
    died at the statement after it is done.
    """
    for killed in range(MOST_LIVES):
        put_back_stalled_jobs(platform, 0)
        longest = LONG_LIFE if moments.random() < 0.3 else SHORT_LIFE
        if _live(platform, moments.randint(1, longest)) == DONE:
            return killed
    raise AssertionError("it never comes to rest")


def _live(platform: Platform, statements: int) -> int:
    """Do jobs in a child process for so many statements; return how it ended."""
    child = os.fork()
    if child == 0:
        _be_child(platform, statements)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in {KILLED, DONE}, f"the child ended with {code}, see its output"
    return code


def _be_child(platform: Platform, statements: int) -> None:
    """Never return: nothing of the parent's may be cleaned up by its copy."""
    code = BROKEN
    try:
        # The parent's connections are the parent's: this process has its own.
        engine = create_database_engine(platform.engine.url.render_as_string(hide_password=False))
        _end_at(engine, statements)
        drain(Platform(platform.settings, engine, platform.clock))
        code = DONE
    except BaseException:  # noqa: BLE001 - the child says what happened and ends
        traceback.print_exc(file=sys.stderr)
    finally:
        os._exit(code)


def _end_at(engine: Engine, statements: int) -> None:
    left = statements

    def count(*_given: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            os._exit(KILLED)

    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
