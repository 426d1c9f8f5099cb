"""The production web server: several processes with several threads each, on one port."""

from __future__ import annotations

import multiprocessing
from typing import Final

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

_THREADS: Final = 16
"""How many requests are worked on at once, by all processes together."""
_LEAST_THREADS: Final = 4
_KILL_SECONDS: Final = 5


def serve(app: Flask, host: str, port: int, processes: int) -> None:
    """Answer requests until SIGTERM; a process that dies is replaced.

    Each process listens by itself, and the kernel spreads connections over them (SO_REUSEPORT). All
    are forked from this one, so they share what it has loaded and what they count.
    """
    multiprocessing.set_start_method("fork", force=True)
    server = Server(
        "wsgi:app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=max(_LEAST_THREADS, _THREADS // processes),
        websockets=False,
        log_level=LogLevels.error,
        respawn_failed_workers=True,
        workers_kill_timeout=_KILL_SECONDS,
    )
    server.serve(target_loader=lambda: app, wrap_loader=False)
