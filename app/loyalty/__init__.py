"""Loyalty: the points of a contact or an account, and the rules and prizes of a programme."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.loyalty import arranging, members


def register(app: Flask) -> None:
    """Add the pages of members, and what is done on those of programmes."""
    blueprint = Blueprint("points", __name__, url_prefix="/points")
    for module in (members, arranging):
        module.add_routes(blueprint)
    app.register_blueprint(blueprint)
