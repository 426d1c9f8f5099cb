"""Records over the API: a resource for each record type."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint
from marshmallow import Schema, ValidationError, fields

from app.api.arguments import limit_argument
from app.api.parts import part_routes, shared_part_routes
from app.api.routes import Route, add_route
from app.api.schemas import page_schema, record_schema
from app.context import API_PREFIX
from app.records.added import by_place
from app.records.kind import RecordKind
from app.records.kinds import KINDS
from app.wire import json_body, json_response
from services.actors import Permission
from services.errors import Invalid
from services.filtering import parse_filter, parse_filter_text
from services.operations import get_operation, run
from services.records.lists import RecordPage, list_records
from services.records.timeline import timeline_of
from services.records.types import get_record, present_record
from services.unit_of_work import UnitOfWork

_PAGING: Final = {
    "q": "Words to search for.",
    "sort": "A field's name; with a minus in front for descending.",
    "cursor": "`next_cursor` or `previous_cursor` of another page.",
    "limit": "How many at most, 1 to 200.",
    "filter": "A filter as JSON; see the documentation of filters.",
}


class RecordSearch(Schema):
    """A question that is too long for an address."""

    filter = fields.Dict(load_default=dict, metadata={"description": "A filter."})
    q = fields.String(load_default=None, allow_none=True)
    sort = fields.String(load_default="-created_at")
    cursor = fields.String(load_default=None, allow_none=True)
    limit = fields.Integer(load_default=50, strict=True)


def record_blueprints() -> list[Blueprint]:
    """Return the resources of all record types."""
    shipped = (kind for kind in KINDS.values() if not kind.type.is_added)
    return [*(_blueprint(kind) for kind in shipped), _added_blueprint()]


def _blueprint(kind: RecordKind) -> Blueprint:
    record_type = kind.type
    one = record_schema(record_type)
    page = page_schema(record_type, one)
    label = record_type.label.lower()
    blueprint = Blueprint(
        f"api_{kind.place}",
        __name__,
        url_prefix=f"{API_PREFIX}{kind.place}",
        description=record_type.plural,
    )
    create = get_operation(f"{kind.record_type}.create")
    update = get_operation(f"{kind.record_type}.update")
    filters = {
        field.name: f"Only with this {field.label.lower()}."
        for field in record_type.fields
        if field.kind in {"choice", "relation"}
    }
    read, write = Permission.RECORD_READ, kind.write
    for route in (
        Route(
            "GET",
            "",
            "list",
            read,
            partial(_list, kind),
            f"List {record_type.plural.lower()}",
            answer=page,
            query=_PAGING | filters,
        ),
        Route(
            "POST",
            "",
            "create",
            write,
            partial(_create, kind),
            create.summary,
            body=create.schema,
            answer=one,
            status=201,
        ),
        Route(
            "POST",
            "/search",
            "search",
            read,
            partial(_search, kind),
            f"Search {record_type.plural.lower()} by a filter",
            body=RecordSearch,
            answer=page,
        ),
        Route(
            "GET", "/<uuid:key>", "get", read, partial(_get, kind), f"Show a {label}", answer=one
        ),
        Route(
            "PATCH",
            "/<uuid:key>",
            "update",
            write,
            partial(_update, kind),
            update.summary,
            body=update.schema(exclude=[kind.id_argument]),
            answer=one,
        ),
        Route(
            "GET",
            "/<uuid:key>/timeline",
            "timeline",
            read,
            partial(_timeline, kind),
            f"Show what happened to a {label}",
            query={"before": "The key of an entry: only older ones.", "limit": "1 to 200."},
        ),
        *part_routes(kind),
    ):
        add_route(blueprint, route)
    return blueprint


def _added_blueprint() -> Blueprint:
    """Return the resources of all types that administrators have added, in general terms."""
    blueprint = Blueprint(
        "api_x",
        __name__,
        url_prefix=f"{API_PREFIX}x/<place>",
        description="Records of types that administrators have added",
    )
    for route in added_routes():
        add_route(blueprint, replace(route, function=by_place(route.function)))
    return blueprint


def added_routes() -> tuple[Route, ...]:
    """Return the routes of an added type; their functions take its kind first."""
    read, write = Permission.RECORD_READ, Permission.RECORD_WRITE
    key = "/<uuid:key>"
    return (
        Route("GET", "", "list", read, _list, "List records", query=_PAGING),
        Route("POST", "", "create", write, _create, "Create a record", status=201),
        Route("POST", "/search", "search", read, _search, "Search by a filter", body=RecordSearch),
        Route("GET", key, "get", read, _get, "Show a record"),
        Route("PATCH", key, "update", write, _update, "Change a record"),
        Route("GET", f"{key}/timeline", "timeline", read, _timeline, "Show what happened to it"),
        *shared_part_routes(),
    )


def _list(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    chosen = {name: value for name, value in request.args.items() if name not in _PAGING}
    page = list_records(
        uow,
        kind.record_type,
        where=parse_filter_text(kind.type, request.args.get("filter")),
        filters=chosen,
        search=request.args.get("q"),
        sort=request.args.get("sort", "-created_at"),
        cursor=request.args.get("cursor"),
        limit=limit_argument(),
    )
    return _page(uow, page)


def _search(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    try:
        asked = RecordSearch().load(json_body())
    except ValidationError as error:
        raise Invalid("Please check the question.", error.messages_dict) from error
    page = list_records(
        uow,
        kind.record_type,
        where=parse_filter(kind.type, asked["filter"]),
        search=asked["q"],
        sort=asked["sort"],
        cursor=asked["cursor"],
        limit=asked["limit"],
    )
    return _page(uow, page)


def _page(uow: UnitOfWork, page: RecordPage) -> ResponseReturnValue:
    return json_response(
        {
            "items": [present_record(record, uow) for record in page.items],
            "next_cursor": page.next_cursor,
            "previous_cursor": page.previous_cursor,
            "total": page.total,
            "total_is_capped": page.total_is_capped,
        }
    )


def _create(kind: RecordKind, uow: UnitOfWork) -> ResponseReturnValue:
    record = run(uow, f"{kind.record_type}.create", json_body())
    response = json_response(present_record(record, uow), 201)
    response.headers["Location"] = url_for(f"api_{kind.place}.get", key=record.id)
    return response


def _get(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(present_record(get_record(uow, kind.record_type, key), uow))


def _update(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    arguments: dict[str, Any] = {**json_body(), kind.id_argument: str(key)}
    record = run(uow, f"{kind.record_type}.update", arguments)
    return json_response(present_record(record, uow))


def _timeline(kind: RecordKind, uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    before = request.args.get("before", type=UUID)
    entries = timeline_of(uow, kind.record_type, key, before=before, limit=limit_argument())
    return json_response({"items": entries})
