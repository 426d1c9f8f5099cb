"""Searching over the API: one question to all record types."""

from __future__ import annotations

from typing import Final

from flask import request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from marshmallow import Schema, fields

from app.api.arguments import limit_argument
from app.api.routes import Route, add_route
from app.context import API_PREFIX
from app.wire import json_response
from services.actors import Permission
from services.search.finding import MAX_HITS, find_records
from services.unit_of_work import UnitOfWork

_QUERY: Final = {
    "q": "Words; each must begin a word of the record. Pieces of phone numbers and addresses too.",
    "types": "Record types with commas, such as `contact,deal`; all if left out.",
    "limit": f"How many at most, 1 to {MAX_HITS}.",
}


class SearchHit(Schema):
    """A record that was found."""

    record_type = fields.String()
    id = fields.UUID()
    title = fields.String()
    rank = fields.String(
        metadata={
            "description": "`whole`: it is called just this; `words`: its title has them; `title`: "
            "its title has words that begin so; or `elsewhere`. With `_respelled` at the end: they "
            "are spelled otherwise."
        }
    )


class SearchAnswer(Schema):
    """The records that were found, the best first."""

    items = fields.List(fields.Nested(SearchHit))


def search_blueprint() -> Blueprint:
    """Return the search."""
    blueprint = Blueprint(
        "api_search", __name__, url_prefix=f"{API_PREFIX}search", description="Search"
    )
    route = Route(
        "GET",
        "",
        "find",
        Permission.RECORD_READ,
        _find,
        "Find records of all types",
        answer=SearchAnswer,
        query=_QUERY,
    )
    add_route(blueprint, route)
    return blueprint


def _find(uow: UnitOfWork) -> ResponseReturnValue:
    types = [name for name in request.args.get("types", "").split(",") if name]
    hits = find_records(uow, request.args.get("q", ""), types=types, limit=limit_argument())
    items = [
        {
            "record_type": hit.record_type,
            "id": hit.id,
            "title": hit.title,
            "rank": hit.rank.name.lower(),
        }
        for hit in hits
    ]
    return json_response({"items": items})
