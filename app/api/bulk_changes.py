"""Changes of all records that matched, over the API: how they stand, and what refused.

What begins and stops them are operations.
"""

from __future__ import annotations

from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.routes import Route, resource
from app.wire import json_response
from services.actors import Permission
from services.bulk.changes import get_change, list_changes, present_change, refusals_of
from services.unit_of_work import UnitOfWork


def bulk_blueprint() -> Blueprint:
    """Return the resource of changes of many records."""
    write = Permission.RECORD_WRITE
    return resource(
        "bulk-changes",
        "Changes of many records",
        Route("GET", "", "list", write, _list, "List one's changes of many records"),
        Route("GET", "/<uuid:key>", "get", write, _get, "Show a change of many records"),
    )


def _list(uow: UnitOfWork) -> ResponseReturnValue:
    return json_response({"items": [present_change(one) for one in list_changes(uow)]})


def _get(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    change = get_change(uow, key)
    refused = [
        {"record_id": record, "message": reason} for record, reason in refusals_of(uow, change)
    ]
    return json_response({**present_change(change), "refusals": refused})
