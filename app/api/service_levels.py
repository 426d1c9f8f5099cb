"""Working calendars and service levels over the API; their changes are operations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask.typing import ResponseReturnValue
from flask_smorest import Blueprint

from app.api.routes import Route, resource
from app.wire import json_response
from services.actors import Permission
from services.calendars.calendars import list_calendars, present_calendar
from services.calendars.model import CalendarRow
from services.crm.request_model import ServiceRequest
from services.service_levels.explain import explain_request
from services.service_levels.model import SlaPolicy
from services.service_levels.policies import list_policies, present_policy
from services.unit_of_work import UnitOfWork


def service_level_blueprints() -> list[Blueprint]:
    """Return the resources of calendars, of policies and of a request's promises."""
    calendars, policies = Permission.CALENDAR_WRITE, Permission.SLA_WRITE
    return [
        resource(
            "calendars",
            "Working calendars",
            Route("GET", "", "list", calendars, _list_calendars, "List working calendars"),
            Route("GET", "/<uuid:key>", "get", calendars, _get_calendar, "Show a calendar"),
        ),
        resource(
            "sla-policies",
            "Service levels",
            Route("GET", "", "list", policies, _list_policies, "List policies in their order"),
            Route("GET", "/<uuid:key>", "get", policies, _get_policy, "Show a policy"),
        ),
        resource(
            "request-promises",
            "What requests are promised",
            Route(
                "GET",
                "/<uuid:key>",
                "get",
                Permission.RECORD_READ,
                _explain,
                "Tell how a request's due times stand and how they came about",
            ),
        ),
    ]


def _items(found: Any, present: Callable[[Any], dict[str, Any]]) -> ResponseReturnValue:
    return json_response({"items": [present(one) for one in found]})


def _list_calendars(uow: UnitOfWork) -> ResponseReturnValue:
    return _items(list_calendars(uow), present_calendar)


def _get_calendar(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(present_calendar(uow.get(CalendarRow, key)))


def _list_policies(uow: UnitOfWork) -> ResponseReturnValue:
    return _items(list_policies(uow), present_policy)


def _get_policy(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return json_response(present_policy(uow.get(SlaPolicy, key)))


def _explain(uow: UnitOfWork, *, key: UUID) -> ResponseReturnValue:
    return _items(explain_request(uow, uow.get(ServiceRequest, key)), asdict)
