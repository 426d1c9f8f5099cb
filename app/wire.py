"""How values travel: JSON in and out, and records and results as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from flask import Flask, Response, g, request
from flask.json.provider import JSONProvider

from services.database import Base
from services.errors import Invalid
from services.records.types import present_record


class Orjson(JSONProvider):
    """Flask's JSON by orjson: aware times, keys and decimals without further ado."""

    def dumps(self, obj: Any, **_kwargs: Any) -> str:
        """Return ``obj`` as JSON text."""
        return to_json(obj).decode()

    def loads(self, s: str | bytes, **_kwargs: Any) -> Any:
        """Return the value of JSON text."""
        return orjson.loads(s)


def init_wire(app: Flask) -> None:
    """Use one JSON in responses, templates and tests."""
    app.json = Orjson(app)


def to_json(value: Any) -> bytes:
    """Return ``value`` as JSON; decimals become text, so that no digit is lost."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_NON_STR_KEYS)


def json_response(value: Any, status: int = 200) -> Response:
    """Return a JSON response."""
    return Response(to_json(value), status, mimetype="application/json")


def json_body() -> dict[str, Any]:
    """Return the request's JSON object; an empty one where there is no body.

    Raises:
        Invalid: The body is no JSON object.
    """
    raw = request.get_data()
    if not raw:
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid("The body is not valid JSON.") from error
    if not isinstance(body, dict):
        raise Invalid("The body must be a JSON object.")
    return body


def present_result(result: Any) -> Any:
    """Return an operation's result as it is shown to the one who ran it.

    A row that is no record (a user, a token) shows only that it is there: its columns are not
    made for showing.
    """
    if isinstance(getattr(type(result), "record_type", None), str):  # of others it is a column
        return {"record_type": result.record_type, **present_record(result, g.get("uow"))}
    if isinstance(result, Base):
        return {"id": getattr(result, "id", None)}
    if is_dataclass(result) and not isinstance(result, type):
        return asdict(result)
    if isinstance(result, Mapping):
        return dict(result)
    return {} if result is None else {"result": result}


def _plain(value: Any) -> Any:
    """Turn what JSON doesn't know into text or plain containers."""
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, Base):
        return present_result(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return list(value)
    return str(value)
