"""How an installation is set up, over the API: types with their fields, tags, views, pipelines."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.parts import thread_routes
from app.api.routes import Route, resource
from app.wire import json_response
from services.actors import Permission
from services.crm.pipelines import all_stages, list_lost_reasons, list_pipelines
from services.custom.sections import sections_of
from services.records.types import (
    Field,
    RecordType,
    all_record_types,
    get_record_type,
)
from services.tags.tags import list_tags
from services.unit_of_work import UnitOfWork
from services.views.views import ListedView, count_view, get_view, list_views

_VIEW: Final = (
    *("id", "version", "record_type", "name", "owner_id", "audience", "group_id", "filter"),
    *("columns", "sort", "group_by", "page_size"),
)
_PIPELINE: Final = ("id", "version", "name", "position", "is_default", "archived_at")
_STAGE: Final = (
    *("id", "version", "key", "name", "position", "probability", "category", "rotting_days"),
    *("required_fields", "requirements", "condition", "condition_message", "colour"),
    "archived_at",
)


def setup_blueprints() -> list[Blueprint]:
    """Return the resources of what records are made of and sorted into."""
    read = Permission.RECORD_READ
    types = "List the types of records"
    of_type = {"record_type": "Views of this type of records."}
    return [
        resource(
            "record-types",
            "Types of records, with the fields that one may see",
            Route("GET", "", "list", read, _list_types, types),
            Route("GET", "/<name>", "get", read, _get_type, "Show a type with its fields"),
        ),
        resource("tags", "Tags", Route("GET", "", "list", read, _tags, "List all tags by name")),
        resource(
            "views",
            "Saved views",
            Route(
                "GET", "", "list", read, _list_views, "List one's views of a type", query=of_type
            ),
            Route("GET", "/<uuid:key>", "get", read, _get_view, "Show a view and what it counts"),
        ),
        resource(
            "pipelines",
            "Pipelines with their stages",
            Route("GET", "", "list", read, _pipelines, "List pipelines in their order"),
        ),
        resource(
            "lost-reasons",
            "Why deals are lost",
            Route("GET", "", "list", read, _lost_reasons, "List reasons in their order"),
        ),
        resource("threads", "Conversations by mail", *thread_routes()),
    ]


def _list_types(_uow: UnitOfWork) -> ResponseReturnValue:
    found = [_type(record_type) for record_type in all_record_types()]
    return json_response({"items": found})


def _get_type(uow: UnitOfWork, *, name: str) -> ResponseReturnValue:
    record_type = get_record_type(name)
    writable = {field.name for field in uow.writable_fields(record_type)}
    fields = [
        {
            **_field(field),
            "is_required": field.name in record_type.required,
            "is_writable": field.name in writable,
            "is_sortable": field.name in record_type.sorts,
        }
        for field in uow.readable_fields(record_type)
    ]
    names = {field["name"] for field in fields}
    sections = [
        {
            **_chosen(section, ("id", "label", "is_closed")),
            "field_names": [one for one in section.names if one in names],
        }
        for section in sections_of(name)
    ]
    return json_response({**_type(record_type), "fields": fields, "sections": sections})


def _type(record_type: RecordType) -> dict[str, Any]:
    names = ("name", "label", "plural", "title_field", "is_added")
    return _chosen(record_type, names)


def _field(field: Field) -> dict[str, Any]:
    names = ("name", "label", "kind", "relation", "hint", "is_computed", "is_added")
    choices = [{"value": value, "label": label} for value, label in field.offered_choices()]
    return {**_chosen(field, names), "choices": choices}


def _tags(uow: UnitOfWork) -> ResponseReturnValue:
    """List the tags; how many records carry each counts those of others, which not all may know."""
    counts = uow.actor.may(Permission.DATA_MANAGE)
    names = ("id", "version", "name", "colour")
    tags = [
        {**_chosen(tag, names), **({"records": records} if counts else {})}
        for tag, records in list_tags(uow)
    ]
    return json_response({"items": tags})


def _list_views(uow: UnitOfWork) -> ResponseReturnValue:
    record_type = get_record_type(request.args.get("record_type", ""))
    return json_response({"items": [_listed(one) for one in list_views(uow, record_type.name)]})


def _listed(one: ListedView) -> dict[str, Any]:
    return {
        **_chosen(one.view, _VIEW),
        "is_default": one.is_default,
        "is_own": one.is_own,
    }


def _get_view(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    view = get_view(uow, key)
    return json_response({**_chosen(view, _VIEW), "count": count_view(uow, view)})


def _pipelines(uow: UnitOfWork) -> ResponseReturnValue:
    stages = all_stages(uow)
    return json_response(
        {
            "items": [
                {
                    **_chosen(pipeline, _PIPELINE),
                    "stages": [
                        _chosen(stage, _STAGE)
                        for stage in stages
                        if stage.pipeline_id == pipeline.id
                    ],
                }
                for pipeline in list_pipelines(uow, archived=True)
            ]
        }
    )


def _lost_reasons(uow: UnitOfWork) -> ResponseReturnValue:
    names = ("id", "name", "position", "needs_details", "active")
    found = list_lost_reasons(uow, inactive=True)
    return json_response({"items": [_chosen(reason, names) for reason in found]})


def _chosen(thing: Any, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(thing, name) for name in names}
