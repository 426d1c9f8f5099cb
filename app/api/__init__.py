"""The REST API under ``/api/v1``: the same operations, rights and errors as the pages."""

from __future__ import annotations

from typing import Any, Final

from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask
from flask_smorest import Api

from app.api.bulk_changes import bulk_blueprint
from app.api.deliveries import delivery_blueprints
from app.api.files import file_blueprints
from app.api.operations import operations_blueprint
from app.api.pages import description_blueprint
from app.api.processes import process_blueprints
from app.api.records import record_blueprints
from app.api.routes import PROBLEM_ANSWER
from app.api.sales import sales_blueprints
from app.api.schemas import PROBLEM, schema_name
from app.api.search import search_blueprint
from app.api.service_levels import service_level_blueprints
from app.api.setup import setup_blueprints
from app.api.tasks import tasks_blueprint
from app.api.tokens import tokens_blueprint
from app.limits import API, limit_blueprint

_TEXT = """Everything the pages do, for programs. Send a token in the header Authorization; get \
one by e-mail address and password, as below, or on your profile page. Errors are problem+json \
(RFC 9457). A request with a random Idempotency-Key in its header is carried out once: sent again \
within a day, it gets the first answer."""

_PROBLEM_RESPONSE: Final[dict[str, Any]] = {
    "description": "401 without a valid token, 403 without the permission, 404 for what is not "
    "there or not visible, 409 when somebody was quicker, 422 when `errors` names the fields "
    "that break a rule, 429 with the header Retry-After.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


def init_api(app: Flask) -> None:
    """Add the API's routes and their description."""
    app.config.update(API_TITLE="Lanewise", API_VERSION="v1", OPENAPI_VERSION="3.0.3")
    api = Api(app, spec_kwargs=_spec_options())
    api.spec.components.schema("Problem", PROBLEM)
    api.spec.components.response(PROBLEM_ANSWER, _PROBLEM_RESPONSE)
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    for blueprint in (
        tokens_blueprint(),
        *record_blueprints(),
        search_blueprint(),
        tasks_blueprint(),
        *process_blueprints(),
        *delivery_blueprints(),
        *service_level_blueprints(),
        bulk_blueprint(),
        *file_blueprints(),
        *setup_blueprints(),
        *sales_blueprints(),
        operations_blueprint(),
    ):
        api.register_blueprint(blueprint)
        limit_blueprint(app, blueprint, API)
    app.register_blueprint(description_blueprint(api))


def _spec_options() -> dict[str, Any]:
    """Return what the description is built with."""
    plugin = MarshmallowPlugin(schema_name_resolver=schema_name)
    return {"info": {"description": _TEXT}, "marshmallow_plugin": plugin}
