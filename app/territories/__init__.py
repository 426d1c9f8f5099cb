"""What territories have beyond other records: their tree, rules, people, and applying the rules."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.territories import runs, territories, why
from app.views import View, view
from services.actors import Permission


def register(app: Flask) -> None:
    """Add the pages of territories beyond those of all records."""
    blueprint = Blueprint("territory_tree", __name__, url_prefix="/territories")
    read, manage = Permission.RECORD_READ, Permission.TERRITORY_WRITE
    pages: tuple[tuple[str, str, Permission, View], ...] = (
        ("/tree", "index", read, territories.index),
        ("/progress", "progress", manage, runs.progress),
        ("/runs/<uuid:key>", "run", manage, runs.show),
        ("/<uuid:key>/rules/<record_type>", "rule", manage, territories.show_rule),
        ("/why/<record_type>/<uuid:key>", "why", read, why.show),
    )
    for rule, name, decision, function in pages:
        blueprint.add_url_rule(rule, name, view(decision)(function))
    changes: tuple[tuple[str, str, Permission, View, View], ...] = (
        ("/runs", "start_run", manage, runs.start, runs.explain),
        ("/runs/<uuid:key>/<verb>", "change_run", manage, runs.change, runs.explain),
        (
            "/<uuid:key>/rules/<record_type>",
            "set_rule",
            manage,
            territories.set_rule,
            territories.show_rule,
        ),
        (
            "/<uuid:key>/members",
            "set_members",
            manage,
            territories.set_members,
            territories.explain,
        ),
        ("/why/<record_type>/<uuid:key>", "place", Permission.RECORD_WRITE, why.place, why.explain),
    )
    for rule, name, decision, function, again in changes:
        decided = view(decision, again=again)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)
