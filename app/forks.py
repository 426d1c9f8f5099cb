"""Processes that are forked from this one: they share with it the memory of what it has loaded.

Python's own modules, the libraries and the application are most of what a process holds. Loaded
once and forked, they are there once for web server and workers together, and at once.
"""

from __future__ import annotations

import ctypes
import gc
import multiprocessing
import os
import signal
from collections.abc import Callable
from multiprocessing.context import ForkProcess
from typing import Final

# The names of the C headers, linux/prctl.h and malloc.h.
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NAME: Final = 15
_M_ARENA_MAX: Final = -8
_M_MMAP_THRESHOLD: Final = -3
_HEAPS: Final = 2
_LARGE_BYTES: Final = 128 * 1024
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

_forking: Final = multiprocessing.get_context("fork")


def start_fork(name: str, main: Callable[[], None]) -> ForkProcess:
    """Start a process that runs ``main`` and ends.

    It is in a session of its own, so that Ctrl+C reaches only this process, and is told to end when
    this one is gone. This process must run a single thread: the locks of others would stay held.

    Args:
        name: As ``ps`` and ``top`` show it; 15 characters at most.
        main: SystemExit sets the code by which it ends; any other error is printed.
    """
    process = _forking.Process(target=_run, args=(name, main, os.getpid()), name=name)
    # A signal that came before the child has handlers of its own would be lost on those of this.
    kept = signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        process.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, kept)
    return process


def reap_forks() -> None:
    """Let the system forget those that have ended."""
    multiprocessing.active_children()


def share_memory() -> None:
    """Make what is loaded stay shared by the processes to be forked, and give each few heaps.

    The collector would write to each object that it looks at. glibc gives each of the web server's
    threads a heap of its own and keeps what is freed there: twice the memory, and no quicker. It
    would also learn from the first large block that was freed, such as those that passwords are
    checked in, to keep the next ones.
    """
    _tell_system("mallopt", _M_ARENA_MAX, _HEAPS)
    _tell_system("mallopt", _M_MMAP_THRESHOLD, _LARGE_BYTES)
    gc.collect()
    gc.freeze()
    # It looks through all again when there is a quarter more than it found the last time. What is
    # frozen must not count, or each process would first heap up garbage for a quarter of it.
    gc.collect()


def _run(name: str, main: Callable[[], None], parent: int) -> None:
    os.setsid()
    for number in _STOP_SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOP_SIGNALS)
    _tell_system("prctl", _PR_SET_NAME, name.encode())
    _tell_system("prctl", _PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() == parent:  # else it has gone before it was asked for
        main()


def _tell_system(function: str, *arguments: int | bytes) -> None:
    """Call a function of the C library, where there is one (Linux with glibc)."""
    found = getattr(ctypes.CDLL(None), function, None)
    if found is not None:
        found(*arguments)
