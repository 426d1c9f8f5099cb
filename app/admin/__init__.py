"""What administrators do: deploy, operate what runs, repair, and look after people."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.admin import (
    calendars,
    deployments,
    incidents,
    instances,
    jobs,
    messages,
    migrations,
    operating,
    people,
    service_levels,
)


def register(app: Flask) -> None:
    """Add the administrators' pages."""
    blueprint = Blueprint("admin", __name__, url_prefix="/admin")
    for module in (
        deployments,
        instances,
        operating,
        migrations,
        messages,
        incidents,
        jobs,
        people,
        calendars,
        service_levels,
    ):
        module.add_routes(blueprint)
    app.register_blueprint(blueprint)
