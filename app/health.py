"""Whether the process lives, and whether it can do its work."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, Flask, current_app
from flask.typing import ResponseReturnValue
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app.context import platform
from app.restarts import RESTARTS, Restarts
from app.views import Audience, decide
from app.wire import json_response
from services.migrations import newest_revision

blueprint: Final = Blueprint("health", __name__)


def register(app: Flask) -> None:
    """Add the two addresses that supervisors and balancers ask."""
    app.register_blueprint(blueprint)
    # Neither opens a transaction: liveness must answer while the database is away.
    decide(app, "health.alive", Audience.PUBLIC)
    decide(app, "health.ready", Audience.PUBLIC)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """Answer as long as the process does."""
    return json_response({"status": "ok"})


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """Answer whether the database is there and at the schema this program needs.

    With it stands what had to be started again since the start, if anything had.
    """
    try:
        with platform().session() as session:
            revision = session.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return json_response({"status": "no database"}, 503)
    if revision != newest_revision():
        return json_response({"status": "migrations missing"}, 503)
    restarts: Restarts | None = current_app.extensions.get(RESTARTS)
    died = restarts.told() if restarts is not None else {}
    return json_response({"status": "ready", **({"died": died} if died else {})})
