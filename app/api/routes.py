"""How an API route is made: its function, who may call it, and what the description says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from flask_smorest import Blueprint
from marshmallow import Schema

from app.context import API_PREFIX
from app.views import Audience, Decision, View, view

PROBLEM_ANSWER: Final = "Problem"


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the API.

    Attributes:
        function: Called as ``function(uow, **path)``; returns a response.
        body: The schema of the JSON body; None: it takes none.
        answer: The schema of the answer; None: described in words only.
        query: Query arguments: name → what it is for.
    """

    method: str
    rule: str
    endpoint: str
    decision: Decision
    function: View
    summary: str
    body: type[Schema] | Schema | None = None
    answer: type[Schema] | Schema | None = None
    status: int = 200
    query: Mapping[str, str] = field(default_factory=dict)


def add_route(blueprint: Blueprint, route: Route) -> None:
    """Add ``route`` to the API and to its description."""
    documented = blueprint.doc(**description(route))(view(route.decision)(route.function))
    answered = blueprint.response(route.status, route.answer)(documented)
    blueprint.route(route.rule, methods=[route.method], endpoint=route.endpoint)(answered)


def resource(place: str, description: str, *routes: Route) -> Blueprint:
    """Return the routes below ``place``."""
    name = f"api_{place.replace('-', '_')}"
    prefix = f"{API_PREFIX}{place}"
    blueprint = Blueprint(name, __name__, url_prefix=prefix, description=description)
    for route in routes:
        add_route(blueprint, route)
    return blueprint


def description(route: Route) -> dict[str, Any]:
    """Return what OpenAPI says of the route beyond its answer."""
    is_open = route.decision in {Audience.PUBLIC, Audience.SECRET}
    described: dict[str, Any] = {
        "summary": route.summary,
        "security": [] if is_open else [{"token": []}],
        "responses": {"default": {"$ref": f"#/components/responses/{PROBLEM_ANSWER}"}},
    }
    if not isinstance(route.decision, Audience):
        described["description"] = f"Needs the permission `{route.decision.value}`."
    if route.body is not None:
        content = {"application/json": {"schema": route.body}}
        described["requestBody"] = {"required": True, "content": content}
    if route.query:
        described["parameters"] = [
            {"in": "query", "name": name, "description": text, "schema": {"type": "string"}}
            for name, text in route.query.items()
        ]
    return described
