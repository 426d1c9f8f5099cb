"""Requests to a laboratory, which is set up when the first test needs it."""

from __future__ import annotations

import atexit
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from config import Settings, load_settings
from processes import laboratory
from processes.laboratory import Laboratory, open_laboratory
from processes.laboratory.scenarios import Offices, open_offices


@cache
def shared_laboratory() -> Laboratory:
    """Return the laboratory of this test process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(open_laboratory(_settings()))


def run_request(request: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    return laboratory.run_request(shared_laboratory(), request, now)


def check_request(request: Mapping[str, Any]) -> dict[str, Any]:
    return laboratory.check_request(shared_laboratory(), request)


@cache
def shared_offices() -> Offices:
    """Return the installations for scenarios of this test process."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(open_offices(_settings()))


def _settings() -> Settings:
    # Not below pytest's own folder: that is closed to the user whom the server runs as for root.
    folder = str(Path(gettempdir()) / "lanewise-test-laboratory")
    return load_settings({"LANEWISE_ENV": "test", "LANEWISE_INSTANCE": folder})
