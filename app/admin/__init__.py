"""What administrators do: deploy, operate what runs, repair, and look after people."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.admin import (
    calendars,
    consents,
    custom,
    custom_fields,
    deleted,
    deployments,
    duplicates,
    field_sections,
    groups,
    incidents,
    instances,
    jobs,
    leaving,
    messages,
    migrations,
    operating,
    people,
    pipelines,
    privacy,
    roles,
    service_levels,
    tags,
    templates,
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
        groups,
        leaving,
        roles,
        calendars,
        service_levels,
        pipelines,
        custom,
        custom_fields,
        field_sections,
        tags,
        duplicates,
        templates,
        consents,
        privacy,
        deleted,
    ):
        module.add_routes(blueprint)
    app.register_blueprint(blueprint)
