"""The API's description: OpenAPI for programs, a page for people."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue
from flask_smorest import Api

from app.api.added import complete_description
from app.context import API_PREFIX
from app.sessions import signed_in_person
from app.views import Audience, view
from app.wire import json_response
from services.actors import Permission
from services.errors import NotAuthenticated
from services.unit_of_work import UnitOfWork

_METHODS = ("get", "post", "put", "patch", "delete")


def description_blueprint(api: Api) -> Blueprint:
    """Return the routes of the description of ``api``."""
    blueprint = Blueprint("api", __name__, url_prefix=API_PREFIX)

    @blueprint.get("openapi.json")
    @view(Audience.PUBLIC)
    def openapi(_uow: UnitOfWork) -> ResponseReturnValue:
        """Return the OpenAPI document."""
        return json_response(_described(api))

    @blueprint.get("docs")
    @view(Audience.PUBLIC)
    def docs(_uow: UnitOfWork) -> ResponseReturnValue:
        """Show the OpenAPI document as a page."""
        spec = _described(api)
        return render_template("api/docs.html", spec=spec, sections=sections(spec))

    return blueprint


def _described(api: Api) -> dict[str, Any]:
    """Return the description; strangers hear nothing of what administrators have added."""
    try:
        person = signed_in_person()
    except NotAuthenticated:
        person = None  # with a token that is no longer valid one is a stranger
    if person is None or not person.actor.may(Permission.RECORD_READ):
        found: dict[str, Any] = api.spec.to_dict()
        return found
    return complete_description(api)


def sections(spec: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the operations of an OpenAPI document, those of a tag together."""
    found: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in spec.get("tags", ())}
    for path, item in spec["paths"].items():
        for method in _METHODS:
            if method in item:
                described = item[method]
                entry = {"method": method.upper(), "path": path, **described}
                entry["fields"] = body_fields(spec, described)
                found.setdefault(described["tags"][0], []).append(entry)
    texts = {tag["name"]: tag.get("description", tag["name"]) for tag in spec.get("tags", ())}
    return [
        {"name": name, "title": texts.get(name, name), "operations": operations}
        for name, operations in found.items()
        if operations
    ]


def body_fields(spec: dict[str, Any], described: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the fields of an operation's JSON body, the required ones first."""
    content = described.get("requestBody", {}).get("content", {}).get("application/json")
    if content is None:
        return []
    schema = _resolved(spec, content["schema"])
    required = set(schema.get("required", ()))
    rows = [
        {"name": name, "is_required": name in required, **_resolved(spec, found)}
        for name, found in schema.get("properties", {}).items()
    ]
    return sorted(rows, key=lambda row: (not row["is_required"], row["name"]))


def _resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference points to."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    name = reference.rpartition("/")[2]
    found: dict[str, Any] = spec["components"]["schemas"][name]
    return found
