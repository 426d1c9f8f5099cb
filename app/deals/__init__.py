"""What deals have beyond other records: a board, moves that ask, a team, the client's people."""

from __future__ import annotations

from flask import Blueprint, Flask

from app.deals import board, moving, people, positions
from app.views import View, view
from services.actors import Permission


def register(app: Flask) -> None:
    """Add the board and what a deal's page does."""
    blueprint = Blueprint("board", __name__, url_prefix="/deals")
    read, write = Permission.RECORD_READ, Permission.RECORD_WRITE
    pages: tuple[tuple[str, str, Permission, View], ...] = (
        ("/board", "index", read, board.show),
        ("/board/<stage>", "more", read, board.more),
        ("/board/forecast", "forecast", read, board.forecast),
        ("/<uuid:key>/move", "ask", write, moving.ask),
        ("/<uuid:key>/positions", "positions", write, positions.show),
    )
    for rule, name, decision, function in pages:
        blueprint.add_url_rule(rule, name, view(decision)(function))
    changes: tuple[tuple[str, str, View, View], ...] = (
        ("/<uuid:key>/move", "move", moving.move, moving.ask),
        ("/<uuid:key>/positions", "save_positions", positions.save, positions.show),
        ("/<uuid:key>/pipeline", "move_pipeline", moving.move_pipeline, people.explain),
        ("/<uuid:key>/team", "set_member", people.set_member, people.explain),
        ("/<uuid:key>/team/remove", "remove_member", people.remove_member, people.explain),
        ("/<uuid:key>/contacts", "set_contact", people.set_contact, people.explain),
        ("/<uuid:key>/contacts/remove", "remove_contact", people.remove_contact, people.explain),
    )
    for rule, name, function, again in changes:
        decided = view(write, again=again)(function)
        blueprint.add_url_rule(rule, name, decided, methods=["POST"])
    app.register_blueprint(blueprint)
