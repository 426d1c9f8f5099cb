"""Pages of contracts and subscriptions beyond those of all records."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.contracts import changing, recurring
from app.views import View, view
from services.actors import Permission


def register(app: Flask) -> None:
    """Add what subscriptions bring, and the form that changes what they hold."""
    blueprint = Blueprint("recurring", __name__)
    read, write = Permission.RECORD_READ, Permission.RECORD_WRITE
    pages: tuple[tuple[str, str, Permission, View], ...] = (
        ("/recurring", "index", read, recurring.show),
        ("/recurring/accounts/<uuid:key>", "account", read, recurring.of_account),
        ("/subscriptions/<uuid:key>/change", "change", write, changing.show),
    )
    for rule, name, decision, function in pages:
        blueprint.add_url_rule(rule, name, view(decision)(function))
    save = view(write, again=changing.show)(changing.save)
    blueprint.add_url_rule("/subscriptions/<uuid:key>/change", "save", save, methods=["POST"])
    app.register_blueprint(blueprint)
