"""What administrators have added, in the description of the API: fields of types, and whole types.

The description is made when the program starts; this completes it whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from flask_smorest import Api
from marshmallow import Schema, fields

from app.api.records import added_routes
from app.api.routes import Route
from app.api.routes import description as route_description
from app.api.schemas import answered, page_schema, record_schema, schema_name
from app.context import API_PREFIX
from app.records.added import PREFIX, added_kinds
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from services.operations import get_operation
from services.records.types import all_record_types


def complete_description(api: Api) -> dict[str, Any]:
    """Return the OpenAPI document with what administrators have added."""
    spec: dict[str, Any] = deepcopy(api.spec.to_dict())  # strangers are shown the original
    for record_type in all_record_types():
        added = {field.name: answered(field) for field in record_type.added_fields}
        if added and not record_type.is_added:
            _add_answers(spec, record_type.name.capitalize(), added)
            _add_arguments(spec, record_type.name)
    for kind in added_kinds():
        _add_type(spec, kind)
    return spec


def _add_answers(spec: dict[str, Any], name: str, added: Mapping[str, fields.Field[Any]]) -> None:
    schema = spec["components"]["schemas"].get(name)
    if schema is not None:
        schema["properties"] |= _properties(added)


def _add_arguments(spec: dict[str, Any], name: str) -> None:
    """Complete what a type's operations take, wherever it is described."""
    kind = KINDS.get(name)
    for verb in ("create", "update"):
        taken = get_operation(f"{name}.{verb}").schema().fields
        added = {key: one for key, one in taken.items() if key.startswith("c_")}
        required = sorted(key for key, one in added.items() if one.required)
        places = [spec["components"]["schemas"].get(f"{verb.capitalize()}{name.capitalize()}")]
        if kind is not None and verb == "update":
            path = spec["paths"].get(f"{API_PREFIX}{kind.place}/{{key}}", {})
            body = path.get("patch", {}).get("requestBody", {})
            places.append(body.get("content", {}).get("application/json", {}).get("schema"))
        for schema in places:
            if schema is not None and "properties" in schema:
                schema["properties"] |= _properties(added)
                if required:
                    schema["required"] = [*schema.get("required", ()), *required]


def _properties(added: Mapping[str, fields.Field[Any]]) -> dict[str, Any]:
    made = _fresh()
    made.components.schema("Added", schema=Schema.from_dict(dict(added)))
    found: dict[str, Any] = made.to_dict()["components"]["schemas"]["Added"]["properties"]
    return found


def _add_type(spec: dict[str, Any], kind: RecordKind) -> None:
    """Describe the resource of an added type as those of types that ship."""
    one = record_schema(kind.type)
    page = page_schema(kind.type, one)
    update = get_operation(f"{kind.record_type}.update").schema
    schemas: dict[str, dict[str, Any]] = {
        "list": {"answer": page},
        "search": {"answer": page},
        "create": {"answer": one, "body": get_operation(f"{kind.record_type}.create").schema},
        "get": {"answer": one},
        "update": {"answer": one, "body": update(exclude=[kind.id_argument])},
    }
    made = _fresh()
    place = f"{API_PREFIX}x/{kind.place.removeprefix(PREFIX)}"
    for route in added_routes():
        path = place + route.rule.replace("<uuid:key>", "{key}")
        described = _operation(route, schemas.get(route.endpoint, {}), kind)
        made.path(path, operations={route.method.lower(): described})
    found = made.to_dict()
    spec["paths"] |= found["paths"]
    spec["components"]["schemas"] |= found.get("components", {}).get("schemas", {})
    tag = {"name": f"api_{kind.place}", "description": kind.type.plural}
    spec["tags"] = [*spec.get("tags", ()), tag]


def _operation(route: Route, schemas: Mapping[str, Any], kind: RecordKind) -> dict[str, Any]:
    answer = schemas.get("answer")
    content = {"application/json": {"schema": answer}} if answer else {}
    described = route_description(route)
    described["responses"][str(route.status)] = {"description": "OK", "content": content}
    body = schemas.get("body", route.body)
    if body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body}},
        }
    if "{key}" in route.rule or "<uuid:key>" in route.rule:
        key = {"in": "path", "name": "key", "required": True}
        described.setdefault("parameters", []).append(
            {**key, "schema": {"type": "string", "format": "uuid"}}
        )
    return {**described, "tags": [f"api_{kind.place}"]}


def _fresh() -> APISpec:
    """Return an empty document that knows how to describe schemas."""
    plugin = MarshmallowPlugin(schema_name_resolver=schema_name)
    return APISpec("Lanewise", "v1", "3.0.3", plugins=[plugin])
