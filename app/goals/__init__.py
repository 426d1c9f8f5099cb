"""What goals have beyond other records: plan and fact of a period, and the next one."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.goals import progress
from app.views import View, view
from services.actors import Permission


def register(app: Flask) -> None:
    """Add the pages of goals beyond those of all records."""
    blueprint = Blueprint("goal_progress", __name__, url_prefix="/goals")
    read, manage = Permission.RECORD_READ, Permission.GOAL_WRITE
    blueprint.add_url_rule("/progress", "index", view(read)(progress.index))
    filter_rule = "/<uuid:key>/filter"
    blueprint.add_url_rule(filter_rule, "filter", view(manage)(progress.show_filter_of))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/progress/copy", "copy", progress.copy, progress.explain),
        (filter_rule, "set_filter", progress.set_filter, progress.show_filter_of),
    )
    for rule, name, function, again in changes:
        decided = view(manage, again=again)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)
