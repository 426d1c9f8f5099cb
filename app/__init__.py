"""The web application: pages, API and command line, the only package that knows HTTP."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Flask

import processes.catalogue  # noqa: F401 - makes all operations and jobs known
from app import (
    activities,
    admin,
    agenda,
    analyst,
    auth,
    consents,
    contracts,
    conversations,
    deals,
    exports,
    goals,
    health,
    hooks,
    imports,
    inbox,
    knowledge,
    loyalty,
    marketing,
    notes,
    notifications,
    preferences,
    privacy,
    public,
    records,
    sales,
    search,
    start,
    territories,
    touch,
)
from app.api import init_api
from app.assets import BUILT, init_assets
from app.cli import init_commands
from app.context import PLATFORM, SESSION_CLOCK
from app.errors import init_errors
from app.layout import init_layout
from app.limits import init_limits
from app.logs import init_request_log
from app.pages import init_pages
from app.security import init_security
from app.sessions import init_sessions
from app.submissions import init_submissions
from app.views import Audience, check_decisions, decide
from app.wire import init_wire
from services.clock import Clock, SystemClock
from services.platform import Platform


class Application(Flask):
    """Flask, without the question at each call of a function whether it is asynchronous."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func``: no view and no hook here is asynchronous."""
        return func


def create_app(
    platform: Platform, *, session_clock: Clock | None = None, front_end: Path | None = None
) -> Flask:
    """Build the application on ``platform``.

    Args:
        platform: What it serves.
        session_clock: By which sign-ins age; the machine's if None.
        front_end: The folder of the built front end; the one in this package if None.

    Raises:
        UndecidedRouteError: A route doesn't say who may call it.
    """
    app = Application(__name__, static_folder=None)
    app.secret_key = platform.settings.secret_key
    app.config["MAX_CONTENT_LENGTH"] = platform.settings.request_limit_bytes
    app.config["MAX_FORM_MEMORY_SIZE"] = platform.settings.request_limit_bytes
    app.extensions[PLATFORM] = platform
    app.extensions[SESSION_CLOCK] = session_clock or SystemClock()
    init_wire(app)
    init_request_log(app)
    init_sessions(app, platform.settings)
    init_security(app, platform.settings.trusted_proxies)
    init_limits(app)
    init_submissions(app)
    init_assets(app, front_end or BUILT)
    init_layout(app)
    init_pages(app)
    for module in (
        auth,
        inbox,
        records,
        agenda,
        activities,
        touch,
        conversations,
        notes,
        notifications,
        knowledge,
        loyalty,
        consents,
        search,
        deals,
        sales,
        contracts,
        imports,
        exports,
        goals,
        territories,
        marketing,
        start,
        analyst,
        admin,
        public,
        preferences,
        privacy,
        hooks,
        health,
    ):
        module.register(app)
    init_api(app)
    init_errors(app)  # after the API, which would answer errors in its own way
    init_commands(app)
    decide(app, "assets.file", Audience.PUBLIC)
    check_decisions(app)
    return app
