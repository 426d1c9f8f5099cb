"""What every page may ask for: the actor's rights, and how much waits in the inbox."""

from __future__ import annotations

from typing import Any

from flask import Flask, current_app, g, request
from flask_login import current_user

from app.records.kinds import KINDS
from app.views import decision_of
from processes.tasks.inbox import count_tasks
from services.actors import Permission, Scope, Verb
from services.notifications.reading import count_unread


def init_pages(app: Flask) -> None:
    """Give templates ``may`` and, in whole pages, ``inbox_count`` and ``notification_count``."""
    app.context_processor(_page_context)
    app.jinja_env.globals["opens"] = opens


def opens(endpoint: str) -> bool:
    """Tell whether the signed-in person may open a page: the side bar shows no others."""
    # Pages of types that administrators added have no endpoint each; they are like the others.
    is_known = endpoint in current_app.view_functions
    decision = decision_of(endpoint) if is_known else Permission.RECORD_READ
    if isinstance(decision, Permission) and not current_user.may(decision):
        return False
    place = endpoint.partition(".")[0]
    kind = next((one for one in KINDS.values() if one.place == place), None)
    return kind is None or bool(current_user.reads(kind.record_type))


def _page_context() -> dict[str, Any]:
    """Return what a template that is rendered in a view's transaction may ask for."""
    uow = g.get("uow")
    if uow is None:
        return {"may": lambda _permission: False}
    context: dict[str, Any] = {
        "may": lambda name: uow.actor.may(Permission(name)),
        "may_do": lambda verb, record: uow.may_do(Verb(verb), record),
        "sees": lambda kind, *names: uow.actor.hidden_fields(kind).isdisjoint(names),
        "locks": lambda kind, name: name in uow.actor.locked_fields(kind),
        "reads": lambda kind: uow.actor.reach(kind) is not Scope.NONE,
        "seen_fields": uow.readable_fields,
    }
    # Fragments that htmx swaps in have no side bar, and the public has no inbox.
    if uow.actor.user_id is not None and "HX-Request" not in request.headers:
        context["inbox_count"] = count_tasks(uow)["mine"]
        context["notification_count"] = count_unread(uow)
    return context
