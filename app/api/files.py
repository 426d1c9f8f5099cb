"""Imports and exports over the API: how they stand, their rows and files.

What changes them are operations.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Final
from uuid import UUID

from flask import request
from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.routes import Route, resource
from app.exports import download, file_response
from app.wire import json_response
from services.actors import Permission
from services.exporting.exports import get_export, list_exports
from services.exporting.model import Export
from services.importing.imports import get_import, list_imports
from services.importing.model import Import
from services.importing.reports import conflicts_of, report_rows, write_refused
from services.unit_of_work import UnitOfWork

_IMPORT: Final = (
    *("id", "record_type", "file_name", "file_kind", "size_bytes", "stage", "options", "header"),
    *("plan", "problem", "error", "row_count", "chunk_count", "position", "checked", "counts"),
    *("undone", "created_at", "created_by_name", "started_at", "ended_at"),
)
_EXPORT: Final = (
    *("id", "record_type", "file_name", "file_kind", "stage", "done", "total", "size_bytes"),
    *("problem", "created_at", "ended_at", "expires_at"),
)


def file_blueprints() -> list[Blueprint]:
    """Return the resources of imports and of exports."""
    may_import, may_export = Permission.DATA_IMPORT, Permission.DATA_EXPORT
    rows = {"outcome": "Only rows with this one.", "after": "Only rows after this number."}
    return [
        resource(
            "imports",
            "Imports",
            Route("GET", "", "list", may_import, _list_imports, "List imports, newest first"),
            Route("GET", "/<uuid:key>", "get", may_import, _get_import, "Show an import"),
            Route(
                "GET",
                "/<uuid:key>/rows",
                "rows",
                may_import,
                _rows,
                "List rows with what becomes of them",
                query=rows,
            ),
            Route(
                "GET",
                "/<uuid:key>/refused",
                "refused",
                may_import,
                _refused,
                "Get the rows with errors as a file",
            ),
        ),
        resource(
            "exports",
            "Exports",
            Route("GET", "", "list", may_export, _list_exports, "List one's exports"),
            Route("GET", "/<uuid:key>", "get", may_export, _get_export, "Show an export"),
            Route("GET", "/<uuid:key>/file", "file", may_export, _file, "Get the file"),
        ),
    ]


def _list_imports(uow: UnitOfWork) -> ResponseReturnValue:
    return json_response({"items": [_present(one, _IMPORT) for one in list_imports(uow)]})


def _get_import(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    one = get_import(uow, key)
    return json_response({**_present(one, _IMPORT), "conflicts": conflicts_of(uow, one)})


def _rows(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    after = request.args.get("after", 0, type=int)
    found = report_rows(uow, get_import(uow, key), request.args.get("outcome"), after)
    return json_response({"items": found})


def _refused(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    one = get_import(uow, key)
    name = f"refused.{one.file_kind}"
    return file_response(partial(write_refused, uow, one), one.file_kind, name)


def _list_exports(uow: UnitOfWork) -> ResponseReturnValue:
    return json_response({"items": [_present(one, _EXPORT) for one in list_exports(uow)]})


def _get_export(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(_present(get_export(uow, key), _EXPORT))


def _file(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return download(uow, key=key)


def _present(one: Import | Export, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(one, name) for name in names}
