"""The commands of ``flask``: what administrators and scripts do without a browser."""

from __future__ import annotations

from flask import Flask

from app.cli.audit import audit
from app.cli.bpmn import bpmn
from app.cli.clock import clock
from app.cli.data import export_file, import_file
from app.cli.database import database, seed
from app.cli.demo import demo
from app.cli.dmn import dmn
from app.cli.jobs import jobs, worker
from app.cli.messages import message
from app.cli.people import user
from app.cli.processes import process
from app.cli.start import start, web


def init_commands(app: Flask) -> None:
    """Add all commands to ``flask``."""
    groups = (audit, bpmn, clock, database, demo, dmn, jobs, message, process, user)
    for command in (*groups, export_file, import_file, seed, start, web, worker):
        app.cli.add_command(command)
