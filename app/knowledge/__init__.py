"""The knowledge base: reading and looking up, suggestions for requests, and its arrangement."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.knowledge import arranging, browsing, suggesting, versions


def register(app: Flask) -> None:
    """Add the pages of the knowledge base besides those of single articles."""
    blueprint = Blueprint("knowledge", __name__, url_prefix="/knowledge")
    for module in (browsing, suggesting, versions, arranging):
        module.add_routes(blueprint)
    app.register_blueprint(blueprint)
